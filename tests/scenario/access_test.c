// SPDX-License-Identifier: Apache-2.0
// Who may see and import what: for a client that may not, the device does not exist.
#include "tests/support/stage.h"

#include <string.h>

enum { MS = 1000, SECOND = 1000 * MS };

#define USER_1 "10.0.0.7"
#define USER_2 "2001:db8::7"

static const uint8_t nodev[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NODEV};

static struct base_block block(const char *text)
{
    struct base_block b = {.prefix = 0};
    CHECK(base_block_parse(text, &b));
    return b;
}

static void change(struct stage *st, const struct access_list *list)
{
    CHECK_EQ(server_change_access(st->server, list, st->now_us), BASE_OK);
    stage_settle(st);
}

// "User 1 only device 1".
static void only_user_1(struct stage *st)
{
    const struct base_block one = block(USER_1);
    const struct access_rule rules[] = {
        {.by = ACCESS_BY_BUSID, .text = "1-1", .blocks = &one, .block_count = 1},
        {.by = ACCESS_BY_BUSID, .text = "1-1", .effect = ACCESS_HIDE},
    };
    change(st, &(struct access_list){.rules = rules, .rule_count = 2});
}

static void closed_but_for(struct stage *st, const char *allowed)
{
    const struct access_allowed allow = {block(allowed), "lab"};
    change(st, &(struct access_list){.mode = ACCESS_CLOSED, .allow = &allow, .allow_count = 1});
}

// The last of its type; it must be there.
static struct eventlog_event last_event(struct stage *st, enum eventlog_type type)
{
    struct eventlog_event last = {.number = 0};
    const struct eventlog_event *e;
    for (uint64_t after = 0; (e = eventlog_next(server_eventlog(st->server), after)) != NULL;
         after = e->number)
        if (e->what.type == type)
            last = *e;
    CHECK(last.number);
    return last;
}

static void check_sentence(struct stage *st, enum eventlog_type type, const char *want)
{
    char text[200];
    struct eventlog_event e = last_event(st, type);
    (void)eventlog_text(&e, text, sizeof text);
    CHECK_STR(text, want);
}

static unsigned listed(struct stage *st, const char *address)
{
    uint8_t request[WIRE_OP_HEADER_SIZE];
    struct stage_client *c = stage_connect_from(st, address);
    wire_op_header_pack(request, &(struct wire_op_header){WIRE_VERSION, WIRE_OP_REQ_DEVLIST, 0});
    stage_send(c, request, sizeof request);
    CHECK(c->in_size >= WIRE_OP_HEADER_SIZE + 4);
    unsigned devices = base_get_be32(stage_take(c, c->in_size) + WIRE_OP_HEADER_SIZE);
    stage_fin(c);
    return devices;
}

static struct stage_client *attach_from(struct stage *st, const char *address, const char *name)
{
    struct stage_client *c = stage_connect_from(st, address);
    stage_import(c, name);
    return c;
}

static void check_denied(struct stage *st, const char *address, const char *name)
{
    struct stage_client *c = stage_connect_from(st, address);
    stage_send_import(c, name);
    stage_expect_bytes(c, nodev, sizeof nodev);
    CHECK(stage_closed(c));
}

STAGE_TEST(access_rules_are_for_each_client, stage_open_d1(st, NULL))
{
    only_user_1(st);
    CHECK_EQ(listed(st, USER_1), 2);
    CHECK_EQ(listed(st, USER_2), 1);
    check_denied(st, USER_2, "1-1");
    check_sentence(st, EVENT_ACCESS_DENIED,
                   "session 3: [2001:db8::7]:1024 may not have 1-1: hidden by rule 2");
    stage_fin(attach_from(st, USER_1, "1-1"));
    stage_fin(attach_from(st, USER_2, "1-2"));
}

STAGE_TEST(access_closed_mode, stage_open_d1(st, NULL))
{
    closed_but_for(st, "10.0.0.0/28");
    CHECK_EQ(listed(st, USER_1), 2);
    CHECK_EQ(listed(st, "10.0.0.16"), 0);
    check_denied(st, "10.0.0.16", "1-1");
    check_sentence(st, EVENT_ACCESS_DENIED,
                   "session 3: 10.0.0.16:1024 may not have 1-1: the address is not on the list of "
                   "those allowed");
    check_denied(st, "10.0.0.16", "9-9"); // there is none, for anybody
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_DENIED), 1);
    stage_fin(attach_from(st, USER_1, "1-1"));
}

// Nothing tells it from one that is not there: also not that it is in use, being cleaned or broken.
STAGE_TEST(access_denied_device_has_no_state, stage_open_d1(st, NULL))
{
    only_user_1(st);
    struct stage_client *holder = attach_from(st, USER_1, "1-1");
    check_denied(st, USER_2, "1-1");
    stage_check_alive(holder);
    sim_delay_close(st->bus, "1-1", 700 * MS);
    stage_fin(holder);
    check_denied(st, USER_2, "1-1"); // and it did not wait
}

