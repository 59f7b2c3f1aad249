// SPDX-License-Identifier: Apache-2.0
// Settings, names and rules by the API, over a port that keeps them in memory.
#include "api/api_change.h"
#include "api/api_job.h"
#include "base/base_text.h"
#include "settings/settings_patch.h"
#include "sim/device/disk/sim_disk.h"
#include "sim/set/sim_set.h"
#include "tests/support/api_rig.h"
#include "tests/support/settings_rig.h"

#include <stdio.h>
#include <string.h>

#define member api_rig_member
#define item api_rig_item
#define text api_rig_text

struct office {
    struct stage stage; // first: the stage's macros see that
    struct settings settings, then;
    bool changing; // between begin and end of a change
    struct api_change change;
    struct api_context api;
    const char *fixed;        // a key that is not the API's; NULL: none
    bool fails;               // nothing can be kept
    const char *headers[6];   // name, value ... NULL
    char etag[API_ETAG_SIZE]; // of the last answer
};

static enum api_change_result begin_change(void *ctx, const char *patch, size_t size,
                                           struct settings_errors *errors, struct settings *try,
                                           char *why)
{
    struct office *o = ctx;
    struct settings changed = o->settings;
    CHECK(try || !o->changing);
    if (o->fixed) {
        (void)base_text_copy(why, API_CHANGE_WHY_SIZE, "access.mode is set by box.json");
        return API_CHANGE_FIXED;
    }
    settings_hold(&changed);
    if (settings_patch(&changed, patch, size, errors, NULL) != BASE_OK) {
        settings_drop(&changed);
        return API_CHANGE_WRONG;
    }
    *(try ? try : &o->then) = changed;
    o->changing = !try;
    return API_CHANGE_OK;
}

static bool keep_change(void *ctx, char *why)
{
    struct office *o = ctx;
    CHECK(o->changing);
    if (o->fails)
        (void)base_text_copy(why, API_CHANGE_WHY_SIZE, "the disk is full");
    return !o->fails;
}

static bool end_change(void *ctx, bool kept, char *why)
{
    struct office *o = ctx;
    (void)why;
    CHECK(o->changing);
    o->changing = false;
    settings_drop(kept ? &o->settings : &o->then);
    if (!kept)
        return false;
    o->settings = o->then;
    const struct access_list access = settings_access(&o->settings);
    const struct settings_lists *l = o->settings.lists;
    CHECK_EQ(server_change_rules(o->stage.server, &access, l ? l->namings : NULL,
                                 l ? l->naming_count : 0, o->stage.now_us),
             BASE_OK);
    return true;
}

static const char *fixed(void *ctx, unsigned i)
{
    const struct office *o = ctx;
    return i == 0 ? o->fixed : NULL;
}

// A disk with that serial number.
static void plug_disk(struct office *o, const char *busid, uint32_t serial)
{
    struct sim_disk_options disk = {.number = serial};
    CHECK_EQ(sim_storage_ram(&disk.storage, &o->stage.heap.alloc, 65536), BASE_OK);
    stage_plug(&o->stage, busid, sim_disk_create(o->stage.bus, &disk));
}

static void begin(struct office *o)
{
    const struct stage_options options = {0};
    memset(o, 0, sizeof *o);
    CHECK(stage_open(&o->stage, &options));
    for (uint32_t i = 1; i <= 3; i++)
        plug_disk(o, (const char *[]){"", "1-1", "1-2", "1-3"}[i], i);
    o->settings = settings_rig();
    o->change = (struct api_change){begin_change, keep_change, end_change, fixed, o, "box.json"};
    o->api = api_rig_context(&o->stage);
    o->api.settings = &o->settings;
    o->api.change = &o->change;
    o->headers[0] = "If-Match";
    o->headers[1] = "*";
}

static void end(struct office *o)
{
    settings_drop(&o->settings);
    stage_close(&o->stage);
}

#define OFFICE_TEST(id) TEST_WITH(id, struct office, o, begin(o), end(o))

static const char *header(void *ctx, const char *name)
{
    for (const char **h = ctx; h[0]; h += 2)
        if (strcmp(h[0], name) == 0)
            return h[1];
    return NULL;
}

// The answer, or the job that will have it.
static struct api_response handle(struct office *o, const char *method, const char *path,
                                  const char *body)
{
    const struct base_address here = {.bytes = {127, 0, 0, 1}, .bits = 32};
    const char *query = strchr(path, '?');
    char plain[64];
    snprintf(plain, sizeof plain, "%.*s", query ? (int)(query - path) : 63, path);
    const struct api_request request = {
        .method = method,
        .path = plain,
        .query = query ? query + 1 : "",
        .header = header,
        .header_ctx = o->headers,
        .peer = &here,
        .body = body,
        .body_size = body ? strlen(body) : 0,
    };
    o->api.now_us = o->stage.now_us;
    return api_handle(&o->api, &request);
}

