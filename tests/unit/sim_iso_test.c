// SPDX-License-Identifier: Apache-2.0
// Isochronous transfers. D1's endpoints move a packet of at most 192 bytes every millisecond.
#include "tests/unit/sim_host.h"

#include <string.h>

enum { ISO_IN = 0x84, ISO_OUT = 0x05, FRAME = 1000 };

static void begin(struct stand *s)
{
    stand_begin(s);
    CHECK_EQ(host_change(&s->h, s->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
}

// `count` packets of `size` bytes, one behind the other.
static void iso_urb(struct stand *s, struct host_urb *t, uint8_t ep, unsigned count, uint32_t size)
{
    CHECK(count <= HOST_PACKETS);
    host_urb(&s->h, t, s->dev, ep, USB_ISOCHRONOUS, count * size, host_pattern());
    t->u.packet_count = count;
    for (unsigned i = 0; i < count; i++)
        t->packets[i] = (struct usb_iso_packet){i * size, size, 7777, 7777};
}

static void check_packet(const struct host_urb *t, unsigned i, int32_t status, uint32_t actual)
{
    CHECK_EQ(t->packets[i].status, status);
    CHECK_EQ(t->packets[i].actual_length, actual);
}

static void check_filled(const struct host_urb *t, unsigned i, uint8_t value)
{
    for (unsigned k = 0; k < t->packets[i].actual_length; k++)
        CHECK_EQ(t->u.buffer[t->packets[i].offset + k], value);
}

TEST(sim_iso_in_packets_at_their_offsets)
{
    static const int16_t script[] = {192, 100, -1, 10};
    struct stand s;
    struct host_urb t;
    begin(&s);
    sim_faulty_iso(s.d, ISO_IN, script, 4);
    iso_urb(&s, &t, ISO_IN, 4, 192);
    host_submit(&s.h, &t);
    host_advance(&s.h, 10 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(t.u.actual_length, 302);
    CHECK_EQ(t.u.error_count, 1);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    check_packet(&t, 1, USB_STATUS_OK, 100);
    check_packet(&t, 2, USB_STATUS_PROTOCOL, 0);
    check_packet(&t, 3, USB_STATUS_OK, 10);
    check_filled(&t, 0, 0xa0);
    check_filled(&t, 1, 0xa1);
    check_filled(&t, 3, 0xa3);
    CHECK_EQ(t.u.buffer[192 + 100], host_pattern()[192 + 100]); // untouched
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_out_packets_and_gaps)
{
    static const int16_t script[] = {0, -1};
    struct stand s;
    struct host_urb t;
    begin(&s);
    iso_urb(&s, &t, ISO_OUT, 2, 192);
    t.packets[0].length = 96; // leaves a gap
    t.packets[1].length = 100;
    host_submit(&s.h, &t);
    host_advance(&s.h, 10 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(t.u.actual_length, 196);
    CHECK_EQ(t.u.error_count, 0);
    struct sim_faulty_received r = sim_faulty_received(s.d, ISO_OUT);
    CHECK_EQ(r.packets, 2);
    CHECK_EQ(r.sizes[0], 96);
    CHECK_EQ(r.sizes[1], 100);
    CHECK_BYTES(r.data.data, host_pattern(), 96);
    CHECK_BYTES(r.data.data + 96, host_pattern() + 192, 100);
    host_free(&s.h, &t);

    sim_faulty_iso(s.d, ISO_OUT, script, 2);
    iso_urb(&s, &t, ISO_OUT, 2, 50);
    host_submit(&s.h, &t);
    host_advance(&s.h, 10 * FRAME);
    CHECK_EQ(t.u.actual_length, 50);
    CHECK_EQ(t.u.error_count, 1);
    check_packet(&t, 0, USB_STATUS_OK, 50);
    check_packet(&t, 1, USB_STATUS_PROTOCOL, 0);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_starts_at_the_next_frame_and_ends_with_its_last)
{
    struct stand s;
    struct host_urb t;
    begin(&s);
    host_advance(&s.h, 300);
    uint64_t start = s.h.now_us - 300 + FRAME;
    iso_urb(&s, &t, ISO_IN, 3, 192);
    host_submit(&s.h, &t);
    CHECK_EQ(host_deadline(&s.h), start + 2 * FRAME + 125); // the last packet's microframe is over
    host_advance(&s.h, start + 2 * FRAME + 124 - s.h.now_us);
    CHECK(!t.done);
    check_packet(&t, 1, USB_STATUS_OK, 192); // moved in its time, not at the end
    check_packet(&t, 2, 7777, 7777);
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 1);
    host_advance(&s.h, 1);
    CHECK(t.done);
    CHECK_EQ(t.u.start_frame, start / FRAME);
    CHECK_EQ(t.u.actual_length, 576);
    CHECK(host_deadline(&s.h) == UINT64_MAX);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_queued_urbs_have_no_gap)
{
    struct stand s;
    struct host_urb t[5];
    begin(&s);
    for (unsigned i = 0; i < 5; i++) {
        iso_urb(&s, &t[i], ISO_IN, 16, 192);
        host_submit(&s.h, &t[i]);
    }
    host_advance(&s.h, 200 * FRAME); // late call: the bus kept its time
    for (unsigned i = 0; i < 5; i++) {
        CHECK(t[i].done);
        CHECK_EQ(t[i].order, i + 1);
        CHECK_EQ(t[i].u.error_count, 0);
        CHECK_EQ(t[i].u.start_frame, t[0].u.start_frame + 16 * i);
        check_filled(&t[i], 0, (uint8_t)(0xa0 + 16 * i));
        host_free(&s.h, &t[i]);
    }
    stand_end(&s);
}

TEST(sim_iso_resubmitted_in_time_has_no_gap)
{
    struct stand s;
    struct host_urb t[2];
    begin(&s);
    iso_urb(&s, &t[0], ISO_IN, 4, 192);
    host_submit(&s.h, &t[0]);
    while (!t[0].done)
        host_advance(&s.h, host_deadline(&s.h) - s.h.now_us);
    iso_urb(&s, &t[1], ISO_IN, 4, 192); // the next packet's frame has not begun
    host_submit(&s.h, &t[1]);
    host_advance(&s.h, 10 * FRAME);
    CHECK_EQ(t[1].u.start_frame, t[0].u.start_frame + 4);
    host_free(&s.h, &t[0]);
    host_free(&s.h, &t[1]);
    stand_end(&s);
}

TEST(sim_iso_late_urbs_start_anew)
{
    struct stand s;
    struct host_urb t;
    begin(&s);
    iso_urb(&s, &t, ISO_IN, 1, 192);
    host_submit(&s.h, &t);
    host_advance(&s.h, 50 * FRAME + 10);
    host_free(&s.h, &t);
    uint64_t now = s.h.now_us;
    iso_urb(&s, &t, ISO_IN, 1, 192);
    // The bus's clock still stands where the last call left it.
    s.h.now_us += 7 * FRAME;
    host_submit(&s.h, &t);
    CHECK(!t.done);
    host_advance(&s.h, 2 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.u.start_frame, now / FRAME + 8);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_less_or_more_room_than_a_packet)
{
    static const int16_t script[] = {192, 100, 0};
    struct stand s;
    struct host_urb t;
    begin(&s);
    sim_faulty_iso(s.d, ISO_IN, script, 3);
    iso_urb(&s, &t, ISO_IN, 3, 100);
    host_submit(&s.h, &t);
    host_advance(&s.h, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_OVERFLOW, 100);
    check_packet(&t, 1, USB_STATUS_OK, 100);
    check_packet(&t, 2, USB_STATUS_OK, 0);
    check_filled(&t, 1, 0xa1);
    CHECK_EQ(t.u.actual_length, 200);
    CHECK_EQ(t.u.error_count, 1);
    host_free(&s.h, &t);
    iso_urb(&s, &t, ISO_IN, 1, 400);
    host_submit(&s.h, &t);
    host_advance(&s.h, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    host_free(&s.h, &t);
    iso_urb(&s, &t, ISO_OUT, 1, 192);
    host_submit(&s.h, &t);
    host_advance(&s.h, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    host_free(&s.h, &t);
    sim_faulty_forget(s.d, ISO_OUT);
    iso_urb(&s, &t, ISO_OUT, 2, 193); // the bus cannot carry it
    t.packets[1].length = 0;
    host_submit(&s.h, &t);
    host_advance(&s.h, 10 * FRAME);
    check_packet(&t, 0, USB_STATUS_INVALID, 0);
    check_packet(&t, 1, USB_STATUS_OK, 0);
    CHECK_EQ(sim_faulty_received(s.d, ISO_OUT).packets, 1);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_endpoint_of_another_setting)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s); // alternate setting 0
    iso_urb(&s, &t, ISO_IN, 3, 192);
    host_submit(&s.h, &t);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_STALL);
    CHECK_EQ(t.u.actual_length, 0);
    CHECK_EQ(t.u.error_count, 3);
    for (unsigned i = 0; i < 3; i++)
        check_packet(&t, i, USB_STATUS_XDEV, 0);
    host_free(&s.h, &t);
    iso_urb(&s, &t, 0x81, 1, 192); // is bulk
    host_submit(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_INVALID);
    check_packet(&t, 0, USB_STATUS_XDEV, 0);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_endpoint_that_goes_in_mid_stream)
{
    struct stand s;
    struct host_urb t[2];
    begin(&s);
    for (unsigned i = 0; i < 2; i++) {
        iso_urb(&s, &t[i], ISO_IN, 8, 192);
        host_submit(&s.h, &t[i]);
    }
    host_advance(&s.h, 3 * FRAME + 125);
    CHECK_EQ(host_request(&s.h, s.dev, "010b000001000000", NULL), 0); // raw SET_INTERFACE
    for (unsigned i = 0; i < 2; i++) {
        CHECK(t[i].done);
        CHECK_EQ(t[i].u.status, USB_STATUS_STALL);
        check_packet(&t[i], 7, USB_STATUS_XDEV, 0);
    }
    check_packet(&t[0], 2, USB_STATUS_OK, 192);
    CHECK_EQ(t[0].u.actual_length, 3 * 192);
    CHECK_EQ(t[0].u.error_count, 5);
    host_free(&s.h, &t[0]);
    host_free(&s.h, &t[1]);
    CHECK(host_deadline(&s.h) == UINT64_MAX);
    stand_end(&s);
}

TEST(sim_iso_cancel_keeps_the_stream)
{
    struct stand s;
    struct host_urb t[3];
    begin(&s);
    for (unsigned i = 0; i < 3; i++) {
        iso_urb(&s, &t[i], ISO_IN, 4, 192);
        host_submit(&s.h, &t[i]);
    }
    host_advance(&s.h, 2 * FRAME + 125); // two packets of the first
    host_cancel(&s.h, &t[0]);
    host_cancel(&s.h, &t[1]);
    CHECK_EQ(t[0].u.status, USB_STATUS_CANCELLED);
    CHECK_EQ(t[0].u.actual_length, 384);
    CHECK_EQ(t[0].u.error_count, 2);
    check_packet(&t[0], 1, USB_STATUS_OK, 192);
    check_packet(&t[0], 2, USB_STATUS_XDEV, 0);
    CHECK_EQ(t[1].u.actual_length, 0);
    check_packet(&t[1], 0, USB_STATUS_XDEV, 0);
    host_advance(&s.h, 10 * FRAME);
    CHECK(t[2].done);
    CHECK_EQ(t[2].u.error_count, 0);
    CHECK_EQ(t[2].u.start_frame, t[0].u.start_frame + 2);
    check_filled(&t[2], 0, 0xa2);
    for (unsigned i = 0; i < 3; i++)
        host_free(&s.h, &t[i]);
    stand_end(&s);
}

TEST(sim_iso_cancel_of_a_long_one_before_a_short_one)
{
    struct stand s;
    struct host_urb t[2];
    begin(&s);
    uint64_t start = (s.h.now_us / FRAME + 1) * FRAME;
    for (unsigned i = 0; i < 2; i++) {
        iso_urb(&s, &t[i], ISO_IN, i == 0 ? 4 : 1, 192);
        host_submit(&s.h, &t[i]);
    }
    host_advance(&s.h, start + 125 - s.h.now_us); // a packet of the long one
    CHECK_EQ(host_deadline(&s.h), start + 3 * FRAME + 125);
    host_cancel(&s.h, &t[0]);
    CHECK_EQ(host_deadline(&s.h), start + FRAME + 125);
    host_advance(&s.h, FRAME);
    CHECK(t[1].done);
    for (unsigned i = 0; i < 2; i++)
        host_free(&s.h, &t[i]);
    stand_end(&s);
}

TEST(sim_iso_cancel_of_the_last_then_another)
{
    struct stand s;
    struct host_urb t;
    begin(&s);
    iso_urb(&s, &t, ISO_IN, 4, 192);
    host_submit(&s.h, &t);
    host_advance(&s.h, 2 * FRAME);
    host_cancel(&s.h, &t);
    host_free(&s.h, &t);
    host_advance(&s.h, 20 * FRAME);
    iso_urb(&s, &t, ISO_IN, 1, 192);
    host_submit(&s.h, &t);
    host_advance(&s.h, 2 * FRAME);
    CHECK(t.done);
    check_packet(&t, 0, USB_STATUS_OK, 192);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_of_a_device_that_went_deaf)
{
    struct stand s;
    struct host_urb t;
    begin(&s);
    iso_urb(&s, &t, ISO_IN, 4, 192);
    host_submit(&s.h, &t);
    CHECK_EQ(host_request(&s.h, s.dev, "0005090000000000", NULL), 0);
    host_advance(&s.h, 2 * FRAME);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_NO_RESPONSE);
    check_packet(&t, 3, USB_STATUS_XDEV, 0);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_of_a_device_that_went_deaf_between_two_events)
{
    struct stand s;
    struct host_urb t, control;
    struct backend_event ev;
    begin(&s);
    iso_urb(&s, &t, ISO_IN, 4, 192);
    host_submit(&s.h, &t);
    host_control_urb(&s.h, &control, s.dev, "0005090000000000", NULL);
    s.h.backend->submit(s.h.backend, &control.u);
    CHECK(s.h.backend->take_event(s.h.backend, s.h.now_us, &ev));
    CHECK(ev.urb == &control.u);
    host_advance(&s.h, 2 * FRAME); // the packet is due before the pipe has heard of it
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_NO_RESPONSE);
    CHECK_EQ(t.u.error_count, 4);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_iso_a_kick_does_not_hurry_it)
{
    struct stand s;
    struct host_urb t;
    begin(&s);
    iso_urb(&s, &t, ISO_IN, 2, 192);
    host_submit(&s.h, &t);
    uint64_t deadline = host_deadline(&s.h);
    sim_kick_at(s.d, ISO_IN, s.h.now_us + 1);
    sim_kick(s.d, ISO_IN);
    host_settle(&s.h);
    CHECK_EQ(host_deadline(&s.h), deadline);
    host_cancel(&s.h, &t);
    host_free(&s.h, &t);
    stand_end(&s);
}
