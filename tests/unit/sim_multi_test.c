// SPDX-License-Identifier: Apache-2.0
// The device with two configurations.
#include "sim/device/sim_echo.h"
#include "sim/device/sim_multi.h"
#include "tests/support/rig.h"

enum { LOOP_OUT = 0x02, LOOP_IN = 0x81, SECOND_OUT = 0x03, SECOND_IN = 0x83, MOUSE_IN = 0x81 };
enum { SECOND = 1000000, STALL = USB_STATUS_STALL };

static void start(struct rig *r, uint8_t config)
{
    rig_begin(r);
    rig_start(r, sim_multi_create(r->bus), config);
}

static void check_echo(struct rig *r, uint8_t out, uint8_t in, uint32_t size)
{
    static uint8_t data[SIM_ECHO_RING], have[SIM_ECHO_RING];
    for (uint32_t i = 0; i < size; i++)
        data[i] = (uint8_t)(i * 7 % 251 + out);
    CHECK_EQ(rig_write(r->dev, out, data, size), size);
    CHECK_EQ(rig_read(r->dev, in, have, size), size);
    CHECK_BYTES(have, data, size);
    if (size % 512 == 0)
        CHECK_EQ(rig_read(r->dev, in, have, 512), 0); // ends the stream's last full packet
    CHECK_EQ(rig_read(r->dev, in, have, 512), RIG_PENDING);
}

static void check_endpoint(const struct rig *r, uint8_t address, int type, unsigned interface)
{
    const struct usb_endpoint *ep = sim_endpoint(r->sim, address);
    CHECK(ep);
    CHECK_EQ(ep->type, type);
    CHECK_EQ(ep->max_packet_size, type == USB_BULK ? 512 : 8);
    CHECK_EQ(ep->interface, interface);
}

// --- descriptors ---------------------------------------------------------------------------------

RIG_TEST(sim_multi_descriptors, start(r, 1))
{
    struct usb_device_descriptor dd;
    struct usb_interface interface[3];
    const struct sim_descriptors *desc = r->sim->desc;
    CHECK_EQ(usb_device_descriptor_unpack(&dd, (struct base_span){desc->device, 18}), BASE_OK);
    CHECK_EQ(dd.idVendor, 0x1209);
    CHECK_EQ(dd.idProduct, 0x0008);
    CHECK_EQ(dd.bDeviceClass, 0);
    CHECK_EQ(dd.bNumConfigurations, 2);
    CHECK_EQ(r->sim->speed, USB_SPEED_HIGH);
    CHECK_EQ(rig_check_config(desc->configs[0]), 2);
    CHECK_EQ(rig_check_config(desc->configs[1]), 3);
    struct base_span first = {desc->configs[0], base_get_le16(desc->configs[0] + 2)};
    struct base_span second = {desc->configs[1], base_get_le16(desc->configs[1] + 2)};
    CHECK(first.size != second.size);
    CHECK_EQ(usb_config_value(first), 1);
    CHECK_EQ(usb_config_value(second), 2);
    CHECK_EQ(usb_config_interfaces(first, interface, 3), 1);
    CHECK_EQ(interface[0].bInterfaceClass, USB_CLASS_VENDOR);
    CHECK_EQ(usb_config_interfaces(second, interface, 3), 2);
    CHECK_EQ(interface[0].bInterfaceClass, USB_CLASS_VENDOR); // Linux begins with configuration 1
    CHECK_EQ(interface[1].bInterfaceClass, USB_CLASS_HID);
    CHECK_STR(desc->strings[desc->configs[0][6] - 1], "loopback");
    CHECK_STR(desc->strings[desc->configs[1][6] - 1], "loopback and mouse");
}

RIG_TEST(sim_multi_descriptors_by_index, start(r, 2))
{
    uint8_t data[255];
    CHECK_EQ(rig_request(r->dev, 0x8006, 0x0200, 0, data, sizeof data), 32);
    CHECK_EQ(data[5], 1);
    CHECK_EQ(rig_request(r->dev, 0x8006, 0x0201, 0, data, sizeof data), 57);
    CHECK_EQ(data[5], 2);
    CHECK_EQ(rig_request(r->dev, 0x8006, 0x0202, 0, data, sizeof data), STALL);
    CHECK_EQ(rig_request(r->dev, 0x8006, 0x0701, 0, data, sizeof data), 57); // at full speed
    CHECK_EQ(data[1], 7);
}

// --- switching -----------------------------------------------------------------------------------

RIG_TEST(sim_multi_first_configuration, start(r, 1))
{
    check_endpoint(r, LOOP_OUT, USB_BULK, 0);
    check_endpoint(r, LOOP_IN, USB_BULK, 0);
    CHECK(!sim_endpoint(r->sim, SECOND_OUT) && !sim_endpoint(r->sim, SECOND_IN));
    check_echo(r, LOOP_OUT, LOOP_IN, 1);
    check_echo(r, LOOP_OUT, LOOP_IN, 512);
    check_echo(r, LOOP_OUT, LOOP_IN, SIM_ECHO_RING);
}

