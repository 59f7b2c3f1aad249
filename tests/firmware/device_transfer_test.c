// SPDX-License-Identifier: Apache-2.0
// What the chip's backend makes of the library's transfers: parts of bulk URBs, zero-length
// packets, interrupt packets, isochronous lists, errors.
#include "device_size.h"
#include "tests/firmware/device_world.h"
#include "usb/usb_descriptor_bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void filled(uint8_t *p, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++)
        p[i] = (uint8_t)(i % 251);
}

// Around every size at which something changes: a packet, a pool's buffer, the hardware's counter.
static const uint32_t sizes[] = {1,     63,    64,    511,   512,   513,    4095,   4096,   4097,
                                 16383, 16384, 16385, 32767, 32768, 32769,  65023,  65024,  65025,
                                 65535, 65536, 65537, 98304, 99999, 131072, 200000, 262144, 300001};

WORLD_TEST(device_bulk_out_of_every_size, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    uint8_t *data = malloc(300001);
    filled(data, 300001);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        sim_faulty_forget(world_sim(w), WORLD_BULK_OUT);
        rig_check_transfer(d, WORLD_BULK_OUT, data, sizes[i], USB_STATUS_OK, sizes[i]);
        struct sim_faulty_received r = sim_faulty_received(world_sim(w), WORLD_BULK_OUT);
        CHECK_EQ(r.bytes, sizes[i]);
        CHECK_EQ(r.packets, (sizes[i] + 511) / 512); // none of no bytes
        CHECK_BYTES(r.data.data, data, sizes[i]);
    }
    free(data);
    rig_close(d);
}

WORLD_TEST(device_bulk_in_of_every_size, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    uint8_t *data = malloc(300001), *got = malloc(300001);
    filled(data, 300001);
    for (unsigned i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, data, sizes[i]), BASE_OK);
        rig_check_transfer(d, WORLD_BULK_IN, got, sizes[i], USB_STATUS_OK, sizes[i]);
        CHECK_BYTES(got, data, sizes[i]);
        CHECK_EQ(sim_faulty_left(world_sim(w), WORLD_BULK_IN), 0);
    }
    free(data);
    free(got);
    rig_close(d);
}

// 127 packets of 64 bytes are the most that the hardware counts.
WORLD_TEST(device_bulk_of_full_speed_in_parts, world_begin(w))
{
    static const struct sim_faulty_options full = {
        .speed = USB_SPEED_FULL, .product = 7, .interfaces = 1};
    static uint8_t data[40000], got[40000];
    struct rig_device *d = rig_plug(&w->rig, "2-1", sim_faulty_create(w->bus[1], &full));
    struct sim_device *sim = sim_find(w->bus[1], "2-1");
    CHECK_EQ(rig_open(d), BASE_OK);
    filled(data, sizeof data);
    for (uint32_t size = 8064; size <= 40000; size = size < 8192 ? size + 64 : size * 2 - 33) {
        CHECK_EQ(sim_faulty_give(sim, WORLD_BULK_IN, data, size), BASE_OK);
        rig_check_transfer(d, WORLD_BULK_IN, got, size, USB_STATUS_OK, size);
        CHECK_BYTES(got, data, size);
        sim_faulty_forget(sim, WORLD_BULK_OUT);
        rig_check_transfer(d, WORLD_BULK_OUT, data, size, USB_STATUS_OK, size);
        CHECK_BYTES(sim_faulty_received(sim, WORLD_BULK_OUT).data.data, data, size);
        CHECK_EQ(sim_faulty_received(sim, WORLD_BULK_OUT).packets, (size + 63) / 64);
    }
    rig_close(d);
}

// A short packet ends the URB wherever it comes, and what is behind it is the next URB's.
WORLD_TEST(device_bulk_in_ends_with_a_short_packet, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    uint8_t *data = malloc(300001), *got = malloc(300001);
    filled(data, 300001);
    for (unsigned i = 0; i + 1 < sizeof sizes / sizeof *sizes; i++) {
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, data, sizes[i]), BASE_OK);
        if (sizes[i] % 512 == 0)
            CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, NULL, 0), BASE_OK);
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "next", 4), BASE_OK);
        rig_check_transfer(d, WORLD_BULK_IN, got, 300001, USB_STATUS_OK, sizes[i]);
        CHECK_BYTES(got, data, sizes[i]);
        rig_check_transfer(d, WORLD_BULK_IN, got, 512, USB_STATUS_OK, 4);
    }
    free(data);
    free(got);
    rig_close(d);
}

