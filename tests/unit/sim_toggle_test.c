// SPDX-License-Identifier: Apache-2.0
// Halts and data toggles: what is lost when somebody forgets to reset one.
#include "tests/support/rig.h"

enum { IN = 0x81, OUT = 0x02 };

static unsigned toggle(const struct rig *r, unsigned bit)
{
    return r->sim->toggle >> bit & 1;
}

// --- halts ---------------------------------------------------------------------------------------

RIG_TEST(sim_toggle_a_halt_lasts_until_it_is_cleared, rig_begin_d1(r))
{
    struct rig_urb t[2];
    uint8_t data[512];
    uint32_t actual;
    rig_give(r, IN, rig_pattern(), 3); // the toggle is 1 now
    CHECK_EQ(sim_faulty_fail(r->sim, IN, SIM_STALL), BASE_OK);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        rig_urb(&t[i], r->dev, IN, NULL, 512);
        rig_queue_submit(&t[i]);
    }
    rig_give(r, IN, rig_pattern(), 9);
    rig_settle(r);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(t[i].urb.status, USB_STATUS_STALL);
        rig_release(&t[i]);
    }
    rig_advance(r, 10000000);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_STALL);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK); // others go on
    CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_counters(r->sim)->halts_cleared, 1);
    CHECK_EQ(toggle(r, 17), 0);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 9);
}

static void halt_out(struct rig *r)
{
    sim_faulty_fail_after(r->sim, OUT, SIM_STALL, 0);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_STALL);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_STALL);
}

RIG_TEST(sim_toggle_what_else_clears_a_halt, rig_begin_d1(r))
{
    halt_out(r);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK);
    halt_out(r);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK);
    halt_out(r);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK);
    halt_out(r);
    rig_close(r->dev);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_OK);
    halt_out(r); // another interface's setting does not
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 5), USB_STATUS_STALL);
}

// --- toggles -------------------------------------------------------------------------------------

// One IN packet, so that both sides are at DATA1.
static void odd_in(struct rig *r)
{
    uint8_t data[512];
    rig_give(r, IN, rig_pattern(), 3);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, NULL), USB_STATUS_OK);
    CHECK_EQ(toggle(r, 17), 1);
}

// The first of two blocks is lost, then the sides agree again.
static void check_in_lost(struct rig *r)
{
    uint8_t data[512];
    uint32_t actual;
    rig_give(r, IN, rig_pattern(), 10);
    rig_give(r, IN, rig_pattern(), 20);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 20);
    rig_give(r, IN, rig_pattern(), 30);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 30);
}

static void check_in_kept(struct rig *r)
{
    uint8_t data[512];
    uint32_t actual;
    rig_give(r, IN, rig_pattern(), 10);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 10);
}

RIG_TEST(sim_toggle_a_raw_clear_halt_loses_an_in_packet, rig_begin_d1(r))
{
    odd_in(r);
    CHECK_EQ(rig_ask(r->dev, "0201000081000000", NULL), 0);
    CHECK_EQ(toggle(r, 17), 0);
    check_in_lost(r);
}

RIG_TEST(sim_toggle_the_lost_packet_may_come_late, rig_begin_d1(r))
{
    struct rig_urb t;
    odd_in(r);
    CHECK_EQ(rig_ask(r->dev, "0201000081000000", NULL), 0);
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_submit(&t);
    CHECK(!t.done);
    rig_give(r, IN, rig_pattern(), 10);
    rig_settle(r);
    CHECK(!t.done);
    rig_give(r, IN, rig_pattern(), 20);
    rig_settle(r);
    CHECK(t.done);
    CHECK_EQ(t.urb.actual_length, 20);
    rig_release(&t);

    CHECK_EQ(toggle(r, 17), 0);
    check_in_kept(r);
    CHECK_EQ(rig_ask(r->dev, "0201000081000000", NULL), 0);
    rig_give(r, IN, NULL, 0); // has a toggle like any packet
    check_in_kept(r);
}

RIG_TEST(sim_toggle_a_raw_set_interface_loses_an_in_packet, rig_begin_d1(r))
{
    odd_in(r);
    CHECK_EQ(rig_ask(r->dev, "010b000000000000", NULL), 0);
    check_in_lost(r);
}

RIG_TEST(sim_toggle_a_raw_set_configuration_loses_an_in_packet, rig_begin_d1(r))
{
    odd_in(r);
    CHECK_EQ(rig_ask(r->dev, "0009010000000000", NULL), 0);
    check_in_lost(r);
}

RIG_TEST(sim_toggle_a_raw_clear_halt_loses_an_out_packet, rig_begin_d1(r))
{
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 1), USB_STATUS_OK);
    CHECK_EQ(rig_ask(r->dev, "0201000002000000", NULL), 0);
    sim_faulty_forget(r->sim, OUT);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern() + 1000, 600),
             USB_STATUS_OK); // says the host
    struct sim_faulty_received got = sim_faulty_received(r->sim, OUT);
    CHECK_EQ(got.bytes, 88);
    CHECK_BYTES(got.data.data, rig_pattern() + 1512, 88);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 1), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 89);
}

RIG_TEST(sim_toggle_an_out_of_one_packet_can_be_lost_whole, rig_begin_d1(r))
{
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 1), USB_STATUS_OK);
    CHECK_EQ(rig_ask(r->dev, "0201000002000000", NULL), 0);
    sim_faulty_forget(r->sim, OUT);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 31), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).packets, 0);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 31), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 31);
}

RIG_TEST(sim_toggle_pipe_changes_reset_both_toggles, rig_begin_d1(r))
{
    odd_in(r);
    CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
    CHECK_EQ(toggle(r, 17), 0);
    check_in_kept(r);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(toggle(r, 17), 0);
    check_in_kept(r);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(toggle(r, 17), 0);
    check_in_kept(r);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(toggle(r, 17), 0);
    check_in_kept(r);
    rig_close(r->dev);
    CHECK_EQ(rig_open(rig_find(r, "1-1")), BASE_OK);
    CHECK_EQ(toggle(r, 17), 0);
    check_in_kept(r);
    CHECK_EQ(rig_try_change(r->dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(toggle(r, 17), 1); // of another interface
    check_in_kept(r);
}