// The answer with that status, to be deleted.
static cJSON *read_answer(struct office *o, const char *what, struct api_response r, int status)
{
    if (r.status != status)
        check_fail(__FILE__, __LINE__, "%s: %d %s", what, r.status, r.body);
    cJSON *answer = cJSON_Parse(r.body);
    strcpy(o->etag, r.etag);
    api_response_free(&r);
    stage_settle(&o->stage);
    return answer;
}

static cJSON *ask(struct office *o, const char *method, const char *path, const char *body,
                  int status)
{
    return read_answer(o, path, api_rig_finish(&o->api, handle(o, method, path, body)), status);
}

static void expect(struct office *o, const char *method, const char *path, const char *body,
                   int status)
{
    cJSON_Delete(ask(o, method, path, body, status));
}

// PATCH of the settings.
static void patch(struct office *o, const char *body)
{
    expect(o, "PATCH", "/api/v1/settings", body, 200);
}

static void expect_error(struct office *o, const char *method, const char *path, const char *body,
                         const char *pointer, const char *detail)
{
    cJSON *problem = ask(o, method, path, body, 422);
    const cJSON *first = item(member(problem, "errors"), 0);
    CHECK_STR(text(first, "pointer"), pointer);
    CHECK_STR(text(first, "detail"), detail);
    cJSON_Delete(problem);
}

// --- settings ------------------------------------------------------------------------------------

OFFICE_TEST(api_settings_shows_all_values)
{
    o->fixed = "access.mode";
    o->api.kept = true;
    cJSON *a = ask(o, "GET", "/api/v1/settings", NULL, 200), *s = member(a, "settings");
    CHECK_EQ(api_rig_number(s, "version"), SETTINGS_VERSION);
    CHECK_EQ(api_rig_number(member(s, "limits"), "max_devices"), o->settings.limits.max_devices);
    CHECK_STR(text(member(s, "access"), "mode"), "open");
    CHECK_EQ(cJSON_GetArraySize(member(a, "fixed")), 1);
    CHECK_STR(item(member(a, "fixed"), 0)->valuestring, "/access/mode");
    CHECK_STR(text(a, "fixed_by"), "box.json");
    CHECK(cJSON_IsTrue(member(a, "kept")) && cJSON_IsTrue(member(a, "changeable")));
    CHECK_EQ(api_rig_number(member(a, "limits"), "rules"), 64);
    CHECK_EQ(api_rig_number(member(a, "limits"), "addresses"), 64);
    CHECK_EQ(api_rig_number(member(a, "limits"), "devices"), 16);
    CHECK_EQ(api_rig_number(member(a, "limits"), "document_bytes"), SETTINGS_MAX_BYTES);
    cJSON_Delete(a);
    o->api.settings = NULL;
    expect(o, "GET", "/api/v1/settings", NULL, 404);
    expect(o, "PATCH", "/api/v1/settings", "{}", 404);
}

OFFICE_TEST(api_settings_change_at_once_and_end_sessions)
{
    struct stage_client *c = stage_attach(&o->stage, "1-1");
    cJSON *a =
        ask(o, "PATCH", "/api/v1/settings",
            "{\"access\":{\"mode\":\"closed\",\"allow\":[{\"address\":\"10.0.0.7\"}]}}", 200);
    CHECK_STR(text(member(member(a, "settings"), "access"), "mode"), "closed");
    cJSON_Delete(a);
    CHECK(stage_closed(c));
    a = ask(o, "GET", "/api/v1/status", NULL, 200);
    CHECK_STR(text(a, "access_mode"), "closed");
    CHECK_STR(text(a, "takeover"), "probe");
    CHECK(cJSON_IsFalse(member(a, "kept")));
    cJSON_Delete(a);
    a = ask(o, "GET", "/api/v1/events", NULL, 200);
    const cJSON *e = api_rig_find(member(a, "events"), "type", "settings_changed");
    CHECK_STR(text(e, "peer"), "127.0.0.1");
    CHECK_STR(text(e, "text"), "127.0.0.1 has changed the settings");
    cJSON_Delete(a);
}

OFFICE_TEST(api_settings_if_match)
{
    static const char *const stale[] = {"\"0\"", "", "x\"1\"", "\"0\", \"1\""};
    char list[64];
    expect(o, "GET", "/api/v1/settings", NULL, 200);
    strcpy(list, o->etag);
    o->headers[1] = list;
    patch(o, "{\"host_name\":\"lab\"}");
    CHECK(strcmp(list, o->etag) != 0);
    expect(o, "PATCH", "/api/v1/settings", "{\"host_name\":\"other\"}", 412);
    expect(o, "PATCH", "/api/v1/settings?dry_run=1", "{}", 412);
    CHECK_STR(o->settings.host_name, "lab");
    expect(o, "GET", "/api/v1/settings", NULL, 200);
    snprintf(list, sizeof list, "W/%s", o->etag);
    expect(o, "PATCH", "/api/v1/settings", "{}", 412);
    expect(o, "GET", "/api/v1/settings", NULL, 200);
    snprintf(list, sizeof list, "\"1\" ,%s", o->etag);
    patch(o, "{}");
    for (unsigned i = 0; i < sizeof stale / sizeof *stale; i++) {
        o->headers[1] = stale[i];
        expect(o, "PATCH", "/api/v1/settings", "{}", 412);
    }
    o->headers[0] = NULL;
    expect(o, "PATCH", "/api/v1/settings", "{}", 428);
}

