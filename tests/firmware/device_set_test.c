// SPDX-License-Identifier: Apache-2.0
// Devices of real classes, as people have them, on the full-speed port: a hub with a keyboard of
// low speed and a serial adapter, and a headset.
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

// Eight channels: two for the hub, one for each device, and what an import claims. So keyboard and
// serial adapter work there, but not both at the same time.
TEST(device_set_behind_a_full_speed_hub)
{
    struct world w;
    uint8_t got[64];
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 1, "2-1", full_speed_hub(&w));
    world_plug(&w, 1, "2-1.1", sim_keyboard_create(w.bus[1]));
    world_plug(&w, 1, "2-1.2", sim_serial_create(w.bus[1], 1));
    struct world_device *keyboard = world_find(&w, "2-1.1"), *serial = world_find(&w, "2-1.2");
    CHECK_EQ(keyboard->info.speed, USB_SPEED_LOW);
    CHECK_EQ(world_open(&w, keyboard), BASE_OK);
    world_check_alive(&w, keyboard);
    CHECK(world_open(&w, serial) != BASE_OK);
    world_check_alive(&w, keyboard);
    world_close(&w, keyboard);
    CHECK_EQ(world_open(&w, serial), BASE_OK);
    struct usb_walk walk;
    struct usb_endpoint ep, in = {0}, out = {0};
    usb_walk_begin(&walk, serial->info.config[0]);
    while (usb_walk_next(&walk))
        if (usb_walk_endpoint(&walk, &ep) && ep.type == USB_BULK)
            *(ep.address & USB_DIR_IN ? &in : &out) = ep;
    world_transfer(&w, serial, out.address, (void *)(uintptr_t) "echo", 4, USB_STATUS_OK, 4);
    world_advance(&w, WORLD_SECOND_US);
    world_transfer(&w, serial, in.address, got, 64, USB_STATUS_OK, 4);
    CHECK_BYTES(got, "echo", 4);
    world_close(&w, serial);
    world_end(&w);
}

// The setting of the headset that has an isochronous endpoint in that direction.
static int32_t select_stream(struct world *w, struct world_device *d, uint8_t direction)
{
    struct usb_walk walk;
    struct usb_endpoint ep;
    usb_walk_begin(&walk, d->info.config[0]);
    while (usb_walk_next(&walk))
        if (usb_walk_endpoint(&walk, &ep) && ep.type == USB_ISOCHRONOUS &&
            (ep.address & USB_DIR_IN) == direction)
            return world_change(w, d, USB_SET_INTERFACE, walk.interface.bInterfaceNumber,
                                walk.interface.bAlternateSetting);
    check_fail(__FILE__, __LINE__, "no such stream");
}

// With both ports in use, the library gives the full-speed one 128 bytes for periodic OUT: stereo
// at 48 kHz needs 192. The microphone works, and on the other port everything does.
TEST(device_set_headset)
{
    struct world w;
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 0, "1-1", headset(&w, 0));
    world_plug(&w, 1, "2-1", headset(&w, 1));
    struct world_device *a = world_find(&w, "1-1"), *b = world_find(&w, "2-1");
    CHECK_EQ(world_open(&w, a), BASE_OK);
    CHECK_EQ(world_open(&w, b), BASE_OK);
    CHECK_EQ(select_stream(&w, a, USB_DIR_IN), USB_STATUS_OK);
    CHECK_EQ(select_stream(&w, a, 0), USB_STATUS_OK);
    CHECK_EQ(select_stream(&w, b, USB_DIR_IN), USB_STATUS_OK);
    CHECK(select_stream(&w, b, 0) != USB_STATUS_OK);
    world_check_alive(&w, b);
    world_close(&w, a);
    world_close(&w, b);
    world_end(&w);
}
