// SPDX-License-Identifier: Apache-2.0
// Isochronous transfers. D1's endpoints move a packet of at most 192 bytes every millisecond.
#include "tests/support/rig.h"

enum { ISO_IN = 0x84, ISO_OUT = 0x05, FRAME = 1000 };

static void begin(struct rig *r)
{
    rig_begin_d1(r);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
}

static void check_packet(const struct rig_urb *t, unsigned i, int32_t status, uint32_t actual)
{
    CHECK_EQ(t->packets[i].status, status);
    CHECK_EQ(t->packets[i].actual_length, actual);
}

static void check_filled(const struct rig_urb *t, unsigned i, uint8_t value)
{
    for (unsigned k = 0; k < t->packets[i].actual_length; k++)
        CHECK_EQ(t->urb.buffer[t->packets[i].offset + k], value);
}

RIG_TEST(sim_iso_in_packets_at_their_offsets, begin(r))
{
    static const int16_t script[] = {192, 100, -1, 10};
    struct rig_urb t;
    sim_faulty_iso(r->sim, ISO_IN, script, 4);
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 4, 192);
    rig_submit(&t);
    rig_advance(r, 10 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(t.urb.actual_length, 302);
    CHECK_EQ(t.urb.error_count, 1);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    check_packet(&t, 1, USB_STATUS_OK, 100);
    check_packet(&t, 2, USB_STATUS_PROTOCOL, 0);
    check_packet(&t, 3, USB_STATUS_OK, 10);
    check_filled(&t, 0, 0xa0);
    check_filled(&t, 1, 0xa1);
    check_filled(&t, 3, 0xa3);
    CHECK_EQ(t.urb.buffer[192 + 100], rig_pattern()[192 + 100]); // untouched
    rig_release(&t);
}

RIG_TEST(sim_iso_out_packets_and_gaps, begin(r))
{
    static const int16_t script[] = {0, -1};
    struct rig_urb t;
    rig_iso_urb(&t, r->dev, ISO_OUT, rig_pattern(), 2, 192);
    t.packets[0].length = 96; // leaves a gap
    t.packets[1].length = 100;
    rig_submit(&t);
    rig_advance(r, 10 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(t.urb.actual_length, 196);
    CHECK_EQ(t.urb.error_count, 0);
    struct sim_faulty_received got = sim_faulty_received(r->sim, ISO_OUT);
    CHECK_EQ(got.packets, 2);
    CHECK_EQ(got.sizes[0], 96);
    CHECK_EQ(got.sizes[1], 100);
    CHECK_BYTES(got.data.data, rig_pattern(), 96);
    CHECK_BYTES(got.data.data + 96, rig_pattern() + 192, 100);
    rig_release(&t);

    sim_faulty_iso(r->sim, ISO_OUT, script, 2);
    rig_iso_urb(&t, r->dev, ISO_OUT, rig_pattern(), 2, 50);
    rig_submit(&t);
    rig_advance(r, 10 * FRAME);
    CHECK_EQ(t.urb.actual_length, 50);
    CHECK_EQ(t.urb.error_count, 1);
    check_packet(&t, 0, USB_STATUS_OK, 50);
    check_packet(&t, 1, USB_STATUS_PROTOCOL, 0);
    rig_release(&t);
}

RIG_TEST(sim_iso_starts_at_the_next_frame_and_ends_with_its_last, begin(r))
{
    struct rig_urb t;
    rig_advance(r, 300);
    uint64_t start = r->now_us - 300 + FRAME;
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 3, 192);
    rig_submit(&t);
    CHECK_EQ(rig_deadline(r), start + 2 * FRAME + 125); // the last packet's microframe is over
    rig_advance(r, start + 2 * FRAME + 124 - r->now_us);
    CHECK(!t.done);
    check_packet(&t, 1, USB_STATUS_OK, 192); // moved in its time, not at the end
    check_packet(&t, 2, 7777, 7777);
    CHECK_EQ(rig_deadline(r), r->now_us + 1);
    rig_advance(r, 1);
    CHECK(t.done);
    CHECK_EQ(t.urb.start_frame, start / FRAME);
    CHECK_EQ(t.urb.actual_length, 576);
    CHECK(rig_deadline(r) == UINT64_MAX);
    rig_release(&t);
}

RIG_TEST(sim_iso_queued_urbs_have_no_gap, begin(r))
{
    struct rig_urb t[5];
    for (unsigned i = 0; i < 5; i++) {
        rig_iso_urb(&t[i], r->dev, ISO_IN, rig_pattern(), 16, 192);
        rig_submit(&t[i]);
    }
    rig_advance(r, 200 * FRAME); // late call: the bus kept its time
    for (unsigned i = 0; i < 5; i++) {
        CHECK(t[i].done);
        CHECK_EQ(t[i].order, i + 1);
        CHECK_EQ(t[i].urb.error_count, 0);
        CHECK_EQ(t[i].urb.start_frame, t[0].urb.start_frame + 16 * i);
        check_filled(&t[i], 0, (uint8_t)(0xa0 + 16 * i));
        rig_release(&t[i]);
    }
}