// While one change is being kept others may ask for theirs: their turn comes when it holds, so that
// who has read the settings before it is told to read them again.
OFFICE_TEST(api_settings_changes_in_their_turn)
{
    char list[64];
    expect(o, "GET", "/api/v1/settings", NULL, 200);
    strcpy(list, o->etag);
    o->headers[1] = list;
    struct api_response first = handle(o, "PATCH", "/api/v1/settings", "{\"host_name\":\"a\"}");
    struct api_response second = handle(o, "PATCH", "/api/v1/settings", "{\"host_name\":\"b\"}");
    struct api_response third =
        handle(o, "PATCH", "/api/v1/devices/1-1", "{\"alias\":\"x\",\"alias_by\":\"port\"}");
    struct api_response fourth = handle(o, "PATCH", "/api/v1/devices/x", "{\"labels\":[\"y\"]}");
    CHECK_EQ(fourth.status, 404); // has no such name yet
    api_response_free(&fourth);
    fourth = handle(o, "PATCH", "/api/v1/devices/1-1", "{\"labels\":[\"y\"]}");
    list[1] ^= 1; // what the request said does not matter any more
    CHECK_STR(o->settings.host_name, "usbip-test");
    cJSON_Delete(read_answer(o, "first", api_rig_finish(&o->api, first), 200));
    cJSON_Delete(read_answer(o, "second", api_rig_finish(&o->api, second), 412));
    CHECK_STR(o->settings.host_name, "a");
    cJSON_Delete(read_answer(o, "third", api_rig_finish(&o->api, third), 200));
    cJSON *a = read_answer(o, "fourth", api_rig_finish(&o->api, fourth), 200);
    CHECK_STR(text(a, "alias"), "x");
    CHECK_STR(cJSON_GetStringValue(api_rig_item(member(a, "labels"), 0)), "y");
    cJSON_Delete(a);
    fourth = handle(o, "PATCH", "/api/v1/settings", "{}");
    fourth.job->free(fourth.job); // its turn never comes
}

OFFICE_TEST(api_settings_tag_is_for_get_too)
{
    expect(o, "GET", "/api/v1/settings", NULL, 200);
    o->headers[0] = "If-None-Match";
    o->headers[1] = o->etag;
    char have[API_ETAG_SIZE];
    strcpy(have, o->etag);
    o->headers[1] = have;
    expect(o, "GET", "/api/v1/settings", NULL, 304);
}

OFFICE_TEST(api_settings_dry_run_changes_nothing)
{
    const char *closed = "{\"access\":{\"mode\":\"closed\",\"allow\":[{\"address\":\"10.0.0.7\"}],"
                         "\"rules\":[{\"device\":{\"busid\":\"1-2\"},\"effect\":\"hide\"}]}}";
    struct stage_client *c = stage_attach(&o->stage, "1-1"), *d = stage_attach(&o->stage, "1-2");
    (void)stage_connect(&o->stage); // without a device
    cJSON *a = ask(o, "PATCH", "/api/v1/settings?dry_run=1", closed, 200), *ends;
    ends = member(a, "ends");
    CHECK_EQ(cJSON_GetArraySize(ends), 2);
    CHECK_EQ(api_rig_number(item(ends, 0), "session"), 1);
    CHECK_STR(text(item(ends, 0), "busid"), "1-1");
    CHECK_STR(text(item(ends, 0), "address"), "192.0.2.1");
    CHECK(api_rig_is_null(item(ends, 0), "note") && api_rig_is_null(item(ends, 0), "rule"));
    CHECK_STR(text(item(ends, 0), "why"), "The address is not on the list of those allowed.");
    CHECK_EQ(api_rig_number(item(ends, 1), "rule"), 1);
    CHECK_STR(text(item(ends, 1), "why"), "Hidden by rule 1.");
    cJSON_Delete(a);
    CHECK(!stage_closed(c) && !stage_closed(d));
    CHECK_EQ(stage_count_events(&o->stage, EVENT_SETTINGS_CHANGED), 0);
    CHECK_EQ(o->settings.access_mode, ACCESS_OPEN);
    expect(o, "PATCH", "/api/v1/settings?dry_run=2", closed, 400);
    expect(o, "PATCH", "/api/v1/settings?dry=1", closed, 400);
    expect(o, "PATCH", "/api/v1/settings?dry_run=%", closed, 400);
    CHECK_EQ(o->settings.access_mode, ACCESS_OPEN);
    expect(o, "PATCH", "/api/v1/settings?dry_run=0", closed, 200);
    CHECK(stage_closed(c) && stage_closed(d));
}

