// SPDX-License-Identifier: Apache-2.0
// Leases by the API: who makes, changes and ends them, for how long, and what is shown of them.
#include "api/api_lease.h"
#include "server/server_lease.h"
#include "tests/support/api_rig.h"
#include "tests/support/users_rig.h"

#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000 };

#define NOON_US UINT64_C(1795348800000000) // 2026-11-22T12:00:00Z
#define PATH "/api/v1/devices/1-1/lease"

struct desk {
    struct stage stage; // first: the stage's macros see that
    struct users_rig *users;
    struct api_context api;
    struct users_identity who;
    struct base_address peer;
};

static void begin(struct desk *d)
{
    memset(d, 0, sizeof *d);
    stage_open_d1(&d->stage, NULL);
    d->users = malloc(sizeof *d->users);
    users_rig_begin(d->users);
    users_rig_add(d->users, "admin", USERS_ADMIN, "password");
    users_rig_add(d->users, "anna", USERS_OPERATE, "anna's own");
    CHECK(base_address_parse("10.0.0.7", &d->peer));
}

static void end(struct desk *d)
{
    free(d->users);
    stage_close(&d->stage);
}

#define DESK_TEST(id) TEST_WITH(id, struct desk, d, begin(d), end(d))

static void log_in(struct desk *d, const char *user)
{
    char secret[USERS_SECRET_SIZE];
    struct users *u = &d->users->users;
    const struct users_session *s =
        users_session_begin(&u->sessions, u->config.crypto, user, d->stage.now_us, secret);
    CHECK(s);
    d->who = (struct users_identity){.kind = USERS_BY_SESSION, .session = s->id};
}

static void use_token(struct desk *d, const char *id, const char *name)
{
    struct users_token token = {.role = USERS_OPERATE};
    (void)base_text_copy(token.id, sizeof token.id, id);
    (void)base_text_copy(token.name, sizeof token.name, name);
    CHECK_EQ(users_add_token(&d->users->users.document, &token), BASE_OK);
    d->who = (struct users_identity){.kind = USERS_BY_TOKEN};
    (void)base_text_copy(d->who.token, sizeof d->who.token, id);
}

typedef struct api_response (*handler)(const struct api_context *ctx, const struct api_request *req,
                                       const char *name);

// The answer, to be deleted, if it has one.
static cJSON *ask(struct desk *d, handler h, const char *name, const char *body, int status)
{
    const struct api_request req = {
        .peer = &d->peer, .body = body, .body_size = body ? strlen(body) : 0};
    d->api = api_rig_context(&d->stage);
    d->api.users = &d->users->users;
    d->api.who = &d->who;
    struct api_response r = h(&d->api, &req, name);
    if (r.status != status)
        check_fail(__FILE__, __LINE__, "%d instead of %d: %s", r.status, status, r.body);
    cJSON *o = r.body ? cJSON_Parse(r.body) : NULL;
    api_response_free(&r);
    stage_settle(&d->stage);
    return o;
}

static void put(struct desk *d, const char *body, int status)
{
    cJSON_Delete(ask(d, api_put_lease, "1-1", body, status));
}

static void take_back(struct desk *d, int status)
{
    cJSON_Delete(ask(d, api_delete_lease, "1-1", NULL, status));
}

static const struct server_lease *lease(struct desk *d)
{
    return server_lease(d->stage.server, "1-1", d->stage.now_us);
}

static void check_wrong(struct desk *d, const char *body, const char *pointer)
{
    cJSON *o = ask(d, api_put_lease, "1-1", body, 422);
    CHECK_STR(api_rig_text(api_rig_item(api_rig_member(o, "errors"), 0), "pointer"), pointer);
    CHECK(strlen(api_rig_text(o, "detail")) > 0);
    cJSON_Delete(o);
    CHECK(!lease(d));
}

// Of the latest of that type.
static void check_sentence(struct desk *d, enum eventlog_type type, const char *want)
{
    char text[200] = "";
    const struct eventlog_event *e;
    for (uint64_t after = 0; (e = eventlog_next(server_eventlog(d->stage.server), after)) != NULL;
         after = e->number)
        if (e->what.type == type)
            (void)eventlog_text(e, text, sizeof text);
    CHECK_STR(text, want);
}

// --- what is shown -------------------------------------------------------------------------------

