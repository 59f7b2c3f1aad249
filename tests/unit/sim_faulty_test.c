// SPDX-License-Identifier: Apache-2.0
// The scripted device does what it is told (what the engine's tests do not already show).
#include "tests/unit/sim_host.h"

#include <string.h>

enum { IN = 0x81, OUT = 0x02, INT_IN = 0x83, LATE = 1000000 };

static void begin_mode(struct stand *s, enum sim_faulty_mode mode)
{
    host_begin(&s->h);
    s->d = sim_faulty_create_mode(s->h.bus, mode);
    s->dev = host_start(&s->h, "1-1", s->d);
}

static bool pending(struct stand *s, uint8_t ep, uint64_t us)
{
    struct host_urb t;
    host_urb(&s->h, &t, s->dev, ep, USB_BULK, 512, NULL);
    host_submit(&s->h, &t);
    host_advance(&s->h, us);
    bool done = t.done;
    if (!done)
        host_cancel(&s->h, &t);
    host_free(&s->h, &t);
    return !done;
}

// --- modes ---------------------------------------------------------------------------------------

TEST(sim_faulty_nak_mode)
{
    struct stand s;
    begin_mode(&s, SIM_FAULTY_NAK);
    CHECK(pending(&s, IN, 600000000));
    CHECK(pending(&s, OUT, 600000000));
    stand_end(&s);
}

TEST(sim_faulty_stall_mode)
{
    struct stand s;
    begin_mode(&s, SIM_FAULTY_STALL);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, NULL), USB_STATUS_STALL);
        CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 512), USB_STATUS_STALL);
        CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, IN), USB_STATUS_OK);
        CHECK_EQ(host_change(&s.h, s.dev, USB_CLEAR_HALT, 0, OUT), USB_STATUS_OK);
    }
    stand_end(&s);
}

TEST(sim_faulty_short_mode)
{
    struct stand s;
    uint32_t actual;
    begin_mode(&s, SIM_FAULTY_SHORT);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 13);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 512), USB_STATUS_OK);
    stand_end(&s);
}

TEST(sim_faulty_babble_mode)
{
    struct stand s;
    begin_mode(&s, SIM_FAULTY_BABBLE);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, NULL), USB_STATUS_OVERFLOW);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, NULL), USB_STATUS_OVERFLOW);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 512), USB_STATUS_OK);
    stand_end(&s);
}

TEST(sim_faulty_late_mode)
{
    struct stand s;
    begin_mode(&s, SIM_FAULTY_LATE);
    for (unsigned i = 0; i < 2; i++) {
        CHECK(pending(&s, IN, LATE - 1)); // a cancelled one has waited for the next
        CHECK(!pending(&s, IN, 1));
        CHECK(pending(&s, OUT, LATE - 1));
        CHECK(!pending(&s, OUT, 1));
    }
    CHECK_EQ(sim_faulty_received(s.d, OUT).packets, 2);
    stand_end(&s);
}

// sim_unplug_a_device_that_vanishes shows the last mode.
TEST(sim_faulty_only_a_bulk_transfer_makes_it_vanish)
{
    struct stand s;
    struct host_urb t;
    begin_mode(&s, SIM_FAULTY_VANISH);
    CHECK_EQ(host_request(&s.h, s.dev, "8006000100001200", s.data), 18);
    host_urb(&s.h, &t, s.dev, INT_IN, USB_INTERRUPT, 8, NULL);
    host_submit(&s.h, &t);
    CHECK(!t.done);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 31), USB_STATUS_NO_DEVICE);
    CHECK_EQ(s.dev->unplugged, 1);
    host_free(&s.h, &t);
    stand_end(&s);
}

// --- descriptors ---------------------------------------------------------------------------------

TEST(sim_faulty_numbers_of_interfaces)
{
    for (unsigned n = 0; n <= USB_MAX_INTERFACES; n++) {
        struct sim_faulty_options o = sim_faulty_d1;
        struct stand s;
        o.interfaces = n;
        stand_begin_with(&s, &o);
        CHECK_EQ(usb_device_check(&s.dev->info), BASE_OK);
        CHECK_EQ(usb_config_interfaces(s.dev->info.config[0], NULL, 0), n);
        CHECK_EQ(s.dev->info.config[0].data[4], n);
        for (uint8_t i = 0; i < n; i++)
            CHECK(usb_config_has_alternate(s.dev->info.config[0], i, 0));
        CHECK_EQ(s.d->config, 1);
        CHECK((sim_endpoint(s.d, IN) != NULL) == (n > 0));
        stand_end(&s);
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
    struct stand s;
    stand_begin(&s);
    CHECK_EQ(s.dev->info.config[0].size, sizeof config);
    CHECK_BYTES(s.dev->info.config[0].data, config, sizeof config);
    stand_end(&s);
}

TEST(sim_faulty_at_full_speed)
{
    struct sim_faulty_options o = sim_faulty_d1;
    struct stand s;
    o.speed = USB_SPEED_FULL;
    stand_begin_with(&s, &o);
    CHECK_EQ(s.dev->info.speed, USB_SPEED_FULL);
    CHECK_EQ(sim_endpoint(s.d, OUT)->max_packet_size, 64);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 130), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).packets, 3);
    stand_end(&s);
}

// --- scripts -------------------------------------------------------------------------------------

static void check_counting(const struct stand *s, unsigned from, unsigned size)
{
    for (unsigned i = 0; i < size; i++)
        CHECK_EQ(s->data[i], (from + i) % SIM_FAULTY_STREAM_PERIOD);
}