TEST(device_zero_length_packets)
{
    static const struct {
        uint32_t length;
        uint8_t flags;
        unsigned packets;
    } cases[] = {
        {0, 0, 1},   {0, USB_URB_ZERO_PACKET, 1},   {511, USB_URB_ZERO_PACKET, 1},
        {512, 0, 1}, {512, USB_URB_ZERO_PACKET, 2}, {65536, USB_URB_ZERO_PACKET, 129},
    };
    static uint8_t data[65536];
    struct world w;
    world_begin_d1(&w);
    struct rig_device *d = w.rig.dev;
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig_urb u;
        sim_faulty_forget(world_sim(&w), WORLD_BULK_OUT);
        rig_urb(&u, d, WORLD_BULK_OUT, data, cases[i].length);
        u.urb.flags = cases[i].flags;
        rig_submit(&u);
        rig_check_urb(&u, USB_STATUS_OK, cases[i].length);
        CHECK_EQ(sim_faulty_received(world_sim(&w), WORLD_BULK_OUT).packets, cases[i].packets);
        rig_release(&u);
    }
    rig_close(d);
    world_end(&w);
}

// It waits for a packet of no bytes: one, and any other is too long.
WORLD_TEST(device_bulk_in_of_no_bytes, world_begin_d1(w))
{
    static uint8_t data[512];
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    rig_urb(&u, d, WORLD_BULK_IN, NULL, 0);
    rig_submit(&u);
    CHECK(!u.done);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, NULL, 0), BASE_OK);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "next", 4), BASE_OK);
    rig_settle(&w->rig);
    rig_check_urb(&u, USB_STATUS_OK, 0);
    rig_release(&u);
    rig_check_transfer(d, WORLD_BULK_IN, data, 512, USB_STATUS_OK, 4);
    rig_urb(&u, d, WORLD_BULK_IN, NULL, 0);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, data, 512), BASE_OK);
    rig_submit(&u);
    rig_check_urb(&u, USB_STATUS_OVERFLOW, 0);
    rig_release(&u);
    rig_close(d);
}

// The library wants whole packets: what is more than the URB has room for is the device's error.
WORLD_TEST(device_bulk_in_longer_than_the_urb, world_begin_d1(w))
{
    static const uint8_t data[512] = {1, 2, 3};
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    rig_urb(&u, d, WORLD_BULK_IN, NULL, 100);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, data, 101), BASE_OK);
    rig_submit(&u);
    rig_check_urb(&u, USB_STATUS_OVERFLOW, 100);
    CHECK_BYTES(u.urb.buffer, data, 100);
    rig_release(&u);
    rig_close(d);
}

WORLD_TEST(device_bulk_in_short_is_no_good, world_begin_d1(w))
{
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    for (uint32_t size = 1023; size <= 1024; size++) {
        static uint8_t data[1024];
        rig_urb(&u, d, WORLD_BULK_IN, NULL, sizeof data);
        u.urb.flags = USB_URB_SHORT_NOT_OK;
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, data, size), BASE_OK);
        rig_submit(&u);
        rig_check_urb(&u, size < 1024 ? USB_STATUS_SHORT : USB_STATUS_OK, size);
        rig_release(&u);
    }
    rig_close(d);
}

