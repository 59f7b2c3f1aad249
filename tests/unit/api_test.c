// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"
#include "base/base_text.h"
#include "sim/device/sim_zero.h"
#include "sim/set/sim_set.h"
#include "tests/support/api_rig.h"

#include <cJSON.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

static void begin(struct stage *st, const char *sim)
{
    const struct stage_options options = {0};
    char why[100];
    CHECK(stage_open(st, &options));
    CHECK_EQ(sim_set_plug(st->bus, sim, NULL, why, sizeof why), BASE_OK);
    stage_settle(st);
}

static cJSON *member(const cJSON *o, const char *name)
{
    cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!m)
        check_fail(__FILE__, __LINE__, "no member %s", name);
    return m;
}

static const char *text(const cJSON *o, const char *name)
{
    return cJSON_GetStringValue(member(o, name));
}

static double number(const cJSON *o, const char *name)
{
    CHECK(cJSON_IsNumber(member(o, name)));
    return cJSON_GetNumberValue(member(o, name));
}

static const char stall[] = "\x80\x06\x00\x09\x00\x00\x08\x00"; // a descriptor that no device has

// Something for each counter of a session with gadget zero in its source/sink configuration.
static void count_everything(struct stage_client *c)
{
    static const uint8_t data[512];
    stage_in(c, 1, 1, 512);
    (void)stage_expect_ret(c, 1, true, 0, 512);
    stage_out(c, 2, 1, data, 512);
    (void)stage_expect_ret(c, 2, false, 0, 512);
    stage_submit(c, &(struct stage_submit){3, WIRE_DIR_IN, .length = 8, .setup = stall});
    (void)stage_expect_ret(c, 3, true, USB_STATUS_STALL, 0);
    stage_in(c, 4, 1, INT32_MAX);
    (void)stage_expect_ret(c, 4, true, USB_STATUS_NO_MEMORY, 0);
    stage_control(c, 5, "\x00\x09\x02\x00\x00\x00\x00\x00"); // loopback: nothing to read
    (void)stage_expect_ret(c, 5, false, 0, 0);
    stage_in(c, 6, 1, 512);
    stage_unlink(c, 7, 6);
    stage_expect_unlinked(c, 7, USB_STATUS_CANCELLED);
}

STAGE_TEST(api_totals_do_not_fall_with_the_end_of_sessions, begin(st, "zero,zero"))
{
    count_everything(stage_attach(st, "1-3"));
    count_everything(stage_attach(st, "1-5"));
    cJSON *before = api_rig_get(st, "/api/v1/status");
    cJSON *sessions = api_rig_get(st, "/api/v1/sessions");
    for (struct stage_client *c = st->clients; c; c = c->next)
        stage_fin(c);
    cJSON *after = api_rig_get(st, "/api/v1/status");
    cJSON *one = member(sessions, "sessions")->child;
    for (cJSON *sum = member(one, "totals")->child; sum; sum = sum->next) {
        double a = number(member(one, "totals"), sum->string);
        double b = number(member(one->next, "totals"), sum->string);
        CHECK(a > 0 && b > 0);
        CHECK(number(member(before, "totals"), sum->string) == a + b);
        CHECK(number(member(after, "totals"), sum->string) == a + b);
    }
    cJSON_Delete(before);
    cJSON_Delete(sessions);
    cJSON_Delete(after);
}

// --- no memory -----------------------------------------------------------------------------------

static unsigned mallocs_left;
static bool fail_once;
static int mallocs_live;

static void *failing_malloc(size_t size)
{
    if (mallocs_left-- == 0) {
        mallocs_left = fail_once ? UINT_MAX : 0;
        return NULL;
    }
    mallocs_live++;
    return malloc(size);
}

static void counting_free(void *p)
{
    mallocs_live -= p != NULL;
    free(p);
}