TEST(sim_faulty_stream_counts_until_a_reset)
{
    struct stand s;
    stand_begin(&s);
    sim_faulty_stream(s.d, IN, true);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 1024, NULL), USB_STATUS_OK);
    check_counting(&s, 0, 1024);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 100, NULL), USB_STATUS_OVERFLOW);
    CHECK_EQ(sim_faulty_give(s.d, IN, "first", 5), BASE_OK); // goes before
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, NULL), USB_STATUS_OK);
    CHECK_BYTES(s.data, "first", 5);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, NULL), USB_STATUS_OK);
    check_counting(&s, 1536, 512);
    CHECK_EQ(host_change(&s.h, s.dev, USB_RESET_DEVICE, 0, 0), USB_STATUS_OK);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 512, NULL), USB_STATUS_OK);
    check_counting(&s, 0, 512);
    sim_faulty_stream(s.d, IN, false);
    CHECK(pending(&s, IN, 1000));
    stand_end(&s);
}

TEST(sim_faulty_blocks_wait_in_a_queue)
{
    struct stand s;
    uint32_t actual;
    stand_begin(&s);
    CHECK_EQ(sim_faulty_left(s.d, IN), 0);
    CHECK_EQ(sim_faulty_give(s.d, IN, host_pattern(), 8192), BASE_OK);
    CHECK_EQ(sim_faulty_fail(s.d, IN, SIM_STALL), BASE_OK);
    CHECK_EQ(sim_faulty_left(s.d, IN), 2);
    for (unsigned at = 0; at < 8192; at += 1024) { // one block, several transfers
        CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 1024, &actual), USB_STATUS_OK);
        CHECK_EQ(actual, 1024);
        CHECK_BYTES(s.data, host_pattern() + at, 1024);
    }
    CHECK_EQ(sim_faulty_left(s.d, IN), 1);
    CHECK_EQ(host_in(&s.h, s.dev, IN, s.data, 1024, &actual), USB_STATUS_STALL);
    CHECK_EQ(sim_faulty_left(s.d, IN), 0);
    CHECK_EQ(sim_faulty_give(s.d, IN, "left over", 9), BASE_OK); // destroyed with the device
    stand_end(&s);
}

TEST(sim_faulty_late_once_per_block)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_late(s.d, IN, 700);
    CHECK_EQ(sim_faulty_give(s.d, IN, host_pattern(), 1500), BASE_OK);
    host_urb(&s.h, &t, s.dev, IN, USB_BULK, 1600, NULL); // asked twice: 1536 and 64
    host_submit(&s.h, &t);
    host_advance(&s.h, 699);
    CHECK(!t.done);
    host_advance(&s.h, 1);
    CHECK(t.done);
    CHECK_EQ(t.u.actual_length, 1500);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_faulty_late_no_longer)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_late(s.d, IN, 700);
    CHECK_EQ(sim_faulty_give(s.d, IN, "x", 1), BASE_OK);
    host_urb(&s.h, &t, s.dev, IN, USB_BULK, 512, NULL);
    host_submit(&s.h, &t);
    CHECK(!t.done);
    sim_faulty_late(s.d, IN, 0);
    host_settle(&s.h);
    CHECK(t.done);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_faulty_takes_whole_packets_up_to_its_limit)
{
    struct stand s;
    stand_begin(&s);
    sim_faulty_accept(s.d, OUT, 1000);
    CHECK(pending(&s, OUT, 0) == false); // 512
    CHECK(pending(&s, OUT, 0));          // 488 left: no packet fits
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 512);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 488), USB_STATUS_OK);
    CHECK(pending(&s, OUT, 0));
    CHECK_EQ(sim_faulty_received(s.d, OUT).packets, 2);
    stand_end(&s);
}

TEST(sim_faulty_fails_once)
{
    struct stand s;
    stand_begin(&s);
    sim_faulty_fail_after(s.d, OUT, SIM_ERROR, 600);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 512), USB_STATUS_OK);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 512), USB_STATUS_PROTOCOL);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 512), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 1024);
    stand_end(&s);
}

TEST(sim_faulty_records_without_memory_do_not_matter)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    host_urb(&s.h, &t, s.dev, OUT, USB_BULK, 8192, host_pattern());
    s.h.fail_from = s.h.allocs + 1;
    host_submit(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 8192);
    CHECK_EQ(sim_faulty_received(s.d, OUT).data.size, 0);
    CHECK_EQ(sim_faulty_give(s.d, IN, "x", 1), BASE_ERR_NOMEM);
    CHECK_EQ(sim_faulty_fail(s.d, IN, SIM_STALL), BASE_ERR_NOMEM);
    s.h.fail_from = 0;
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_faulty_records_have_a_limit)
{
    enum { PIECE = 1 << 20 };
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    host_urb(&s.h, &t, s.dev, OUT, USB_BULK, PIECE, NULL);
    for (unsigned i = 0; i < 5; i++) {
        t.done = false;
        host_submit(&s.h, &t);
        CHECK_EQ(t.u.actual_length, PIECE);
    }
    struct sim_faulty_received r = sim_faulty_received(s.d, OUT);
    CHECK_EQ(r.bytes, 5 * PIECE);
    CHECK_EQ(r.packets, 5 * PIECE / 512);
    CHECK_EQ(r.data.size, 4 * PIECE);
    CHECK_EQ(r.size_count, 5 * PIECE / 512);
    host_free(&s.h, &t);
    stand_end(&s);
}
