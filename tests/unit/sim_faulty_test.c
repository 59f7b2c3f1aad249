// SPDX-License-Identifier: Apache-2.0
// The scripted device does what it is told (what the engine's tests do not already show).
#include "tests/support/rig.h"

enum { IN = 0x81, OUT = 0x02, INT_IN = 0x83, LATE = 1000000 };

static void begin_mode(struct rig *r, enum sim_faulty_mode mode)
{
    rig_begin(r);
    r->sim = sim_faulty_create_mode(r->bus, mode);
    r->dev = rig_start(r, r->sim, 0);
}

static bool pending(struct rig *r, uint8_t ep, uint64_t us)
{
    struct rig_urb t;
    rig_urb(&t, r->dev, ep, NULL, 512);
    rig_submit(&t);
    rig_advance(r, us);
    bool done = t.done;
    if (!done)
        rig_cancel(&t);
    rig_release(&t);
    return !done;
}

// --- modes ---------------------------------------------------------------------------------------

RIG_TEST(sim_faulty_nak_mode, begin_mode(r, SIM_FAULTY_NAK))
{
    CHECK(pending(r, IN, 600000000));
    CHECK(pending(r, OUT, 600000000));
}

RIG_TEST(sim_faulty_stall_mode, begin_mode(r, SIM_FAULTY_STALL))
{
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(rig_in(r->dev, IN, r->data, 512, NULL), USB_STATUS_STALL);
        CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 512), USB_STATUS_STALL);
        CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
        CHECK_EQ(rig_try_change(r->dev, USB_CLEAR_HALT, 0, OUT), USB_STATUS_OK);
    }
}

RIG_TEST(sim_faulty_short_mode, begin_mode(r, SIM_FAULTY_SHORT))
{
    uint32_t actual;
    CHECK_EQ(rig_in(r->dev, IN, r->data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 13);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 512), USB_STATUS_OK);
}

RIG_TEST(sim_faulty_babble_mode, begin_mode(r, SIM_FAULTY_BABBLE))
{
    CHECK_EQ(rig_in(r->dev, IN, r->data, 512, NULL), USB_STATUS_OVERFLOW);
    CHECK_EQ(rig_in(r->dev, IN, r->data, 512, NULL), USB_STATUS_OVERFLOW);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 512), USB_STATUS_OK);
}

RIG_TEST(sim_faulty_late_mode, begin_mode(r, SIM_FAULTY_LATE))
{
    for (unsigned i = 0; i < 2; i++) {
        CHECK(pending(r, IN, LATE - 1)); // a cancelled one has waited for the next
        CHECK(!pending(r, IN, 1));
        CHECK(pending(r, OUT, LATE - 1));
        CHECK(!pending(r, OUT, 1));
    }
    CHECK_EQ(sim_faulty_received(r->sim, OUT).packets, 2);
}

// sim_unplug_a_device_that_vanishes shows the last mode.
RIG_TEST(sim_faulty_only_a_bulk_transfer_makes_it_vanish, begin_mode(r, SIM_FAULTY_VANISH))
{
    struct rig_urb t;
    CHECK_EQ(rig_ask(r->dev, "8006000100001200", r->data), 18);
    rig_urb(&t, r->dev, INT_IN, NULL, 8);
    rig_submit(&t);
    CHECK(!t.done);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 31), USB_STATUS_NO_DEVICE);
    CHECK_EQ(r->dev->unplugged, 1);
    rig_release(&t);
}

// --- descriptors ---------------------------------------------------------------------------------