// The shared buffers are for long transfers of all devices; the last one is for control, or bulk IN
// that waits for ever would shut it out.
WORLD_TEST(device_bulk_in_that_waits_leaves_a_buffer_for_control, world_begin(w))
{
    enum { ENDPOINTS = DEVICE_POOL_COUNT + 1, LONG = 16384 };
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(9 + 9 + 7 * 7, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 7, 0xff, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x81, 2, 512, 0),
        USB_ENDPOINT_BYTES(0x82, 2, 512, 0),
        USB_ENDPOINT_BYTES(0x83, 2, 512, 0),
        USB_ENDPOINT_BYTES(0x84, 2, 512, 0),
        USB_ENDPOINT_BYTES(0x85, 2, 512, 0),
        USB_ENDPOINT_BYTES(0x86, 2, 512, 0),
        USB_ENDPOINT_BYTES(0x87, 2, 512, 0),
    };
    const struct sim_faulty_options options = {.speed = USB_SPEED_HIGH,
                                               .product = 3,
                                               .configs = {config},
                                               .config_sizes = {sizeof config}};
    static struct rig_urb waits[ENDPOINTS], u;
    struct device_usb_host_figures figures;
    struct rig_device *d = rig_plug(&w->rig, "1-1", sim_faulty_create(w->bus[0], &options));
    CHECK_EQ(rig_open(d), BASE_OK);
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        rig_urb(&waits[i], d, (uint8_t)(0x81 + i), NULL, LONG);
        rig_submit(&waits[i]);
        device_usb_host_figures(w->chip.host, &figures);
        CHECK_EQ(figures.pool_used_max, i < 5 ? i + 1 : 5);
    }
    device_usb_host_figures(w->chip.host, &figures);
    CHECK_EQ(figures.pool_free, DEVICE_POOL_RESERVE);
    CHECK_EQ(figures.pool_used_max, DEVICE_POOL_COUNT - DEVICE_POOL_RESERVE);
    CHECK_EQ(figures.pool_empty, 2);
    rig_control_urb(&u, d, "c001000000000010", NULL); // 4096 bytes
    rig_submit(&u);
    rig_check_urb(&u, USB_STATUS_OK, 300);
    rig_release(&u);
    for (unsigned i = 0; i < ENDPOINTS; i++) {
        rig_cancel(&waits[i]);
        rig_release(&waits[i]);
    }
    device_usb_host_figures(w->chip.host, &figures);
    CHECK_EQ(figures.pool_free, DEVICE_POOL_COUNT);
    rig_close(d);
}

// The library miscounts several packets in one transfer: the backend asks for one at a time.
WORLD_TEST(device_interrupt_in_of_several_packets, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    uint8_t got[64];
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_INTERRUPT_IN, "0123456789abcdefXY", 18), BASE_OK);
    rig_check_transfer(d, WORLD_INTERRUPT_IN, got, 64, USB_STATUS_OK, 18);
    CHECK_BYTES(got, "0123456789abcdefXY", 18);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_INTERRUPT_IN, "01234567", 8), BASE_OK);
    rig_check_transfer(d, WORLD_INTERRUPT_IN, got, 8, USB_STATUS_OK, 8);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_INTERRUPT_IN, NULL, 0), BASE_OK);
    rig_check_transfer(d, WORLD_INTERRUPT_IN, got, 0, USB_STATUS_OK, 0); // dies in the library
    rig_close(d);
}

// 100 packets are more than the library's list of 64 frames takes: the stream has no gap.
static void iso(uint8_t ep, unsigned count)
{
    struct world w;
    world_begin_d1(&w);
    struct rig_device *d = w.rig.dev;
    struct rig_urb u;
    CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    rig_iso_urb(&u, d, ep, NULL, count, 192);
    rig_queue_submit(&u);
    rig_advance(&w.rig, (count + 10) * 1000);
    rig_check_urb(&u, USB_STATUS_OK, count * 192);
    CHECK_EQ(u.urb.error_count, 0);
    for (unsigned i = 0; i < count; i++) {
        CHECK_EQ(u.packets[i].status, USB_STATUS_OK);
        CHECK_EQ(u.packets[i].actual_length, 192);
        if (ep & USB_DIR_IN)
            CHECK_EQ(u.urb.buffer[i * 192], (uint8_t)(0xa0 + i));
    }
    if (!(ep & USB_DIR_IN))
        CHECK_EQ(sim_faulty_received(world_sim(&w), ep).packets, count);
    rig_release(&u);
    rig_close(d);
    world_end(&w);
}

TEST(device_iso_in_of_many_packets)
{
    iso(WORLD_ISO_IN, 1);
    iso(WORLD_ISO_IN, 7);
    iso(WORLD_ISO_IN, 8);
    iso(WORLD_ISO_IN, 100);
}

TEST(device_iso_out_of_many_packets)
{
    iso(WORLD_ISO_OUT, 8);
    iso(WORLD_ISO_OUT, 128);
}

