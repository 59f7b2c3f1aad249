// SPDX-License-Identifier: Apache-2.0
// Bulk and interrupt transfers as packets.
#include "tests/support/rig.h"

enum { IN = 0x81, OUT = 0x02 };

static unsigned toggle(const struct rig *r, unsigned bit)
{
    return r->sim->toggle >> bit & 1;
}

// --- IN ------------------------------------------------------------------------------------------

RIG_TEST(sim_pipe_a_short_packet_ends_in, rig_begin_d1(r))
{
    uint8_t data[1024];
    uint32_t actual;
    rig_give(r, IN, rig_pattern(), 13);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 13);
    CHECK_BYTES(data, rig_pattern(), 13);
    rig_give(r, IN, rig_pattern(), 600); // 512 + 88
    CHECK_EQ(rig_in(r->dev, IN, data, 1024, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 600);
    CHECK_BYTES(data, rig_pattern(), 600);
}

RIG_TEST(sim_pipe_short_not_ok, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_give(r, IN, rig_pattern(), 13);
    rig_urb(&t, r->dev, IN, NULL, 512);
    t.urb.flags = USB_URB_SHORT_NOT_OK;
    rig_submit(&t);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_SHORT);
    CHECK_EQ(t.urb.actual_length, 13);
    CHECK_BYTES(t.urb.buffer, rig_pattern(), 13);
    rig_release(&t);

    rig_give(r, IN, rig_pattern(), 100); // what was asked for is not short, though the packet is
    rig_urb(&t, r->dev, IN, NULL, 100);
    t.urb.flags = USB_URB_SHORT_NOT_OK;
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(t.urb.actual_length, 100);
    rig_release(&t);
}

RIG_TEST(sim_pipe_whole_packets_do_not_end_in, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_urb(&t, r->dev, IN, NULL, 2048);
    rig_submit(&t);
    rig_give(r, IN, rig_pattern(), 512);
    rig_settle(r);
    CHECK(!t.done);
    rig_give(r, IN, rig_pattern() + 512, 512);
    rig_settle(r);
    CHECK(!t.done);
    rig_give(r, IN, NULL, 0); // a zero-length packet does
    rig_settle(r);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(t.urb.actual_length, 1024);
    CHECK_BYTES(t.urb.buffer, rig_pattern(), 1024);
    rig_release(&t);
}

