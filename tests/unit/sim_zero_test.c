// SPDX-License-Identifier: Apache-2.0
#include "sim/device/sim_zero.h"
#include "tests/support/rig.h"

#include <string.h>

enum { SOURCE_SINK = 3, LOOPBACK = 2 };
enum {
    BULK_OUT = 0x01,
    BULK_IN = 0x81,
    INTERRUPT_OUT = 0x03,
    INTERRUPT_IN = 0x83,
    ISO_OUT = 0x04,
    ISO_IN = 0x84,
};
enum { BIG = 65536, LOOP_SIZE = 4096, LOOP_TRANSFERS = 32 };

static uint8_t big[BIG], want[BIG];

static void start(struct rig *r, uint8_t config)
{
    rig_begin(r);
    rig_start(r, sim_zero_create(r->bus, USB_SPEED_HIGH), config);
}

static void start_full_speed(struct rig *r, uint8_t config)
{
    rig_begin(r);
    rig_start(r, sim_zero_create(r->bus, USB_SPEED_FULL), config);
}

// What usbtest sends and wants with pattern=1.
static void mod63(uint8_t *buf, uint32_t size, uint32_t packet)
{
    for (uint32_t i = 0; i < size; i++)
        buf[i] = (uint8_t)(i % packet % 63);
}

static void check_read(struct rig *r, uint8_t ep, uint32_t length, uint32_t size)
{
    CHECK_EQ(rig_read(r->dev, ep, big, length), size);
    CHECK_BYTES(big, want, size);
}

static void check_endpoint(const struct rig *r, uint8_t address, uint8_t type, uint16_t size,
                           uint8_t interval)
{
    const struct usb_endpoint *ep = sim_endpoint(r->sim, address);
    CHECK(ep);
    CHECK_EQ(ep->type, type);
    CHECK_EQ(ep->max_packet_size, size);
    CHECK_EQ(ep->bInterval, interval);
}

TEST(sim_zero_descriptors_are_those_of_gadget_zero)
{
    for (unsigned full = 0; full < 2; full++) {
        struct rig r;
        struct usb_device_descriptor device;
        rig_begin(&r);
        struct sim_device *d = sim_zero_create(r.bus, full ? USB_SPEED_FULL : USB_SPEED_HIGH);
        struct base_span bytes = {d->desc->device, USB_DT_DEVICE_SIZE};
        CHECK_EQ(usb_device_descriptor_unpack(&device, bytes), BASE_OK);
        CHECK_EQ(device.idVendor, 0x0525);
        CHECK_EQ(device.idProduct, 0xa4a0);
        CHECK_EQ(device.bNumConfigurations, 2);
        CHECK_EQ(device.bcdUSB, full ? 0x0110 : 0x0200);
        CHECK_EQ(rig_check_config(d->desc->configs[0]), 4 + 6);
        CHECK_EQ(rig_check_config(d->desc->configs[1]), 2);
        CHECK_EQ(d->desc->configs[0][5], SOURCE_SINK);
        CHECK_EQ(d->desc->configs[1][5], LOOPBACK);
        CHECK_EQ(d->desc->configs[0][7] & 0x9f, 0x80); // usbtest: is_good_config()
        rig_start(&r, d, SOURCE_SINK);
        rig_end(&r);
    }
}

TEST(sim_zero_endpoints_by_setting)
{
    for (unsigned full = 0; full < 2; full++) {
        struct rig r;
        if (full)
            start_full_speed(&r, SOURCE_SINK);
        else
            start(&r, SOURCE_SINK);
        for (uint8_t alternate = 0; alternate < 2; alternate++) {
            rig_change(r.dev, USB_SET_INTERFACE, 0, alternate);
            for (unsigned in = 0; in < 2; in++) {
                uint8_t dir = in ? USB_DIR_IN : 0;
                check_endpoint(&r, 1 | dir, USB_BULK, full ? 64 : 512, 0);
                check_endpoint(&r, 3 | dir, USB_INTERRUPT, 64, full ? 1 : 4);
                CHECK_EQ(sim_endpoint(r.sim, 4 | dir) != NULL, alternate == 1);
            }
        }
        check_endpoint(&r, ISO_IN, USB_ISOCHRONOUS, full ? 1023 : 1024, full ? 1 : 4);
        check_endpoint(&r, ISO_OUT, USB_ISOCHRONOUS, full ? 1023 : 1024, full ? 1 : 4);
        rig_change(r.dev, USB_SET_CONFIGURATION, 0, LOOPBACK);
        check_endpoint(&r, BULK_IN, USB_BULK, full ? 64 : 512, 0);
        check_endpoint(&r, BULK_OUT, USB_BULK, full ? 64 : 512, 0);
        CHECK(!sim_endpoint(r.sim, INTERRUPT_IN));
        rig_end(&r);
    }
}

