// SPDX-License-Identifier: Apache-2.0
// Control transfers: class and vendor requests, their order on endpoint 0, pipe changes among them.
#include "tests/unit/sim_host.h"

#include <string.h>

enum { STALL = USB_STATUS_STALL, IN = 0x81, OUT = 0x02 };

static int ask(struct stand *s, const char *setup)
{
    return host_request(&s->h, s->dev, setup, s->data);
}

// --- class and vendor requests -------------------------------------------------------------------

TEST(sim_control_data_stages)
{
    static const uint8_t coding[] = {0x00, 0xc2, 0x01, 0x00, 0x00, 0x00, 0x08};
    struct stand s;
    stand_begin(&s);
    memcpy(s.data, coding, sizeof coding);
    CHECK_EQ(ask(&s, "2120000000000700"), 7);
    CHECK_EQ(sim_faulty_control_data(s.d).size, 7);
    CHECK_BYTES(sim_faulty_control_data(s.d).data, coding, 7);
    CHECK_EQ(ask(&s, "4001000000000300"), 3);
    CHECK_EQ(sim_faulty_control_data(s.d).size, 3); // of the last one
    CHECK_EQ(ask(&s, "4101000000000300"), STALL);
    CHECK_EQ(ask(&s, "c001000000000010"), 300); // of 4096
    CHECK_EQ(s.data[0], 0);
    CHECK_EQ(s.data[299], 299 & 0xff);
    CHECK_EQ(ask(&s, "c001000000001000"), 16);
    stand_end(&s);
}

TEST(sim_control_directions_must_agree)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    host_control_urb(&s.h, &t, s.dev, "8006000100001200", NULL);
    t.u.ep.address = 0;
    host_submit(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_INVALID);
    CHECK_EQ(t.u.actual_length, 0);
    CHECK_EQ(sim_faulty_counters(s.d)->setups, 0);
    host_free(&s.h, &t);
    host_control_urb(&s.h, &t, s.dev, "8006000100000000", NULL); // nothing to disagree about
    t.u.ep.address = USB_DIR_IN;
    host_submit(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_control_endpoint_0_keeps_the_order)
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK, .data = "late", .size = 4};
    struct stand s;
    struct host_urb first, second;
    stand_begin(&s);
    sim_faulty_answer(s.d, 0xc0, 0x77, &waits);
    host_control_urb(&s.h, &first, s.dev, "c077000000000400", NULL);
    host_control_urb(&s.h, &second, s.dev, "8006000100001200", NULL);
    host_submit(&s.h, &first);
    host_submit(&s.h, &second);
    CHECK(!first.done && !second.done);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, s.data, 5), USB_STATUS_OK); // other pipes go on
    CHECK_EQ(sim_faulty_counters(s.d)->setups, 1);
    sim_faulty_release(s.d);
    host_settle(&s.h);
    CHECK_EQ(first.order, 2);
    CHECK_EQ(second.order, 3);
    CHECK_BYTES(first.u.buffer, "late", 4);
    CHECK_EQ(sim_faulty_counters(s.d)->setups, 2); // each seen once
    host_free(&s.h, &first);
    host_free(&s.h, &second);
    stand_end(&s);
}

TEST(sim_control_a_late_status)
{
    static const struct sim_faulty_answer late = {.delay_us = 4500000};
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_answer(s.d, 0x40, 0x78, &late);
    host_control_urb(&s.h, &t, s.dev, "4078000000000300", "abc");
    host_submit(&s.h, &t);
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 4500000);
    host_advance(&s.h, 4499999);
    CHECK(!t.done);
    host_advance(&s.h, 1);
    CHECK(t.done);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(t.u.actual_length, 3);
    CHECK_BYTES(sim_faulty_control_data(s.d).data, "abc", 3);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_control_cancel_frees_endpoint_0)
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    struct stand s;
    struct host_urb t, next;
    stand_begin(&s);
    sim_faulty_answer(s.d, 0x40, 0x77, &waits);
    host_control_urb(&s.h, &t, s.dev, "4077000000000000", NULL);
    host_control_urb(&s.h, &next, s.dev, "8006000100001200", NULL);
    host_submit(&s.h, &t);
    host_submit(&s.h, &next);
    host_cancel(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_CANCELLED);
    CHECK(next.done);
    CHECK_EQ(next.u.actual_length, 18);
    host_free(&s.h, &t);
    host_free(&s.h, &next);

    host_control_urb(&s.h, &t, s.dev, "4077000000000000", NULL); // a new one waits again
    host_submit(&s.h, &t);
    CHECK(!t.done);
    sim_faulty_release(s.d);
    host_settle(&s.h);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_control_answers_on_command)
{
    static const struct sim_faulty_answer stall = {.result = SIM_STALL};
    static const struct sim_faulty_answer error = {.result = SIM_ERROR};
    static const struct sim_faulty_answer data = {.data = "four", .size = 4};
    struct stand s;
    stand_begin(&s);
    sim_faulty_answer(s.d, 0xc0, 0x01, &stall);
    CHECK_EQ(ask(&s, "c001000000001000"), STALL);
    sim_faulty_answer(s.d, 0xc0, 0x01, &error);
    CHECK_EQ(ask(&s, "c001000000001000"), USB_STATUS_PROTOCOL);
    sim_faulty_answer(s.d, 0xc0, 0x01, &data);
    CHECK_EQ(ask(&s, "c001000000001000"), 4);
    CHECK_BYTES(s.data, "four", 4);
    CHECK_EQ(ask(&s, "c001000000000200"), 2);
    sim_faulty_answer(s.d, 0x40, 0x01, &stall);
    CHECK_EQ(ask(&s, "4001000000000200"), STALL);
    CHECK_EQ(ask(&s, "c001000000000200"), 2);
    stand_end(&s);
}