// A transfer is as long as the hardware's list, the time that a stream may be late, and the memory
// allow: the shortest of these.
TEST(device_iso_packets_of_a_transfer)
{
    static const struct {
        bool full;
        uint16_t size;
        uint8_t interval;
        unsigned packets;
    } cases[] = {
        {false, 64, 1, 61},   // of 61 microframes
        {false, 1024, 1, 16}, // 16 KiB
        {false, 192, 4, 7},   // each in 8 microframes
        {false, 64, 6, 1},    // each in 32
        {true, 192, 1, 8},    // 8 ms
        {true, 64, 3, 2},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint16_t size = cases[i].size;
        const uint8_t config[] = {
            USB_CONFIG_BYTES(25, 1, 1, 0, 0x80, 50),
            USB_INTERFACE_BYTES(0, 0, 1, 0xff, 0, 0, 0),
            USB_ENDPOINT_BYTES(0x81, 1, size, cases[i].interval),
        };
        const struct sim_faulty_options options = {.speed = cases[i].full ? USB_SPEED_FULL
                                                                          : USB_SPEED_HIGH,
                                                   .product = 3,
                                                   .configs = {config},
                                                   .config_sizes = {sizeof config}};
        struct world w;
        struct rig_urb u;
        world_begin(&w);
        struct rig_device *d = rig_plug(&w.rig, cases[i].full ? "2-1" : "1-1",
                                        sim_faulty_create(w.bus[cases[i].full], &options));
        CHECK_EQ(rig_open(d), BASE_OK);
        unsigned before = usb_host_double_counts().submitted, transfers = 2;
        check_context("case", i);
        rig_iso_urb(&u, d, 0x81, NULL, cases[i].packets * transfers, size);
        rig_queue_submit(&u);
        rig_advance(&w.rig, RIG_SECOND_US);
        rig_check_urb(&u, USB_STATUS_OK, cases[i].packets * transfers * size);
        CHECK_EQ(usb_host_double_counts().submitted, before + transfers);
        rig_release(&u);
        rig_close(d);
        world_end(&w);
    }
}

// In milliseconds, as Linux counts frames: the next one after now, and what follows joins on.
WORLD_TEST(device_iso_start_frame, world_begin_d1(w))
{
    struct rig_urb u[2];
    struct rig_device *d = w->rig.dev;
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    rig_advance(&w->rig, 5 * RIG_SECOND_US);
    for (unsigned i = 0; i < 2; i++) {
        rig_iso_urb(&u[i], d, WORLD_ISO_IN, NULL, 20, 192);
        rig_queue_submit(&u[i]);
    }
    uint64_t now_ms = w->rig.now_us / 1000;
    rig_advance(&w->rig, RIG_SECOND_US);
    CHECK(u[0].done && u[1].done);
    CHECK(u[0].urb.start_frame >= now_ms && u[0].urb.start_frame <= now_ms + 2);
    CHECK_EQ(u[1].urb.start_frame, u[0].urb.start_frame + 20);
    rig_release(&u[0]);
    rig_release(&u[1]);
    rig_close(d);
}

// Packets of an URB have gaps between them, and those of the library none.
WORLD_TEST(device_iso_out_with_gaps, world_begin_d1(w))
{
    enum { COUNT = 5, SIZE = 100 };
    uint8_t data[COUNT * 192], want[COUNT * SIZE];
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    filled(data, sizeof data);
    for (unsigned i = 0; i < COUNT; i++)
        memcpy(want + i * SIZE, data + i * 192, SIZE);
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    rig_iso_urb(&u, d, WORLD_ISO_OUT, data, COUNT, 192);
    for (unsigned i = 0; i < COUNT; i++)
        u.packets[i].length = SIZE;
    rig_queue_submit(&u);
    rig_advance(&w->rig, 20000);
    rig_check_urb(&u, USB_STATUS_OK, sizeof want);
    CHECK_BYTES(sim_faulty_received(world_sim(w), WORLD_ISO_OUT).data.data, want, sizeof want);
    rig_release(&u);
    rig_iso_urb(&u, d, WORLD_ISO_OUT, data, 2, 193); // more than the endpoint takes
    rig_submit(&u);
    CHECK_EQ(u.urb.status, USB_STATUS_INVALID);
    rig_release(&u);
    rig_close(d);
}