RIG_TEST(sim_zero_source_sends_zeros, start(r, SOURCE_SINK))
{
    memset(want, 0, sizeof want);
    check_read(r, BULK_IN, 512, 512);
    check_read(r, BULK_IN, BIG, BIG);
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, 100), USB_STATUS_OVERFLOW); // its packets are full
}

TEST(sim_zero_source_sends_the_pattern_in_each_packet)
{
    struct rig r;
    start(&r, SOURCE_SINK);
    sim_zero_set_pattern(r.sim, 1);
    mod63(want, BIG, 512);
    check_read(&r, BULK_IN, 1024, 1024);
    check_read(&r, BULK_IN, BIG, BIG);
    mod63(want, 64, 64);
    check_read(&r, INTERRUPT_IN, 64, 64);
    sim_zero_set_pattern(r.sim, 0);
    memset(want, 0, sizeof want);
    check_read(&r, BULK_IN, 1024, 1024);
    rig_end(&r);

    start_full_speed(&r, SOURCE_SINK);
    sim_zero_set_pattern(r.sim, 1);
    mod63(want, 1024, 64);
    check_read(&r, BULK_IN, 1024, 1024);
    rig_end(&r);
}

RIG_TEST(sim_zero_sink_takes_what_it_wants, start(r, SOURCE_SINK))
{
    static const uint32_t sizes[] = {0, 1, 63, 511, 512, 513, 1024, 1025, 4096 + 421, BIG};
    for (unsigned pattern = 0; pattern < 2; pattern++) {
        sim_zero_set_pattern(r->sim, pattern);
        memset(big, 0, sizeof big);
        if (pattern == 1)
            mod63(big, sizeof big, 512);
        for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++)
            CHECK_EQ(rig_write(r->dev, BULK_OUT, big, sizes[i]), sizes[i]);
    }
}

RIG_TEST(sim_zero_sink_halts_on_any_wrong_byte, start(r, SOURCE_SINK))
{
    static const uint32_t places[] = {0, 1, 62, 511, 512, 1023, 1024, 5000, BIG - 1};
    for (unsigned pattern = 0; pattern < 2; pattern++) {
        sim_zero_set_pattern(r->sim, pattern);
        for (unsigned i = 0; i < sizeof places / sizeof *places; i++) {
            memset(big, 0, sizeof big);
            if (pattern == 1)
                mod63(big, sizeof big, 512);
            big[places[i]] ^= 0x80;
            CHECK_EQ(rig_write(r->dev, BULK_OUT, big, BIG), USB_STATUS_STALL);
            big[places[i]] ^= 0x80;
            CHECK_EQ(rig_write(r->dev, BULK_OUT, big, BIG), USB_STATUS_STALL); // stays halted
            rig_change(r->dev, USB_CLEAR_HALT, 0, BULK_OUT);
            CHECK_EQ(rig_write(r->dev, BULK_OUT, big, BIG), BIG);
        }
    }
}

static void check_pace(struct rig *r, uint8_t ep)
{
    struct rig_urb u[4];
    memset(big, 0, sizeof big);
    for (unsigned i = 0; i < 4; i++) {
        rig_urb(&u[i], r->dev, ep, ep == BULK_OUT ? big : NULL, 1024);
        rig_submit(&u[i]);
    }
    CHECK(u[0].done && !u[1].done);
    rig_advance(r, 3999);
    CHECK(!u[1].done);
    rig_advance(r, 1);
    CHECK(u[1].done && !u[2].done);
    rig_advance(r, 5000); // late: the next one is due in its time all the same
    CHECK(u[2].done && !u[3].done);
    rig_advance(r, 3000);
    for (unsigned i = 0; i < 4; i++)
        CHECK_EQ(rig_finish(&u[i]), 1024);
}

