// SPDX-License-Identifier: Apache-2.0
// No place or no memory left: whoever asks gets an answer, and before it is a refusal, the silent
// clients are asked whether they are still there.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { SECOND = 1000000, LONGEST = 65536, SILENT_S = 60 };

static const uint8_t no_room[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NA};
static const uint8_t payload[LONGEST];

static void begin(struct stage *st, unsigned connections, unsigned longest_urbs)
{
    struct server_config c;
    server_config_default(&c);
    c.max_connections = connections;
    c.session.max_urb_bytes = LONGEST;
    c.session.budget_bytes = c.total_budget_bytes = (uint64_t)longest_urbs * LONGEST;
    stage_open_d1(st, &c);
    stage_plug(st, "1-3", sim_faulty_create(st->bus, &sim_faulty_d1));
}

static struct stage_client *want(struct stage *st, const char *busid)
{
    struct stage_client *c = stage_connect(st);
    CHECK(c);
    stage_send_import(c, busid);
    return c;
}

// As a port sees it, second by second; it has been silent for SILENT_S before.
static void stay_silent(struct stage_client *c, unsigned seconds)
{
    for (unsigned i = 1; i <= seconds && c->session; i++) {
        stage_advance(c->stage, SECOND);
        if (c->session)
            stage_heard(c, (uint64_t)(SILENT_S + i) * SECOND, 20);
    }
}

static void fall_silent(struct stage_client *c)
{
    stage_advance(c->stage, (uint64_t)SILENT_S * SECOND);
    stage_heard(c, (uint64_t)SILENT_S * SECOND, 17);
    CHECK_EQ(session_peer(c->session), SESSION_PEER_SILENT);
}

