// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"
#include "usb/usb_device.h"

#include <string.h>

// Two interfaces; the second has an empty setting and one with isochronous endpoints.
static const uint8_t config[] = {
    9, 2,    62,   0, 2,    1,    0, 0x80, 50, // configuration 1
    9, 4,    0,    0, 3,    0xff, 1, 2,    0,  // interface 0
    7, 5,    0x02, 2, 0x00, 0x02, 0,           // bulk OUT 512
    7, 5,    0x81, 2, 0x00, 0x02, 0,           // bulk IN 512
    7, 5,    0x83, 3, 8,    0,    4,           // interrupt IN 8
    9, 4,    1,    0, 0,    0xff, 0, 0,    0,  // interface 1
    9, 4,    1,    1, 1,    0xff, 0, 0,    0,  // its setting 1 ...
    5, 0x24, 1,    2, 3,                       // ... with something of its class
};
static const uint8_t iso_endpoint[] = {7, 5, 0x84, 1, 0x00, 0x14, 1}; // 3 x 1024

static uint8_t bytes[256];

static struct base_span whole(void)
{
    memcpy(bytes, config, sizeof config);
    memcpy(bytes + sizeof config, iso_endpoint, sizeof iso_endpoint);
    size_t size = sizeof config + sizeof iso_endpoint;
    base_put_le16(bytes + 2, (uint16_t)size);
    return (struct base_span){bytes, size};
}

TEST(usb_setup_both_ways)
{
    static const uint8_t raw[8] = {0x80, 6, 0x00, 0x01, 0x09, 0x04, 0x40, 0x00};
    uint8_t back[8];
    struct usb_setup s = usb_setup_unpack(raw);
    CHECK_EQ(s.bmRequestType, 0x80);
    CHECK_EQ(s.wValue, 0x0100);
    CHECK_EQ(s.wIndex, 0x0409);
    CHECK_EQ(s.wLength, 64);
    usb_setup_pack(back, &s);
    CHECK_BYTES(back, raw, 8);
}

TEST(usb_config_is_understood)
{
    struct base_span c = whole();
    struct usb_interface interfaces[4];
    CHECK_EQ(usb_config_check(c), BASE_OK);
    CHECK_EQ(usb_config_value(c), 1);
    CHECK_EQ(usb_config_interfaces(c, interfaces, 4), 2);
    CHECK_EQ(interfaces[0].bNumEndpoints, 3);
    CHECK_EQ(interfaces[1].bInterfaceNumber, 1);
    CHECK_EQ(interfaces[1].bAlternateSetting, 0);
    CHECK(usb_config_has_alternate(c, 1, 1));
    CHECK(!usb_config_has_alternate(c, 1, 2));
    CHECK(!usb_config_has_alternate(c, 2, 0));
}

TEST(usb_endpoints_follow_the_alternate_setting)
{
    struct base_span c = whole();
    struct usb_endpoint_table t;
    uint8_t alternate[USB_MAX_INTERFACES] = {0};
    usb_endpoint_table_build(&t, c, USB_SPEED_HIGH, alternate, 64);
    CHECK_EQ(t.ep[0][0].max_packet_size, 64);
    CHECK_EQ(t.ep[0][2].type, USB_BULK);
    CHECK_EQ(t.ep[1][3].type, USB_INTERRUPT);
    CHECK(!t.present[1][4]);
    CHECK(!t.present[1][2]);
    alternate[1] = 1;
    usb_endpoint_table_build(&t, c, USB_SPEED_HIGH, alternate, 64);
    CHECK(t.present[1][4]);
    CHECK_EQ(t.ep[1][4].max_packet_size, 1024);
    CHECK_EQ(t.ep[1][4].packets_per_interval, 3);
    CHECK_EQ(t.ep[1][4].interface, 1);
    CHECK_EQ(t.ep[1][1].address, 0x81);
}

TEST(usb_unconfigured_device_has_the_control_endpoint)
{
    struct usb_endpoint_table t;
    uint8_t alternate[USB_MAX_INTERFACES] = {0};
    usb_endpoint_table_build(&t, (struct base_span){0}, USB_SPEED_HIGH, alternate, 8);
    CHECK(t.present[0][0] && t.present[1][0]);
    CHECK(!t.present[1][1]);
}