RIG_TEST(sim_pipe_room_for_less_than_a_packet, rig_begin_d1(r))
{
    uint8_t data[600];
    uint32_t actual;
    rig_give(r, IN, rig_pattern(), 512);
    CHECK_EQ(rig_in(r->dev, IN, data, 500, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 500);
    CHECK_BYTES(data, rig_pattern(), 500);
    rig_give(r, IN, rig_pattern(), 500);
    CHECK_EQ(rig_in(r->dev, IN, data, 500, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 500);
    rig_give(r, IN, rig_pattern(), 550);
    CHECK_EQ(rig_in(r->dev, IN, data, 600, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 550);
    CHECK_BYTES(data, rig_pattern(), 550);
    rig_give(r, IN, rig_pattern(), 1024);
    CHECK_EQ(rig_in(r->dev, IN, data, 600, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 600);
    CHECK_BYTES(data, rig_pattern(), 600);
}

RIG_TEST(sim_pipe_in_of_no_length_takes_one_packet, rig_begin_d1(r))
{
    uint32_t actual;
    rig_give(r, IN, NULL, 0);
    CHECK_EQ(rig_in(r->dev, IN, NULL, 0, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 0);
    CHECK_EQ(toggle(r, 17), 1);
    rig_give(r, IN, rig_pattern(), 5);
    CHECK_EQ(rig_in(r->dev, IN, NULL, 0, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 0);
    CHECK_EQ(toggle(r, 17), 0);
}

RIG_TEST(sim_pipe_babble_and_errors_end_one_urb, rig_begin_d1(r))
{
    uint8_t data[1024];
    uint32_t actual;
    rig_give(r, IN, rig_pattern(), 512);
    CHECK_EQ(sim_faulty_fail(r->sim, IN, SIM_BABBLE), BASE_OK);
    CHECK_EQ(rig_in(r->dev, IN, data, 1024, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 512);
    CHECK_EQ(sim_faulty_fail(r->sim, IN, SIM_ERROR), BASE_OK);
    CHECK_EQ(rig_in(r->dev, IN, data, 1024, &actual), USB_STATUS_PROTOCOL);
    CHECK_EQ(actual, 0);
    rig_give(r, IN, rig_pattern(), 7);
    CHECK_EQ(rig_in(r->dev, IN, data, 1024, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 7);
}

RIG_TEST(sim_pipe_urbs_of_an_endpoint_end_in_order, rig_begin_d1(r))
{
    struct rig_urb t[4];
    for (unsigned i = 0; i < 4; i++) {
        rig_urb(&t[i], r->dev, IN, NULL, 512);
        rig_submit(&t[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        rig_give(r, IN, rig_pattern() + i, 100 + i);
    rig_settle(r);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(t[i].done);
        CHECK_EQ(t[i].order, i + 1);
        CHECK_EQ(t[i].urb.actual_length, 100 + i);
        CHECK_BYTES(t[i].urb.buffer, rig_pattern() + i, 100 + i);
        rig_release(&t[i]);
    }
}

// --- OUT -----------------------------------------------------------------------------------------

static void check_received(const struct rig *r, const uint16_t *sizes, unsigned count)
{
    struct sim_faulty_received got = sim_faulty_received(r->sim, OUT);
    uint32_t offset = 0;
    CHECK_EQ(got.packets, count);
    CHECK_EQ(got.size_count, count);
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQ(got.sizes[i], sizes[i]);
        offset += sizes[i];
    }
    CHECK_EQ(got.bytes, offset);
    CHECK_EQ(got.data.size, offset);
    CHECK_BYTES(got.data.data, rig_pattern(), offset);
}

RIG_TEST(sim_pipe_out_is_cut_into_packets, rig_begin_d1(r))
{
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 1100), USB_STATUS_OK);
    check_received(r, (const uint16_t[]){512, 512, 76}, 3);
    CHECK_EQ(toggle(r, 2), 1);
    sim_faulty_forget(r->sim, OUT);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 1024), USB_STATUS_OK);
    check_received(r, (const uint16_t[]){512, 512}, 2); // no zero-length packet
}

static void check_out(struct rig *r, uint32_t length, unsigned flags, const uint16_t *sizes,
                      unsigned count)
{
    struct rig_urb t;
    sim_faulty_forget(r->sim, OUT);
    rig_urb(&t, r->dev, OUT, rig_pattern(), length);
    t.urb.flags = (uint8_t)flags;
    rig_submit(&t);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(t.urb.actual_length, length);
    rig_release(&t);
    check_received(r, sizes, count);
}

RIG_TEST(sim_pipe_zero_packets, rig_begin_d1(r))
{
    check_out(r, 512, USB_URB_ZERO_PACKET, (const uint16_t[]){512, 0}, 2);
    check_out(r, 512, 0, (const uint16_t[]){512}, 1);
    check_out(r, 513, USB_URB_ZERO_PACKET, (const uint16_t[]){512, 1}, 2);
    check_out(r, 511, USB_URB_ZERO_PACKET, (const uint16_t[]){511}, 1);
    check_out(r, 0, 0, (const uint16_t[]){0}, 1);
    CHECK_EQ(toggle(r, 2), 1); // 7 packets so far, those of no length counted
    check_out(r, 0, USB_URB_ZERO_PACKET, (const uint16_t[]){0}, 1);
    CHECK_EQ(toggle(r, 2), 0);
}

RIG_TEST(sim_pipe_a_zero_packet_may_be_naked, rig_begin_d1(r))
{
    struct rig_urb t;
    sim_faulty_accept(r->sim, OUT, 512);
    rig_urb(&t, r->dev, OUT, rig_pattern(), 512);
    t.urb.flags = USB_URB_ZERO_PACKET;
    rig_submit(&t);
    CHECK(!t.done);
    check_received(r, (const uint16_t[]){512}, 1);
    sim_faulty_accept(r->sim, OUT, UINT64_MAX);
    rig_settle(r);
    CHECK(t.done);
    CHECK_EQ(t.urb.actual_length, 512);
    check_received(r, (const uint16_t[]){512, 0}, 2);
    rig_release(&t);
}

RIG_TEST(sim_pipe_out_waits_while_the_device_naks, rig_begin_d1(r))
{
    struct rig_urb t;
    sim_faulty_accept(r->sim, OUT, 1024);
    rig_urb(&t, r->dev, OUT, rig_pattern(), 2000);
    rig_submit(&t);
    rig_advance(r, 120000000);
    CHECK(!t.done);
    check_received(r, (const uint16_t[]){512, 512}, 2);
    CHECK(rig_deadline(r) == UINT64_MAX);
    sim_faulty_accept(r->sim, OUT, UINT64_MAX);
    rig_settle(r);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    check_received(r, (const uint16_t[]){512, 512, 512, 464}, 4);
    rig_release(&t);
}

static unsigned refusals;

// Takes nothing for a while, which is a NAK too.
static int nothing_at_first(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    (void)d, (void)ep, (void)buf;
    if (refusals == 0)
        return (int)len;
    refusals--;
    return 0;
}

static void static_destroy(struct sim_device *d)
{
    (void)d;
}

RIG_TEST(sim_pipe_nothing_taken_is_a_nak, rig_begin(r))
{
    static const struct sim_device_ops ops = {.destroy = static_destroy, .out = nothing_at_first};
    static struct sim_device d;
    struct rig_urb t;
    struct sim_device *d1 = sim_faulty_create(r->bus, &sim_faulty_d1); // for its descriptors
    d = (struct sim_device){.ops = &ops, .desc = d1->desc, .speed = USB_SPEED_HIGH, .bus = r->bus};
    r->dev = rig_start(r, &d, 0);
    refusals = 1;
    rig_urb(&t, r->dev, OUT, rig_pattern(), 100);
    rig_submit(&t);
    CHECK(!t.done);
    CHECK_EQ(d.toggle, 0);
    sim_kick(&d, OUT);
    rig_settle(r);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(d.toggle, 1 << OUT);
    rig_release(&t);
    CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
    d1->ops->destroy(d1);
}

RIG_TEST(sim_pipe_out_stalls_half_way, rig_begin_d1(r))
{
    struct rig_urb t;
    sim_faulty_fail_after(r->sim, OUT, SIM_STALL, 4096);
    rig_urb(&t, r->dev, OUT, rig_pattern(), 8192);
    rig_submit(&t);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_STALL);
    CHECK_EQ(t.urb.actual_length, 4096);
    rig_release(&t);
}

// --- endpoints that are not there ----------------------------------------------------------------

RIG_TEST(sim_pipe_no_such_endpoint, rig_begin_d1(r))
{
    struct rig_urb t;
    CHECK_EQ(rig_in(r->dev, 0x89, NULL, 0, NULL), USB_STATUS_PROTOCOL);
    CHECK_EQ(rig_out(r->dev, 0x01, rig_pattern(), 64), USB_STATUS_PROTOCOL);
    rig_urb(&t, r->dev, IN, NULL, 8);
    t.urb.ep.type = USB_INTERRUPT; // it is bulk
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_INVALID);
    rig_release(&t);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 0), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 64), USB_STATUS_PROTOCOL);
}

RIG_TEST(sim_pipe_urbs_of_an_endpoint_that_goes_end, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_submit(&t);
    CHECK_EQ(rig_ask(r->dev, "0009000000000000", NULL), 0); // unconfigured
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_PROTOCOL);
    rig_release(&t);
}

RIG_TEST(sim_pipe_pipe_changes_that_the_device_refuses, rig_begin_d1(r))
{
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 9), USB_STATUS_STALL);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 9), USB_STATUS_STALL);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 7, 0), USB_STATUS_STALL);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 200, 0), USB_STATUS_STALL);
    CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, 0x89), USB_STATUS_STALL);
    CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, 0x84), USB_STATUS_STALL);
    CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, 0), USB_STATUS_OK);
    CHECK_EQ(r->sim->config, 1);
}

RIG_TEST(sim_pipe_reset_keeps_configuration_and_settings, rig_begin_d1(r))
{
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    unsigned resets = sim_faulty_counters(r->sim)->resets;
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_counters(r->sim)->resets, resets + 1);
    CHECK_EQ(r->sim->config, 1);
    CHECK_EQ(r->sim->alternate[1], 1);
    CHECK(sim_endpoint(r->sim, 0x84));
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 0), USB_STATUS_OK);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(r->sim->config, 0);
}
