// SPDX-License-Identifier: Apache-2.0
// A peer that is silent keeps its device until somebody else wants it; then evidence decides. What
// a port sees of a peer is scripted.
#include "tests/support/stage.h"

enum { SECOND = 1000000 };

static const uint8_t busy[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_DEV_BUSY};

static unsigned count_events(struct stage *st, enum eventlog_type type)
{
    unsigned n = 0;
    const struct eventlog_event *e;
    for (uint64_t after = 0; (e = eventlog_next(server_eventlog(st->server), after)) != NULL;
         after = e->number)
        n += e->what.type == type;
    return n;
}

static enum eventlog_end last_end(struct stage *st)
{
    enum eventlog_end end = 0;
    const struct eventlog_event *e;
    for (uint64_t after = 0; (e = eventlog_next(server_eventlog(st->server), after)) != NULL;
         after = e->number)
        if (e->what.type == EVENT_SESSION_ENDED)
            end = e->what.session_ended.reason;
    return end;
}

// D1 is held by a client that has been silent for `seconds`.
static struct stage_client *open_with_silent_holder(struct stage *st, unsigned seconds)
{
    stage_open_d1(st, NULL);
    struct stage_client *holder = stage_attach(st, "1-1");
    stage_in(holder, 1, 1, 512); // for ever
    stage_advance(st, (uint64_t)seconds * SECOND);
    stage_heard(holder, (uint64_t)seconds * SECOND, seconds / 4);
    return holder;
}

// As a port sees it, second by second.
static void stay_silent(struct stage_client *holder, unsigned silent_s, unsigned seconds,
                        unsigned unanswered)
{
    for (unsigned i = 1; i <= seconds && holder->session; i++) {
        stage_advance(holder->stage, SECOND);
        if (holder->session)
            stage_heard(holder, (uint64_t)(silent_s + i) * SECOND, unanswered);
    }
}

static struct stage_client *want(struct stage *st, const char *busid)
{
    struct stage_client *c = stage_connect(st);
    stage_send_import(c, busid);
    return c;
}

static bool listed(struct stage *st, unsigned devices)
{
    static const uint8_t request[] = {0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0};
    struct stage_client *c = stage_connect(st);
    stage_send(c, request, sizeof request);
    bool as_many = c->in_size >= 12 && c->in[11] == devices;
    c->in_size = 0;
    stage_fin(c);
    return as_many;
}

TEST(silence_of_hours_costs_nothing)
{
    struct stage st;
    stage_open_d1(&st, NULL);
    struct stage_client *holder = stage_attach(&st, "1-1");
    stay_silent(holder, 0, 9, 2);
    CHECK_EQ(count_events(&st, EVENT_PEER_SILENT), 0);
    CHECK(listed(&st, 1));
    stay_silent(holder, 9, 1, 2);
    CHECK_EQ(count_events(&st, EVENT_PEER_SILENT), 1);
    CHECK_EQ(session_peer(holder->session), SESSION_PEER_SILENT);
    CHECK(listed(&st, 2)); // who asks for it may get it
    stage_advance(&st, 10000ull * SECOND);
    stage_heard(holder, 10010ull * SECOND, 2500);
    CHECK_EQ(count_events(&st, EVENT_PEER_SILENT), 1);
    stage_heard(holder, 0, 0);
    CHECK_EQ(count_events(&st, EVENT_PEER_BACK), 1);
    CHECK(listed(&st, 1));
    stage_check_alive(holder);
    stage_close(&st);
}

// Nothing was sent that it had to answer.
TEST(silence_without_a_question_is_none)
{
    struct stage st;
    stage_open_d1(&st, NULL);
    struct stage_client *holder = stage_attach(&st, "1-1");
    stage_advance(&st, 60ull * SECOND);
    stage_heard(holder, 60ull * SECOND, 0);
    CHECK_EQ(session_peer(holder->session), SESSION_PEER_ANSWERS);
    stage_expect_bytes(want(&st, "1-1"), busy, sizeof busy);
    stage_close(&st);
}

TEST(silence_of_a_dead_peer_gives_the_device_to_who_wants_it)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 60);
    struct stage_client *c = want(&st, "1-1");
    CHECK_EQ(session_peer(holder->session), SESSION_PEER_PROBED);
    stay_silent(holder, 60, 2, 17);
    stage_expect_silence(c);
    CHECK(holder->session);
    stay_silent(holder, 62, 1, 18);
    CHECK(holder->got_reset && !holder->session);
    CHECK_EQ(last_end(&st), EVENT_END_PEER_DEAD);
    CHECK_EQ(c->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
    CHECK(!registry_find(server_registry(st.server), "1-1")->silent);
    stage_close(&st);
}

// Of those who want it, the first gets it.
TEST(silence_is_probed_once_for_all_who_want_the_device)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 60);
    struct stage_client *first = want(&st, "1-1");
    stay_silent(holder, 60, 2, 17);
    struct stage_client *second = want(&st, "1-1");
    stay_silent(holder, 62, 1, 18);
    CHECK_EQ(first->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
    stage_expect_bytes(second, busy, sizeof busy);
    stage_close(&st);
}

TEST(silence_that_ends_while_it_is_probed)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 60);
    struct stage_client *c = want(&st, "1-1");
    stay_silent(holder, 60, 2, 17);
    stage_advance(&st, SECOND);
    stage_heard(holder, SECOND / 2, 0);
    stage_expect_bytes(c, busy, sizeof busy);
    stage_expect_silence(holder);
    stage_check_alive(holder);
    CHECK_EQ(count_events(&st, EVENT_PEER_BACK), 1);
    stage_close(&st);
}

