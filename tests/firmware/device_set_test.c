// SPDX-License-Identifier: Apache-2.0
// Devices of real classes, as people have them, on the full-speed port: a hub with a keyboard of
// low speed and a serial adapter, and a headset.
#include "device_state.h"
#include "sim/device/audio/sim_audio.h"
#include "sim/device/keyboard/sim_keyboard.h"
#include "sim/device/serial/sim_serial.h"
#include "tests/firmware/device_world.h"

static struct sim_device *headset(struct world *w, unsigned root)
{
    const struct sim_audio_options none = {0};
    return sim_audio_create(w->bus[root], &none);
}

static struct sim_device *full_speed_hub(struct world *w)
{
    struct sim_device *h = sim_hub_create(w->bus[1], 4);
    CHECK(h);
    h->speed = USB_SPEED_FULL;
    return h;
}

static void check_echo(struct world *w, struct rig_device *serial)
{
    uint8_t got[64];
    struct usb_walk walk;
    struct usb_endpoint ep, in = {0}, out = {0};
    usb_walk_begin(&walk, serial->info.config[0], serial->info.speed);
    while (usb_walk_next(&walk))
        if (usb_walk_endpoint(&walk, &ep) && ep.type == USB_BULK)
            *(ep.address & USB_DIR_IN ? &in : &out) = ep;
    rig_check_transfer(serial, out.address, (void *)(uintptr_t) "echo", 4, USB_STATUS_OK, 4);
    rig_advance(&w->rig, RIG_SECOND_US);
    rig_check_transfer(serial, in.address, got, 64, USB_STATUS_OK, 4);
    CHECK_BYTES(got, "echo", 4);
}

// Eight channels: two for the hub, one for each device, and what an import claims. So keyboard and
// serial adapter work there, but the latter without its interrupt endpoint while both are in use.
WORLD_TEST(device_set_behind_a_full_speed_hub, world_begin(w))
{
    struct eventlog_event cost;
    rig_plug(&w->rig, "2-1", full_speed_hub(w));
    rig_plug(&w->rig, "2-1.1", sim_keyboard_create(w->bus[1]));
    rig_plug(&w->rig, "2-1.2", sim_serial_create(w->bus[1], 1));
    struct rig_device *keyboard = rig_find(&w->rig, "2-1.1"), *serial = rig_find(&w->rig, "2-1.2");
    CHECK_EQ(keyboard->info.speed, USB_SPEED_LOW);
    CHECK_EQ(rig_open(keyboard), BASE_OK);
    world_check_alive(keyboard);
    CHECK_EQ(rig_open(serial), BASE_OK);
    CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, &cost), 1);
    CHECK_EQ(cost.what.not_served.where, EVENTLOG_PLACE(0, 0, 0));
    check_echo(w, serial);
    world_check_alive(keyboard);
    rig_close(serial);
    rig_close(keyboard);
    CHECK_EQ(rig_open(serial), BASE_OK);
    check_echo(w, serial);
    CHECK_EQ(device_rig_events(&w->chip, EVENT_NOT_SERVED, NULL), 1);
    rig_close(serial);
}

// The setting of the headset that has an isochronous endpoint in that direction.
static int32_t select_stream(struct rig_device *d, uint8_t direction)
{
    struct usb_walk walk;
    struct usb_endpoint ep;
    usb_walk_begin(&walk, d->info.config[0], d->info.speed);
    while (usb_walk_next(&walk))
        if (usb_walk_endpoint(&walk, &ep) && ep.type == USB_ISOCHRONOUS &&
            (ep.address & USB_DIR_IN) == direction)
            return rig_try_change(d, USB_SET_INTERFACE, walk.interface.bInterfaceNumber,
                                  walk.interface.bAlternateSetting);
    check_fail(__FILE__, __LINE__, "no such stream");
}

// On either port, with both in use: stereo at 48 kHz needs 192 bytes of periodic OUT, where the
// library's own division has 128 for the full-speed one.
WORLD_TEST(device_set_headset, world_begin(w))
{
    rig_plug(&w->rig, "1-1", headset(w, 0));
    rig_plug(&w->rig, "2-1", headset(w, 1));
    struct rig_device *a = rig_find(&w->rig, "1-1"), *b = rig_find(&w->rig, "2-1");
    CHECK_EQ(rig_open(a), BASE_OK);
    CHECK_EQ(rig_open(b), BASE_OK);
    CHECK_EQ(select_stream(a, USB_DIR_IN), USB_STATUS_OK);
    CHECK_EQ(select_stream(a, 0), USB_STATUS_OK);
    CHECK_EQ(select_stream(b, USB_DIR_IN), USB_STATUS_OK);
    CHECK_EQ(select_stream(b, 0), USB_STATUS_OK);
    world_check_alive(b);
    rig_close(a);
    rig_close(b);
}

// The library's resets of the controller forget that a port is to be slow: each turn of each task
// says it again, and what the port is called goes with it.
WORLD_TEST(device_set_of_a_port_that_is_to_be_slow, world_begin(w))
{
    struct usbip_backend *b = device_usb_host_backend(w->chip.host);
    struct backend_bus bus;
    unsigned before = device_rig_speed_checks();
    device_usb_host_client_turn(w->chip.host, 0);
    device_usb_host_library_turn(w->chip.host, 0);
    CHECK_EQ(device_rig_speed_checks(), before);
    CHECK(b->bus(b, 0, &bus));
    CHECK_EQ(bus.speed, USB_SPEED_HIGH);
    w->chip.host->config.high_speed_port_full_only = true;
    device_usb_host_client_turn(w->chip.host, 0);
    CHECK_EQ(device_rig_speed_checks(), before + 1);
    device_usb_host_library_turn(w->chip.host, 0);
    CHECK_EQ(device_rig_speed_checks(), before + 2);
    CHECK(b->bus(b, 0, &bus));
    CHECK_EQ(bus.busnum, DEVICE_HIGH_SPEED_BUS);
    CHECK_EQ(bus.speed, USB_SPEED_FULL);
}