RIG_TEST(sim_zero_paced, start(r, SOURCE_SINK))
{
    sim_zero_set_pace(r->sim, 4000);
    rig_advance(r, 4000 - sim_now_us(r->sim) % 4000);
    check_pace(r, BULK_IN);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, SOURCE_SINK);
    check_pace(r, BULK_OUT);
}

RIG_TEST(sim_zero_interrupt_source_keeps_its_pace, start(r, SOURCE_SINK))
{
    struct rig_urb u;
    memset(want, 0, sizeof want);
    check_read(r, INTERRUPT_IN, 64, 64);
    rig_urb(&u, r->dev, INTERRUPT_IN, NULL, 3 * 64);
    rig_submit(&u);
    rig_advance(r, 999);
    CHECK_EQ(u.urb.actual_length, 0);
    rig_advance(r, 1);
    CHECK_EQ(u.urb.actual_length, 64);
    rig_advance(r, 1500); // the host is late: the next one is due at its frame all the same
    CHECK_EQ(u.urb.actual_length, 128);
    rig_advance(r, 500);
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), 3 * 64);
}

RIG_TEST(sim_zero_interrupt_sink, start(r, SOURCE_SINK))
{
    memset(big, 0, sizeof big);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(rig_write(r->dev, INTERRUPT_OUT, big, 1000), 1000);
    sim_zero_set_pattern(r->sim, 1);
    mod63(big, 128, 64);
    CHECK_EQ(rig_write(r->dev, INTERRUPT_OUT, big, 128), 128);
    mod63(big, 128, 512);
    CHECK_EQ(rig_write(r->dev, INTERRUPT_OUT, big, 128), USB_STATUS_STALL);
}

static void check_iso_in(struct rig *r, uint32_t size)
{
    struct rig_urb u;
    rig_iso_urb(&u, r->dev, ISO_IN, NULL, 8, size);
    rig_submit(&u);
    rig_advance(r, 20000);
    CHECK(u.done);
    CHECK_EQ(u.urb.error_count, 0);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(u.packets[i].actual_length, size);
        CHECK_BYTES(u.urb.buffer + i * size, want, size);
    }
    CHECK_EQ(rig_finish(&u), 8 * size);
}

TEST(sim_zero_isochronous_source)
{
    struct rig r;
    for (unsigned pattern = 0; pattern < 2; pattern++) {
        memset(want, 0, sizeof want);
        if (pattern == 1)
            mod63(want, 1024, 1024);
        start(&r, SOURCE_SINK);
        sim_zero_set_pattern(r.sim, pattern);
        rig_change(r.dev, USB_SET_INTERFACE, 0, 1);
        check_iso_in(&r, 1024);
        rig_end(&r);
        start_full_speed(&r, SOURCE_SINK);
        sim_zero_set_pattern(r.sim, pattern);
        rig_change(r.dev, USB_SET_INTERFACE, 0, 1);
        check_iso_in(&r, 1023);
        rig_end(&r);
    }
}

static void start_with_iso(struct rig *r, uint16_t bytes)
{
    rig_begin(r);
    struct sim_device *d = sim_zero_create(r->bus, USB_SPEED_FULL);
    sim_zero_set_iso_size(d, bytes);
    CHECK_EQ(rig_check_config(d->desc->configs[0]), 4 + 6);
    rig_start(r, d, SOURCE_SINK);
    rig_change(r->dev, USB_SET_INTERFACE, 0, 1);
}

RIG_TEST(sim_zero_isochronous_packets_of_another_size, start_with_iso(r, 100))
{
    check_endpoint(r, ISO_IN, USB_ISOCHRONOUS, 100, 1);
    check_endpoint(r, ISO_OUT, USB_ISOCHRONOUS, 100, 1);
    check_endpoint(r, BULK_IN, USB_BULK, 64, 0);
    check_endpoint(r, INTERRUPT_OUT, USB_INTERRUPT, 64, 1);
    sim_zero_set_pattern(r->sim, 1);
    mod63(want, 8 * 100, 100);
    check_iso_in(r, 100);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, LOOPBACK);
    check_endpoint(r, BULK_OUT, USB_BULK, 64, 0);
}