RIG_TEST(sim_iso_resubmitted_in_time_has_no_gap, begin(r))
{
    struct rig_urb t[2];
    rig_iso_urb(&t[0], r->dev, ISO_IN, rig_pattern(), 4, 192);
    rig_submit(&t[0]);
    while (!t[0].done)
        rig_advance(r, rig_deadline(r) - r->now_us);
    rig_iso_urb(&t[1], r->dev, ISO_IN, rig_pattern(), 4,
                192); // the next packet's frame has not begun
    rig_submit(&t[1]);
    rig_advance(r, 10 * FRAME);
    CHECK_EQ(t[1].urb.start_frame, t[0].urb.start_frame + 4);
    rig_release(&t[0]);
    rig_release(&t[1]);
}

RIG_TEST(sim_iso_late_urbs_start_anew, begin(r))
{
    struct rig_urb t;
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 1, 192);
    rig_submit(&t);
    rig_advance(r, 50 * FRAME + 10);
    rig_release(&t);
    uint64_t now = r->now_us;
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 1, 192);
    // The bus's clock still stands where the last call left it.
    r->now_us += 7 * FRAME;
    rig_submit(&t);
    CHECK(!t.done);
    rig_advance(r, 2 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.urb.start_frame, now / FRAME + 8);
    rig_release(&t);
}

RIG_TEST(sim_iso_less_or_more_room_than_a_packet, begin(r))
{
    static const int16_t script[] = {192, 100, 0};
    struct rig_urb t;
    sim_faulty_iso(r->sim, ISO_IN, script, 3);
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 3, 100);
    rig_submit(&t);
    rig_advance(r, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_OVERFLOW, 100);
    check_packet(&t, 1, USB_STATUS_OK, 100);
    check_packet(&t, 2, USB_STATUS_OK, 0);
    check_filled(&t, 1, 0xa1);
    CHECK_EQ(t.urb.actual_length, 200);
    CHECK_EQ(t.urb.error_count, 1);
    rig_release(&t);
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 1, 400);
    rig_submit(&t);
    rig_advance(r, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    rig_release(&t);
    rig_iso_urb(&t, r->dev, ISO_OUT, rig_pattern(), 1, 192);
    rig_submit(&t);
    rig_advance(r, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    rig_release(&t);
    sim_faulty_forget(r->sim, ISO_OUT);
    rig_iso_urb(&t, r->dev, ISO_OUT, rig_pattern(), 2, 193); // the bus cannot carry it
    t.packets[1].length = 0;
    rig_submit(&t);
    rig_advance(r, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_INVALID, 0);
    check_packet(&t, 1, USB_STATUS_OK, 0);
    CHECK_EQ(sim_faulty_received(r->sim, ISO_OUT).packets, 1);
    rig_release(&t);
}

TEST(sim_iso_endpoint_of_another_setting)
{
    struct rig r;
    struct rig_urb t;
    rig_begin_d1(&r); // alternate setting 0
    rig_iso_urb(&t, r.dev, ISO_IN, rig_pattern(), 3, 192);
    rig_submit(&t);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_STALL);
    CHECK_EQ(t.urb.actual_length, 0);
    CHECK_EQ(t.urb.error_count, 3);
    for (unsigned i = 0; i < 3; i++)
        check_packet(&t, i, USB_STATUS_XDEV, 0);
    rig_release(&t);
    rig_iso_urb(&t, r.dev, 0x81, rig_pattern(), 1, 192);
    t.urb.ep.type = USB_ISOCHRONOUS; // is bulk
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_INVALID);
    check_packet(&t, 0, USB_STATUS_XDEV, 0);
    rig_release(&t);
    rig_end(&r);
}

RIG_TEST(sim_iso_endpoint_that_goes_in_mid_stream, begin(r))
{
    struct rig_urb t[2];
    for (unsigned i = 0; i < 2; i++) {
        rig_iso_urb(&t[i], r->dev, ISO_IN, rig_pattern(), 8, 192);
        rig_submit(&t[i]);
    }
    rig_advance(r, 3 * FRAME + 125);
    CHECK_EQ(rig_ask(r->dev, "010b000001000000", NULL), 0); // raw SET_INTERFACE
    for (unsigned i = 0; i < 2; i++) {
        CHECK(t[i].done);
        CHECK_EQ(t[i].urb.status, USB_STATUS_STALL);
        check_packet(&t[i], 7, USB_STATUS_XDEV, 0);
    }
    check_packet(&t[0], 2, USB_STATUS_OK, 192);
    CHECK_EQ(t[0].urb.actual_length, 3 * 192);
    CHECK_EQ(t[0].urb.error_count, 5);
    rig_release(&t[0]);
    rig_release(&t[1]);
    CHECK(rig_deadline(r) == UINT64_MAX);
}