static unsigned fail_after(unsigned n, bool once, const struct stage *st, const char *target)
{
    cJSON_Hooks failing = {failing_malloc, counting_free};
    struct api_context ctx = api_rig_context(st);
    mallocs_left = n;
    fail_once = once;
    mallocs_live = 0;
    cJSON_InitHooks(&failing);
    struct api_response r = api_rig_ask(&ctx, "GET", target, NULL);
    int status = r.status;
    if (status == 503)
        CHECK(strstr(r.body, "\"title\":\"Out of memory\"") != NULL);
    api_response_free(&r);
    CHECK_EQ(mallocs_live, 0);
    cJSON_InitHooks(NULL);
    return (unsigned)status;
}

STAGE_TEST(api_no_memory_is_503, begin(st, "default"))
{
    static const char *const targets[] = {
        "/api/v1/status", "/api/v1/devices",   "/api/v1/devices/1-4", "/api/v1/topology",
        "/api/v1/events", "/api/v1/sessions?", "/api/v1/history",     "/metrics",
    };
    struct stage_client *c = stage_attach(st, "1-3");
    for (unsigned i = 0; i < sizeof targets / sizeof *targets; i++) {
        unsigned n = 0;
        check_context(targets[i], 0);
        while (fail_after(n, false, st, targets[i]) == 503)
            n++;
        CHECK(n > 0);
        CHECK_EQ(fail_after(n, false, st, targets[i]), 200);
        while (n-- > 0) // nor a document with a hole
            CHECK_EQ(fail_after(n, true, st, targets[i]), 503);
    }
    stage_fin(c);
}

// --- events --------------------------------------------------------------------------------------

static cJSON *event_json(struct eventlog_event e)
{
    e.uptime_us = 2456000;
    char *line = api_event_json(&e);
    CHECK(line != NULL);
    CHECK(strchr(line, '\n') == NULL);
    cJSON *o = cJSON_Parse(line);
    CHECK(o != NULL);
    CHECK(text(o, "text")[0] != '\0');
    CHECK_STR(text(o, "type"), eventlog_name(e.what.type));
    CHECK(number(o, "uptime_s") == 2.456);
    api_text_free(line);
    return o;
}

static void check_member(struct eventlog_event e, const char *name, const char *value)
{
    cJSON *o = event_json(e);
    CHECK_STR(text(o, name), value);
    cJSON_Delete(o);
}

static void check_number(struct eventlog_event e, const char *name, double value)
{
    cJSON *o = event_json(e);
    CHECK(number(o, name) == value);
    cJSON_Delete(o);
}

#define EVENT(...) ((struct eventlog_event){__VA_ARGS__})
#define EVENT_WITH(name, ...) EVENT(.what = EVENTLOG_WITH(name, __VA_ARGS__))

TEST(api_event_details)
{
    const uint32_t id = 0x12090002;
    check_member(EVENT_WITH(device_plugged, .id = id, .speed = 2), "id", "1209:0002");
    check_member(EVENT_WITH(device_plugged, .id = id, .speed = 2), "speed", "full");
    check_member(EVENT_WITH(device_refused, .reason = EVENT_REFUSED_DUPLICATE), "reason",
                 "duplicate");
    check_member(EVENT_WITH(connection_refused, .reason = EVENT_REFUSED_NO_DESCRIPTOR), "reason",
                 "no_descriptor");
    check_member(EVENT_WITH(connection_closed, .reason = EVENT_END_TIMEOUT), "reason", "timeout");
    check_member(EVENT_WITH(session_ended, .reason = EVENT_END_UNPLUGGED, .urbs = 7), "reason",
                 "unplugged");
    check_number(EVENT_WITH(session_ended, .reason = EVENT_END_UNPLUGGED, .urbs = 7), "urbs", 7);
    check_number(EVENT_WITH(devlist, .devices = 4), "devices", 4);
    check_member(EVENT_WITH(import_refused, .status = 4), "status", "no_device");
    check_member(EVENT_WITH(protocol_error, .error = EVENT_BAD_DEVID, .value = 9), "error",
                 "devid");
    check_number(EVENT_WITH(protocol_error, .error = EVENT_BAD_DEVID, .value = 9), "value", 9);
    check_number(EVENT_WITH(budget_exhausted, .bytes = 1000), "bytes", 1000);
    check_member(EVENT_WITH(urb_refused, .endpoint = 0x81, .length = 512), "endpoint", "0x81");
    check_number(EVENT_WITH(urb_refused, .endpoint = 0x81, .length = 512), "length", 512);
    check_member(EVENT_WITH(unlink_overdue, .endpoint = 2), "endpoint", "0x02");
}