// Names decide as well: what is not exported any more, and rules about an alias.
OFFICE_TEST(api_settings_dry_run_knows_names)
{
    (void)stage_attach(&o->stage, "1-1");
    (void)stage_attach(&o->stage, "1-2");
    cJSON *a = ask(o, "PATCH", "/api/v1/settings?dry_run=1",
                   "{\"devices\":[{\"busid\":\"1-1\",\"exported\":false},{\"busid\":\"1-2\","
                   "\"alias\":\"desk\"}],\"access\":{\"rules\":[{\"device\":{\"alias\":\"desk\"},"
                   "\"effect\":\"hide\"}]}}",
                   200);
    const cJSON *ends = member(a, "ends");
    CHECK_STR(text(item(ends, 0), "why"), "The device is not exported.");
    CHECK_STR(text(item(ends, 1), "why"), "Hidden by rule 1.");
    cJSON_Delete(a);
}

OFFICE_TEST(api_settings_wrong_values_name_their_places)
{
    cJSON *a = ask(o, "PATCH", "/api/v1/settings",
                   "{\"access\":{\"mode\":\"ajar\",\"rules\":[{\"device\":{\"class\":\"03\"},"
                   "\"effect\":\"deny\"}]}}",
                   422);
    const cJSON *errors = member(a, "errors");
    CHECK_EQ(cJSON_GetArraySize(errors), 2);
    CHECK_STR(text(item(errors, 0), "pointer"), "/access/mode");
    CHECK_STR(text(item(errors, 1), "pointer"), "/access/rules/0/effect");
    CHECK_STR(text(item(errors, 1), "detail"), "\"allow\" or \"hide\" is wanted.");
    cJSON_Delete(a);
    expect_error(o, "PATCH", "/api/v1/settings", "{", "",
                 "Line 1: a text in double quotes is wanted.");
    expect(o, "PATCH", "/api/v1/settings", NULL, 400);
    CHECK_EQ(stage_count_events(&o->stage, EVENT_SETTINGS_CHANGED), 0);
}

OFFICE_TEST(api_settings_one_too_many_names_the_limit)
{
    char body[4096] = "{\"access\":{\"allow\":[{\"address\":\"::1\"}";
    for (unsigned i = 0; i < 64; i++)
        strcat(body, ",{\"address\":\"::1\"}");
    strcat(body, "]}}");
    expect_error(o, "PATCH", "/api/v1/settings", body, "/access/allow",
                 "At most 64 addresses are possible.");
}

OFFICE_TEST(api_settings_body_types)
{
    static const struct {
        const char *type;
        int status;
    } cases[] = {
        {"application/merge-patch+json", 200},
        {"application/json; charset=utf-8", 200},
        {"application/json-patch+json", 415},
        {"application/jsonx", 415},
        {"text/plain", 415},
    };
    o->headers[2] = "Content-Type";
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        o->headers[3] = cases[i].type;
        expect(o, "PATCH", "/api/v1/settings", "{}", cases[i].status);
    }
}

OFFICE_TEST(api_settings_that_cannot_be_changed)
{
    o->fixed = "access.mode";
    cJSON *a = ask(o, "PATCH", "/api/v1/settings", "{\"access\":{\"mode\":\"closed\"}}", 409);
    CHECK_STR(text(a, "detail"), "access.mode is set by box.json.");
    cJSON_Delete(a);
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"alias\":\"a\"}", 409);
    o->fixed = NULL;
    o->fails = true;
    a = ask(o, "PATCH", "/api/v1/settings", "{\"host_name\":\"lab\"}", 503);
    CHECK_STR(text(a, "detail"), "the disk is full.");
    cJSON_Delete(a);
    CHECK_STR(o->settings.host_name, "usbip-test");
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"alias\":\"a\"}", 503);
    o->api.change = NULL;
    expect(o, "PATCH", "/api/v1/settings", "{}", 409);
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"alias\":\"a\"}", 409);
    a = ask(o, "GET", "/api/v1/settings", NULL, 200);
    CHECK(cJSON_IsFalse(member(a, "changeable")));
    cJSON_Delete(a);
    o->api.settings = NULL;
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"alias\":\"a\"}", 409);
}

// --- names ---------------------------------------------------------------------------------------

