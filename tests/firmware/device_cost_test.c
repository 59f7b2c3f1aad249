// SPDX-License-Identifier: Apache-2.0
// What the host controller cannot do costs that part of a device, is in the event log, and nothing
// else (docs/decisions/0022).
#include "tests/firmware/device_world.h"
#include "usb/usb_descriptor_bytes.h"

// A device with these descriptors in that bus's root port, opened.
static struct rig_device *plug(struct world *w, unsigned bus, enum usb_speed speed,
                               const uint8_t *config, size_t size)
{
    static const uint8_t device[] = {18, 1, 0, 2, 0, 0, 0, 64, 9, 0x12, 3, 0, 0, 1, 0, 0, 0, 1};
    const struct sim_faulty_options options = {
        .speed = speed, .device = device, .configs = {config}, .config_sizes = {(uint16_t)size}};
    struct rig_device *d =
        rig_plug(&w->rig, bus ? "2-1" : "1-1", sim_faulty_create(w->bus[bus], &options));
    CHECK_EQ(rig_open(d), BASE_OK);
    return d;
}

static void check_last_cost(const struct world *w, unsigned count, uint32_t where,
                            enum eventlog_cost why)
{
    struct eventlog_event last;
    CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, &last), count);
    CHECK_EQ(last.what.not_served.where, where);
    CHECK_EQ(last.what.not_served.reason, why);
}

static void check_in(struct world *w, unsigned bus, struct rig_device *d, uint8_t ep)
{
    uint8_t got[512];
    struct sim_device *sim = sim_find(w->bus[bus], d->busid);
    CHECK_EQ(sim_faulty_give(sim, ep, "works", 5), BASE_OK);
    rig_check_transfer(d, ep, got, 64, USB_STATUS_OK, 5);
}

static const uint8_t debug_probe[] = {
    USB_CONFIG_BYTES(9 + 4 * 9 + 8 * 7 + 8, 4, 1, 0, 0x80, 50),
    USB_INTERFACE_BYTES(0, 0, 3, 0xff, 0xff, 0xff, 0),
    USB_ENDPOINT_BYTES(0x81, 2, 64, 0),
    USB_ENDPOINT_BYTES(0x01, 2, 64, 0),
    USB_ENDPOINT_BYTES(0x82, 2, 64, 0),
    USB_INTERFACE_BYTES(1, 0, 2, 8, 6, 0x50, 0),
    USB_ENDPOINT_BYTES(0x83, 2, 64, 0),
    USB_ENDPOINT_BYTES(0x03, 2, 64, 0),
    8,
    11,
    2,
    2,
    2,
    2,
    1,
    0,
    USB_INTERFACE_BYTES(2, 0, 1, 2, 2, 1, 0),
    USB_ENDPOINT_BYTES(0x84, 3, 64, 9),
    USB_INTERFACE_BYTES(3, 0, 2, 10, 0, 0, 0),
    USB_ENDPOINT_BYTES(0x85, 2, 64, 0),
    USB_ENDPOINT_BYTES(0x05, 2, 64, 0),
};

// Nine channels of eight: the interrupt endpoint that tells of modem lines goes without.
WORLD_TEST(device_cost_of_a_debug_probe, world_begin(w))
{
    uint8_t got[64];
    struct rig_device *d = plug(w, 1, USB_SPEED_FULL, debug_probe, sizeof debug_probe);
    check_last_cost(w, 1, EVENTLOG_PLACE(2, 0, 0), EVENT_COST_CHANNELS);
    check_in(w, 1, d, 0x81);
    check_in(w, 1, d, 0x83);
    check_in(w, 1, d, 0x85);
    rig_check_transfer(d, 0x84, got, 64, USB_STATUS_SHUTDOWN, 0);
    rig_change(d, USB_SET_CONFIGURATION, 0, 1); // as every client does: no news
    rig_change(d, USB_SET_INTERFACE, 2, 0);
    check_in(w, 1, d, 0x82);
    CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, NULL), 1);
    rig_close(d);
    CHECK_EQ(rig_open(d), BASE_OK); // a session of its own
    CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, NULL), 2);
    rig_close(d);
    CHECK_EQ(usb_host_double_counts().channels[1], 1);
}

