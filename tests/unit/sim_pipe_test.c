// SPDX-License-Identifier: Apache-2.0
// Bulk and interrupt transfers as packets.
#include "tests/unit/sim_host.h"

enum { IN = 0x81, OUT = 0x02 };

static void give(struct stand *s, const void *data, uint32_t size)
{
    CHECK_EQ(sim_faulty_give(s->d, IN, data, size), BASE_OK);
}

static void in_urb(struct stand *s, struct host_urb *t, uint32_t length)
{
    host_urb(&s->h, t, s->dev, IN, USB_BULK, length, NULL);
}

static void out_urb(struct stand *s, struct host_urb *t, uint32_t length)
{
    host_urb(&s->h, t, s->dev, OUT, USB_BULK, length, length ? host_pattern() : NULL);
}

static int32_t read_in(struct stand *s, uint8_t *data, uint32_t length, uint32_t *actual)
{
    return host_in(&s->h, s->dev, IN, data, length, actual);
}

static unsigned toggle(const struct stand *s, unsigned bit)
{
    return s->d->toggle >> bit & 1;
}

// --- IN ------------------------------------------------------------------------------------------

TEST(sim_pipe_a_short_packet_ends_in)
{
    struct stand s;
    uint8_t data[1024];
    uint32_t actual;
    stand_begin(&s);
    give(&s, host_pattern(), 13);
    CHECK_EQ(read_in(&s, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 13);
    CHECK_BYTES(data, host_pattern(), 13);
    give(&s, host_pattern(), 600); // 512 + 88
    CHECK_EQ(read_in(&s, data, 1024, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 600);
    CHECK_BYTES(data, host_pattern(), 600);
    stand_end(&s);
}

TEST(sim_pipe_short_not_ok)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    give(&s, host_pattern(), 13);
    in_urb(&s, &t, 512);
    t.u.flags = USB_URB_SHORT_NOT_OK;
    host_submit(&s.h, &t);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_SHORT);
    CHECK_EQ(t.u.actual_length, 13);
    CHECK_BYTES(t.u.buffer, host_pattern(), 13);
    host_free(&s.h, &t);

    give(&s, host_pattern(), 100); // what was asked for is not short, though the packet is
    in_urb(&s, &t, 100);
    t.u.flags = USB_URB_SHORT_NOT_OK;
    host_submit(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(t.u.actual_length, 100);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_pipe_whole_packets_do_not_end_in)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    in_urb(&s, &t, 2048);
    host_submit(&s.h, &t);
    give(&s, host_pattern(), 512);
    host_settle(&s.h);
    CHECK(!t.done);
    give(&s, host_pattern() + 512, 512);
    host_settle(&s.h);
    CHECK(!t.done);
    give(&s, NULL, 0); // a zero-length packet does
    host_settle(&s.h);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(t.u.actual_length, 1024);
    CHECK_BYTES(t.u.buffer, host_pattern(), 1024);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_pipe_room_for_less_than_a_packet)
{
    struct stand s;
    uint8_t data[600];
    uint32_t actual;
    stand_begin(&s);
    give(&s, host_pattern(), 512);
    CHECK_EQ(read_in(&s, data, 500, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 500);
    CHECK_BYTES(data, host_pattern(), 500);
    give(&s, host_pattern(), 500);
    CHECK_EQ(read_in(&s, data, 500, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 500);
    give(&s, host_pattern(), 550);
    CHECK_EQ(read_in(&s, data, 600, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 550);
    CHECK_BYTES(data, host_pattern(), 550);
    give(&s, host_pattern(), 1024);
    CHECK_EQ(read_in(&s, data, 600, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 600);
    CHECK_BYTES(data, host_pattern(), 600);
    stand_end(&s);
}

TEST(sim_pipe_in_of_no_length_takes_one_packet)
{
    struct stand s;
    uint32_t actual;
    stand_begin(&s);
    give(&s, NULL, 0);
    CHECK_EQ(read_in(&s, NULL, 0, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 0);
    CHECK_EQ(toggle(&s, 17), 1);
    give(&s, host_pattern(), 5);
    CHECK_EQ(read_in(&s, NULL, 0, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 0);
    CHECK_EQ(toggle(&s, 17), 0);
    stand_end(&s);
}

TEST(sim_pipe_babble_and_errors_end_one_urb)
{
    struct stand s;
    uint8_t data[1024];
    uint32_t actual;
    stand_begin(&s);
    give(&s, host_pattern(), 512);
    CHECK_EQ(sim_faulty_fail(s.d, IN, SIM_BABBLE), BASE_OK);
    CHECK_EQ(read_in(&s, data, 1024, &actual), USB_STATUS_OVERFLOW);
    CHECK_EQ(actual, 512);
    CHECK_EQ(sim_faulty_fail(s.d, IN, SIM_ERROR), BASE_OK);
    CHECK_EQ(read_in(&s, data, 1024, &actual), USB_STATUS_PROTOCOL);
    CHECK_EQ(actual, 0);
    give(&s, host_pattern(), 7);
    CHECK_EQ(read_in(&s, data, 1024, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 7);
    stand_end(&s);
}

TEST(sim_pipe_urbs_of_an_endpoint_end_in_order)
{
    struct stand s;
    struct host_urb t[4];
    stand_begin(&s);
    for (unsigned i = 0; i < 4; i++) {
        in_urb(&s, &t[i], 512);
        host_submit(&s.h, &t[i]);
    }
    for (unsigned i = 0; i < 4; i++)
        give(&s, host_pattern() + i, 100 + i);
    host_settle(&s.h);
    for (unsigned i = 0; i < 4; i++) {
        CHECK(t[i].done);
        CHECK_EQ(t[i].order, i + 1);
        CHECK_EQ(t[i].u.actual_length, 100 + i);
        CHECK_BYTES(t[i].u.buffer, host_pattern() + i, 100 + i);
        host_free(&s.h, &t[i]);
    }
    stand_end(&s);
}

// --- OUT -----------------------------------------------------------------------------------------

static void check_received(const struct stand *s, const uint16_t *sizes, unsigned count)
{
    struct sim_faulty_received r = sim_faulty_received(s->d, OUT);
    uint32_t offset = 0;
    CHECK_EQ(r.packets, count);
    CHECK_EQ(r.size_count, count);
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQ(r.sizes[i], sizes[i]);
        offset += sizes[i];
    }
    CHECK_EQ(r.bytes, offset);
    CHECK_EQ(r.data.size, offset);
    CHECK_BYTES(r.data.data, host_pattern(), offset);
}

TEST(sim_pipe_out_is_cut_into_packets)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 1100), USB_STATUS_OK);
    check_received(&s, (const uint16_t[]){512, 512, 76}, 3);
    CHECK_EQ(toggle(&s, 2), 1);
    sim_faulty_forget(s.d, OUT);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 1024), USB_STATUS_OK);
    check_received(&s, (const uint16_t[]){512, 512}, 2); // no zero-length packet
    stand_end(&s);
}

static void check_out(struct stand *s, uint32_t length, unsigned flags, const uint16_t *sizes,
                      unsigned count)
{
    struct host_urb t;
    sim_faulty_forget(s->d, OUT);
    out_urb(s, &t, length);
    t.u.flags = (uint8_t)flags;
    host_submit(&s->h, &t);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(t.u.actual_length, length);
    host_free(&s->h, &t);
    check_received(s, sizes, count);
}

TEST(sim_pipe_zero_packets)
{
    struct stand s;
    stand_begin(&s);
    check_out(&s, 512, USB_URB_ZERO_PACKET, (const uint16_t[]){512, 0}, 2);
    check_out(&s, 512, 0, (const uint16_t[]){512}, 1);
    check_out(&s, 513, USB_URB_ZERO_PACKET, (const uint16_t[]){512, 1}, 2);
    check_out(&s, 511, USB_URB_ZERO_PACKET, (const uint16_t[]){511}, 1);
    check_out(&s, 0, 0, (const uint16_t[]){0}, 1);
    CHECK_EQ(toggle(&s, 2), 1); // 7 packets so far, those of no length counted
    check_out(&s, 0, USB_URB_ZERO_PACKET, (const uint16_t[]){0}, 1);
    CHECK_EQ(toggle(&s, 2), 0);
    stand_end(&s);
}

TEST(sim_pipe_a_zero_packet_may_be_naked)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_accept(s.d, OUT, 512);
    out_urb(&s, &t, 512);
    t.u.flags = USB_URB_ZERO_PACKET;
    host_submit(&s.h, &t);
    CHECK(!t.done);
    check_received(&s, (const uint16_t[]){512}, 1);
    sim_faulty_accept(s.d, OUT, UINT64_MAX);
    host_settle(&s.h);
    CHECK(t.done);
    CHECK_EQ(t.u.actual_length, 512);
    check_received(&s, (const uint16_t[]){512, 0}, 2);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_pipe_out_waits_while_the_device_naks)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_accept(s.d, OUT, 1024);
    out_urb(&s, &t, 2000);
    host_submit(&s.h, &t);
    host_advance(&s.h, 120000000);
    CHECK(!t.done);
    check_received(&s, (const uint16_t[]){512, 512}, 2);
    CHECK(host_deadline(&s.h) == UINT64_MAX);
    sim_faulty_accept(s.d, OUT, UINT64_MAX);
    host_settle(&s.h);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    check_received(&s, (const uint16_t[]){512, 512, 512, 464}, 4);
    host_free(&s.h, &t);
    stand_end(&s);
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

