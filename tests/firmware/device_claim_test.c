// SPDX-License-Identifier: Apache-2.0
// Descriptors that real devices have and that are not quite what USB 2.0 says: they are imported.
#include "tests/firmware/device_world.h"

// A Bluetooth adapter of high speed: interrupt IN with an interval in milliseconds, as at full
// speed, and an interface whose alternate setting 0 has isochronous endpoints without a size.
static const uint8_t bluetooth[] = {
    9, 2, 71,   0, 2,    1,    0,   0x80, 50, //
    9, 4, 0,    0, 2,    0xe0, 1,   1,    0,  //
    7, 5, 0x81, 2, 0x00, 2,    0,             // bulk
    7, 5, 0x82, 3, 16,   0,    255,           // interrupt
    9, 4, 1,    0, 2,    0xe0, 1,   1,    0,  //
    7, 5, 0x83, 1, 0,    0,    1,             // isochronous
    7, 5, 0x03, 1, 0,    0,    1,             //
    9, 4, 1,    1, 1,    0xe0, 1,   1,    0,  //
    7, 5, 0x83, 1, 9,    0,    4,             //
};

TEST(device_claim_of_a_bluetooth_adapter)
{
    struct sim_faulty_options options = {.speed = USB_SPEED_HIGH, .product = 8};
    struct world w;
    uint8_t got[512];
    options.configs[0] = bluetooth;
    options.config_sizes[0] = sizeof bluetooth;
    world_begin(&w);
    struct rig_device *d = rig_plug(&w.rig, "1-1", sim_faulty_create(w.bus[0], &options));
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK_EQ(sim_faulty_give(world_sim(&w), 0x81, "acl", 3), BASE_OK);
    rig_check_transfer(d, 0x81, got, 512, USB_STATUS_OK, 3);
    CHECK_EQ(sim_faulty_give(world_sim(&w), 0x82, "event", 5), BASE_OK);
    rig_check_transfer(d, 0x82, got, 16, USB_STATUS_OK, 5);
    CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 1, 0), USB_STATUS_OK);
    rig_close(d);
    world_end(&w);
}

// A packet every 2^(n-1) microframes: the library's list has 64 entries, three of which it keeps,
// and it asserts that a packet fits.
WORLD_TEST(device_claim_of_isochronous_intervals, world_begin(w))
{
    enum { CONFIG = 27, LONGEST = 6 };
    static uint8_t config[] = {
        9, 2, CONFIG - 2, 0, 1,    1,   0, 0x80, 50, //
        9, 4, 0,          0, 1,    255, 0, 0,    0,  //
        7, 5, 0x81,       1, 0x40, 0,   0,
    };
    const struct sim_faulty_options options = {.speed = USB_SPEED_HIGH,
                                               .product = 8,
                                               .configs = {config},
                                               .config_sizes = {sizeof config}};
    for (uint8_t interval = 1; interval <= 16; interval++) {
        struct rig_urb u;
        config[sizeof config - 1] = interval;
        struct rig_device *d = rig_plug(&w->rig, "1-1", sim_faulty_create(w->bus[0], &options));
        bool served = interval <= LONGEST;
        CHECK_EQ(rig_open(d), BASE_OK);
        rig_iso_urb(&u, d, 0x81, NULL, 4, 64);
        rig_queue_submit(&u);
        rig_advance(&w->rig, RIG_SECOND_US / 2);
        rig_check_urb(&u, served ? USB_STATUS_OK : USB_STATUS_SHUTDOWN, served ? 4 * 64 : 0);
        rig_release(&u);
        rig_close(d);
        CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, NULL),
                 served ? 0 : interval - LONGEST);
        CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
        rig_advance(&w->rig, RIG_SECOND_US / 10);
    }
}

// A setting that there is no memory for is given back whole: the device is at the old one, and the
// next time it works.
TEST(device_claim_without_memory)
{
    int32_t status;
    unsigned n = 0;
    do {
        struct world w;
        world_begin_d1(&w);
        struct rig_device *d = w.rig.dev;
        usb_host_double_fail_alloc(++n);
        status = rig_try_change(d, USB_SET_INTERFACE, 1, 1);
        usb_host_double_fail_alloc(0);
        CHECK(status == USB_STATUS_OK || status == USB_STATUS_NO_MEMORY);
        CHECK_EQ(usb_host_double_counts().channels[0], status == USB_STATUS_OK ? 6 : 4);
        CHECK_EQ(world_sim(&w)->alternate[1], status == USB_STATUS_OK);
        CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
        CHECK_EQ(usb_host_double_counts().channels[0], 6);
        rig_close(d);
        CHECK_EQ(usb_host_double_counts().channels[0], 1);
        world_end(&w);
    } while (status != USB_STATUS_OK);
    CHECK(n > 5);
}

// As many as are looked at; only the first two have endpoints.
WORLD_TEST(device_claim_of_thirty_interfaces, world_begin(w))
{
    const struct sim_faulty_options options = {
        .speed = USB_SPEED_HIGH, .product = 9, .interfaces = 30};
    uint8_t got[512];
    struct rig_device *d = rig_plug(&w->rig, "1-1", sim_faulty_create(w->bus[0], &options));
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(rig_open(d), BASE_OK);
        CHECK_EQ(rig_try_change(d, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
        CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 29, 0), USB_STATUS_OK);
        CHECK_EQ(sim_faulty_give(world_sim(w), 0x81, "works", 5), BASE_OK);
        rig_check_transfer(d, 0x81, got, 512, USB_STATUS_OK, 5);
        rig_close(d);
        CHECK_EQ(usb_host_double_counts().channels[0], 1);
    }
}
