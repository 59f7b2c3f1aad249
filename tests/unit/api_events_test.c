// SPDX-License-Identifier: Apache-2.0
// Events asked for, and streams of them.
#include "base/base_text.h"
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/api_rig.h"

#include <string.h>

#define get api_rig_get
#define member api_rig_member
#define item api_rig_item
#define text api_rig_text
#define number api_rig_number

// 1: started, 2 and 3: plugged, then a session's events.
static void begin(struct stage *st)
{
    stage_open_d1(st, NULL);
    stage_settle(st);
}

static unsigned count(const cJSON *answer)
{
    return (unsigned)cJSON_GetArraySize(member(answer, "events"));
}

STAGE_TEST(api_events_newest, begin(st))
{
    for (unsigned i = 0; i < 80; i++)
        stage_fin(stage_connect(st)); // two events each
    cJSON *all = get(st, "/api/v1/events");
    CHECK_EQ(count(all), 100); // the last ones, oldest first
    CHECK_EQ(number(all, "last"), 163);
    CHECK_EQ(number(item(member(all, "events"), 0), "number"), 64);
    CHECK_EQ(number(item(member(all, "events"), 99), "number"), 163);
    CHECK_EQ(number(all, "missed"), 0);
    CHECK(api_rig_is_null(item(member(all, "events"), 0), "time"));
    cJSON_Delete(all);
    all = get(st, "/api/v1/events?limit=2&level=info");
    CHECK_EQ(count(all), 2);
    CHECK_EQ(number(item(member(all, "events"), 1), "number"), 3);
    cJSON_Delete(all);
}

STAGE_TEST(api_events_after, begin(st))
{
    cJSON *some = get(st, "/api/v1/events?after=1&limit=1");
    CHECK_EQ(count(some), 1);
    CHECK_EQ(number(item(member(some, "events"), 0), "number"), 2);
    cJSON_Delete(some);
    some = get(st, "/api/v1/events?after=3");
    CHECK_EQ(count(some), 0);
    cJSON_Delete(some);
    some = get(st, "/api/v1/events?after=1000000");
    CHECK_EQ(count(some), 0);
    CHECK_EQ(number(some, "last"), 3);
    cJSON_Delete(some);
}

static void begin_short_ring(struct stage *st)
{
    static struct server_config config;
    server_config_default(&config);
    config.eventlog_capacity = 10;
    stage_open_d1(st, &config);
}

STAGE_TEST(api_events_tell_how_many_are_missed, begin_short_ring(st))
{
    for (unsigned i = 0; i < 20; i++)
        stage_fin(stage_connect(st));
    cJSON *some = get(st, "/api/v1/events?after=5");
    CHECK_EQ(number(some, "last"), 43);
    CHECK_EQ(number(some, "missed"), 28);
    CHECK_EQ(number(item(member(some, "events"), 0), "number"), 34);
    cJSON_Delete(some);
}

STAGE_TEST(api_events_of_one_device_and_session, begin(st))
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_fin(c);
    (void)stage_attach(st, "1-2");
    cJSON *some = get(st, "/api/v1/events?busid=1-1");
    for (cJSON *e = member(some, "events")->child; e; e = e->next)
        CHECK_STR(text(e, "busid"), "1-1");
    CHECK_EQ(count(some), 3); // plugged, imported, released
    cJSON_Delete(some);
    some = get(st, "/api/v1/events?session=2");
    CHECK(count(some) >= 2);
    for (cJSON *e = member(some, "events")->child; e; e = e->next)
        CHECK_EQ(number(e, "session"), 2);
    cJSON_Delete(some);
}

static unsigned count_of(struct stage *st, const char *target)
{
    cJSON *some = get(st, target);
    unsigned n = count(some);
    cJSON_Delete(some);
    return n;
}

// Its events are asked for under its alias, also when it is not there.
STAGE_TEST(api_events_of_a_device_by_its_alias, begin(st))
{
    struct access_naming names[] = {
        {ACCESS_FOLLOW_PORT, "1-1", {.alias = "probe"}},
        {ACCESS_FOLLOW_SERIAL, "no such", {.alias = "lost"}},
    };
    const char *serial = registry_find(server_registry(st->server), "1-2")->info.serial;
    CHECK(serial[0]);
    struct access_naming by_serial = {ACCESS_FOLLOW_SERIAL, "", {.alias = "meter"}};
    strcpy(by_serial.key, serial);
    struct access_naming all[] = {names[0], names[1], by_serial};
    CHECK_EQ(server_change_names(st->server, all, 3, st->now_us), BASE_OK);
    unsigned of_1 = count_of(st, "/api/v1/events?busid=1-1");
    CHECK_EQ(of_1, 2); // plugged, renamed
    CHECK_EQ(count_of(st, "/api/v1/events?busid=probe"), of_1);
    (void)sim_unplug(st->bus, "1-1");
    (void)sim_unplug(st->bus, "1-2");
    stage_settle(st);
    CHECK_EQ(count_of(st, "/api/v1/events?busid=probe"), of_1 + 1);
    CHECK_EQ(count_of(st, "/api/v1/events?busid=meter"), of_1 + 1);
    CHECK_EQ(count_of(st, "/api/v1/events?busid=lost"), 0);
    CHECK_EQ(count_of(st, "/api/v1/events?busid=nobody"), 0);
}