TEST(sim_pipe_nothing_taken_is_a_nak)
{
    static const struct sim_device_ops ops = {.destroy = static_destroy, .out = nothing_at_first};
    static struct sim_device d;
    struct stand s;
    struct host_urb t;
    host_begin(&s.h);
    struct sim_device *d1 = sim_faulty_create(s.h.bus, &sim_faulty_d1); // for its descriptors
    d = (struct sim_device){.ops = &ops, .desc = d1->desc, .speed = USB_SPEED_HIGH, .bus = s.h.bus};
    s.dev = host_start(&s.h, "1-1", &d);
    refusals = 1;
    out_urb(&s, &t, 100);
    host_submit(&s.h, &t);
    CHECK(!t.done);
    CHECK_EQ(d.toggle, 0);
    sim_kick(&d, OUT);
    host_settle(&s.h);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(d.toggle, 1 << OUT);
    host_free(&s.h, &t);
    CHECK_EQ(sim_unplug(s.h.bus, "1-1"), BASE_OK);
    d1->ops->destroy(d1);
    host_end(&s.h);
}

TEST(sim_pipe_out_stalls_half_way)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_fail_after(s.d, OUT, SIM_STALL, 4096);
    out_urb(&s, &t, 8192);
    host_submit(&s.h, &t);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_STALL);
    CHECK_EQ(t.u.actual_length, 4096);
    host_free(&s.h, &t);
    stand_end(&s);
}