TEST(api_event_of_a_start)
{
    check_member(EVENT(.what = {.type = EVENT_SERVER_STARTED}), "reason", "unknown");
    check_member(EVENT_WITH(server_started, .reason = EVENT_START_TASK_WATCHDOG), "reason",
                 "task_watchdog");
    check_member(EVENT_WITH(server_started, .reason = EVENT_START_PANIC), "level", "warning");
    check_number(EVENT_WITH(server_started, .damaged_events = 2), "damaged_events", 2);
    cJSON *o = event_json(EVENT(.what = {.type = EVENT_SERVER_STARTED}));
    CHECK(!cJSON_HasObjectItem(o, "damaged_events"));
    cJSON_Delete(o);
    for (uint32_t a = 0; a < EVENT_START_COUNT; a++) {
        o = event_json(EVENT_WITH(server_started, .reason = a));
        CHECK((strcmp(text(o, "reason"), "unknown") == 0) == (a == EVENT_START_UNKNOWN));
        cJSON_Delete(o);
    }
}

TEST(api_event_tells_its_run_and_the_time_of_day_if_known)
{
    check_number(EVENT(.what = EVENTLOG(server_stopping), .boot = 4), "boot", 4);
    check_member(EVENT(.what = EVENTLOG(server_stopping), .unix_us = 1000), "time",
                 "1970-01-01T00:00:00.001Z");
    cJSON *o = event_json(EVENT(.what = EVENTLOG(server_stopping)));
    CHECK(api_rig_is_null(o, "time"));
    cJSON_Delete(o);
}

TEST(api_event_who_and_where)
{
    struct eventlog_event e = {
        .what = EVENTLOG(imported), .session = 3, .peer = "[::1]:5", .busid = "1-1"};
    check_number(e, "session", 3);
    check_member(e, "peer", "[::1]:5");
    check_member(e, "busid", "1-1");
    check_member(e, "level", "info");
    cJSON *o = event_json(EVENT(.what = {.type = EVENT_SERVER_STARTED}));
    CHECK(!cJSON_HasObjectItem(o, "session"));
    CHECK(!cJSON_HasObjectItem(o, "peer"));
    CHECK(!cJSON_HasObjectItem(o, "busid"));
    cJSON_Delete(o);
}

TEST(api_event_network)
{
    struct eventlog_event e =
        EVENT_WITH(network_up, .address = 0xc0000207, .source = EVENT_ADDRESS_DHCP);
    check_member(e, "address", "192.0.2.7");
    check_member(e, "source", "dhcp");
    check_member(e, "text", "network: address 192.0.2.7 (DHCP)");
    e = EVENT_WITH(network_down, .reason = EVENT_NETWORK_NO_LINK);
    check_member(e, "reason", "no_link");
    check_member(e, "level", "warning");
    e = EVENT_WITH(network_fallback, .reason = EVENT_FALLBACK_IN_USE);
    check_member(e, "reason", "in_use");
    check_member(e, "text", "network: the static address is doubtful: another station has it");
}

TEST(api_event_file)
{
    struct eventlog_event e =
        EVENT_WITH(file_trouble, .task = EVENT_FILE_WRITTEN, .reason = EVENT_FILE_NO_SPACE);
    strcpy(e.file, "/srv/stick.img");
    check_member(e, "type", "file_trouble");
    check_member(e, "level", "warning");
    check_member(e, "file", "/srv/stick.img");
    check_member(e, "task", "write");
    check_member(e, "reason", "no_space");
    check_member(e, "text", "/srv/stick.img cannot be written: no space is left on its disk");
    e.what = EVENTLOG(file_silent);
    check_member(e, "level", "warning");
    check_member(e, "file", "/srv/stick.img");
    check_member(e, "text", "/srv/stick.img does not answer, its device waits for it");
    e.what = EVENTLOG_WITH(file_back, .seconds = 70);
    check_member(e, "file", "/srv/stick.img");
    check_number(e, "seconds", 70);
    check_member(e, "text", "/srv/stick.img answers again after 70 s");
    cJSON *o = event_json(e);
    CHECK(!cJSON_HasObjectItem(o, "peer"));
    cJSON_Delete(o);
}