static void check_wrong(const struct stage *st, const char *query, const char *pointer)
{
    char target[300];
    const struct api_context ctx = api_rig_context(st);
    strcpy(target, "/api/v1/events?");
    strcat(target, query);
    cJSON *problem = api_rig_json(&ctx, "GET", target, NULL, 400);
    if (pointer)
        CHECK_STR(text(item(member(problem, "errors"), 0), "pointer"), pointer);
    cJSON_Delete(problem);
}

STAGE_TEST(api_events_wrong_queries, begin(st))
{
    static const char long_name[] =
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=1";
    check_wrong(st, "after=x", "/after");
    check_wrong(st, "after=-1", "/after");
    check_wrong(st, "after=99999999999999999999", "/after");
    check_wrong(st, "limit=0", "/limit");
    check_wrong(st, "limit=1001", "/limit");
    check_wrong(st, "limit=", "/limit");
    check_wrong(st, "limit", "/limit");
    check_wrong(st, "level=warn", "/level");
    check_wrong(st, "session=0", "/session");
    check_wrong(st, "busid=", "/busid");
    check_wrong(st, "after=1&colour=red", "/colour");
    check_wrong(st, "busid=%zz", NULL);
    check_wrong(st, "busid=%0", NULL);
    check_wrong(st, "busid=1-1%00", NULL);
    check_wrong(st, long_name, NULL);
    cJSON_Delete(get(st, "/api/v1/events?level=%69nfo&&busid=1%2D1"));
}

// --- streams -------------------------------------------------------------------------------------

static const char *accept_lines(void *ctx, const char *name)
{
    (void)ctx;
    return strcmp(name, "Accept") == 0 ? "application/x-ndjson" : NULL;
}

static unsigned lines_of(const struct api_message *m)
{
    unsigned n = 0;
    for (size_t i = 0; m && i < m->size; i++)
        n += m->data[i] == '\n';
    return n;
}

STAGE_TEST(api_events_stream, begin(st))
{
    const struct api_context ctx = api_rig_context(st);
    const struct api_request req = {.method = "GET",
                                    .path = "/api/v1/events",
                                    .query = "after=1&level=info",
                                    .header = accept_lines};
    struct api_response r = api_handle(&ctx, &req);
    CHECK_EQ(r.kind, API_STREAM);
    CHECK_STR(r.content_type, "application/x-ndjson");
    struct api_message *m = api_stream_next(&ctx, &r.stream);
    CHECK_EQ(lines_of(m), 2);
    CHECK_EQ(m->data[m->size - 1], '\n');
    api_message_release(m);
    CHECK(api_stream_next(&ctx, &r.stream) == NULL);
    (void)stage_attach(st, "1-1"); // connecting is a debug event
    m = api_stream_next(&ctx, &r.stream);
    CHECK_EQ(lines_of(m), 1);
    CHECK(strstr(m->data, "\"type\":\"imported\"") != NULL);
    api_message_release(m);
    CHECK(api_stream_next(&ctx, &r.stream) == NULL);
}

// What the list of those allowed says about a client stands beside it.
STAGE_TEST(api_events_with_the_note_of_their_client, begin(st))
{
    struct access_allowed allow[] = {{.note = "CI runners"}, {.note = "lab"}};
    const struct access_list list = {.allow = allow, .allow_count = 2};
    CHECK(base_block_parse("10.0.0.0/8", &allow[0].block));
    CHECK(base_block_parse("2001:db8::/32", &allow[1].block));
    CHECK_EQ(server_change_access(st->server, &list, st->now_us), BASE_OK);
    static const struct {
        const char *peer, *note;
    } events[] = {
        {"10.0.0.7:4711", "CI runners"},
        {"10.0.0.7", "CI runners"},
        {"[2001:db8::7]:80", "lab"},
        {"2001:db8::7", "lab"},
        {"192.0.2.1:80", ""},
        {"", ""},
        {"/tmp/image", ""},
    };
    for (unsigned i = 0; i < sizeof events / sizeof events[0]; i++) {
        struct eventlog_event e = {.time_us = st->now_us, .what = EVENTLOG(settings_changed)};
        CHECK(base_text_copy(e.peer, sizeof e.peer, events[i].peer));
        eventlog_record(server_eventlog(st->server), &e);
        cJSON *some = get(st, "/api/v1/events?limit=1");
        const cJSON *e0 = item(member(some, "events"), 0);
        const cJSON *note = cJSON_GetObjectItemCaseSensitive(e0, "note");
        CHECK_STR(note ? note->valuestring : "", events[i].note);
        cJSON_Delete(some);
    }
}
