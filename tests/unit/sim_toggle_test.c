// SPDX-License-Identifier: Apache-2.0
// Halts and data toggles: what is lost when somebody forgets to reset one.
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

static int32_t read_in(struct stand *s, uint8_t *data, uint32_t length, uint32_t *actual)
{
    return host_in(&s->h, s->dev, IN, data, length, actual);
}

static unsigned toggle(const struct stand *s, unsigned bit)
{
    return s->d->toggle >> bit & 1;
}

// --- halts ---------------------------------------------------------------------------------------

TEST(sim_toggle_a_halt_lasts_until_it_is_cleared)
{
    struct stand s;
    struct host_urb t[2];
    uint8_t data[512];
    uint32_t actual;
    stand_begin(&s);
    give(&s, host_pattern(), 3); // the toggle is 1 now
    CHECK_EQ(sim_faulty_fail(s.d, IN, SIM_STALL), BASE_OK);
    CHECK_EQ(read_in(&s, data, 512, &actual), USB_STATUS_OK);
    for (unsigned i = 0; i < 2; i++) {
        in_urb(&s, &t[i], 512);
        s.h.backend->submit(s.h.backend, &t[i].u);
    }
    give(&s, host_pattern(), 9);
    host_settle(&s.h);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(t[i].u.status, USB_STATUS_STALL);
        host_free(&s.h, &t[i]);
    }
    host_advance(&s.h, 10000000);
    CHECK_EQ(read_in(&s, data, 512, &actual), USB_STATUS_STALL);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK); // others go on
    CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_counters(s.d)->halts_cleared, 1);
    CHECK_EQ(toggle(&s, 17), 0);
    CHECK_EQ(read_in(&s, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 9);
    stand_end(&s);
}

static void halt_out(struct stand *s)
{
    sim_faulty_fail_after(s->d, OUT, SIM_STALL, 0);
    CHECK_EQ(host_out(&s->h, s->dev, OUT, host_pattern(), 5), USB_STATUS_STALL);
    CHECK_EQ(host_out(&s->h, s->dev, OUT, host_pattern(), 5), USB_STATUS_STALL);
}

TEST(sim_toggle_what_else_clears_a_halt)
{
    struct stand s;
    stand_begin(&s);
    halt_out(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK);
    halt_out(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK);
    halt_out(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK);
    halt_out(&s);
    host_close(&s.h, s.dev);
    host_open(&s.h, "1-1");
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_OK);
    halt_out(&s); // another interface's setting does not
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 5), USB_STATUS_STALL);
    stand_end(&s);
}

// --- toggles -------------------------------------------------------------------------------------

// One IN packet, so that both sides are at DATA1.
static void odd_in(struct stand *s)
{
    uint8_t data[512];
    give(s, host_pattern(), 3);
    CHECK_EQ(read_in(s, data, 512, NULL), USB_STATUS_OK);
    CHECK_EQ(toggle(s, 17), 1);
}

// The first of two blocks is lost, then the sides agree again.
static void check_in_lost(struct stand *s)
{
    uint8_t data[512];
    uint32_t actual;
    give(s, host_pattern(), 10);
    give(s, host_pattern(), 20);
    CHECK_EQ(read_in(s, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 20);
    give(s, host_pattern(), 30);
    CHECK_EQ(read_in(s, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 30);
}

static void check_in_kept(struct stand *s)
{
    uint8_t data[512];
    uint32_t actual;
    give(s, host_pattern(), 10);
    CHECK_EQ(read_in(s, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 10);
}

TEST(sim_toggle_a_raw_clear_halt_loses_an_in_packet)
{
    struct stand s;
    stand_begin(&s);
    odd_in(&s);
    CHECK_EQ(host_request(&s.h, s.dev, "0201000081000000", NULL), 0);
    CHECK_EQ(toggle(&s, 17), 0);
    check_in_lost(&s);
    stand_end(&s);
}

TEST(sim_toggle_the_lost_packet_may_come_late)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    odd_in(&s);
    CHECK_EQ(host_request(&s.h, s.dev, "0201000081000000", NULL), 0);
    in_urb(&s, &t, 512);
    host_submit(&s.h, &t);
    CHECK(!t.done);
    give(&s, host_pattern(), 10);
    host_settle(&s.h);
    CHECK(!t.done);
    give(&s, host_pattern(), 20);
    host_settle(&s.h);
    CHECK(t.done);
    CHECK_EQ(t.u.actual_length, 20);
    host_free(&s.h, &t);

    CHECK_EQ(toggle(&s, 17), 0);
    check_in_kept(&s);
    CHECK_EQ(host_request(&s.h, s.dev, "0201000081000000", NULL), 0);
    give(&s, NULL, 0); // has a toggle like any packet
    check_in_kept(&s);
    stand_end(&s);
}

TEST(sim_toggle_a_raw_set_interface_loses_an_in_packet)
{
    struct stand s;
    stand_begin(&s);
    odd_in(&s);
    CHECK_EQ(host_request(&s.h, s.dev, "010b000000000000", NULL), 0);
    check_in_lost(&s);
    stand_end(&s);
}

TEST(sim_toggle_a_raw_set_configuration_loses_an_in_packet)
{
    struct stand s;
    stand_begin(&s);
    odd_in(&s);
    CHECK_EQ(host_request(&s.h, s.dev, "0009010000000000", NULL), 0);
    check_in_lost(&s);
    stand_end(&s);
}

TEST(sim_toggle_a_raw_clear_halt_loses_an_out_packet)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 1), USB_STATUS_OK);
    CHECK_EQ(host_request(&s.h, s.dev, "0201000002000000", NULL), 0);
    sim_faulty_forget(s.d, OUT);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern() + 1000, 600),
             USB_STATUS_OK); // says the host
    struct sim_faulty_received r = sim_faulty_received(s.d, OUT);
    CHECK_EQ(r.bytes, 88);
    CHECK_BYTES(r.data.data, host_pattern() + 1512, 88);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 1), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 89);
    stand_end(&s);
}

TEST(sim_toggle_an_out_of_one_packet_can_be_lost_whole)
{
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 1), USB_STATUS_OK);
    CHECK_EQ(host_request(&s.h, s.dev, "0201000002000000", NULL), 0);
    sim_faulty_forget(s.d, OUT);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 31), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).packets, 0);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 31), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 31);
    stand_end(&s);
}

TEST(sim_toggle_pipe_changes_reset_both_toggles)
{
    struct stand s;
    stand_begin(&s);
    odd_in(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
    CHECK_EQ(toggle(&s, 17), 0);
    check_in_kept(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(toggle(&s, 17), 0);
    check_in_kept(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(toggle(&s, 17), 0);
    check_in_kept(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(toggle(&s, 17), 0);
    check_in_kept(&s);
    host_close(&s.h, s.dev);
    host_open(&s.h, "1-1");
    CHECK_EQ(toggle(&s, 17), 0);
    check_in_kept(&s);
    CHECK_EQ(host_change(&s.h, s.dev, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(toggle(&s, 17), 1); // of another interface
    check_in_kept(&s);
    stand_end(&s);
}