RIG_TEST(sim_zero_isochronous_sink_fails_the_wrong_packet_alone, start(r, SOURCE_SINK))
{
    struct rig_urb u;
    rig_change(r->dev, USB_SET_INTERFACE, 0, 1);
    memset(big, 0, sizeof big);
    big[3 * 700 + 699] = 1;
    rig_iso_urb(&u, r->dev, ISO_OUT, big, 8, 700);
    rig_submit(&u);
    rig_advance(r, 20000);
    CHECK(u.done);
    CHECK_EQ(u.urb.error_count, 1);
    for (unsigned i = 0; i < 8; i++)
        CHECK_EQ(u.packets[i].status == USB_STATUS_OK, i != 3);
    CHECK_EQ(rig_finish(&u), 7 * 700);
}

RIG_TEST(sim_zero_control_write_is_read_back, start(r, SOURCE_SINK))
{
    for (unsigned i = 0; i < 4096; i++)
        want[i] = (uint8_t)(i * 11);
    memcpy(big, want, 4096);
    CHECK_EQ(rig_request(r->dev, 0x405b, 0, 0, big, 4096), 4096);
    memset(big, 0, sizeof big);
    CHECK_EQ(rig_request(r->dev, 0xc05c, 0, 0, big, 4096), 4096);
    CHECK_BYTES(big, want, 4096);
    memset(want, 0xa5, 10);
    memset(big, 0xa5, 10);
    CHECK_EQ(rig_request(r->dev, 0x405b, 0, 0, big, 10), 10);
    CHECK_EQ(rig_request(r->dev, 0xc05c, 0, 0, big, 20), 20); // the rest is still there
    CHECK_BYTES(big, want, 20);
    CHECK_EQ(rig_request(r->dev, 0x405b, 0, 0, NULL, 0), 0);
}

RIG_TEST(sim_zero_control_tests_refuse, start(r, SOURCE_SINK))
{
    CHECK_EQ(rig_request(r->dev, 0x405b, 0, 0, big, 4097), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0xc05c, 0, 0, big, 4097), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x405b, 1, 0, big, 4), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0xc05c, 0, 1, big, 4), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0xc05b, 0, 0, big, 4), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x405c, 0, 0, big, 4), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x405d, 0, 0, big, 4), USB_STATUS_STALL);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, LOOPBACK);
    CHECK_EQ(rig_request(r->dev, 0xc05c, 0, 0, big, 4), USB_STATUS_STALL);
}

// --- loopback ------------------------------------------------------------------------------------

// Transfer `number`, of `size` bytes.
static void fill(uint8_t *buf, uint32_t size, unsigned number)
{
    for (uint32_t i = 0; i < size; i++)
        buf[i] = (uint8_t)(number * 31 + i * 7 % 253);
}

static void check_write(struct rig *r, uint32_t size, unsigned number)
{
    struct rig_urb u;
    fill(big, size, number);
    rig_urb(&u, r->dev, BULK_OUT, big, size);
    u.urb.flags = USB_URB_ZERO_PACKET;
    rig_submit(&u);
    CHECK_EQ(rig_finish(&u), size);
}

static void check_back(struct rig *r, uint32_t size, unsigned number)
{
    fill(want, size, number);
    check_read(r, BULK_IN, LOOP_SIZE, size);
}

RIG_TEST(sim_zero_loopback_sends_transfers_back, start(r, LOOPBACK))
{
    static const uint32_t sizes[] = {1, 100, 512, 513, 1024, 4095, 4096};
    enum { COUNT = sizeof sizes / sizeof *sizes };
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, LOOP_SIZE), RIG_PENDING);
    for (unsigned i = 0; i < COUNT; i++) {
        check_write(r, sizes[i], i);
        check_back(r, sizes[i], i);
    }
    check_back(r, 0, 0); // 4096 bytes are a transfer: the zero-length packet after it another one
    for (unsigned i = 0; i + 1 < COUNT; i++)
        check_write(r, sizes[i], i);
    for (unsigned i = 0; i + 1 < COUNT; i++)
        check_back(r, sizes[i], i); // boundaries are kept
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, LOOP_SIZE), RIG_PENDING);
}