TEST(usb_endpoint_is_found_in_any_setting)
{
    struct usb_endpoint ep;
    CHECK(usb_config_find_endpoint(whole(), USB_SPEED_HIGH, 0x84, &ep));
    CHECK_EQ(ep.type, USB_ISOCHRONOUS);
    CHECK(!usb_config_find_endpoint(whole(), USB_SPEED_HIGH, 0x04, &ep));
}

TEST(usb_config_refused)
{
    struct base_span c = whole();
    for (size_t size = 0; size < USB_DT_CONFIG_SIZE; size++)
        CHECK_EQ(usb_config_check((struct base_span){bytes, size}), BASE_ERR_INVALID);
    static const struct {
        size_t at;
        uint8_t value;
    } faults[] = {{0, 8}, {0, 200}, {1, 4}};
    for (unsigned i = 0; i < sizeof faults / sizeof *faults; i++) {
        c = whole();
        bytes[faults[i].at] = faults[i].value;
        CHECK_EQ(usb_config_check(c), BASE_ERR_INVALID);
    }
}

// What a device may get wrong behind its header costs it the wrong part, not more.
TEST(usb_walk_skips_what_it_cannot_use)
{
    struct base_span c = whole();
    struct usb_endpoint_table t;
    uint8_t alternate[USB_MAX_INTERFACES] = {0};
    bytes[18] = 6;        // too short; what is left of it ends the walk
    bytes[25 + 2] = 0x80; // endpoint number 0
    usb_endpoint_table_build(&t, c, USB_SPEED_HIGH, alternate, 64);
    CHECK(!t.present[0][2] && !t.present[1][1] && !t.present[1][3]);
    c = whole();
    bytes[9 + 4] = 2; // bNumEndpoints: the third goes
    usb_endpoint_table_build(&t, c, USB_SPEED_HIGH, alternate, 64);
    CHECK(t.present[0][2] && t.present[1][1] && !t.present[1][3]);
}

TEST(usb_walk_ends_at_a_bad_length)
{
    struct base_span c = whole();
    static const uint8_t bad[] = {0, 1, 200};
    for (unsigned i = 0; i < sizeof bad; i++) {
        bytes[39] = bad[i]; // of interface 1's descriptor
        CHECK_EQ(usb_config_interfaces(c, NULL, 0), 1);
    }
}

TEST(usb_first_claim_to_an_endpoint_wins)
{
    struct base_span c = whole();
    struct usb_endpoint_table t;
    uint8_t alternate[USB_MAX_INTERFACES] = {0, 1};
    bytes[sizeof config + 2] = 0x81; // the isochronous one takes the bulk IN's address
    usb_endpoint_table_build(&t, c, USB_SPEED_HIGH, alternate, 64);
    CHECK_EQ(t.ep[1][1].type, USB_BULK);
}

static const uint8_t device[18] = {18, 1, 0x00, 2, 0, 0, 0, 64, 0x09, 0x12, 1, 0, 0, 1, 1, 2, 3, 1};

static struct usb_device_info good_device(void)
{
    return (struct usb_device_info){.busid = "1-1",
                                    .busnum = 1,
                                    .devnum = 2,
                                    .speed = USB_SPEED_HIGH,
                                    .active_config = 1,
                                    .config_count = 1,
                                    .device_descriptor = {device, sizeof device},
                                    .config = {whole()}};
}

TEST(usb_device_accepted)
{
    struct usb_device_info d = good_device();
    CHECK_EQ(usb_device_check(&d), BASE_OK);
    d.active_config = 0; // not configured yet
    CHECK_EQ(usb_device_check(&d), BASE_OK);
    CHECK_EQ(usb_device_config(&d, 0).size, 0);
    CHECK_EQ(usb_device_config(&d, 2).size, 0);
    CHECK(usb_device_config(&d, 1).data == bytes);
}

TEST(usb_device_refused)
{
    struct usb_device_info d = good_device();
    d.device_descriptor.size = 17;
    CHECK_EQ(usb_device_check(&d), BASE_ERR_INVALID);
    d = good_device();
    d.active_config = 3;
    CHECK_EQ(usb_device_check(&d), BASE_ERR_INVALID);
    d = good_device();
    d.config_count = 0;
    CHECK_EQ(usb_device_check(&d), BASE_ERR_INVALID);
    d = good_device();
    d.speed = USB_SPEED_LOW; // Linux clients refuse a low-speed device with 64-byte packets
    CHECK_EQ(usb_device_check(&d), BASE_ERR_INVALID);
    d = good_device();
    d.devnum = 0;
    CHECK_EQ(usb_device_check(&d), BASE_ERR_INVALID);
}
