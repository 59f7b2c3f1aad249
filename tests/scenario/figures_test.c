// SPDX-License-Identifier: Apache-2.0
// What a session says of its endpoints.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { MS = 1000, SECOND = 1000000 };

static struct session_endpoint_view view(struct stage_client *c, bool in, unsigned number)
{
    struct session_endpoint_view v;
    CHECK(session_endpoint_view(c->session, in, number, c->stage->now_us, &v));
    return v;
}

STAGE_TEST(figures_of_endpoints, stage_open_d1(st, NULL))
{
    struct session_endpoint_view v;
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    CHECK(!session_endpoint_view(c->session, true, 4, st->now_us, &v)); // of another setting
    for (uint32_t n = 1; n <= 3; n++) {
        stage_in(c, n, 1, 512);
        stage_advance(st, 10 * MS);
    }
    v = view(c, true, 1);
    CHECK_EQ(v.ep.address, 0x81);
    CHECK_EQ(v.ep.type, USB_BULK);
    CHECK_EQ(v.pending, 3);
    CHECK_EQ(v.oldest_us, 30 * MS);
    CHECK_EQ(sim_faulty_give(d, 0x81, "abc", 3), BASE_OK);
    CHECK_EQ(sim_faulty_fail(d, 0x81, SIM_STALL), BASE_OK);
    stage_settle(st);
    stage_unlink(c, 9, 3);
    v = view(c, true, 1);
    CHECK_EQ(v.pending, 0);
    CHECK_EQ(v.oldest_us, 0);
    CHECK_EQ(v.figures->bytes, 3);
    CHECK(v.figures->urbs >= 2);
    CHECK(v.figures->errors >= 1);
    CHECK_EQ(v.figures->latency_max_us, 30 * MS);
    stage_control(c, 20, "\x01\x0b\x01\x00\x01\x00\x00\x00");
    CHECK_EQ(view(c, true, 4).ep.type, USB_ISOCHRONOUS);
    stage_control(c, 21, "\x01\x0b\x00\x00\x01\x00\x00\x00");
    CHECK_EQ(view(c, true, 4).ep.type, USB_ISOCHRONOUS); // what it was does not change
    CHECK_EQ(view(c, true, 4).ep.address, 0x84);
}

STAGE_TEST(figures_count_unlinks, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_in(c, 1, 3, 8);
    stage_unlink(c, 2, 1);
    stage_expect_unlinked(c, 2, USB_STATUS_CANCELLED);
    CHECK_EQ(view(c, true, 3).figures->unlinked, 1);
    CHECK_EQ(view(c, true, 3).figures->urbs, 0);
}

// Each URB is in the class of its time; the sums are those of the endpoints.
STAGE_TEST(figures_latency_by_type, stage_open_d1(st, NULL))
{
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    static const uint32_t waits_us[] = {10, 63, 64, 255, 256, 1000000};
    for (uint32_t n = 0; n < 6; n++) {
        stage_in(c, n + 1, 1, 512);
        stage_advance(st, waits_us[n]);
        CHECK_EQ(sim_faulty_give(d, 0x81, "abc", 3), BASE_OK);
        stage_settle(st);
    }
    struct session_latency by_type[4] = {0};
    session_latency_add(c->session, by_type);
    const struct session_latency *l = &by_type[USB_BULK];
    CHECK_EQ(l->count, 6);
    CHECK_EQ(l->sum_us, 1000648);
    CHECK_EQ(l->bucket[0], 2); // below 64 us
    CHECK_EQ(l->bucket[1], 2);
    CHECK_EQ(l->bucket[2], 1);
    CHECK_EQ(l->bucket[7], 1); // below 1.05 s
    CHECK_EQ(by_type[USB_INTERRUPT].count, 0);
}

// One IN that takes `us`.
static void read_slowly(struct stage_client *c, uint32_t seqnum, uint64_t us)
{
    stage_in(c, seqnum, 1, 512);
    stage_advance(c->stage, us);
    CHECK_EQ(sim_faulty_give(sim_find(c->stage->bus, "1-1"), 0x81, "abc", 3), BASE_OK);
    stage_settle(c->stage);
}

// As somebody sees it who asks now.
static struct session_endpoint_view look(struct stage_client *c)
{
    (void)server_usages(c->stage->server, c->stage->now_us);
    return view(c, true, 1);
}

static struct session_latencies last_minute(struct stage_client *c)
{
    struct session_endpoint_view v = look(c);
    return session_latencies(v.figures, v.minute_ago);
}