// The library reads whole packets: what an URB's packet has no room for is an error of its own.
WORLD_TEST(device_iso_in_packets_with_less_room, world_begin_d1(w))
{
    enum { COUNT = 3 };
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    rig_iso_urb(&u, d, WORLD_ISO_IN, NULL, COUNT, 192);
    u.packets[1].length = 100;
    rig_queue_submit(&u);
    rig_advance(&w->rig, 20000);
    rig_check_urb(&u, USB_STATUS_OK, 192 + 100 + 192);
    CHECK_EQ(u.urb.error_count, 1);
    CHECK_EQ(u.packets[1].status, USB_STATUS_OVERFLOW);
    CHECK_EQ(u.packets[1].actual_length, 100);
    CHECK_EQ(u.urb.buffer[192 + 99], 0xa1);
    CHECK_EQ(u.urb.buffer[192 + 100], RIG_NOBODY_SENDS);
    CHECK_EQ(u.packets[2].status, USB_STATUS_OK);
    rig_release(&u);
    rig_close(d);
}

// What is taken back after a part of it says so of each packet that was not begun.
WORLD_TEST(device_iso_taken_back_in_the_middle, world_begin_d1(w))
{
    enum { COUNT = 100 };
    struct rig_urb u;
    unsigned lost = 0;
    struct rig_device *d = w->rig.dev;
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    rig_iso_urb(&u, d, WORLD_ISO_IN, NULL, COUNT, 192);
    rig_queue_submit(&u);
    rig_advance(&w->rig, 50000);
    rig_cancel(&u);
    for (unsigned i = 0; i < COUNT; i++) {
        lost += u.packets[i].status != USB_STATUS_OK;
        CHECK(u.packets[i].actual_length == (u.packets[i].status == USB_STATUS_OK ? 192 : 0));
    }
    CHECK_EQ(u.urb.status, USB_STATUS_CANCELLED);
    CHECK(lost > 20 && lost < 80);
    CHECK_EQ(u.urb.error_count, lost);
    CHECK_EQ(u.urb.actual_length, (COUNT - lost) * 192);
    rig_release(&u);
    rig_close(d);
}

// What has come of a packet that failed is nobody's data; those beside it are whole.
WORLD_TEST(device_iso_in_with_failed_packets, world_begin_d1(w))
{
    static const int16_t packets[] = {192, SIM_ERROR, 100, SIM_ERROR, 192};
    enum { COUNT = sizeof packets / sizeof *packets };
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    sim_faulty_iso(world_sim(w), WORLD_ISO_IN, packets, COUNT);
    rig_iso_urb(&u, d, WORLD_ISO_IN, NULL, COUNT, 192);
    rig_queue_submit(&u);
    rig_advance(&w->rig, 20000);
    rig_check_urb(&u, USB_STATUS_OK, 192 + 100 + 192);
    CHECK_EQ(u.urb.error_count, 2);
    for (unsigned i = 0; i < COUNT; i++) {
        bool good = packets[i] >= 0;
        CHECK_EQ(u.packets[i].status, good ? USB_STATUS_OK : USB_STATUS_PROTOCOL);
        CHECK_EQ(u.packets[i].actual_length, good ? packets[i] : 0);
        CHECK_EQ(u.urb.buffer[i * 192 + 191] == RIG_NOBODY_SENDS, packets[i] < 192);
    }
    rig_release(&u);
    rig_close(d);
}