// --- changes -------------------------------------------------------------------------------------

STAGE_TEST(access_change_ends_sessions_no_longer_allowed, stage_open_d1(st, NULL))
{
    struct stage_client *one = attach_from(st, USER_1, "1-2");
    struct stage_client *two = attach_from(st, USER_2, "1-1");
    stage_in(two, 1, 1, 512); // for ever
    only_user_1(st);
    check_sentence(st, EVENT_ACCESS_ENDED,
                   "session 2: [2001:db8::7]:1024 may not keep 1-1: hidden by rule 2");
    check_sentence(
        st, EVENT_SESSION_ENDED,
        "session 2: [2001:db8::7]:1024 released 1-1 after 0 URBs: the client may not have "
        "the device any more");
    CHECK(stage_closed(two));
    stage_check_alive(one);
    stage_advance(st, SECOND);
    stage_fin(attach_from(st, USER_1, "1-1"));
}

STAGE_TEST(access_change_that_still_allows_ends_nothing, stage_open_d1(st, NULL))
{
    struct stage_client *one = attach_from(st, USER_1, "1-1");
    only_user_1(st);
    closed_but_for(st, USER_1);
    closed_but_for(st, USER_1); // the same is no change
    check_sentence(st, EVENT_ACCESS_CHANGED, "access is closed now; rules: 0");
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_CHANGED), 1);
    check_sentence(st, EVENT_ACCESS_RULES_CHANGED,
                   "who may attach what has changed; access stays open, rules: 2");
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_RULES_CHANGED), 1);
    stage_check_alive(one);
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_ENDED), 0);
}

// Nothing has changed for anybody, but the note is another one.
STAGE_TEST(access_change_of_a_note_is_no_event, stage_open_d1(st, NULL))
{
    const struct base_address user = {.bytes = {10, 0, 0, 7}, .bits = 32};
    struct access_allowed allow = {{user, 32}, "CI"};
    struct access_list list = {.mode = ACCESS_CLOSED, .allow = &allow, .allow_count = 1};
    change(st, &list);
    allow.note = "CI runner";
    change(st, &list);
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_CHANGED), 1);
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_RULES_CHANGED), 0);
    CHECK_STR(access_note(server_access(st->server), &user), "CI runner");
    allow.block.prefix = 31;
    allow.block.first.bytes[3] = 6;
    change(st, &list);
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_RULES_CHANGED), 1);
}

STAGE_TEST(access_change_back_to_open, stage_open_d1(st, NULL))
{
    closed_but_for(st, USER_1);
    change(st, &(struct access_list){.mode = ACCESS_OPEN});
    CHECK_EQ(listed(st, USER_2), 2);
    stage_fin(attach_from(st, USER_2, "1-1"));
}

STAGE_TEST(access_change_while_an_import_waits, stage_open_d1(st, NULL))
{
    sim_delay_close(st->bus, "1-1", 700 * MS);
    sim_delay_open(st->bus, "1-2", 700 * MS, BASE_OK);
    stage_fin(attach_from(st, USER_1, "1-1"));
    struct stage_client *cleaning = stage_connect_from(st, USER_2);
    struct stage_client *opening = stage_connect_from(st, USER_2);
    stage_send_import(cleaning, "1-1");
    stage_send_import(opening, "1-2");
    stage_expect_silence(cleaning);
    stage_expect_silence(opening);
    closed_but_for(st, USER_1);
    stage_expect_bytes(cleaning, nodev, sizeof nodev);
    stage_expect_bytes(opening, nodev, sizeof nodev);
    stage_advance(st, SECOND);
    sim_delay_open(st->bus, "1-2", 0, BASE_OK);
    stage_fin(attach_from(st, USER_1, "1-1"));
    stage_fin(attach_from(st, USER_1, "1-2"));
}

// A session that ends anyway ends once.
STAGE_TEST(access_change_while_a_session_ends, stage_open_d1(st, NULL))
{
    struct stage_client *c = attach_from(st, USER_2, "1-1");
    c->deaf = true;
    sim_delay_close(st->bus, "1-1", 700 * MS);
    stage_fin(c);
    only_user_1(st);
    CHECK_EQ(stage_count_events(st, EVENT_ACCESS_ENDED), 0);
    stage_advance(st, 3 * SECOND);
    stage_fin(attach_from(st, USER_1, "1-1"));
}

STAGE_TEST(access_change_without_memory, stage_open_d1(st, NULL))
{
    only_user_1(st);
    st->heap.fail_at = st->heap.calls + 1;
    st->heap.fail_once = true;
    CHECK_EQ(
        server_change_access(st->server, &(struct access_list){.mode = ACCESS_OPEN}, st->now_us),
        BASE_ERR_NOMEM);
    check_denied(st, USER_2, "1-1");
}