STAGE_TEST(figures_of_the_last_minute, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    CHECK_EQ(look(c).minute_us, 0);
    read_slowly(c, 1, 200 * MS);
    CHECK_EQ(look(c).minute_us, 200 * MS); // since the import, as long as that is all
    CHECK_EQ(last_minute(c).max_us, 200 * MS);
    for (uint32_t n = 0; n < 50; n++)
        read_slowly(c, n + 2, SECOND);
    CHECK_EQ(last_minute(c).urbs, 51);
    for (uint32_t n = 50; n < 100; n++) {
        read_slowly(c, n + 2, SECOND);
        uint64_t window_us = look(c).minute_us, urbs = last_minute(c).urbs;
        CHECK(n < 75 || (window_us >= 60 * SECOND && window_us < 76 * SECOND));
        CHECK(n < 75 || (urbs >= window_us / SECOND && urbs <= window_us / SECOND + 1));
    }
    CHECK_EQ(last_minute(c).p50_us, SECOND);
    CHECK_EQ(session_latencies(look(c).figures, NULL).urbs, 101);
}

// Nothing wakes the server up meanwhile: the marks of that time are made afterwards.
STAGE_TEST(figures_of_a_minute_without_anything, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    read_slowly(c, 1, 200 * MS);
    stage_advance(st, 3600ull * SECOND + 7 * SECOND);
    CHECK_EQ(last_minute(c).urbs, 0);
    uint64_t window_us = look(c).minute_us;
    CHECK(window_us >= 60 * SECOND && window_us < 76 * SECOND);
    read_slowly(c, 2, 7 * MS);
    CHECK_EQ(last_minute(c).urbs, 1);
    CHECK_EQ(last_minute(c).p99_us, 7167); // upper bound of its class
    CHECK_EQ(session_figures_rates(look(c).figures).urbs, 0);
    stage_advance(st, SECOND / 2);
    CHECK_EQ(session_figures_rates(look(c).figures).urbs, 1);
    CHECK_EQ(session_figures_rates(look(c).figures).bytes, 3);
}

// Whatever goes to endpoint 0 is counted there, once, also what changes pipes.
STAGE_TEST(figures_of_endpoint_0, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_submit(c, &(struct stage_submit){.seqnum = 1,
                                           .direction = WIRE_DIR_IN,
                                           .length = 18,
                                           .setup = "\x80\x06\x00\x01\x00\x00\x12\x00"});
    stage_control(c, 2, "\x00\x09\x01\x00\x00\x00\x00\x00"); // SET_CONFIGURATION
    stage_control(c, 3, "\x01\x0b\x01\x00\x01\x00\x00\x00"); // SET_INTERFACE
    struct session_endpoint_view v = view(c, false, 0);
    CHECK_EQ(v.ep.address, 0);
    CHECK_EQ(v.figures->urbs, 3);
    CHECK_EQ(v.figures->bytes, 18);
    CHECK_EQ(session_latencies(v.figures, NULL).urbs, 3);
    CHECK(!session_endpoint_view(c->session, true, 0, st->now_us, &v));
    struct session_type_counters by_type[SESSION_TYPES];
    session_type_counters(c->session, by_type);
    CHECK_EQ(by_type[USB_CONTROL].completed, 3);
    struct session_latency latency[4] = {0};
    session_latency_add(c->session, latency);
    CHECK_EQ(latency[USB_CONTROL].count, 3);
}

// What a pipe change costs is not lost; a request that is refused fails at endpoint 0.
STAGE_TEST(figures_of_pipe_changes_that_fail, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_control(c, 1, "\x00\x09\x63\x00\x00\x00\x00\x00"); // no such configuration
    CHECK_EQ(view(c, false, 0).figures->urbs, 1);
    CHECK_EQ(view(c, false, 0).figures->errors, 1);
}

// An URB to nowhere is no control transfer.
STAGE_TEST(figures_of_no_endpoint, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    struct session_type_counters by_type[SESSION_TYPES];
    stage_in(c, 1, 9, 8);
    stage_in(c, 2, 16, 8); // there is no such number
    stage_in(c, 3, 9, -1);
    session_type_counters(c->session, by_type);
    CHECK_EQ(by_type[SESSION_NO_ENDPOINT].completed, 1);
    CHECK_EQ(by_type[SESSION_NO_ENDPOINT].failed, 1);
    CHECK_EQ(by_type[SESSION_NO_ENDPOINT].refused, 2);
    CHECK_EQ(by_type[USB_CONTROL].completed, 0);
    CHECK_EQ(by_type[USB_CONTROL].refused, 0);
}