RIG_TEST(sim_multi_second_configuration, start(r, 2))
{
    check_endpoint(r, SECOND_OUT, USB_BULK, 0);
    check_endpoint(r, SECOND_IN, USB_BULK, 0);
    check_endpoint(r, MOUSE_IN, USB_INTERRUPT, 1);
    CHECK(!sim_endpoint(r->sim, LOOP_OUT));
    check_echo(r, SECOND_OUT, SECOND_IN, 1000);
}

// Nothing of one configuration is seen in the other.
RIG_TEST(sim_multi_to_and_fro, start(r, 1))
{
    uint8_t data[64] = {1};
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(rig_write(r->dev, LOOP_OUT, data, sizeof data), sizeof data);
        rig_change(r->dev, USB_SET_CONFIGURATION, 0, 2);
        CHECK_EQ(rig_read(r->dev, MOUSE_IN, data, 8), RIG_PENDING);
        CHECK_EQ(rig_read(r->dev, SECOND_IN, data, sizeof data), RIG_PENDING);
        CHECK_EQ(rig_write(r->dev, SECOND_OUT, data, sizeof data), sizeof data);
        rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
        CHECK_EQ(rig_read(r->dev, LOOP_IN, data, sizeof data), RIG_PENDING);
    }
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 0);
    CHECK(!sim_endpoint(r->sim, LOOP_OUT) && !sim_endpoint(r->sim, SECOND_OUT));
}

RIG_TEST(sim_multi_requests_of_the_other_configuration, start(r, 1))
{
    uint8_t data[64];
    CHECK_EQ(rig_request(r->dev, 0x8106, 0x2200, 1, data, sizeof data), STALL);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0100, 1, data, 3), STALL);
    CHECK_EQ(rig_request(r->dev, 0x8100, 0, 1, data, 2), STALL); // GET_STATUS of an interface
    CHECK_EQ(rig_request(r->dev, 0x8200, 0, SECOND_IN, data, 2), STALL);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 2);
    CHECK_EQ(rig_request(r->dev, 0x8100, 0, 1, data, 2), 2);
    CHECK_EQ(rig_request(r->dev, 0x8200, 0, SECOND_IN, data, 2), 2);
    CHECK_EQ(rig_request(r->dev, 0x8200, 0, LOOP_OUT, data, 2), STALL);
}

// --- mouse ---------------------------------------------------------------------------------------

RIG_TEST(sim_multi_mouse_requests, start(r, 2))
{
    uint8_t hid[64], report[64];
    CHECK_EQ(rig_request(r->dev, 0x8106, 0x2100, 1, hid, sizeof hid), 9);
    CHECK_EQ(rig_request(r->dev, 0x8106, 0x2200, 1, report, sizeof report), hid[7]);
    CHECK_EQ(report[0], 0x05);
    CHECK_EQ(report[hid[7] - 1], 0xc0);
    CHECK_EQ(rig_request(r->dev, 0x8106, 0x2300, 1, report, sizeof report), STALL);
    CHECK_EQ(rig_request(r->dev, 0x8106, 0x2200, 0, report, sizeof report), STALL);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0100, 1, report, 3), 3);
    CHECK_BYTES(report, "\0\0\0", 3);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0100, 1, NULL, 0), 0);
    CHECK_EQ(rig_request(r->dev, 0xa101, 0x0200, 1, report, 3), STALL);
    CHECK_EQ(rig_request(r->dev, 0x210a, 0, 1, NULL, 0), STALL);
}

RIG_TEST(sim_multi_mouse_draws_a_square, start(r, 2))
{
    int x = 0, y = 0;
    for (unsigned side = 0; side < 8; side++) {
        struct rig_urb u;
        rig_urb(&u, r->dev, MOUSE_IN, NULL, 8);
        rig_submit(&u);
        rig_advance(r, SECOND - 1);
        CHECK(!u.done);
        rig_advance(r, 1);
        CHECK(u.done);
        CHECK_EQ(u.urb.buffer[0], 0); // no button
        x += (int8_t)u.urb.buffer[1];
        y += (int8_t)u.urb.buffer[2];
        CHECK_EQ(x, side % 4 < 2 ? 8 : 0);
        CHECK_EQ(y, side % 4 == 1 || side % 4 == 2 ? 8 : 0);
        CHECK_EQ(rig_finish(&u), 3);
    }
}

RIG_TEST(sim_multi_mouse_begins_anew, start(r, 2))
{
    uint8_t report[8];
    for (unsigned i = 0; i < 3; i++) {
        rig_change(r->dev, USB_SET_CONFIGURATION, 0, 2);
        CHECK_EQ(rig_read(r->dev, MOUSE_IN, report, 8), RIG_PENDING);
        rig_advance(r, SECOND);
        CHECK_EQ(rig_read(r->dev, MOUSE_IN, report, 8), 3);
        CHECK_BYTES(report, "\0\x08\0", 3); // to the right
    }
}

RIG_TEST(sim_multi_without_memory, rig_begin(r))
{
    r->heap.fail_at = 1;
    CHECK(!sim_multi_create(r->bus));
}