// What Linux mends is mended for the library, too, which would refuse the interface.
WORLD_TEST(device_cost_of_interval_0_is_none, world_begin(w))
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(48, 2, 1, 0, 0x80, 50),  USB_INTERFACE_BYTES(0, 0, 2, 0xff, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x81, 2, 64, 0),       USB_ENDPOINT_BYTES(0x01, 2, 64, 0),
        USB_INTERFACE_BYTES(1, 0, 1, 3, 0, 0, 0), USB_ENDPOINT_BYTES(0x82, 3, 8, 0),
    };
    struct rig_device *d = plug(w, 1, USB_SPEED_FULL, config, sizeof config);
    check_in(w, 1, d, 0x81);
    check_in(w, 1, d, 0x82);
    CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, NULL), 0);
    rig_close(d);
}

// As Linux does: at low speed bulk is taken for interrupt.
WORLD_TEST(device_cost_of_low_speed_bulk_is_none, world_begin(w))
{
    static const uint8_t device[] = {18, 1, 0, 1, 0, 0, 0, 8, 9, 0x12, 3, 0, 0, 1, 0, 0, 0, 1};
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(25, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 0xff, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x81, 2, 8, 0),
    };
    const struct sim_faulty_options options = {.speed = USB_SPEED_LOW,
                                               .device = device,
                                               .configs = {config},
                                               .config_sizes = {sizeof config}};
    struct rig_device *d = rig_plug(&w->rig, "2-1", sim_faulty_create(w->bus[1], &options));
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK_EQ(usb_host_double_counts().channels[1], 2);
    CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, NULL), 0);
    rig_close(d);
}

// One endpoint of setting 0 cannot be served: the interface's others are, and a client that asks
// for a setting with such an endpoint hears no.
WORLD_TEST(device_cost_of_an_endpoint, world_begin(w))
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(9 + 2 * 9 + 5 * 7, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 4, 0xff, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x81, 2, 512, 0),
        USB_ENDPOINT_BYTES(0x83, 1, 1 << 11 | 512, 1), // two packets
        USB_ENDPOINT_BYTES(0x04, 0, 64, 0),
        USB_ENDPOINT_BYTES(0x85, 1, 64, 8),
        USB_INTERFACE_BYTES(0, 1, 1, 0xff, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x86, 1, 64, 16),
    };
    struct rig_urb u;
    struct rig_device *d = plug(w, 0, USB_SPEED_HIGH, config, sizeof config);
    check_last_cost(w, 3, EVENTLOG_PLACE(0, 0, 0x85), EVENT_COST_INTERVAL);
    check_in(w, 0, d, 0x81);
    rig_iso_urb(&u, d, 0x83, NULL, 2, 512);
    rig_submit(&u);
    rig_check_urb(&u, USB_STATUS_SHUTDOWN, 0);
    rig_release(&u);
    for (unsigned i = 1; i <= 2; i++) { // once, however often it asks
        CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 0, 1), USB_STATUS_INVALID);
        check_last_cost(w, 4, EVENTLOG_PLACE(0, 1, 0x86), EVENT_COST_INTERVAL);
    }
    check_in(w, 0, d, 0x81);
    rig_close(d);
}

// Longer packets than fit into the controller's memory, on the full-speed port.
WORLD_TEST(device_cost_of_long_packets, world_begin(w))
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(9 + 9 + 3 * 7, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 3, 0xff, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x81, 2, 64, 0),
        USB_ENDPOINT_BYTES(0x82, 1, 409, 1),
        USB_ENDPOINT_BYTES(0x03, 1, 256, 1),
    };
    struct rig_device *d = plug(w, 1, USB_SPEED_FULL, config, sizeof config);
    check_last_cost(w, 1, EVENTLOG_PLACE(0, 0, 0x82), EVENT_COST_PACKET_SIZE);
    check_in(w, 1, d, 0x81);
    CHECK_EQ(usb_host_double_counts().channels[1], 3);
    rig_close(d);
}

// Nobody gets in whose every interface has to wait for a channel: another device may give it back.
WORLD_TEST(device_cost_of_all_is_a_refusal, world_prepare(w))
{
    w->library.channels[0] = 2;
    world_start(w);
    CHECK_EQ(rig_open(world_d1(w)), BASE_ERR_LIMIT);
    check_last_cost(w, 1, EVENTLOG_PLACE(0, 0, 0), EVENT_COST_CHANNELS);
}
