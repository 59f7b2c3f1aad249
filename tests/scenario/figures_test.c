// SPDX-License-Identifier: Apache-2.0
// What a session says of its endpoints.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { MS = 1000 };

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
