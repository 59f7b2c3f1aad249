// SPDX-License-Identifier: Apache-2.0
// What can be done by the API: to sessions and simulated devices; history.
#include "api/api_simulate.h"
#include "sim/device/faulty/sim_faulty.h"
#include "sim/set/sim_set.h"
#include "tests/support/api_rig.h"

#include <string.h>

#define member api_rig_member
#define item api_rig_item
#define text api_rig_text
#define number api_rig_number

struct desk {
    struct stage stage; // first: the stage's macros see that
    struct api_simulate simulate;
    struct api_context api;
};

static void begin(struct desk *d)
{
    const struct stage_options options = {0};
    char why[100];
    CHECK(stage_open(&d->stage, &options));
    CHECK_EQ(sim_set_plug(d->stage.bus, NULL, NULL, why, sizeof why), BASE_OK);
    stage_settle(&d->stage);
    sim_set_simulate(&d->simulate, d->stage.bus);
    d->api = api_rig_context(&d->stage);
    d->api.simulate = &d->simulate;
}

static void end(struct desk *d)
{
    stage_close(&d->stage);
}

#define DESK_TEST(id) TEST_WITH(id, struct desk, d, begin(d), end(d))

// The answer, to be deleted.
static cJSON *ask(struct desk *d, const char *method, const char *target, const char *body,
                  int status)
{
    d->api.now_us = d->stage.now_us;
    cJSON *o = api_rig_json(&d->api, method, target, body, status);
    stage_settle(&d->stage);
    return o;
}

static void expect(struct desk *d, const char *method, const char *target, const char *body,
                   int status)
{
    cJSON_Delete(ask(d, method, target, body, status));
}

static void expect_pointer(struct desk *d, const char *target, const char *body,
                           const char *pointer)
{
    cJSON *o = ask(d, "POST", target, body, 422);
    CHECK_STR(text(item(member(o, "errors"), 0), "pointer"), pointer);
    cJSON_Delete(o);
}

// --- sessions ------------------------------------------------------------------------------------

DESK_TEST(api_disconnect_ends_the_session)
{
    struct stage_client *c = stage_attach(&d->stage, "1-3");
    cJSON *o = ask(d, "POST", "/api/v1/devices/1-3/disconnect", NULL, 202);
    CHECK_EQ(number(o, "session"), 1);
    cJSON_Delete(o);
    CHECK(stage_closed(c));
    CHECK(c->got_fin);
    o = api_rig_get(&d->stage, "/api/v1/events?level=info&limit=1");
    CHECK_STR(text(item(member(o, "events"), 0), "type"), "session_ended");
    CHECK_STR(text(item(member(o, "events"), 0), "reason"), "operator");
    cJSON_Delete(o);
    stage_check_importable(&d->stage, "1-3");
}

DESK_TEST(api_disconnect_needs_somebody)
{
    expect(d, "POST", "/api/v1/devices/1-3/disconnect", NULL, 409);
    expect(d, "POST", "/api/v1/devices/1-2/disconnect", NULL, 409); // a hub
    expect(d, "POST", "/api/v1/devices/1-9/disconnect", NULL, 404);
    (void)stage_attach(&d->stage, "1-3");
    d->api.now_us = d->stage.now_us;
    cJSON_Delete(api_rig_json(&d->api, "POST", "/api/v1/devices/1-3/disconnect", NULL, 202));
    cJSON_Delete(api_rig_json(&d->api, "POST", "/api/v1/devices/1-3/disconnect", NULL, 409));
}

DESK_TEST(api_reset)
{
    struct stage_client *c = stage_attach(&d->stage, "1-3");
    cJSON *o = ask(d, "POST", "/api/v1/devices/1-3/reset", NULL, 202);
    CHECK_EQ(cJSON_GetArraySize(o), 0);
    cJSON_Delete(o);
    o = api_rig_get(&d->stage, "/api/v1/events?level=info&limit=1");
    CHECK_STR(text(item(member(o, "events"), 0), "type"), "device_reset_done");
    CHECK_STR(text(item(member(o, "events"), 0), "busid"), "1-3");
    CHECK_EQ(number(item(member(o, "events"), 0), "session"), 1);
    cJSON_Delete(o);
    stage_check_alive(c);
    expect(d, "POST", "/api/v1/devices/1-2.1/reset", NULL, 202); // nobody has it
    expect(d, "POST", "/api/v1/devices/1-2/reset", NULL, 409);   // a hub
    expect(d, "POST", "/api/v1/devices/1-9/reset", NULL, 404);
    expect(d, "GET", "/api/v1/devices/1-3/reset", NULL, 405);
    cJSON_Delete(api_rig_json(&d->api, "POST", "/api/v1/devices/1-3/reset", NULL, 202));
    cJSON_Delete(api_rig_json(&d->api, "POST", "/api/v1/devices/1-3/reset", NULL, 409));
    stage_settle(&d->stage);
}