DESK_TEST(api_lease_as_it_is_shown)
{
    log_in(d, "anna");
    cJSON *o = ask(d, api_put_lease, "1-1",
                   "{\"owner\":\"Anna\",\"reason\":\"long test\",\"for_s\":3600}", 201);
    cJSON *made = api_rig_member(o, "lease");
    CHECK_STR(api_rig_text(made, "owner"), "Anna");
    CHECK_STR(api_rig_text(made, "reason"), "long test");
    CHECK_STR(api_rig_text(made, "address"), "10.0.0.7");
    CHECK_STR(api_rig_text(made, "maker"), "anna");
    CHECK(api_rig_is_null(made, "until"));
    CHECK_EQ(api_rig_number(made, "left_s"), 3600);
    cJSON_Delete(o);
    check_sentence(d, EVENT_LEASE_TAKEN, "10.0.0.7 (anna) has leased 1-1 for 3600 s");
    stage_advance(&d->stage, 600 * SECOND_US);
    eventlog_set_clock(server_eventlog(d->stage.server), NOON_US, d->stage.now_us);
    o = api_rig_get(&d->stage, "/api/v1/devices/1-1");
    cJSON *shown = api_rig_member(o, "lease");
    CHECK_STR(api_rig_text(shown, "until"), "2026-11-22T12:50:00.000Z");
    CHECK_EQ(api_rig_number(shown, "left_s"), 3000);
    CHECK_STR(api_rig_text(o, "state"), "available");
    cJSON_Delete(o);
    o = api_rig_get(&d->stage, "/api/v1/devices");
    CHECK(api_rig_is_null(api_rig_item(api_rig_member(o, "devices"), 1), "lease"));
    cJSON_Delete(o);
    d->stage.now_us += 3000 * (uint64_t)SECOND_US; // and nobody has looked yet
    o = api_rig_get(&d->stage, "/api/v1/devices/1-1");
    CHECK(api_rig_is_null(o, "lease"));
    cJSON_Delete(o);
}

// --- how long ------------------------------------------------------------------------------------

DESK_TEST(api_lease_until_a_time_of_day)
{
    cJSON *o =
        ask(d, api_put_lease, "1-1", "{\"owner\":\"a\",\"until\":\"2026-11-22T12:01:00Z\"}", 409);
    CHECK_STR(api_rig_text(o, "title"), "The time of day is not known");
    cJSON_Delete(o);
    CHECK(!lease(d));
    eventlog_set_clock(server_eventlog(d->stage.server), NOON_US, d->stage.now_us);
    check_wrong(d, "{\"owner\":\"a\",\"until\":\"2026-11-22T12:00:00Z\"}", "/until");
    check_wrong(d, "{\"owner\":\"a\",\"until\":\"2026-11-22T12:00:00.999Z\"}", "/until");
    check_wrong(d, "{\"owner\":\"a\",\"until\":\"2026-12-23T12:00:00.001Z\"}", "/until");
    check_wrong(d, "{\"owner\":\"a\",\"until\":\"2026-11-22T12:01:00\"}", "/until");
    check_wrong(d, "{\"owner\":\"a\",\"until\":1}", "/until");
    put(d, "{\"owner\":\"a\",\"until\":\"2026-11-22T12:00:01Z\"}", 201);
    CHECK_EQ(lease(d)->until_us, d->stage.now_us + SECOND_US);
    put(d, "{\"owner\":\"a\",\"until\":\"2026-12-23T12:00:00Z\"}", 200);
    put(d, "{\"owner\":\"a\",\"until\":\"2026-11-22T12:01:00Z\"}", 200);
    uint64_t until_us = lease(d)->until_us;
    CHECK_EQ(until_us, d->stage.now_us + 60 * SECOND_US);
    // The clock was wrong. What was asked for is what it said then.
    eventlog_set_clock(server_eventlog(d->stage.server), NOON_US - 86400u * UINT64_C(1000000),
                       d->stage.now_us);
    CHECK_EQ(lease(d)->until_us, until_us);
    stage_advance(&d->stage, 60 * SECOND_US);
    CHECK(!lease(d));
}

DESK_TEST(api_lease_for_seconds)
{
    check_wrong(d, "{\"owner\":\"a\"}", "/for_s");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":0.999}", "/for_s");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":-1}", "/for_s");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":2678401}", "/for_s");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":1e300}", "/for_s");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":\"60\"}", "/for_s");
    put(d, "{\"owner\":\"a\",\"for_s\":1.5}", 201);
    CHECK_EQ(lease(d)->until_us, d->stage.now_us + 1500000);
    put(d, "{\"owner\":\"a\",\"for_s\":2678400}", 200);
    take_back(d, 204);
    eventlog_set_clock(server_eventlog(d->stage.server), NOON_US, d->stage.now_us);
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":60,\"until\":\"2026-11-22T12:01:00Z\"}", "/for_s");
}

// --- other members -------------------------------------------------------------------------------

#define A16 "aaaaaaaaaaaaaaaa"
#define A64 A16 A16 A16 A16

DESK_TEST(api_lease_texts)
{
    check_wrong(d, "{\"for_s\":60}", "/owner");
    check_wrong(d, "{\"owner\":\"\",\"for_s\":60}", "/owner");
    check_wrong(d, "{\"owner\":\"" A64 "a\",\"for_s\":60}", "/owner");
    check_wrong(d, "{\"owner\":\"a\\nb\",\"for_s\":60}", "/owner");
    check_wrong(d, "{\"owner\":\"a\",\"reason\":\"" A64 A64 "a\",\"for_s\":60}", "/reason");
    check_wrong(d, "{\"owner\":\"a\",\"reason\":7,\"for_s\":60}", "/reason");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":60,\"why\":1}", "/why");
    put(d, "[]", 400);
    put(d, "{\"owner\":\"" A64 "\",\"reason\":\"" A64 A64 "\",\"for_s\":60}", 201);
    CHECK_STR(lease(d)->owner, A64);
    CHECK_STR(lease(d)->reason, A64 A64);
    put(d, "{\"owner\":\"b\",\"reason\":\"\",\"for_s\":60}", 200);
    CHECK_STR(lease(d)->reason, "");
}