// Too little was sent to tell: four retransmissions in ten seconds, by a slow link, say.
TEST(silence_without_evidence_keeps_the_device)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 10);
    struct stage_client *c = want(&st, "1-1");
    stay_silent(holder, 10, 3, 4);
    stage_expect_bytes(c, busy, sizeof busy);
    CHECK(holder->session);
    CHECK_EQ(session_peer(holder->session), SESSION_PEER_SILENT);
    c = want(&st, "1-1"); // the next one finds enough
    stay_silent(holder, 13, 3, 5);
    CHECK(holder->got_reset);
    CHECK_EQ(c->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
    stage_close(&st);
}

// Who wanted it has gone meanwhile: nobody needs the device, so it stays with its holder.
TEST(silence_is_forgiven_when_nobody_waits_any_more)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 60);
    stage_fin(want(&st, "1-1"));
    stay_silent(holder, 60, 5, 20);
    CHECK(holder->session);
    stage_heard(holder, 0, 0);
    stage_expect_silence(holder);
    stage_check_alive(holder);
    stage_close(&st);
}

// The backend is slow with what the dead peer's URBs need; who waits gets it all the same.
TEST(silence_ends_with_the_cleaning)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 60);
    sim_delay_close(st.bus, "1-1", 2 * SECOND);
    struct stage_client *c = want(&st, "1-1");
    stay_silent(holder, 60, 3, 18);
    CHECK(holder->got_reset);
    stage_expect_silence(c);
    stage_advance(&st, 2 * SECOND);
    CHECK_EQ(c->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
    stage_close(&st);
}

// A neighbour's silence is nobody else's.
TEST(silence_is_a_matter_of_one_session)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 60);
    struct stage_client *neighbour = stage_attach(&st, "1-2");
    stage_expect_bytes(want(&st, "1-2"), busy, sizeof busy);
    stage_check_alive(neighbour);
    CHECK_EQ(session_peer(holder->session), SESSION_PEER_SILENT);
    stage_close(&st);
}

TEST(silence_then_unplug_while_somebody_wants_the_device)
{
    static const uint8_t gone[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NODEV};
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 60);
    struct stage_client *c = want(&st, "1-1");
    CHECK_EQ(sim_unplug(st.bus, "1-1"), BASE_OK);
    stage_settle(&st);
    stage_expect_bytes(c, gone, sizeof gone);
    CHECK(stage_closed(holder));
    stage_close(&st);
}

// Nobody wants the device, but there is an end to it.
TEST(silence_has_a_limit)
{
    struct stage st;
    struct stage_client *holder = open_with_silent_holder(&st, 14399);
    CHECK(holder->session);
    stay_silent(holder, 14399, 1, 3600);
    CHECK(holder->got_reset);
    CHECK_EQ(last_end(&st), EVENT_END_PEER_SILENT);
    stage_check_importable(&st, "1-1");
    stage_close(&st);
}

// It answers, but reads nothing, for as long as a byte may take.
TEST(silence_is_not_that_of_a_peer_without_room)
{
    struct stage st;
    stage_open_d1(&st, NULL);
    struct stage_client *holder = stage_attach(&st, "1-1");
    struct session_heard h = {.full = true, .taken = 1000};
    for (unsigned i = 0; i < 130 && holder->session; i++) {
        h.last_us = st.now_us;
        h.taken += i == 50; // one byte
        session_peer_heard(holder->session, &h, st.now_us);
        stage_advance(&st, SECOND);
        CHECK_EQ(holder->session != NULL, i < 50 + 60);
    }
    CHECK(holder->got_reset);
    CHECK_EQ(last_end(&st), EVENT_END_PEER_FULL);
    CHECK_EQ(count_events(&st, EVENT_PEER_SILENT), 0);
    stage_close(&st);
}

// --- the setting "never" -------------------------------------------------------------------------

// Nobody is probed, whoever wants the device; it is as much in use as any other.
static void never_begin(struct stage *st)
{
    struct server_config c;
    server_config_default(&c);
    c.never_take_over = true;
    stage_open_d1(st, &c);
}

STAGE_TEST(silence_never_taken_over, never_begin(st))
{
    struct stage_client *holder = stage_attach(st, "1-1");
    stage_advance(st, 60 * SECOND);
    stage_heard(holder, 60 * SECOND, 15);
    CHECK(listed(st, 1)); // the other one
    struct stage_client *other = want(st, "1-1");
    stage_expect_bytes(other, busy, sizeof busy);
    CHECK_EQ(session_peer(holder->session), SESSION_PEER_SILENT);
    stay_silent(holder, 60, 10, 20);
    CHECK(!stage_closed(holder));
}

STAGE_TEST(silence_never_taken_over_for_want_of_a_place, never_begin(st))
{
    struct server_config c = *server_config(st->server);
    struct stage_client *holder = stage_attach(st, "1-1");
    stage_advance(st, 60 * SECOND);
    stage_heard(holder, 60 * SECOND, 15);
    c.max_connections = 1;
    server_change_limits(st->server, &c);
    struct stage_client *other = want(st, "1-2");
    CHECK(other->in_size == WIRE_OP_HEADER_SIZE); // at once
    CHECK_EQ(session_peer(holder->session), SESSION_PEER_SILENT);
}

// The setting is changed back, and holds for sessions that are there.
STAGE_TEST(silence_taken_over_again, never_begin(st))
{
    struct server_config c = *server_config(st->server);
    struct stage_client *holder = stage_attach(st, "1-1");
    stage_advance(st, 60 * SECOND);
    stage_heard(holder, 60 * SECOND, 15);
    c.never_take_over = false;
    server_change_limits(st->server, &c);
    CHECK(listed(st, 2));
    struct stage_client *other = want(st, "1-1");
    stay_silent(holder, 60, 4, 20);
    CHECK(other->in_size > WIRE_OP_HEADER_SIZE);
}