// What is not exported is left alone.
DESK_TEST(api_reset_of_a_hidden_device)
{
    static const struct access_naming hidden = {
        .by = ACCESS_FOLLOW_PORT, .key = "1-3", .names = {.hidden = true}};
    CHECK_EQ(server_change_names(d->stage.server, &hidden, 1, d->stage.now_us), BASE_OK);
    expect(d, "POST", "/api/v1/devices/1-3/reset", NULL, 409);
}

DESK_TEST(api_delete_session)
{
    struct stage_client *idle = stage_connect(&d->stage), *c = stage_attach(&d->stage, "1-3");
    expect(d, "DELETE", "/api/v1/sessions/2", NULL, 202);
    CHECK(stage_closed(c) && !stage_closed(idle));
    expect(d, "DELETE", "/api/v1/sessions/1", NULL, 202);
    CHECK(stage_closed(idle));
    stage_fin(c);
    stage_fin(idle);
    expect(d, "DELETE", "/api/v1/sessions/2", NULL, 404);
    expect(d, "DELETE", "/api/v1/sessions/0", NULL, 404);
    expect(d, "DELETE", "/api/v1/sessions/x", NULL, 404);
    expect(d, "DELETE", "/api/v1/sessions/4294967297", NULL, 404); // not 1
    expect(d, "POST", "/api/v1/sessions/1", NULL, 405);
}

// --- simulated devices ---------------------------------------------------------------------------

DESK_TEST(api_unplug_and_plug)
{
    expect(d, "POST", "/api/v1/devices/1-2.1/plug", NULL, 409);
    expect(d, "POST", "/api/v1/devices/1-2.1/unplug", NULL, 202);
    expect(d, "GET", "/api/v1/devices/1-2.1", NULL, 404);
    expect(d, "POST", "/api/v1/devices/1-2.1/unplug", NULL, 409);
    cJSON *o = ask(d, "GET", "/api/v1/topology", NULL, 200);
    cJSON *hub = item(member(item(member(o, "buses"), 0), "ports"), 1);
    cJSON *unplugged = member(item(member(hub, "ports"), 0), "unplugged");
    CHECK_STR(text(unplugged, "kind"), "keyboard");
    CHECK(text(unplugged, "product")[0] != '\0');
    cJSON_Delete(o);
    expect(d, "POST", "/api/v1/devices/1-2.1/plug", NULL, 202);
    o = ask(d, "GET", "/api/v1/devices/1-2.1", NULL, 200);
    CHECK(cJSON_IsTrue(member(o, "simulated")));
    CHECK_STR(text(member(o, "simulate"), "kind"), "keyboard");
    CHECK_EQ(cJSON_GetArraySize(member(member(o, "simulate"), "can")), 2);
    cJSON_Delete(o);
    expect(d, "POST", "/api/v1/devices/1-9/plug", NULL, 404);
    d->api.simulate = NULL; // as if it were a real one
    expect(d, "POST", "/api/v1/devices/1-3/unplug", NULL, 409);
}

DESK_TEST(api_type)
{
    struct stage_client *c = stage_attach(&d->stage, "1-2.1");
    stage_control(c, 1, "\x00\x09\x01\x00\x00\x00\x00\x00");
    (void)stage_expect_ret(c, 1, false, 0, 0);
    stage_in(c, 2, 1, 8);
    cJSON *o = ask(d, "POST", "/api/v1/devices/1-2.1/type", "{\"text\":\"a\\n\"}", 202);
    CHECK_EQ(number(o, "characters"), 2);
    cJSON_Delete(o);
    stage_advance(&d->stage, 20000);
    CHECK_EQ(stage_expect_ret(c, 2, true, 0, 8)[2], 4); // the key of 'a'
    expect_pointer(d, "/api/v1/devices/1-2.1/type", "{\"text\":\"\xc3\xa4\"}", "/text");
    expect_pointer(d, "/api/v1/devices/1-2.1/type", "{\"text\":5}", "/text");
    expect_pointer(d, "/api/v1/devices/1-2.1/type", "{}", "/text");
    expect_pointer(d, "/api/v1/devices/1-2.1/type", "{\"text\":\"a\",\"wait~\":1}", "/wait~0");
    expect(d, "POST", "/api/v1/devices/1-2.1/type", NULL, 400);
    expect(d, "POST", "/api/v1/devices/1-2.1/type", "[]", 400);
    expect(d, "POST", "/api/v1/devices/1-2.1/type", "{\"text\":\"a\"} x", 400);
    expect(d, "POST", "/api/v1/devices/1-3/type", "{\"text\":\"a\"}", 409);
}

DESK_TEST(api_type_as_much_as_it_can_keep)
{
    static char body[SIM_FAULTY_STREAM_PERIOD * 20];
    strcpy(body, "{\"text\":\"");
    memset(body + strlen(body), 'x', 4097);
    strcat(body, "\"}");
    expect(d, "POST", "/api/v1/devices/1-2.1/type", body, 409);
}