RIG_TEST(sim_iso_cancel_keeps_the_stream, begin(r))
{
    struct rig_urb t[3];
    for (unsigned i = 0; i < 3; i++) {
        rig_iso_urb(&t[i], r->dev, ISO_IN, rig_pattern(), 4, 192);
        rig_submit(&t[i]);
    }
    rig_advance(r, 2 * FRAME + 125); // two packets of the first
    rig_cancel(&t[0]);
    rig_cancel(&t[1]);
    CHECK_EQ(t[0].urb.status, USB_STATUS_CANCELLED);
    CHECK_EQ(t[0].urb.actual_length, 384);
    CHECK_EQ(t[0].urb.error_count, 2);
    check_packet(&t[0], 1, USB_STATUS_OK, 192);
    check_packet(&t[0], 2, USB_STATUS_XDEV, 0);
    CHECK_EQ(t[1].urb.actual_length, 0);
    check_packet(&t[1], 0, USB_STATUS_XDEV, 0);
    rig_advance(r, 10 * FRAME);
    CHECK(t[2].done);
    CHECK_EQ(t[2].urb.error_count, 0);
    CHECK_EQ(t[2].urb.start_frame, t[0].urb.start_frame + 2);
    check_filled(&t[2], 0, 0xa2);
    for (unsigned i = 0; i < 3; i++)
        rig_release(&t[i]);
}

RIG_TEST(sim_iso_cancel_of_a_long_one_before_a_short_one, begin(r))
{
    struct rig_urb t[2];
    uint64_t start = (r->now_us / FRAME + 1) * FRAME;
    for (unsigned i = 0; i < 2; i++) {
        rig_iso_urb(&t[i], r->dev, ISO_IN, rig_pattern(), i == 0 ? 4 : 1, 192);
        rig_submit(&t[i]);
    }
    rig_advance(r, start + 125 - r->now_us); // a packet of the long one
    CHECK_EQ(rig_deadline(r), start + 3 * FRAME + 125);
    rig_cancel(&t[0]);
    CHECK_EQ(rig_deadline(r), start + FRAME + 125);
    rig_advance(r, FRAME);
    CHECK(t[1].done);
    for (unsigned i = 0; i < 2; i++)
        rig_release(&t[i]);
}

RIG_TEST(sim_iso_cancel_of_the_last_then_another, begin(r))
{
    struct rig_urb t;
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 4, 192);
    rig_submit(&t);
    rig_advance(r, 2 * FRAME);
    rig_cancel(&t);
    rig_release(&t);
    rig_advance(r, 20 * FRAME);
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 1, 192);
    rig_submit(&t);
    rig_advance(r, 2 * FRAME);
    CHECK(t.done);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    rig_release(&t);
}

RIG_TEST(sim_iso_of_a_device_that_went_deaf, begin(r))
{
    struct rig_urb t;
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 4, 192);
    rig_submit(&t);
    CHECK_EQ(rig_ask(r->dev, "0005090000000000", NULL), 0);
    rig_advance(r, 2 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_NO_RESPONSE);
    check_packet(&t, 3, USB_STATUS_XDEV, 0);
    rig_release(&t);
}

RIG_TEST(sim_iso_of_a_device_that_went_deaf_between_two_events, begin(r))
{
    struct rig_urb t, control;
    struct backend_event ev;
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 4, 192);
    rig_submit(&t);
    rig_control_urb(&control, r->dev, "0005090000000000", NULL);
    rig_queue_submit(&control);
    CHECK(rig_take(r, &ev));
    CHECK(ev.urb == &control.urb);
    rig_advance(r, 2 * FRAME); // the packet is due before the pipe has heard of it
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_NO_RESPONSE);
    CHECK_EQ(t.urb.error_count, 4);
    rig_release(&t);
}

RIG_TEST(sim_iso_a_kick_does_not_hurry_it, begin(r))
{
    struct rig_urb t;
    rig_iso_urb(&t, r->dev, ISO_IN, rig_pattern(), 2, 192);
    rig_submit(&t);
    uint64_t deadline = rig_deadline(r);
    sim_kick_at(r->sim, ISO_IN, r->now_us + 1);
    sim_kick(r->sim, ISO_IN);
    rig_settle(r);
    CHECK_EQ(rig_deadline(r), deadline);
    rig_cancel(&t);
    rig_release(&t);
}