TEST(sim_faulty_numbers_of_interfaces)
{
    for (unsigned n = 0; n <= USB_MAX_INTERFACES; n++) {
        struct sim_faulty_options o = sim_faulty_d1;
        struct rig r;
        o.interfaces = n;
        rig_begin_faulty(&r, &o);
        CHECK_EQ(usb_device_check(&r.dev->info), BASE_OK);
        CHECK_EQ(usb_config_interfaces(r.dev->info.config[0], NULL, 0), n);
        CHECK_EQ(r.dev->info.config[0].data[4], n);
        for (uint8_t i = 0; i < n; i++)
            CHECK(usb_config_has_alternate(r.dev->info.config[0], i, 0));
        CHECK_EQ(r.sim->config, 1);
        CHECK((sim_endpoint(r.sim, IN) != NULL) == (n > 0));
        rig_end(&r);
    }
}

TEST(sim_faulty_is_the_device_of_the_conformance_list)
{
    static const uint8_t config[] = {
        9, 2, 71,   0, 2,   1,   0,   0xe0, 50, //
        9, 4, 0,    0, 3,   255, 255, 255,  0,  //
        7, 5, 0x02, 2, 0x0, 2,   0,             //
        7, 5, 0x81, 2, 0x0, 2,   0,             //
        7, 5, 0x83, 3, 8,   0,   4,             //
        9, 4, 1,    0, 0,   255, 255, 255,  0,  //
        9, 4, 1,    1, 2,   255, 255, 255,  0,  //
        7, 5, 0x84, 1, 192, 0,   4,             //
        7, 5, 0x05, 1, 192, 0,   4,
    };
    struct rig r;
    rig_begin_d1(&r);
    CHECK_EQ(r.dev->info.config[0].size, sizeof config);
    CHECK_BYTES(r.dev->info.config[0].data, config, sizeof config);
    rig_end(&r);
}

TEST(sim_faulty_at_full_speed)
{
    struct sim_faulty_options o = sim_faulty_d1;
    struct rig r;
    o.speed = USB_SPEED_FULL;
    rig_begin_faulty(&r, &o);
    CHECK_EQ(r.dev->info.speed, USB_SPEED_FULL);
    CHECK_EQ(sim_endpoint(r.sim, OUT)->max_packet_size, 64);
    CHECK_EQ(rig_out(r.dev, OUT, rig_pattern(), 130), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r.sim, OUT).packets, 3);
    rig_end(&r);
}

// --- scripts -------------------------------------------------------------------------------------

static void check_counting(const struct rig *r, unsigned from, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        CHECK_EQ(r->data[i], (from + i) % SIM_FAULTY_STREAM_PERIOD);
}