// Three packets in a microframe are more than the library moves: the setting is refused, the device
// is back at the old one, and a smaller one works.
TEST(device_high_bandwidth_setting_is_refused)
{
    static const uint8_t device[] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0x09,
                                     0x12, 0x02, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x01};
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(50, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 0, 14, 2, 0, 0),
        USB_INTERFACE_BYTES(0, 1, 1, 14, 2, 0, 0),
        USB_ENDPOINT_BYTES(0x84, 0x05, 2 << 11 | 1024, 1), // three packets
        USB_INTERFACE_BYTES(0, 2, 1, 14, 2, 0, 0),
        USB_ENDPOINT_BYTES(0x84, 0x05, 1024, 1),
    };
    const struct sim_faulty_options options = {.speed = USB_SPEED_HIGH,
                                               .device = device,
                                               .configs = {config},
                                               .config_sizes = {sizeof config}};
    struct world w;
    world_begin(&w);
    struct rig_device *d = rig_plug(&w.rig, "1-1", sim_faulty_create(w.bus[0], &options));
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK(rig_try_change(d, USB_SET_INTERFACE, 0, 1) != USB_STATUS_OK);
    CHECK_EQ(world_sim(&w)->alternate[0], 0);
    CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 0, 2), USB_STATUS_OK);
    CHECK_EQ(world_sim(&w)->alternate[0], 2);
    rig_close(d);
    world_end(&w);
}

// --- errors --------------------------------------------------------------------------------------

// Both sides agree about the toggles of both endpoints: nothing is lost.
static void check_toggles(struct world *w, struct rig_device *d)
{
    uint8_t got[512];
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "again", 5), BASE_OK);
        rig_check_transfer(d, WORLD_BULK_IN, got, 512, USB_STATUS_OK, 5);
        CHECK_BYTES(got, "again", 5);
        sim_faulty_forget(world_sim(w), WORLD_BULK_OUT);
        rig_check_transfer(d, WORLD_BULK_OUT, got, 5, USB_STATUS_OK, 5);
        CHECK_EQ(sim_faulty_received(world_sim(w), WORLD_BULK_OUT).packets, 1);
    }
}

static void fails(enum sim_result how, int32_t status)
{
    struct world w;
    world_begin_d1(&w);
    struct rig_device *d = w.rig.dev;
    uint8_t got[512];
    check_toggles(&w, d); // an odd number of packets each
    CHECK_EQ(sim_faulty_fail(world_sim(&w), WORLD_BULK_IN, how), BASE_OK);
    rig_check_transfer(d, WORLD_BULK_IN, got, 512, status, 0);
    if (how == SIM_STALL) { // stays until the client clears it
        rig_check_transfer(d, WORLD_BULK_IN, got, 512, USB_STATUS_STALL, 0);
        CHECK_EQ(rig_try_change(d, USB_CLEAR_HALT, 0, WORLD_BULK_IN), USB_STATUS_OK);
    }
    check_toggles(&w, d);
    world_check_alive(d);
    rig_close(d);
    world_end(&w);
}

TEST(device_stall)
{
    fails(SIM_STALL, USB_STATUS_STALL);
}

TEST(device_bus_error)
{
    fails(SIM_ERROR, USB_STATUS_PROTOCOL);
}

TEST(device_babble)
{
    fails(SIM_BABBLE, USB_STATUS_OVERFLOW);
}

// Each pipe change resets toggles on both sides, whatever they were.
WORLD_TEST(device_toggles_after_every_change, world_begin_d1(w))
{
    static const struct usb_control_op ops[] = {{USB_CLEAR_HALT, WORLD_BULK_IN, 0},
                                                {USB_CLEAR_HALT, WORLD_BULK_OUT, 0},
                                                {USB_CLEAR_HALT, WORLD_INTERRUPT_IN, 0},
                                                {USB_SET_INTERFACE, 0, 0},
                                                {USB_SET_CONFIGURATION, 1, 0},
                                                {USB_RESET_DEVICE, 0, 0},
                                                {USB_SET_INTERFACE, 1, 1}};
    struct rig_device *d = w->rig.dev;
    for (unsigned i = 0; i < sizeof ops / sizeof *ops; i++) {
        check_toggles(w, d);
        CHECK_EQ(rig_try_change(d, ops[i].type, ops[i].interface, ops[i].value), USB_STATUS_OK);
        check_toggles(w, d);
    }
    rig_close(d);
    CHECK_EQ(rig_open(d), BASE_OK);
    check_toggles(w, d);
    rig_close(d);
}