// --- endpoints that are not there ----------------------------------------------------------------

TEST(sim_pipe_no_such_endpoint)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    CHECK_EQ(host_in(&s.h, s.dev, 0x89, NULL, 0, NULL), USB_STATUS_PROTOCOL);
    CHECK_EQ(host_out(&s.h, s.dev, 0x01, host_pattern(), 64), USB_STATUS_PROTOCOL);
    host_urb(&s.h, &t, s.dev, IN, USB_INTERRUPT, 8, NULL); // it is bulk
    host_submit(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_INVALID);
    host_free(&s.h, &t);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 0), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 64), USB_STATUS_PROTOCOL);
    stand_end(&s);
}

TEST(sim_pipe_urbs_of_an_endpoint_that_goes_end)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    in_urb(&s, &t, 512);
    host_submit(&s.h, &t);
    CHECK_EQ(host_request(&s.h, s.dev, "0009000000000000", NULL), 0); // unconfigured
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_PROTOCOL);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_pipe_pipe_changes_that_the_device_refuses)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 9), USB_STATUS_STALL);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 9), USB_STATUS_STALL);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 7, 0), USB_STATUS_STALL);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 200, 0), USB_STATUS_STALL);
    CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, 0x89), USB_STATUS_STALL);
    CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, 0x84), USB_STATUS_STALL);
    CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, 0), USB_STATUS_OK);
    CHECK_EQ(s.d->config, 1);
    stand_end(&s);
}

TEST(sim_pipe_reset_keeps_configuration_and_settings)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    unsigned resets = sim_faulty_counters(s.d)->resets;
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_counters(s.d)->resets, resets + 1);
    CHECK_EQ(s.d->config, 1);
    CHECK_EQ(s.d->alternate[1], 1);
    CHECK(sim_endpoint(s.d, 0x84));
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 0), USB_STATUS_OK);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(s.d->config, 0);
    stand_end(&s);
}