DESK_TEST(api_simulate_plugs_one_more)
{
    cJSON *o = ask(d, "POST", "/api/v1/simulate", "{\"device\":\"zero:speed=full\"}", 201);
    CHECK_STR(text(o, "busid"), "1-5");
    cJSON_Delete(o);
    o = ask(d, "GET", "/api/v1/devices/1-5", NULL, 200);
    CHECK_STR(text(o, "speed"), "full");
    cJSON_Delete(o);
    o = ask(d, "GET", "/api/v1/simulate", NULL, 200);
    for (cJSON *kind = member(o, "kinds")->child; kind; kind = kind->next)
        CHECK(text(kind, "kind")[0] && text(kind, "help")[0] && text(kind, "example")[0]);
    cJSON_Delete(o);
    expect_pointer(d, "/api/v1/simulate", "{\"device\":\"toaster\"}", "/device");
    expect_pointer(d, "/api/v1/simulate", "{\"device\":\"zero,zero\"}", "/device");
    expect_pointer(d, "/api/v1/simulate", "{\"device\":\"default\"}", "/device");
    expect_pointer(d, "/api/v1/simulate", "{\"device\":\"\"}", "/device");
}

// A client of the API reads no files of this machine.
DESK_TEST(api_simulate_has_no_files)
{
    expect_pointer(d, "/api/v1/simulate", "{\"device\":\"disk:file=/etc/passwd\"}", "/device");
}

DESK_TEST(api_simulate_until_no_port_is_free)
{
    int status = 201;
    for (unsigned n = 0; status == 201 && n < 300; n++) {
        struct api_response r =
            api_rig_ask(&d->api, "POST", "/api/v1/simulate", "{\"device\":\"zero\"}");
        status = r.status;
        api_response_free(&r);
    }
    CHECK_EQ(status, 409);
    stage_settle(&d->stage);
}

// --- history -------------------------------------------------------------------------------------

DESK_TEST(api_history)
{
    struct stage_client *c = stage_attach(&d->stage, "1-3");
    stage_advance(&d->stage, SERVER_HISTORY_STEP_US);
    stage_in(c, 1, 1, 512);
    stage_advance(&d->stage, SERVER_HISTORY_STEP_US);
    cJSON *o = ask(d, "GET", "/api/v1/history", NULL, 200), *minute = member(o, "minute");
    CHECK(number(minute, "step_s") == 0.5);
    CHECK(number(member(o, "hour"), "step_s") == 30);
    cJSON *in = member(member(minute, "all"), "in");
    CHECK_EQ(cJSON_GetArraySize(in), 120);
    CHECK_EQ(item(in, 119)->valuedouble, 1024);
    CHECK_EQ(item(in, 118)->valuedouble, 0);
    CHECK(cJSON_IsNull(item(in, 0)));
    cJSON *device = member(member(minute, "devices"), "1-3");
    CHECK_EQ(item(member(device, "in"), 119)->valuedouble, 1024);
    CHECK_EQ(cJSON_GetArraySize(member(minute, "devices")), 1); // nobody has used another one
    cJSON_Delete(o);
    o = ask(d, "GET", "/api/v1/history?busid=1-1", NULL, 200);
    CHECK_EQ(cJSON_GetArraySize(member(member(o, "minute"), "devices")), 0);
    cJSON_Delete(o);
    expect(d, "GET", "/api/v1/history?busid=1-9", NULL, 400);
    expect(d, "GET", "/api/v1/history?minute=1", NULL, 400);
}

// By its alias, and what it did before it went.
DESK_TEST(api_history_of_a_device_that_has_gone)
{
    static const struct access_naming probe = {
        .by = ACCESS_FOLLOW_PORT, .key = "1-3", .names = {.alias = "probe"}};
    struct stage_client *c = stage_attach(&d->stage, "1-3");
    CHECK_EQ(server_change_names(d->stage.server, &probe, 1, d->stage.now_us), BASE_OK);
    stage_in(c, 1, 1, 512);
    stage_advance(&d->stage, SERVER_HISTORY_STEP_US);
    for (unsigned gone = 0; gone < 2; gone++) {
        cJSON *o = ask(d, "GET", "/api/v1/history?busid=probe", NULL, 200);
        cJSON *device = member(member(member(o, "minute"), "devices"), "1-3");
        CHECK_EQ(item(member(device, "in"), 119)->valuedouble, 1024);
        cJSON_Delete(o);
        (void)sim_unplug(d->stage.bus, "1-3");
        stage_settle(&d->stage);
    }
    cJSON *all = ask(d, "GET", "/api/v1/history", NULL, 200);
    CHECK_EQ(cJSON_GetArraySize(member(member(all, "minute"), "devices")), 0);
    cJSON_Delete(all);
}