// A device that no address may have is not on offer, and says why.
OFFICE_TEST(api_device_that_rules_hide_from_everybody)
{
    static const struct {
        const char *patch, *why;
        bool hidden;
    } steps[] = {
        {"{\"access\":{\"rules\":[{\"device\":{\"busid\":\"1-1\"},\"effect\":\"hide\"}]}}",
         "Rule 1 hides it from everybody.", true},
        {"{\"access\":{\"rules\":[{\"device\":{\"busid\":\"1-1\"},\"addresses\":[\"10.0.0.7\"],"
         "\"effect\":\"hide\"}]}}",
         NULL, false},
        {"{\"access\":{\"rules\":null,\"mode\":\"closed\"}}",
         "Access is closed, and no address is allowed.", true},
        {"{\"access\":{\"allow\":[{\"address\":\"10.0.0.7\"}]}}", NULL, false},
    };
    for (unsigned i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        expect(o, "PATCH", "/api/v1/settings", steps[i].patch, 200);
        cJSON *a = ask(o, "GET", "/api/v1/devices/1-1", NULL, 200);
        CHECK_EQ(cJSON_IsTrue(member(a, "hidden")), steps[i].hidden);
        if (steps[i].why)
            CHECK_STR(text(a, "hidden_why"), steps[i].why);
        else
            CHECK(cJSON_IsNull(member(a, "hidden_why")));
        cJSON_Delete(a);
        a = ask(o, "GET", "/api/v1/status", NULL, 200);
        CHECK_EQ(api_rig_number(member(a, "counts"), "hidden") > 0, steps[i].hidden);
        cJSON_Delete(a);
    }
}

// The words of each place agree: device, counts, metrics.
static void check_hidden(struct office *o, const char *code, const char *words)
{
    cJSON *a = ask(o, "GET", "/api/v1/devices/1-1", NULL, 200);
    CHECK_STR(text(a, "state"), code ? "hidden" : "available");
    CHECK_EQ(cJSON_IsTrue(member(a, "hidden")), code != NULL);
    CHECK_EQ(api_rig_is_null(a, "obstacle"), code == NULL);
    if (code) {
        CHECK_STR(text(member(a, "obstacle"), "code"), code);
        CHECK_STR(text(member(a, "obstacle"), "text"), words);
        CHECK(text(member(a, "obstacle"), "help")[0]);
        CHECK_STR(text(a, "hidden_why"), words);
    }
    cJSON_Delete(a);
    a = ask(o, "GET", "/api/v1/status", NULL, 200);
    const cJSON *n = member(a, "counts");
    unsigned hidden = (unsigned)api_rig_number(n, "hidden");
    CHECK_EQ(hidden > 0, code != NULL);
    CHECK_EQ(api_rig_number(n, "devices"), api_rig_number(n, "available") +
                                               api_rig_number(n, "in_use") +
                                               api_rig_number(n, "unusable") + hidden);
    char line[60];
    snprintf(line, sizeof line, "usbip_devices{state=\"hidden\"} %u\n", hidden);
    cJSON_Delete(a);
    struct api_response r = api_rig_ask(&o->api, "GET", "/metrics", NULL);
    CHECK(strstr(r.body, line));
    api_response_free(&r);
}

OFFICE_TEST(api_hidden_devices_say_so_everywhere)
{
    check_hidden(o, NULL, NULL);
    patch(o, "{\"export\":\"manual\"}");
    check_hidden(o, "export_manual", "Export is manual, and nothing says that it is exported.");
    patch(o, "{\"export_rules\":[{\"device\":{\"class\":\"ff\"},\"effect\":\"export\"},"
             "{\"device\":{\"busid\":\"1-1\"},\"effect\":\"keep\"}]}");
    check_hidden(o, "export_rule", "Export rule 2 keeps it back.");
    cJSON *a =
        ask(o, "POST", "/api/v1/access/test", "{\"address\":\"::1\",\"busid\":\"1-1\"}", 200);
    CHECK(cJSON_IsFalse(member(a, "allowed")) && api_rig_is_null(a, "rule"));
    CHECK_STR(text(a, "why"), "The device is kept back by export rule 2.");
    cJSON_Delete(a);
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"exported\":true}", 200);
    a = ask(o, "GET", "/api/v1/devices/1-1", NULL, 200);
    CHECK_STR(text(a, "state"), "available"); // its own word is the strongest
    CHECK(cJSON_IsTrue(member(a, "exported")));
    cJSON_Delete(a);
    patch(o, "{\"export\":\"auto\",\"export_rules\":null}");
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"exported\":false}", 200);
    check_hidden(o, "not_exported", "It is not exported.");
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"exported\":null}", 200);
    patch(o, "{\"access\":{\"rules\":[{\"device\":{\"busid\":\"1-1\"},\"effect\":\"hide\"}]}}");
    check_hidden(o, "rule_hides", "Rule 1 hides it from everybody.");
    patch(o, "{\"access\":{\"rules\":null,\"mode\":\"closed\"}}");
    check_hidden(o, "not_on_list", "Access is closed, and no address is allowed.");
    patch(o, "{\"access\":null}");
    check_hidden(o, NULL, NULL);
}

