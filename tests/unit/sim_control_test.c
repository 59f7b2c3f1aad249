// SPDX-License-Identifier: Apache-2.0
// Control transfers: class and vendor requests, their order on endpoint 0, pipe changes among them.
#include "tests/support/rig.h"

#include <string.h>

enum { STALL = USB_STATUS_STALL, IN = 0x81, OUT = 0x02 };

static int ask(struct rig *r, const char *setup)
{
    return rig_ask(r->dev, setup, r->data);
}

// --- class and vendor requests -------------------------------------------------------------------

RIG_TEST(sim_control_data_stages, rig_begin_d1(r))
{
    static const uint8_t coding[] = {0x00, 0xc2, 0x01, 0x00, 0x00, 0x00, 0x08};
    memcpy(r->data, coding, sizeof coding);
    CHECK_EQ(ask(r, "2120000000000700"), 7);
    CHECK_EQ(sim_faulty_control_data(r->sim).size, 7);
    CHECK_BYTES(sim_faulty_control_data(r->sim).data, coding, 7);
    CHECK_EQ(ask(r, "4001000000000300"), 3);
    CHECK_EQ(sim_faulty_control_data(r->sim).size, 3); // of the last one
    CHECK_EQ(ask(r, "4101000000000300"), STALL);
    CHECK_EQ(ask(r, "c001000000000010"), 300); // of 4096
    CHECK_EQ(r->data[0], 0);
    CHECK_EQ(r->data[299], 299 & 0xff);
    CHECK_EQ(ask(r, "c001000000001000"), 16);
}

RIG_TEST(sim_control_directions_must_agree, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_control_urb(&t, r->dev, "8006000100001200", NULL);
    t.urb.ep.address = 0;
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_INVALID);
    CHECK_EQ(t.urb.actual_length, 0);
    CHECK_EQ(sim_faulty_counters(r->sim)->setups, 0);
    rig_release(&t);
    rig_control_urb(&t, r->dev, "8006000100000000", NULL); // nothing to disagree about
    t.urb.ep.address = USB_DIR_IN;
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    rig_release(&t);
}

RIG_TEST(sim_control_endpoint_0_keeps_the_order, rig_begin_d1(r))
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK, .data = "late", .size = 4};
    struct rig_urb first, second;
    sim_faulty_answer(r->sim, 0xc0, 0x77, &waits);
    rig_control_urb(&first, r->dev, "c077000000000400", NULL);
    rig_control_urb(&second, r->dev, "8006000100001200", NULL);
    rig_submit(&first);
    rig_submit(&second);
    CHECK(!first.done && !second.done);
    CHECK_EQ(rig_out(r->dev, OUT, r->data, 5), USB_STATUS_OK); // other pipes go on
    CHECK_EQ(sim_faulty_counters(r->sim)->setups, 1);
    sim_faulty_release(r->sim);
    rig_settle(r);
    CHECK_EQ(first.order, 2);
    CHECK_EQ(second.order, 3);
    CHECK_BYTES(first.urb.buffer, "late", 4);
    CHECK_EQ(sim_faulty_counters(r->sim)->setups, 2); // each seen once
    rig_release(&first);
    rig_release(&second);
}

RIG_TEST(sim_control_a_late_status, rig_begin_d1(r))
{
    static const struct sim_faulty_answer late = {.delay_us = 4500000};
    struct rig_urb t;
    sim_faulty_answer(r->sim, 0x40, 0x78, &late);
    rig_control_urb(&t, r->dev, "4078000000000300", "abc");
    rig_submit(&t);
    CHECK_EQ(rig_deadline(r), r->now_us + 4500000);
    rig_advance(r, 4499999);
    CHECK(!t.done);
    rig_advance(r, 1);
    CHECK(t.done);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(t.urb.actual_length, 3);
    CHECK_BYTES(sim_faulty_control_data(r->sim).data, "abc", 3);
    rig_release(&t);
}

RIG_TEST(sim_control_cancel_frees_endpoint_0, rig_begin_d1(r))
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    struct rig_urb t, next;
    sim_faulty_answer(r->sim, 0x40, 0x77, &waits);
    rig_control_urb(&t, r->dev, "4077000000000000", NULL);
    rig_control_urb(&next, r->dev, "8006000100001200", NULL);
    rig_submit(&t);
    rig_submit(&next);
    rig_cancel(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_CANCELLED);
    CHECK(next.done);
    CHECK_EQ(next.urb.actual_length, 18);
    rig_release(&t);
    rig_release(&next);

    rig_control_urb(&t, r->dev, "4077000000000000", NULL); // a new one waits again
    rig_submit(&t);
    CHECK(!t.done);
    sim_faulty_release(r->sim);
    rig_settle(r);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    rig_release(&t);
}

