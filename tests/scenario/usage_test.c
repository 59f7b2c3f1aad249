// SPDX-License-Identifier: Apache-2.0
// What a device has been used for outlives its sessions and a replug.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { MS = 1000, STEP = SERVER_HISTORY_STEP_US, LAST = SERVER_HISTORY_POINTS - 1 };

static const struct server_usage *usage_of(struct stage *st, const char *busid)
{
    (void)server_usages(st->server, st->now_us);
    return registry_find(server_registry(st->server), busid)->usage;
}

static struct server_usage_totals totals(struct stage *st)
{
    return server_usage_totals(usage_of(st, "1-1"));
}

static void move_in(struct stage_client *c, uint32_t seqnum, const char *data, int32_t size)
{
    struct sim_device *d = sim_find(c->stage->bus, "1-1");
    CHECK_EQ(sim_faulty_give(d, 0x81, data, (uint32_t)size), BASE_OK);
    stage_in(c, seqnum, 1, 512);
    stage_expect_ret(c, seqnum, true, USB_STATUS_OK, size);
}

STAGE_TEST(usage_outlives_sessions, stage_open_d1(st, NULL))
{
    CHECK_EQ(totals(st).imports, 0);
    struct stage_client *c = stage_attach(st, "1-1");
    move_in(c, 1, "abcde", 5);
    stage_in(c, 2, 1, 512);
    stage_unlink(c, 3, 2);
    stage_fin(c);
    stage_advance(st, 100 * MS);
    CHECK_EQ(totals(st).imports, 1);
    CHECK_EQ(totals(st).counters.bytes_in, 5);
    c = stage_attach(st, "1-1");
    move_in(c, 1, "abc", 3);
    struct server_usage_totals t = totals(st);
    CHECK_EQ(t.imports, 2);
    CHECK_EQ(t.counters.bytes_in, 8); // with the session that has it now
    CHECK_EQ(t.counters.urbs_completed, 2);
    CHECK_EQ(t.counters.urbs_unlinked, 1);
    CHECK_EQ(t.by_type[USB_BULK].completed, 2);
    CHECK_EQ(t.by_type[USB_BULK].unlinked, 1);
    CHECK_EQ(t.by_type[USB_CONTROL].completed, 0);
}

STAGE_TEST(usage_tells_types_and_results, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    CHECK_EQ(sim_faulty_fail(sim_find(st->bus, "1-1"), 0x81, SIM_STALL), BASE_OK);
    stage_in(c, 1, 1, 512);
    stage_control(c, 2, "\x80\x06\x00\x01\x00\x00\x00\x00");
    stage_in(c, 3, 1, -1); // refused
    struct server_usage_totals t = totals(st);
    CHECK_EQ(t.by_type[USB_BULK].completed, 1);
    CHECK_EQ(t.by_type[USB_BULK].failed, 1);
    CHECK_EQ(t.by_type[USB_BULK].refused, 1);
    CHECK_EQ(t.by_type[USB_CONTROL].completed, 1);
    CHECK_EQ(t.counters.urbs_failed, 1);
    CHECK_EQ(t.counters.urbs_refused, 1);
}

// By alternate settings an endpoint may change its type.
STAGE_TEST(usage_by_type_never_falls, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    for (uint32_t n = 1; n <= 3; n++) {
        stage_control(c, 10 * n, "\x01\x0b\x01\x00\x01\x00\x00\x00");
        stage_control(c, 10 * n + 1, "\x01\x0b\x00\x00\x01\x00\x00\x00");
    }
    struct server_usage_totals t = totals(st);
    CHECK_EQ(t.by_type[USB_CONTROL].completed, 6);
    CHECK_EQ(t.by_type[USB_ISOCHRONOUS].completed, 0);
    stage_in(c, 40, 9, 8); // no such endpoint
    CHECK_EQ(totals(st).by_type[SESSION_NO_ENDPOINT].failed, 1);
    CHECK_EQ(totals(st).by_type[USB_CONTROL].failed, 0);
}

STAGE_TEST(usage_outlives_a_replug, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    move_in(c, 1, "abcde", 5);
    CHECK_EQ(sim_unplug(st->bus, "1-1"), BASE_OK); // in the middle of the session
    stage_settle(st);
    stage_replug(st, "1-1");
    CHECK_EQ(totals(st).imports, 1);
    CHECK_EQ(totals(st).counters.bytes_in, 5);
    CHECK_EQ(server_usage_totals(usage_of(st, "1-2")).imports, 0);
}

// Each half second's bytes are in its own step, although nothing wakes the server up for that.
STAGE_TEST(usage_history_by_steps, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_advance(st, STEP);
    move_in(c, 1, "abcde", 5);
    stage_advance(st, 2 * STEP);
    move_in(c, 2, "abc", 3);
    CHECK_EQ(server_usage_rates(usage_of(st, "1-1")).bytes_per_s[0], 5); // 10 and 0
    stage_advance(st, STEP);
    const struct server_history *h = usage_of(st, "1-1")->history;
    CHECK_EQ(server_history_point(&h->minute, 0, LAST), 6);
    CHECK_EQ(server_history_point(&h->minute, 0, LAST - 1), 0);
    CHECK_EQ(server_history_point(&h->minute, 0, LAST - 2), 10);
    const struct server_usages *all = server_usages(st->server, st->now_us);
    CHECK_EQ(server_history_point(&all->all.minute, 0, LAST - 2), 10);
    CHECK_EQ(server_history_rates(&all->all).urbs_per_s, 1);
}

STAGE_TEST(usage_knows_when_it_was_used_last, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    CHECK_EQ(totals(st).last_activity_us, 0);
    stage_advance(st, 3 * STEP);
    move_in(c, 1, "abcde", 5);
    uint64_t then_us = st->now_us;
    stage_advance(st, 100 * STEP);
    CHECK_EQ(totals(st).last_activity_us, then_us);
}

// A server that has nothing to do is not woken up by its history.
STAGE_TEST(usage_needs_no_deadline, stage_open_d1(st, NULL))
{
    (void)stage_attach(st, "1-1");
    CHECK(server_next_deadline(st->server) == UINT64_MAX);
}

// Of devices that came and went only so many are remembered.
STAGE_TEST(usage_is_bounded, stage_open_d1(st, NULL))
{
    uint64_t blocks = 0;
    for (unsigned n = 0; n < 3 * SERVER_USAGES_KEPT; n++) {
        struct sim_faulty_options options = sim_faulty_d1;
        options.product = (uint16_t)(100 + n);
        stage_plug(st, "1-9", sim_faulty_create(st->bus, &options));
        stage_settle(st);
        CHECK_EQ(sim_unplug(st->bus, "1-9"), BASE_OK);
        stage_settle(st);
        if (n == SERVER_USAGES_KEPT + 1)
            blocks = st->heap.blocks;
    }
    CHECK_EQ(st->heap.blocks, blocks);
}