// Who saves both at once ends nobody in between.
OFFICE_TEST(api_export_and_names_hold_together)
{
    struct stage_client *c = stage_attach(&o->stage, "1-1");
    patch(o, "{\"export\":\"manual\",\"devices\":[{\"busid\":\"1-1\",\"exported\":true}]}");
    CHECK(!stage_closed(c));
    patch(o, "{\"export\":null,\"devices\":null}");
    CHECK(!stage_closed(c));
    patch(o, "{\"export\":\"manual\"}");
    CHECK(stage_closed(c));
}

// The only element of "devices".
static struct access_naming only(const struct office *o)
{
    CHECK(o->settings.lists != NULL);
    CHECK_EQ(o->settings.lists->naming_count, 1);
    return o->settings.lists->namings[0];
}

OFFICE_TEST(api_rename_shows_everywhere)
{
    cJSON *a = ask(o, "PATCH", "/api/v1/devices/1-1",
                   "{\"alias\":\"probe\",\"labels\":[\"lab\",\"red\"],\"alias_by\":\"port\"}", 200);
    CHECK_STR(text(a, "busid"), "1-1");
    CHECK_STR(text(a, "name"), "probe");
    CHECK_STR(text(a, "alias"), "probe");
    CHECK_STR(item(member(a, "labels"), 1)->valuestring, "red");
    CHECK(cJSON_IsTrue(member(a, "exported")) && cJSON_IsFalse(member(a, "hidden")));
    CHECK(cJSON_IsNull(member(a, "hidden_why")));
    cJSON_Delete(a);
    CHECK_EQ(only(o).by, ACCESS_FOLLOW_PORT);
    CHECK_STR(only(o).key, "1-1");
    CHECK_EQ(stage_count_events(&o->stage, EVENT_DEVICE_RENAMED), 1);
    CHECK_EQ(stage_count_events(&o->stage, EVENT_SETTINGS_CHANGED), 1);
    a = ask(o, "GET", "/api/v1/devices/probe", NULL, 200);
    CHECK_STR(text(a, "busid"), "1-1");
    cJSON_Delete(a);
    a = ask(o, "PATCH", "/api/v1/devices/probe", "{\"exported\":false,\"labels\":null}", 200);
    CHECK(cJSON_IsFalse(member(a, "exported")) && cJSON_IsTrue(member(a, "hidden")));
    CHECK_STR(text(a, "hidden_why"), "It is not exported.");
    CHECK_STR(text(a, "alias"), "probe");
    CHECK_EQ(cJSON_GetArraySize(member(a, "labels")), 0);
    cJSON_Delete(a);
    expect(o, "PATCH", "/api/v1/devices/probe", "{\"exported\":true,\"alias\":null}", 200);
    CHECK(only(o).names.exported); // whatever rules and policy say
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"exported\":null}", 200);
    CHECK(!o->settings.lists);
    expect(o, "GET", "/api/v1/devices/probe", NULL, 404);
    expect(o, "PATCH", "/api/v1/devices/probe", "{}", 404);
}

OFFICE_TEST(api_rename_leaves_others_alone)
{
    patch(o, "{\"devices\":[{\"busid\":\"7-1\",\"alias\":\"far\"},{\"busid\":\"1-1\","
             "\"alias\":\"near\",\"labels\":[\"x\"]}]}");
    expect(o, "PATCH", "/api/v1/devices/near", "{\"alias\":\"nearer\"}", 200);
    const struct settings_lists *l = o->settings.lists;
    CHECK_EQ(l->naming_count, 2);
    CHECK_STR(l->namings[0].names.alias, "far");
    CHECK_STR(l->namings[1].names.alias, "nearer");
    CHECK_STR(l->namings[1].names.labels[0], "x");
    expect_error(o, "PATCH", "/api/v1/devices/1-2", "{\"alias\":\"far\"}", "/alias",
                 "Another device has this alias.");
}

OFFICE_TEST(api_rename_follows_serial_or_port)
{
    cJSON *a = ask(o, "GET", "/api/v1/devices/1-1", NULL, 200);
    char serial[ACCESS_KEY_SIZE];
    strcpy(serial, text(a, "serial"));
    cJSON_Delete(a);
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"alias\":\"a\"}", 200); // the serial by default
    CHECK_EQ(only(o).by, ACCESS_FOLLOW_SERIAL);
    CHECK_STR(only(o).key, serial);
    expect(o, "PATCH", "/api/v1/devices/a", "{\"alias_by\":\"port\"}", 200);
    CHECK_EQ(only(o).by, ACCESS_FOLLOW_PORT);
    CHECK_STR(only(o).names.alias, "a");
    expect(o, "PATCH", "/api/v1/devices/a", "{\"labels\":[\"x\"]}", 200); // stays as it was
    CHECK_EQ(only(o).by, ACCESS_FOLLOW_PORT);
    expect(o, "PATCH", "/api/v1/devices/a", "{\"alias_by\":\"serial\"}", 200);
    CHECK_EQ(only(o).by, ACCESS_FOLLOW_SERIAL);
    CHECK_STR(only(o).names.labels[0], "x");
}