static void check_imported(struct stage_client *c)
{
    CHECK_EQ(c->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
}

// --- places --------------------------------------------------------------------------------------

STAGE_TEST(room_all_places_taken_is_answered, begin(st, 2, 16))
{
    static const uint8_t list[] = {0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0};
    struct stage_client *first = stage_attach(st, "1-1"), *second = stage_attach(st, "1-2");
    struct stage_client *c = stage_connect(st);
    CHECK(c);
    stage_send(c, list, sizeof list);
    CHECK_EQ(stage_take(c, 12)[11], 1); // 1-3 is there, and that is said
    (void)stage_take(c, c->in_size);
    stage_send_import(c, "1-3");
    stage_expect_bytes(c, no_room, sizeof no_room);
    CHECK(stage_closed(c));
    CHECK_EQ(stage_count_events(st, EVENT_CONNECTION_REFUSED), 1);
    stage_check_alive(first);
    stage_check_alive(second);
    stage_fin(first);
    stage_check_importable(st, "1-3");
}

STAGE_TEST(room_for_those_who_only_ask_is_limited, begin(st, 2, 16))
{
    struct stage_client *asking[SERVER_ASKING];
    struct stage_client *first = stage_attach(st, "1-1"), *second = stage_attach(st, "1-2");
    for (unsigned i = 0; i < SERVER_ASKING; i++)
        asking[i] = stage_connect(st);
    CHECK(!stage_closed(asking[0]));
    CHECK(stage_connect(st));
    stage_settle(st);
    CHECK(stage_closed(asking[0]));
    CHECK(!stage_closed(asking[1]));
    stage_check_alive(first);
    stage_check_alive(second);
}

STAGE_TEST(room_of_a_dead_client, begin(st, 2, 16))
{
    struct stage_client *dead = stage_attach(st, "1-1"), *alive = stage_attach(st, "1-2");
    fall_silent(dead);
    struct stage_client *c = want(st, "1-3");
    stage_expect_silence(c);
    stay_silent(dead, 2);
    stage_expect_silence(c);
    stay_silent(dead, 1);
    CHECK(dead->got_reset);
    check_imported(c);
    stage_check_alive(alive);
    CHECK_EQ(stage_count_events(st, EVENT_CONNECTION_REFUSED), 0);
}

STAGE_TEST(room_is_not_taken_from_one_who_answers, begin(st, 1, 16))
{
    struct stage_client *holder = stage_attach(st, "1-1");
    fall_silent(holder);
    struct stage_client *c = want(st, "1-3");
    stay_silent(holder, 2);
    stage_advance(st, SECOND);
    stage_heard(holder, SECOND / 2, 0);
    stage_expect_bytes(c, no_room, sizeof no_room);
    stage_check_alive(holder);
}

// Too little was sent to tell: that is no reason to wait for ever, or to ask again.
STAGE_TEST(room_is_not_taken_without_evidence, begin(st, 1, 16))
{
    struct stage_client *holder = stage_attach(st, "1-1");
    fall_silent(holder);
    struct stage_client *c = want(st, "1-3");
    for (unsigned i = 1; i <= 3; i++) {
        stage_expect_silence(c);
        stage_advance(st, SECOND);
        stage_heard(holder, (uint64_t)(SILENT_S + i) * SECOND, 4);
    }
    stage_expect_bytes(c, no_room, sizeof no_room);
    CHECK(!stage_closed(holder));
}

// One place is wanted, so one of the dead is ended. The other one was not dead after all.
STAGE_TEST(room_takes_no_more_than_is_wanted, begin(st, 2, 16))
{
    struct stage_client *first = stage_attach(st, "1-1"), *second = stage_attach(st, "1-2");
    stage_advance(st, (uint64_t)SILENT_S * SECOND);
    stage_heard(first, (uint64_t)SILENT_S * SECOND, 17);
    stage_heard(second, (uint64_t)SILENT_S * SECOND, 17);
    struct stage_client *c = want(st, "1-3");
    stage_advance(st, 3 * SECOND);
    stage_heard(first, (uint64_t)(SILENT_S + 3) * SECOND, 20);
    check_imported(c);
    stage_heard(second, (uint64_t)(SILENT_S + 3) * SECOND, 20);
    CHECK(first->got_reset);
    CHECK_EQ(session_peer(second->session), SESSION_PEER_DEAD);
    stage_heard(second, 0, 0);
    stage_check_alive(second);
}

STAGE_TEST(room_is_not_wanted_by_one_who_has_left, begin(st, 1, 16))
{
    struct stage_client *holder = stage_attach(st, "1-1");
    fall_silent(holder);
    stage_fin(want(st, "1-3"));
    stay_silent(holder, 5);
    CHECK(!stage_closed(holder));
    stage_heard(holder, 0, 0);
    stage_check_alive(holder);
}

// A place that comes free in the ordinary way while the silent are asked is as good.
STAGE_TEST(room_comes_from_one_who_leaves, begin(st, 2, 16))
{
    struct stage_client *silent = stage_attach(st, "1-1"), *other = stage_attach(st, "1-2");
    fall_silent(silent);
    struct stage_client *c = want(st, "1-3");
    stage_fin(other);
    check_imported(c);
    stay_silent(silent, 5);
    CHECK(!stage_closed(silent));
}

STAGE_TEST(room_is_wanted_for_a_device_that_goes, begin(st, 1, 16))
{
    static const uint8_t gone[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NODEV};
    struct stage_client *holder = stage_attach(st, "1-1");
    fall_silent(holder);
    struct stage_client *c = want(st, "1-3");
    CHECK_EQ(sim_unplug(st->bus, "1-3"), BASE_OK);
    stage_settle(st);
    stage_expect_bytes(c, gone, sizeof gone);
    stay_silent(holder, 5);
    CHECK(!stage_closed(holder));
}

// --- memory --------------------------------------------------------------------------------------

STAGE_TEST(room_in_memory_of_a_dead_client, begin(st, 8, 2))
{
    struct stage_client *dead = stage_attach(st, "1-1"), *alive = stage_attach(st, "1-2");
    fall_silent(dead);
    struct stage_client *c = want(st, "1-3");
    stay_silent(dead, 2);
    stage_expect_silence(c);
    stay_silent(dead, 1);
    CHECK(dead->got_reset);
    check_imported(c);
    stage_check_alive(alive);
}

STAGE_TEST(room_in_memory_is_refused_when_all_answer, begin(st, 8, 2))
{
    struct stage_client *first = stage_attach(st, "1-1"), *second = stage_attach(st, "1-2");
    stage_expect_bytes(want(st, "1-3"), no_room, sizeof no_room);
    stage_check_alive(first);
    stage_check_alive(second);
}

// There is memory for four; the dead client's INs have three of them.
static struct stage_client *begin_with_hoarder(struct stage *st)
{
    struct stage_client *hoarder = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 3; n++)
        stage_in(hoarder, n, 1, LONGEST);
    fall_silent(hoarder);
    return hoarder;
}

STAGE_TEST(room_for_an_urb_of_one_who_works, begin(st, 8, 4))
{
    struct stage_client *c = stage_attach(st, "1-2"), *dead = begin_with_hoarder(st);
    stage_in(c, 1, 1, LONGEST);
    stage_out(c, 2, 2, payload, LONGEST);
    stay_silent(dead, 2);
    stage_expect_silence(c); // it would have been refused after 1 s
    CHECK(!stage_closed(dead));
    stay_silent(dead, 1);
    CHECK(dead->got_reset);
    stage_expect_ret(c, 2, false, 0, LONGEST);
}