// The library cancels what is queued behind an error: the backend's other URBs stay.
WORLD_TEST(device_error_leaves_the_queue, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    struct rig_urb u[4];
    for (unsigned i = 0; i < 4; i++) {
        rig_urb(&u[i], d, WORLD_BULK_IN, NULL, 512);
        rig_queue_submit(&u[i]);
    }
    rig_settle(&w->rig);
    CHECK_EQ(sim_faulty_fail(world_sim(w), WORLD_BULK_IN, SIM_ERROR), BASE_OK);
    for (unsigned i = 1; i < 4; i++)
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "abcd", i), BASE_OK);
    rig_advance(&w->rig, RIG_SECOND_US);
    rig_check_urb(&u[0], USB_STATUS_PROTOCOL, 0);
    for (uint32_t i = 1; i < 4; i++)
        rig_check_urb(&u[i], USB_STATUS_OK, i);
    for (unsigned i = 0; i < 4; i++)
        rig_release(&u[i]);
    rig_close(d);
}

// --- cancelling ----------------------------------------------------------------------------------

WORLD_TEST(device_cancel_leaves_the_neighbours, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    struct rig_urb u[4];
    for (unsigned victim = 0; victim < 4; victim++) {
        for (unsigned i = 0; i < 4; i++) {
            rig_urb(&u[i], d, WORLD_BULK_IN, NULL, 512);
            rig_queue_submit(&u[i]);
        }
        rig_settle(&w->rig);
        rig_cancel(&u[victim]);
        rig_check_urb(&u[victim], USB_STATUS_CANCELLED, 0);
        uint32_t size = 0;
        for (unsigned i = 0; i < 4; i++) {
            if (i == victim)
                continue;
            CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "abcd", ++size), BASE_OK);
            rig_settle(&w->rig);
            rig_check_urb(&u[i], USB_STATUS_OK, size);
        }
        for (unsigned i = 0; i < 4; i++)
            rig_release(&u[i]);
    }
    rig_close(d);
}

// Endpoint 0 cannot be taken back: the URB is, what is behind it waits, and the late end is
// nobody's.
WORLD_TEST(device_control_without_an_answer, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    struct rig_urb stuck, next;
    sim_faulty_answer(world_sim(w), 0x40, 0x55, &never);
    rig_control_urb(&stuck, d, "4055000000000000", NULL);
    rig_queue_submit(&stuck);
    rig_advance(&w->rig, 60 * RIG_SECOND_US);
    CHECK(!stuck.done);
    rig_cancel(&stuck);
    rig_check_urb(&stuck, USB_STATUS_CANCELLED, 0);
    rig_control_urb(&next, d, "8006000100001200", NULL);
    rig_queue_submit(&next);
    rig_advance(&w->rig, 60 * RIG_SECOND_US);
    CHECK(!next.done);
    sim_faulty_release(world_sim(w));
    rig_advance(&w->rig, RIG_SECOND_US);
    rig_check_urb(&next, USB_STATUS_OK, USB_DT_DEVICE_SIZE);
    rig_release(&stuck);
    rig_release(&next);
    rig_close(d);
}

// The library refuses a control transfer once after a STALL if it is asked too early.
WORLD_TEST(device_control_after_a_stall, world_prepare(w))
{
    w->library.control_refused_after_error = true;
    world_start(w);
    struct rig_device *d = world_d1(w);
    CHECK_EQ(rig_open(d), BASE_OK);
    for (unsigned i = 0; i < 3; i++) {
        struct rig_urb u;
        rig_control_urb(&u, d, "4077000000000000", NULL);
        rig_queue_submit(&u);
        rig_advance(&w->rig, RIG_SECOND_US);
        rig_check_urb(&u, USB_STATUS_STALL, 0);
        rig_release(&u);
        world_check_alive(d);
    }
    rig_close(d);
}

WORLD_TEST(device_control_of_every_size, world_begin_d1(w))
{
    static const uint16_t lengths[] = {0,   1,    63,   64,   65,   299,   300,
                                       301, 4096, 8128, 8129, 8192, 16384, 65535};
    struct rig_device *d = w->rig.dev;
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        unsigned length = lengths[i];
        struct rig_urb u;
        char setup[17];
        (void)snprintf(setup, sizeof setup, "c00100000000%02x%02x", length & 0xff, length >> 8);
        rig_control_urb(&u, d, setup, NULL);
        rig_submit(&u);
        rig_check_urb(&u, USB_STATUS_OK, length < 300 ? length : 300);
        rig_release(&u);
    }
    rig_close(d);
}