// A number that this version has no word for is no reason to fall over.
TEST(api_event_unknown_words)
{
    check_member(EVENT_WITH(device_refused, .reason = 77), "reason", "unknown");
    check_member(EVENT_WITH(session_ended, .reason = 0), "reason", "unknown");
    check_member(EVENT_WITH(import_refused, .status = 0xffffffff), "status", "unknown");
    check_member(EVENT_WITH(device_plugged, .speed = 9), "speed", "unknown");
}

// Busids come from clients: whatever they send, the document is valid UTF-8.
TEST(api_event_text_is_utf8)
{
    static const char *const pairs[][2] = {
        {"\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"},
        {"\xe0\xa0\x80\xf0\x90\x80\x80",
         "\xe0\xa0\x80\xf0\x90\x80\x80"}, // the first of their lengths
        {"\xed\x9f\xbf\xf4\x8f\xbf\xbf", "\xed\x9f\xbf\xf4\x8f\xbf\xbf"}, // the last before a gap
        {"a\xff\xfe z", "a?? z"},
        {"\xc0\xaf", "??"},           // overlong
        {"\xe0\x80\xaf", "???"},      // overlong
        {"\xf0\x8f\xbf\xbf", "????"}, // overlong
        {"\xed\xa0\x80", "???"},      // surrogate
        {"\xf4\x90\x80\x80", "????"}, // above U+10FFFF
        {"cut \xe2\x82", "cut ??"},
        {"\"\\\n\x01", "\"\\\n\x01"}, // JSON escapes these
    };
    for (unsigned i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        struct eventlog_event e = EVENT_WITH(import_refused, .status = 4);
        (void)base_text_copy(e.busid, sizeof e.busid, pairs[i][0]);
        check_member(e, "busid", pairs[i][1]);
    }
}

// --- metrics -------------------------------------------------------------------------------------

static bool metrics_have(const struct stage *st, const char *line)
{
    const struct api_context ctx = api_rig_context(st);
    struct api_response r = api_rig_ask(&ctx, "GET", "/metrics", NULL);
    CHECK_EQ(r.status, 200);
    CHECK_STR(r.content_type, "text/plain; version=0.0.4; charset=utf-8");
    bool have = strstr(r.body, line) != NULL;
    api_response_free(&r);
    return have;
}

STAGE_TEST(api_metrics_of_a_device, begin(st, "zero"))
{
    struct stage_client *c = stage_attach(st, "1-3");
    count_everything(c);
    for (unsigned i = 0; i < 2; i++) { // with the session, and after it
        CHECK(
            metrics_have(st, "\nusbip_urbs_total{busid=\"1-3\",type=\"bulk\",result=\"ok\"} 2\n"));
        CHECK(metrics_have(
            st, "\nusbip_urbs_total{busid=\"1-3\",type=\"bulk\",result=\"unlinked\"} 1\n"));
        CHECK(metrics_have(
            st, "\nusbip_urbs_total{busid=\"1-3\",type=\"control\",result=\"failed\"} 1\n"));
        CHECK(metrics_have(st, "\nusbip_urb_duration_seconds_count{type=\"bulk\"} 2\n"));
        CHECK(metrics_have(st, "type=\"bulk\",le=\"+Inf\"} 2\n"));
        CHECK(metrics_have(st, "type=\"bulk\",le=\"0.000064\"} "));
        stage_fin(c);
    }
    CHECK(metrics_have(st, "\nusbip_sessions 0\n"));
}