STAGE_TEST(room_for_an_urb_is_refused_if_the_hoarder_answers, begin(st, 8, 4))
{
    struct stage_client *c = stage_attach(st, "1-2"), *hoarder = begin_with_hoarder(st);
    stage_in(c, 1, 1, LONGEST);
    stage_out(c, 2, 2, payload, LONGEST);
    stage_advance(st, 2 * SECOND);
    stage_heard(hoarder, 0, 0);
    stage_expect_silence(c);
    stage_advance(st, 4 * SECOND);
    stage_expect_ret(c, 2, false, USB_STATUS_NO_MEMORY, 0);
    CHECK(!stage_closed(hoarder));
}

// It cannot be told whether the hoarder is there, and another IN waits, too, which wants it to be
// asked again: the SUBMIT is refused all the same, because an UNLINK may stand behind it.
STAGE_TEST(room_for_an_urb_is_not_hoped_for_for_ever, begin(st, 8, 5))
{
    enum { MS = 1000 };
    struct stage_client *c = stage_attach(st, "1-2"), *hoarder = begin_with_hoarder(st);
    struct stage_client *third = stage_attach(st, "1-3");
    stage_in(c, 1, 1, LONGEST);
    stage_in(third, 1, 1, LONGEST);
    stage_out(c, 2, 2, payload, LONGEST);
    stage_advance(st, 30 * MS);
    stage_in(third, 2, 1, LONGEST); // starves, and is looked at each 100 ms
    for (unsigned i = 1; i <= 4; i++) {
        stage_advance(st, SECOND);
        stage_heard(hoarder, (uint64_t)(SILENT_S + i) * SECOND, 4);
    }
    stage_advance(st, 870 * MS);
    stage_expect_silence(c);
    st->now_us += 300 * MS; // the loop is late: both are due
    stage_settle(st);
    stage_expect_ret(c, 2, false, USB_STATUS_NO_MEMORY, 0);
    CHECK(!stage_closed(hoarder));
}

// Nobody is silent: a second, as ever.
STAGE_TEST(room_for_an_urb_is_not_hoped_for_when_all_answer, begin(st, 8, 4))
{
    struct stage_client *c = stage_attach(st, "1-2"), *hoarder = begin_with_hoarder(st);
    stage_heard(hoarder, 0, 0);
    stage_in(c, 1, 1, LONGEST);
    stage_out(c, 2, 2, payload, LONGEST);
    stage_advance(st, SECOND);
    stage_expect_ret(c, 2, false, USB_STATUS_NO_MEMORY, 0);
}

// It found room in another way while the hoarder was asked.
STAGE_TEST(room_for_an_urb_that_is_not_wanted_any_more, begin(st, 8, 4))
{
    struct stage_client *c = stage_attach(st, "1-2"), *dead = begin_with_hoarder(st);
    stage_in(c, 1, 1, LONGEST);
    stage_out(c, 2, 2, payload, LONGEST);
    CHECK_EQ(sim_faulty_give(sim_find(st->bus, "1-2"), 0x81, "x", 1), BASE_OK);
    stay_silent(dead, 5);
    stage_expect_ret(c, 1, true, 0, 1);
    stage_expect_ret(c, 2, false, 0, LONGEST);
    CHECK(!stage_closed(dead));
}

// What is used up is the session's own: nobody else is asked, and it takes the usual second.
STAGE_TEST(room_of_its_own_is_nobody_elses, begin(st, 8, 16))
{
    struct server_config config = *server_config(st->server);
    struct stage_client *c = stage_attach(st, "1-2"), *silent = begin_with_hoarder(st);
    config.session.budget_bytes = LONGEST;
    server_change_limits(st->server, &config);
    stage_in(c, 1, 1, LONGEST);
    stage_out(c, 2, 2, payload, LONGEST);
    CHECK_EQ(session_peer(silent->session), SESSION_PEER_SILENT);
    stage_advance(st, SECOND);
    stage_expect_ret(c, 2, false, USB_STATUS_NO_MEMORY, 0);
    stage_in(c, 3, 1, LONGEST); // starves
    stage_fin(want(st, "1-1"));
    stay_silent(silent, 5);
    CHECK(!stage_closed(silent)); // it is dead, but nobody is helped by its end
}
