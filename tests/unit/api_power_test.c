// SPDX-License-Identifier: Apache-2.0
// The routes that switch the power of ports.
#include "sim/set/sim_set.h"
#include "tests/support/api_rig.h"

#include <string.h>

#define member api_rig_member
#define item api_rig_item
#define text api_rig_text

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
    CHECK_EQ(sim_set_plug(d->stage.bus, "default,hub:power=ganged", NULL, why, sizeof why),
             BASE_OK);
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

static cJSON *ask(struct desk *d, const char *method, const char *target, const char *body,
                  int status)
{
    d->api.now_us = d->stage.now_us;
    cJSON *o = api_rig_json(&d->api, method, target, body, status);
    stage_settle(&d->stage);
    return o;
}

static void put(struct desk *d, const char *target, const char *body, int status)
{
    cJSON_Delete(ask(d, "PUT", target, body, status));
}

static void expect_detail(struct desk *d, const char *target, const char *body, int status,
                          const char *words)
{
    cJSON *o = ask(d, "PUT", target, body, status);
    if (!strstr(text(o, "detail"), words))
        check_fail(__FILE__, __LINE__, "\"%s\" is not in \"%s\"", words, text(o, "detail"));
    cJSON_Delete(o);
}

// As labgrid reads it: the body is one digit, and nothing else.
static void expect_power(struct desk *d, const char *target, char want)
{
    struct api_response r = api_rig_ask(&d->api, "GET", target, NULL);
    CHECK_EQ(r.status, 200);
    CHECK_STR(r.content_type, "text/plain; charset=utf-8");
    CHECK_EQ(r.size, 1);
    CHECK_EQ(r.body[0], want);
    api_response_free(&r);
}

static bool there(struct desk *d, const char *busid)
{
    return registry_find(server_registry(d->stage.server), busid) != NULL;
}

DESK_TEST(api_power_as_labgrid_wants_it)
{
    expect_power(d, "/api/v1/ports/1-2.1/power", '1');
    cJSON *o = ask(d, "PUT", "/api/v1/ports/1-2.1/power", "0", 202);
    CHECK_STR(text(o, "port"), "1-2.1");
    cJSON_Delete(o);
    CHECK(!there(d, "1-2.1"));
    expect_power(d, "/api/v1/ports/1-2.1/power?force=1", '0');
    put(d, "/api/v1/ports/1-2.1/power?force=1", "1\n", 202);
    CHECK(there(d, "1-2.1"));
    expect_power(d, "/api/v1/ports/1-2.1/power", '1');
    expect_power(d, "/api/v1/ports/1-5.3/power", '1');
}

DESK_TEST(api_power_as_text_that_is_wrong)
{
    static const char *const bodies[] = {"", "2", "on", "1 ", "1\n\n", "true", NULL};
    for (unsigned i = 0; i < sizeof bodies / sizeof bodies[0]; i++)
        put(d, "/api/v1/ports/1-2.1/power", bodies[i], 400);
    put(d, "/api/v1/ports/1-2.1/power?now=1", "1", 400);
    put(d, "/api/v1/ports/1-2.1/power?force=2", "1", 400);
    put(d, "/api/v1/ports/1-2.9/power", "1", 404);
    cJSON_Delete(ask(d, "GET", "/api/v1/ports/keyboard/power", NULL, 404));
    CHECK(there(d, "1-2.1"));
}

DESK_TEST(api_power_of_a_device)
{
    put(d, "/api/v1/devices/1-2.1/power", "{\"on\":false}", 202);
    CHECK(!there(d, "1-2.1"));
    put(d, "/api/v1/devices/1-2.1/power", "{\"on\":true}", 202); // its port is there
    CHECK(there(d, "1-2.1"));
    put(d, "/api/v1/devices/1-2.1/power", "{\"cycle_s\":1.5}", 202);
    expect_detail(d, "/api/v1/devices/1-2.1/power", "{\"cycle_s\":1.5}", 409, "off for a while");
    stage_advance(&d->stage, 1499999);
    CHECK(!there(d, "1-2.1"));
    stage_advance(&d->stage, 1);
    CHECK(there(d, "1-2.1"));
    put(d, "/api/v1/devices/7-7/power", "{\"on\":true}", 404);
}