RIG_TEST(sim_zero_loopback_waits_for_the_end_of_a_transfer, start(r, LOOPBACK))
{
    struct rig_urb u;
    rig_urb(&u, r->dev, BULK_IN, NULL, LOOP_SIZE);
    rig_submit(&u);
    fill(big, 1300, 0);
    CHECK_EQ(rig_write(r->dev, BULK_OUT, big, 1024), 1024); // no zero-length packet
    CHECK(!u.done);
    CHECK_EQ(rig_write(r->dev, BULK_OUT, big + 1024, 276), 276);
    CHECK(u.done);
    CHECK_BYTES(u.urb.buffer, big, 1300);
    CHECK_EQ(rig_finish(&u), 1300);
}

RIG_TEST(sim_zero_loopback_is_read_in_pieces, start(r, LOOPBACK))
{
    check_write(r, 1024, 3);
    fill(want, 1024, 3);
    check_read(r, BULK_IN, 512, 512);
    memcpy(want, want + 512, 512);
    check_read(r, BULK_IN, 512, 512);
    check_read(r, BULK_IN, 512, 0); // the zero-length packet that it came with
    CHECK_EQ(rig_write(r->dev, BULK_OUT, NULL, 0), 0);
    check_read(r, BULK_IN, 512, 0);
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, 512), RIG_PENDING);
}

RIG_TEST(sim_zero_loopback_takes_no_more_than_it_can_keep, start(r, LOOPBACK))
{
    struct rig_urb u;
    for (unsigned i = 0; i < LOOP_TRANSFERS - 1; i++)
        check_write(r, 10, i);
    fill(big, 5000, 31);
    rig_urb(&u, r->dev, BULK_OUT, big, 5000); // one buffer is free, this takes two
    rig_submit(&u);
    CHECK(!u.done);
    CHECK_EQ(u.urb.actual_length, LOOP_SIZE);
    check_back(r, 10, 0);
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), 5000);
    CHECK_EQ(rig_write(r->dev, BULK_OUT, big, 1), RIG_PENDING);
    rig_urb(&u, r->dev, BULK_OUT, NULL, 0); // also a zero-length packet needs a place
    rig_submit(&u);
    CHECK(!u.done);
    check_back(r, 10, 1);
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), 0);
    for (unsigned i = 2; i < LOOP_TRANSFERS - 1; i++)
        check_back(r, 10, i);
    fill(want, 5000, 31);
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, BIG),
             5000); // a full buffer does not end the host's transfer
    CHECK_BYTES(big, want, 5000);
    check_back(r, 0, 0);
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, LOOP_SIZE), RIG_PENDING);
}

RIG_TEST(sim_zero_loopback_many_rounds_at_full_speed, start_full_speed(r, LOOPBACK))
{
    for (unsigned i = 0; i < 100; i++) {
        uint32_t size = i * 97 % LOOP_SIZE;
        check_write(r, size, i);
        check_back(r, size, i);
    }
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, LOOP_SIZE), RIG_PENDING);
}

RIG_TEST(sim_zero_reset_forgets_all_but_the_pattern, start(r, SOURCE_SINK))
{
    sim_zero_set_pattern(r->sim, 1);
    memset(big, 0xa5, 10);
    CHECK_EQ(rig_request(r->dev, 0x405b, 0, 0, big, 10), 10);
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    memset(want, 0, sizeof want);
    CHECK_EQ(rig_request(r->dev, 0xc05c, 0, 0, big, 10), 10);
    CHECK_BYTES(big, want, 10);
    mod63(want, 1024, 512);
    check_read(r, BULK_IN, 1024, 1024);

    rig_change(r->dev, USB_SET_CONFIGURATION, 0, LOOPBACK);
    check_write(r, 1000, 1);
    fill(want, 512, 1);
    check_read(r, BULK_IN, 512, 512); // a part of it
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, LOOPBACK);
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, LOOP_SIZE), RIG_PENDING);
    check_write(r, 200, 2);
    CHECK_EQ(rig_write(r->dev, BULK_OUT, big, 1024), 1024); // the beginning of one
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(rig_read(r->dev, BULK_IN, big, LOOP_SIZE), RIG_PENDING);
    check_write(r, 7, 3);
    check_back(r, 7, 3);
}

RIG_TEST(sim_zero_without_memory, start(r, SOURCE_SINK))
{
    r->heap.fail_at = 1;
    CHECK(!sim_zero_create(r->bus, USB_SPEED_HIGH));
    r->heap.fail_at = 0;
}