// --- pipe changes and endpoint 0 -----------------------------------------------------------------

TEST(sim_control_pipe_changes_wait_their_turn)
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    const struct usb_control_op op = {.type = USB_SET_INTERFACE, .interface = 1, .value = 1};
    struct stand s;
    struct host_urb before, after;
    stand_begin(&s);
    sim_faulty_answer(s.d, 0x40, 0x77, &waits);
    host_control_urb(&s.h, &before, s.dev, "4077000000000000", NULL);
    host_control_urb(&s.h, &after, s.dev, "810a000001000100", NULL);
    host_submit(&s.h, &before);
    s.h.backend->control(s.h.backend, s.dev->handle, &op);
    host_submit(&s.h, &after);
    CHECK_EQ(s.dev->controls, 0);
    CHECK_EQ(s.d->alternate[1], 0);
    host_cancel(&s.h, &before);
    CHECK_EQ(s.dev->controls, 1);
    CHECK_EQ(s.dev->control_status, USB_STATUS_OK);
    CHECK(after.done);
    CHECK_EQ(after.u.buffer[0], 1);
    host_free(&s.h, &before);
    host_free(&s.h, &after);
    stand_end(&s);
}

TEST(sim_control_close_ends_a_pipe_change)
{
    const struct usb_control_op op = {.type = USB_SET_INTERFACE, .interface = 1, .value = 1};
    struct stand s;
    stand_begin(&s);
    s.h.backend->control(s.h.backend, s.dev->handle, &op);
    s.h.backend->close(s.h.backend, s.dev->handle); // before it was looked at
    host_settle(&s.h);
    CHECK_EQ(s.dev->controls, 0);
    CHECK_EQ(s.dev->closed, 1);
    CHECK_EQ(s.d->alternate[1], 0);
    host_open(&s.h, "1-1");
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    stand_end(&s);
}

TEST(sim_control_a_reset_does_not_wait)
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_answer(s.d, 0x40, 0x77, &waits);
    host_control_urb(&s.h, &t, s.dev, "4077000000000000", NULL);
    host_submit(&s.h, &t);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK(!t.done);
    host_cancel(&s.h, &t);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_control_the_device_sees_each_setup)
{
    struct stand s;
    struct usb_setup seen;
    stand_begin(&s);
    CHECK_EQ(sim_faulty_counters(s.d)->setups, 0); // not the enumeration
    CHECK(!sim_faulty_setup(s.d, 0, &seen));
    CHECK_EQ(ask(&s, "8006000100001200"), 18);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_counters(s.d)->setups, 4);
    static const uint8_t want[4][8] = {{0x02, 0x01, 0, 0, 0x81, 0, 0, 0},
                                       {0x01, 0x0b, 1, 0, 1, 0, 0, 0},
                                       {0x00, 0x09, 1, 0, 0, 0, 0, 0},
                                       {0x80, 0x06, 0, 1, 0, 0, 18, 0}};
    for (unsigned back = 0; back < 4; back++) {
        uint8_t bytes[8];
        CHECK(sim_faulty_setup(s.d, back, &seen));
        usb_setup_pack(bytes, &seen);
        CHECK_BYTES(bytes, want[back], 8);
    }
    for (unsigned i = 0; i < 70; i++)
        CHECK_EQ(ask(&s, "8008000000000100"), 1);
    CHECK_EQ(sim_faulty_setups_like(s.d, 0x80, 0x08), SIM_FAULTY_SETUPS);
    CHECK_EQ(sim_faulty_setups_like(s.d, 0x80, 0x06), 0);
    CHECK_EQ(sim_faulty_setups_like(s.d, 0x81, 0x08), 0);
    CHECK(!sim_faulty_setup(s.d, SIM_FAULTY_SETUPS, &seen));
    stand_end(&s);
}
