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