OFFICE_TEST(api_rename_by_a_serial_number_of_two)
{
    plug_disk(o, "1-4", 3);
    expect_error(o, "PATCH", "/api/v1/devices/1-4", "{\"alias\":\"a\",\"alias_by\":\"serial\"}",
                 "/alias_by",
                 "The device has no serial number of its own. Names can follow its port.");
    expect(o, "PATCH", "/api/v1/devices/1-4", "{\"alias\":\"a\"}", 200);
    CHECK_EQ(only(o).by, ACCESS_FOLLOW_PORT);
}

OFFICE_TEST(api_rename_wrong_values)
{
    static const struct {
        const char *body, *pointer;
    } cases[] = {
        {"{\"alias\":\"1-1\"}", "/alias"},         {"{\"alias\":5}", "/alias"},
        {"{\"alias_by\":\"shape\"}", "/alias_by"}, {"{\"alias_by\":null}", "/alias_by"},
        {"{\"labels\":[\"\"]}", "/labels/0"},      {"{\"labels\":\"x\"}", "/labels"},
        {"{\"exported\":\"no\"}", "/exported"},    {"{\"colour\":\"red\"}", "/colour"},
        {"{\"serial\":\"A\"}", "/serial"},         {"{\"alias\":\"a\",\"alias\":\"b\"}", "/alias"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *a = ask(o, "PATCH", "/api/v1/devices/1-1", cases[i].body, 422);
        CHECK_STR(text(item(member(a, "errors"), 0), "pointer"), cases[i].pointer);
        cJSON_Delete(a);
    }
    expect(o, "PATCH", "/api/v1/devices/1-1", "[]", 400);
    expect(o, "PATCH", "/api/v1/devices/1-1", NULL, 400);
    CHECK(!o->settings.lists);
}

OFFICE_TEST(api_paths_take_an_alias)
{
    expect(o, "PATCH", "/api/v1/devices/1-1", "{\"alias\":\"probe\"}", 200);
    struct stage_client *c = stage_attach(&o->stage, "1-1");
    expect(o, "POST", "/api/v1/devices/probe/disconnect", NULL, 202);
    CHECK(stage_closed(c));
    struct api_simulate simulate;
    struct api_simulated zero;
    char path[64], why[100];
    CHECK_EQ(sim_set_plug(o->stage.bus, "zero", NULL, why, sizeof why), BASE_OK);
    stage_settle(&o->stage);
    sim_set_simulate(&simulate, o->stage.bus);
    for (unsigned i = 0; simulate.at(simulate.ctx, i, &zero) && strcmp(zero.kind, "zero") != 0;)
        i++;
    o->api.simulate = &simulate;
    snprintf(path, sizeof path, "/api/v1/devices/%s", zero.busid);
    expect(o, "PATCH", path, "{\"alias\":\"gadget\"}", 200);
    cJSON *a = ask(o, "POST", "/api/v1/devices/gadget/unplug", NULL, 202);
    CHECK_STR(text(a, "busid"), zero.busid);
    cJSON_Delete(a);
    expect(o, "POST", "/api/v1/devices/gadget/plug", NULL, 404); // nobody has that alias now
    strcat(path, "/plug");
    expect(o, "POST", path, NULL, 202);
}

// --- who may -------------------------------------------------------------------------------------

static void check_verdict(struct office *o, const char *body, bool allowed, double rule,
                          const char *why)
{
    cJSON *a = ask(o, "POST", "/api/v1/access/test", body, 200);
    CHECK_EQ(cJSON_IsTrue(member(a, "allowed")), allowed);
    CHECK_EQ(api_rig_is_null(a, "rule") ? 0 : api_rig_number(a, "rule"), rule);
    CHECK_STR(text(a, "why"), why);
    cJSON_Delete(a);
}

OFFICE_TEST(api_access_test_says_why)
{
    check_verdict(o, "{\"address\":\"10.0.0.7\",\"busid\":\"1-1\"}", true, 0, "Access is open.");
    patch(o, "{\"access\":{\"mode\":\"closed\",\"allow\":[{\"address\":\"10.0.0.0/28\"}],\"rules\":"
             "[{\"device\":{\"busid\":\"1-2\"},\"addresses\":[\"10.0.0.7\"],\"effect\":\"hide\"},"
             "{\"device\":{\"alias\":\"probe\"},\"addresses\":[\"2001:db8::/32\"],"
             "\"effect\":\"allow\"}]},\"devices\":[{\"busid\":\"1-1\",\"alias\":\"probe\"},"
             "{\"busid\":\"1-3\",\"exported\":false}]}");
    check_verdict(o, "{\"address\":\"10.0.0.7\",\"busid\":\"1-1\"}", true, 0,
                  "The address is on the list of those allowed.");
    check_verdict(o, "{\"address\":\"10.0.0.7\",\"busid\":\"1-2\"}", false, 1, "Hidden by rule 1.");
    check_verdict(o, "{\"address\":\"2001:db8::9\",\"busid\":\"probe\"}", true, 2,
                  "Allowed by rule 2.");
    check_verdict(o, "{\"address\":\"10.0.0.99\",\"busid\":\"probe\"}", false, 0,
                  "The address is not on the list of those allowed.");
    check_verdict(o, "{\"address\":\"::ffff:10.0.0.7\",\"busid\":\"1-3\"}", false, 0,
                  "The device is not exported.");
}

// What is tried is nobody else's business.
OFFICE_TEST(api_access_test_of_unsaved_rules)
{
    const char *tried = "{\"address\":\"192.0.2.1\",\"busid\":\"1-1\",\"access\":{\"rules\":[{"
                        "\"device\":{\"busid\":\"1-1\"},\"effect\":\"hide\"}]}}";
    struct stage_client *c = stage_attach(&o->stage, "1-1");
    check_verdict(o, tried, false, 1, "Hidden by rule 1.");
    CHECK(!stage_closed(c));
    CHECK(!o->settings.lists);
    check_verdict(o, "{\"address\":\"10.0.0.7\",\"busid\":\"1-1\"}", true, 0, "Access is open.");
    o->api.settings = NULL;
    expect(o, "POST", "/api/v1/access/test", tried, 422);
}

OFFICE_TEST(api_access_test_wrong_values)
{
    static const struct {
        const char *body, *pointer;
    } cases[] = {
        {"{\"busid\":\"1-1\"}", "/address"},
        {"{\"address\":\"10.0.0.0/28\",\"busid\":\"1-1\"}", "/address"},
        {"{\"address\":\"10.0.0.7\"}", "/busid"},
        {"{\"address\":\"10.0.0.7\",\"busid\":\"7-7\"}", "/busid"},
        {"{\"address\":\"10.0.0.7\",\"busid\":\"1-1\",\"colour\":1}", "/colour"},
        {"{\"address\":\"10.0.0.7\",\"busid\":\"1-1\",\"access\":{\"mode\":1}}", "/access/mode"},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        cJSON *a = ask(o, "POST", "/api/v1/access/test", cases[i].body, 422);
        CHECK_STR(text(item(member(a, "errors"), 0), "pointer"), cases[i].pointer);
        cJSON_Delete(a);
    }
    expect(o, "POST", "/api/v1/access/test", "[]", 400);
}

static unsigned problems(struct office *o, const char *code)
{
    cJSON *status = ask(o, "GET", "/api/v1/status", NULL, 200), *p = NULL;
    unsigned n = 0;
    cJSON_ArrayForEach(p, member(status, "problems")) n += strcmp(text(p, "code"), code) == 0;
    cJSON_Delete(status);
    return n;
}

// Who closes access before there is anybody on the list has shut everybody out.
OFFICE_TEST(api_closed_to_everybody_is_a_problem)
{
    CHECK_EQ(problems(o, "nobody_allowed"), 0);
    patch(o, "{\"access\":{\"mode\":\"closed\"}}");
    cJSON *status = ask(o, "GET", "/api/v1/status", NULL, 200);
    const cJSON *p = api_rig_find(member(status, "problems"), "code", "nobody_allowed");
    CHECK_STR(text(p, "severity"), "warning");
    CHECK_STR(text(p, "text"), "Access is closed, and the list of those allowed is empty.");
    CHECK_STR(text(p, "help"), "Nobody can attach anything: add an address to access.allow, or "
                               "set access.mode to open.");
    cJSON_Delete(status);
    patch(o, "{\"access\":{\"rules\":[{\"device\":{\"busid\":\"1-1\"},\"effect\":\"allow\"}]}}");
    CHECK_EQ(problems(o, "nobody_allowed"), 0);
    patch(o, "{\"access\":{\"rules\":[],\"allow\":[{\"address\":\"::1\"}]}}");
    CHECK_EQ(problems(o, "nobody_allowed"), 0);
    patch(o, "{\"access\":{\"allow\":null,\"mode\":\"open\"}}");
    CHECK_EQ(problems(o, "nobody_allowed"), 0);
}

OFFICE_TEST(api_shows_notes_beside_addresses)
{
    patch(o, "{\"access\":{\"allow\":[{\"address\":\"192.0.2.0/24\",\"note\":\"CI \\\"x\\\"\"}]}}");
    (void)stage_attach(&o->stage, "1-1");
    cJSON *a = ask(o, "GET", "/api/v1/devices/1-1", NULL, 200);
    CHECK_STR(text(member(a, "user"), "note"), "CI \"x\"");
    cJSON_Delete(a);
    a = ask(o, "GET", "/api/v1/sessions", NULL, 200);
    CHECK_STR(text(item(member(a, "sessions"), 0), "note"), "CI \"x\"");
    cJSON_Delete(a);
}