RIG_TEST(sim_control_answers_on_command, rig_begin_d1(r))
{
    static const struct sim_faulty_answer stall = {.result = SIM_STALL};
    static const struct sim_faulty_answer error = {.result = SIM_ERROR};
    static const struct sim_faulty_answer data = {.data = "four", .size = 4};
    sim_faulty_answer(r->sim, 0xc0, 0x01, &stall);
    CHECK_EQ(ask(r, "c001000000001000"), STALL);
    sim_faulty_answer(r->sim, 0xc0, 0x01, &error);
    CHECK_EQ(ask(r, "c001000000001000"), USB_STATUS_PROTOCOL);
    sim_faulty_answer(r->sim, 0xc0, 0x01, &data);
    CHECK_EQ(ask(r, "c001000000001000"), 4);
    CHECK_BYTES(r->data, "four", 4);
    CHECK_EQ(ask(r, "c001000000000200"), 2);
    sim_faulty_answer(r->sim, 0x40, 0x01, &stall);
    CHECK_EQ(ask(r, "4001000000000200"), STALL);
    CHECK_EQ(ask(r, "c001000000000200"), 2);
}

// --- pipe changes and endpoint 0 -----------------------------------------------------------------

RIG_TEST(sim_control_pipe_changes_wait_their_turn, rig_begin_d1(r))
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    const struct usb_control_op op = {.type = USB_SET_INTERFACE, .interface = 1, .value = 1};
    struct rig_urb before, after;
    sim_faulty_answer(r->sim, 0x40, 0x77, &waits);
    rig_control_urb(&before, r->dev, "4077000000000000", NULL);
    rig_control_urb(&after, r->dev, "810a000001000100", NULL);
    rig_submit(&before);
    rig_queue_change(r->dev, &op);
    rig_submit(&after);
    CHECK_EQ(r->dev->controls, 0);
    CHECK_EQ(r->sim->alternate[1], 0);
    rig_cancel(&before);
    CHECK_EQ(r->dev->controls, 1);
    CHECK_EQ(r->dev->control_status, USB_STATUS_OK);
    CHECK(after.done);
    CHECK_EQ(after.urb.buffer[0], 1);
    rig_release(&before);
    rig_release(&after);
}

RIG_TEST(sim_control_close_ends_a_pipe_change, rig_begin_d1(r))
{
    const struct usb_control_op op = {.type = USB_SET_INTERFACE, .interface = 1, .value = 1};
    rig_queue_change(r->dev, &op);
    rig_queue_close(r->dev); // before it was looked at
    rig_settle(r);
    CHECK_EQ(r->dev->controls, 0);
    CHECK_EQ(r->dev->closed, 1);
    CHECK_EQ(r->sim->alternate[1], 0);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
}

RIG_TEST(sim_control_a_reset_does_not_wait, rig_begin_d1(r))
{
    static const struct sim_faulty_answer waits = {.result = SIM_NAK};
    struct rig_urb t;
    sim_faulty_answer(r->sim, 0x40, 0x77, &waits);
    rig_control_urb(&t, r->dev, "4077000000000000", NULL);
    rig_submit(&t);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK(!t.done);
    rig_cancel(&t);
    rig_release(&t);
}

RIG_TEST(sim_control_the_device_sees_each_setup, rig_begin_d1(r))
{
    struct usb_setup seen;
    CHECK_EQ(sim_faulty_counters(r->sim)->setups, 0); // not the enumeration
    CHECK(!sim_faulty_setup(r->sim, 0, &seen));
    CHECK_EQ(ask(r, "8006000100001200"), 18);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_counters(r->sim)->setups, 4);
    static const uint8_t want[4][8] = {{0x02, 0x01, 0, 0, 0x81, 0, 0, 0},
                                       {0x01, 0x0b, 1, 0, 1, 0, 0, 0},
                                       {0x00, 0x09, 1, 0, 0, 0, 0, 0},
                                       {0x80, 0x06, 0, 1, 0, 0, 18, 0}};
    for (unsigned back = 0; back < 4; back++) {
        uint8_t bytes[8];
        CHECK(sim_faulty_setup(r->sim, back, &seen));
        usb_setup_pack(bytes, &seen);
        CHECK_BYTES(bytes, want[back], 8);
    }
    for (unsigned i = 0; i < 70; i++)
        CHECK_EQ(ask(r, "8008000000000100"), 1);
    CHECK_EQ(sim_faulty_setups_like(r->sim, 0x80, 0x08), SIM_FAULTY_SETUPS);
    CHECK_EQ(sim_faulty_setups_like(r->sim, 0x80, 0x06), 0);
    CHECK_EQ(sim_faulty_setups_like(r->sim, 0x81, 0x08), 0);
    CHECK(!sim_faulty_setup(r->sim, SIM_FAULTY_SETUPS, &seen));
}