DESK_TEST(api_power_of_a_device_in_words_that_are_wrong)
{
    const char *target = "/api/v1/devices/1-2.1/power";
    put(d, target, NULL, 400);
    put(d, target, "1", 400);
    expect_detail(d, target, "{}", 422, "It must be there");
    expect_detail(d, target, "{\"on\":1}", 422, "true or false");
    expect_detail(d, target, "{\"on\":true,\"cycle_s\":1}", 422, "alone");
    expect_detail(d, target, "{\"cycle_s\":0.05}", 422, "from 0.1 to 300");
    expect_detail(d, target, "{\"cycle_s\":301}", 422, "from 0.1 to 300");
    expect_detail(d, target, "{\"cycle_s\":1e300}", 422, "from 0.1 to 300");
    expect_detail(d, target, "{\"cycle_s\":-1}", 422, "from 0.1 to 300");
    expect_detail(d, target, "{\"cycle_s\":\"1\"}", 422, "from 0.1 to 300");
    expect_detail(d, target, "{\"off\":true}", 422, "no such member");
    CHECK(there(d, "1-2.1"));
}

DESK_TEST(api_power_refused)
{
    struct stage_client *c = stage_attach(&d->stage, "1-2.2");
    expect_detail(d, "/api/v1/devices/1-2.2/power", "{\"on\":false}", 409, "in use");
    expect_detail(d, "/api/v1/ports/1-2/power", "0", 409, "in use");
    expect_detail(d, "/api/v1/ports/1-5.1/power", "0", 409, "all its ports at once");
    stage_check_alive(c);
    put(d, "/api/v1/devices/1-2.2/power?force=1", "{\"on\":false}", 202);
    CHECK(stage_closed(c));
}

DESK_TEST(api_power_is_shown)
{
    put(d, "/api/v1/ports/1-2.1/power", "0", 202);
    cJSON *o = api_rig_json(&d->api, "GET", "/api/v1/topology", NULL, 200);
    cJSON *ports = member(item(member(o, "buses"), 0), "ports"), *hub = item(ports, 1);
    cJSON *dark = item(member(hub, "ports"), 0), *power = member(dark, "power");
    CHECK(api_rig_is_null(dark, "device") && api_rig_is_null(dark, "unplugged"));
    CHECK_STR(text(power, "switching"), "single");
    CHECK(cJSON_IsFalse(member(power, "on")) && cJSON_IsFalse(member(power, "changing")));
    CHECK_STR(text(member(item(member(item(ports, 4), "ports"), 0), "power"), "switching"),
              "ganged");
    cJSON_Delete(o);
    o = api_rig_json(&d->api, "GET", "/api/v1/devices/1-2.2", NULL, 200);
    CHECK(cJSON_IsTrue(member(member(o, "power"), "on")));
    cJSON_Delete(o);
}

// --- what is plugged into something that is dark -------------------------------------------------

DESK_TEST(api_plug_without_power)
{
    cJSON *o;
    put(d, "/api/v1/ports/1-2.1/power", "0", 202);
    o = ask(d, "POST", "/api/v1/devices/1-2.1/plug", NULL, 409);
    CHECK_STR(text(o, "detail"), "It is plugged in, but its port has no power. Switch it on.");
    cJSON_Delete(o);
    cJSON_Delete(ask(d, "POST", "/api/v1/devices/1-2.1/unplug", NULL, 202));
    cJSON_Delete(ask(d, "POST", "/api/v1/devices/1-2.1/unplug", NULL, 409));
    cJSON_Delete(ask(d, "POST", "/api/v1/devices/1-2.1/plug", NULL, 202));
    CHECK(!there(d, "1-2.1"));
    put(d, "/api/v1/ports/1-2.1/power", "1", 202);
    CHECK(there(d, "1-2.1"));
}

DESK_TEST(api_plug_behind_a_hub_that_was_pulled)
{
    cJSON *o;
    cJSON_Delete(ask(d, "POST", "/api/v1/devices/1-2/unplug", NULL, 202));
    CHECK(!there(d, "1-2.1"));
    o = ask(d, "POST", "/api/v1/devices/1-2.1/plug", NULL, 409);
    CHECK_STR(text(o, "detail"),
              "It is plugged in, but its hub is not on the bus. Plug in the hub, "
              "or switch it on.");
    cJSON_Delete(o);
    cJSON_Delete(ask(d, "POST", "/api/v1/devices/1-2.1/unplug", NULL, 202));
    cJSON_Delete(ask(d, "POST", "/api/v1/devices/1-2/plug", NULL, 202));
    CHECK(!there(d, "1-2.1") && there(d, "1-2.2"));
    cJSON_Delete(ask(d, "POST", "/api/v1/devices/1-2.1/plug", NULL, 202));
    CHECK(there(d, "1-2.1"));
}