static void check_addresses(struct desk *d, const char *body, const char *want)
{
    cJSON *o = ask(d, api_put_lease, "1-1", body, lease(d) ? 200 : 201);
    CHECK_STR(api_rig_text(api_rig_member(o, "lease"), "address"), want);
    cJSON_Delete(o);
}

DESK_TEST(api_lease_addresses)
{
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":60,\"address\":\"10.0.0.7/24\"}", "/address");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":60,\"address\":\"\"}", "/address");
    check_wrong(d, "{\"owner\":\"a\",\"for_s\":60,\"address\":null}", "/address");
    check_addresses(d, "{\"owner\":\"a\",\"for_s\":60,\"address\":\"10.0.0.0/24\"}", "10.0.0.0/24");
    check_addresses(d, "{\"owner\":\"a\",\"for_s\":60,\"address\":\"2001:db8::/32\"}",
                    "2001:db8::/32");
    check_addresses(d, "{\"owner\":\"a\",\"for_s\":60,\"address\":\"::ffff:10.0.0.9\"}",
                    "10.0.0.9");
    check_addresses(d, "{\"owner\":\"a\",\"for_s\":60}", "10.0.0.7"); // who asks
    take_back(d, 204);
    CHECK(base_address_parse("2001:db8::7", &d->peer));
    check_addresses(d, "{\"owner\":\"a\",\"for_s\":60}", "2001:db8::7");
}

// --- whose it is ---------------------------------------------------------------------------------

#define BODY "{\"owner\":\"a\",\"for_s\":60}"

static void check_maker(struct desk *d, const char *maker)
{
    CHECK(lease(d));
    CHECK_STR(lease(d)->maker, maker);
}

DESK_TEST(api_lease_makers)
{
    log_in(d, "anna");
    put(d, BODY, 201);
    log_in(d, "anna"); // from another page
    put(d, BODY, 200);
    use_token(d, "00000001", "anna"); // a program that is called as she is
    put(d, BODY, 409);
    check_maker(d, "anna");
    log_in(d, "admin");
    put(d, BODY, 409);
    take_back(d, 204);
    check_sentence(d, EVENT_LEASE_ENDED,
                   "the lease of 1-1 has ended: taken back by 10.0.0.7 (admin)");
    use_token(d, "00000002", "ci");
    put(d, BODY, 201);
    check_maker(d, "token ci");
    take_back(d, 204);
    check_sentence(d, EVENT_LEASE_ENDED, "the lease of 1-1 has ended: given back by 10.0.0.7 (ci)");
    take_back(d, 404);
    d->who = (struct users_identity){.kind = USERS_NOBODY};
    put(d, BODY, 201);
    check_maker(d, "10.0.0.7");
    CHECK(base_address_parse("10.0.0.8", &d->peer));
    put(d, BODY, 409);
    const struct users_user user = {.name = "10.0.0.7", .role = USERS_OPERATE}; // as that address
    CHECK_EQ(users_put(&d->users->users.document, &user), BASE_OK);
    log_in(d, "10.0.0.7");
    put(d, BODY, 409);
}

// A new token of an old one's name has nothing of its.
DESK_TEST(api_lease_of_a_token_made_anew)
{
    use_token(d, "00000001", "ci");
    put(d, BODY, 201);
    CHECK_EQ(users_remove_token(&d->users->users.document, "00000001"), BASE_OK);
    use_token(d, "00000002", "ci");
    put(d, BODY, 409);
}

// --- of what -------------------------------------------------------------------------------------

DESK_TEST(api_lease_of_what_is_unplugged)
{
    cJSON_Delete(ask(d, api_put_lease, "7-7", BODY, 404));
    cJSON_Delete(ask(d, api_delete_lease, "7-7", NULL, 404));
    put(d, BODY, 201);
    CHECK_EQ(sim_unplug(d->stage.bus, "1-1"), BASE_OK);
    stage_settle(&d->stage);
    put(d, BODY, 200);
    take_back(d, 204);
    put(d, BODY, 404);
}

DESK_TEST(api_lease_by_alias)
{
    struct access_naming naming = {.by = ACCESS_FOLLOW_PORT, .key = "1-1", .names.alias = "probe"};
    CHECK_EQ(server_change_names(d->stage.server, &naming, 1, d->stage.now_us), BASE_OK);
    cJSON_Delete(ask(d, api_put_lease, "probe", BODY, 201));
    CHECK(lease(d));
    CHECK_EQ(sim_unplug(d->stage.bus, "1-1"), BASE_OK);
    stage_settle(&d->stage);
    cJSON_Delete(ask(d, api_delete_lease, "probe", NULL, 204));
}

DESK_TEST(api_lease_without_memory)
{
    d->stage.heap.fail_at = d->stage.heap.calls + 1;
    d->stage.heap.fail_once = true;
    put(d, BODY, 503);
    CHECK(!lease(d));
}