RIG_TEST(sim_faulty_stream_counts_until_a_reset, rig_begin_d1(r))
{
    sim_faulty_stream(r->sim, IN, true);
    CHECK_EQ(rig_in(r->dev, IN, r->data, 1024, NULL), USB_STATUS_OK);
    check_counting(r, 0, 1024);
    CHECK_EQ(rig_in(r->dev, IN, r->data, 100, NULL), USB_STATUS_OVERFLOW);
    rig_give(r, IN, "first", 5); // goes before
    CHECK_EQ(rig_in(r->dev, IN, r->data, 512, NULL), USB_STATUS_OK);
    CHECK_BYTES(r->data, "first", 5);
    CHECK_EQ(rig_in(r->dev, IN, r->data, 512, NULL), USB_STATUS_OK);
    check_counting(r, 1536, 512);
    CHECK_EQ(rig_try_change(r->dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(rig_in(r->dev, IN, r->data, 512, NULL), USB_STATUS_OK);
    check_counting(r, 0, 512);
    sim_faulty_stream(r->sim, IN, false);
    CHECK(pending(r, IN, 1000));
}

RIG_TEST(sim_faulty_blocks_wait_in_a_queue, rig_begin_d1(r))
{
    uint32_t actual;
    CHECK_EQ(sim_faulty_left(r->sim, IN), 0);
    rig_give(r, IN, rig_pattern(), 8192);
    CHECK_EQ(sim_faulty_fail(r->sim, IN, SIM_STALL), BASE_OK);
    CHECK_EQ(sim_faulty_left(r->sim, IN), 2);
    for (unsigned at = 0; at < 8192; at += 1024) { // one block, several transfers
        CHECK_EQ(rig_in(r->dev, IN, r->data, 1024, &actual), USB_STATUS_OK);
        CHECK_EQ(actual, 1024);
        CHECK_BYTES(r->data, rig_pattern() + at, 1024);
    }
    CHECK_EQ(sim_faulty_left(r->sim, IN), 1);
    CHECK_EQ(rig_in(r->dev, IN, r->data, 1024, &actual), USB_STATUS_STALL);
    CHECK_EQ(sim_faulty_left(r->sim, IN), 0);
    rig_give(r, IN, "left over", 9); // destroyed with the device
}

RIG_TEST(sim_faulty_late_once_per_block, rig_begin_d1(r))
{
    struct rig_urb t;
    sim_faulty_late(r->sim, IN, 700);
    rig_give(r, IN, rig_pattern(), 1500);
    rig_urb(&t, r->dev, IN, NULL, 1600); // asked twice: 1536 and 64
    rig_submit(&t);
    rig_advance(r, 699);
    CHECK(!t.done);
    rig_advance(r, 1);
    CHECK(t.done);
    CHECK_EQ(t.urb.actual_length, 1500);
    rig_release(&t);
}

RIG_TEST(sim_faulty_late_no_longer, rig_begin_d1(r))
{
    struct rig_urb t;
    sim_faulty_late(r->sim, IN, 700);
    rig_give(r, IN, "x", 1);
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_submit(&t);
    CHECK(!t.done);
    sim_faulty_late(r->sim, IN, 0);
    rig_settle(r);
    CHECK(t.done);
    rig_release(&t);
}

RIG_TEST(sim_faulty_takes_whole_packets_up_to_its_limit, rig_begin_d1(r))
{
    sim_faulty_accept(r->sim, OUT, 1000);
    CHECK(pending(r, OUT, 0) == false); // 512
    CHECK(pending(r, OUT, 0));          // 488 left: no packet fits
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 512);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 488), USB_STATUS_OK);
    CHECK(pending(r, OUT, 0));
    CHECK_EQ(sim_faulty_received(r->sim, OUT).packets, 2);
}

RIG_TEST(sim_faulty_fails_once, rig_begin_d1(r))
{
    sim_faulty_fail_after(r->sim, OUT, SIM_ERROR, 600);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 512), USB_STATUS_OK);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 512), USB_STATUS_PROTOCOL);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 512), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 1024);
}

RIG_TEST(sim_faulty_records_without_memory_do_not_matter, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_urb(&t, r->dev, OUT, rig_pattern(), 8192);
    r->heap.fail_at = r->heap.calls + 1;
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 8192);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).data.size, 0);
    CHECK_EQ(sim_faulty_give(r->sim, IN, "x", 1), BASE_ERR_NOMEM);
    CHECK_EQ(sim_faulty_fail(r->sim, IN, SIM_STALL), BASE_ERR_NOMEM);
    r->heap.fail_at = 0;
    rig_release(&t);
}

RIG_TEST(sim_faulty_records_have_a_limit, rig_begin_d1(r))
{
    enum { PIECE = 1 << 20 };
    struct rig_urb t;
    rig_urb(&t, r->dev, OUT, NULL, PIECE);
    for (unsigned i = 0; i < 5; i++) {
        t.done = false;
        rig_submit(&t);
        CHECK_EQ(t.urb.actual_length, PIECE);
    }
    struct sim_faulty_received got = sim_faulty_received(r->sim, OUT);
    CHECK_EQ(got.bytes, 5 * PIECE);
    CHECK_EQ(got.packets, 5 * PIECE / 512);
    CHECK_EQ(got.data.size, 4 * PIECE);
    CHECK_EQ(got.size_count, 5 * PIECE / 512);
    rig_release(&t);
}
