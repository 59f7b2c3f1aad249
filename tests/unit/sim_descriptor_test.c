// SPDX-License-Identifier: Apache-2.0
// GET_DESCRIPTOR: what a device says about itself.
#include "tests/support/rig.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

enum { STALL = USB_STATUS_STALL, IN = 0x81, OUT = 0x02 };

static int ask(struct rig *r, const char *setup)
{
    return rig_ask(r->dev, setup, r->data);
}

// As DEVDESC in the conformance vectors.
static const uint8_t device_descriptor[] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0x09,
                                            0x12, 0x01, 0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x01};

RIG_TEST(sim_descriptor_device_descriptor, rig_begin_d1(r))
{
    CHECK_EQ(ask(r, "8006000100004000"), 18);
    CHECK_BYTES(r->data, device_descriptor, 18);
    memset(r->data, 0xee, sizeof r->data);
    CHECK_EQ(ask(r, "8006000100000800"), 8);
    CHECK_BYTES(r->data, device_descriptor, 8);
    CHECK_EQ(r->data[8], 0xee);
    CHECK_EQ(ask(r, "8006000100000000"), 0);
    CHECK_EQ(ask(r, "0006000100001200"), STALL); // not a request to send
}

RIG_TEST(sim_descriptor_less_room_than_was_asked_for, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_control_urb(&t, r->dev, "8006000100001200", NULL);
    t.urb.length = 8;
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_OK);
    CHECK_EQ(t.urb.actual_length, 8);
    t.urb.length = 18;
    rig_release(&t);
}

RIG_TEST(sim_descriptor_short_not_ok, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_control_urb(&t, r->dev, "8006000100004000", NULL);
    t.urb.flags = USB_URB_SHORT_NOT_OK;
    rig_submit(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_SHORT);
    CHECK_EQ(t.urb.actual_length, 18);
    rig_release(&t);
}

RIG_TEST(sim_descriptor_configuration_descriptor, rig_begin_d1(r))
{
    struct base_span config = r->dev->info.config[0];
    CHECK_EQ(ask(r, "8006000200000900"), 9);
    CHECK_BYTES(r->data, config.data, 9);
    CHECK_EQ(base_get_le16(r->data + 2), config.size);
    CHECK_EQ(ask(r, "800600020000ff00"), config.size);
    CHECK_BYTES(r->data, config.data, config.size);
    CHECK_EQ(usb_config_check(config), BASE_OK);
    CHECK_EQ(ask(r, "8006010200000900"), STALL);
}

RIG_TEST(sim_descriptor_string_descriptors, rig_begin_d1(r))
{
    static const uint8_t languages[] = {4, 3, 0x09, 0x04};
    static const uint8_t serial[] = {6, 3, 'D', 0, '1', 0};
    CHECK_EQ(ask(r, "800600030000ff00"), 4);
    CHECK_BYTES(r->data, languages, 4);
    CHECK_EQ(ask(r, "800603030904ff00"), 6);
    CHECK_BYTES(r->data, serial, 6);
    CHECK_EQ(ask(r, "8006030309040200"), 2);
    CHECK_EQ(r->data[0], 6);
    CHECK_EQ(ask(r, "800603030704ff00"), STALL); // no German
    CHECK_EQ(ask(r, "800604030904ff00"), STALL);
    CHECK_EQ(ask(r, "8006ee030904ff00"), STALL);
}

static int no_request(struct sim_device *d, const struct usb_setup *setup, uint8_t *data,
                      uint32_t len)
{
    (void)d, (void)setup, (void)data, (void)len;
    return SIM_STALL;
}

static void static_destroy(struct sim_device *d)
{
    (void)d;
}

static const uint8_t plain_config[] = {9, 2, 18, 0, 1, 1,   0,   0x80, 50, //
                                       9, 4, 0,  0, 0, 255, 255, 255,  0};
static const uint8_t *const plain_configs[] = {plain_config};
static const struct sim_device_ops plain_ops = {.destroy = static_destroy, .setup = no_request};

// A device that is nothing but descriptors; in static memory.
static struct rig_device *start_plain(struct rig *r, struct sim_device *d,
                                      const struct sim_descriptors *desc, enum usb_speed speed)
{
    *d = (struct sim_device){
        .ops = &plain_ops, .desc = desc, .name = "plain", .speed = speed, .bus = r->bus};
    return rig_start(r, d, 0);
}

RIG_TEST(sim_descriptor_strings_become_utf16, rig_begin(r))
{
    // One, two, three and four bytes; then bytes that are no UTF-8.
    static const char *const strings[] = {"a\xc3\xa4\xe2\x82\xac\xf0\x9f\x94\x8c", "\x80z\xc3",
                                          NULL};
    static const uint8_t first[] = {12, 3, 'a', 0, 0xe4, 0, 0xac, 0x20, 0x3d, 0xd8, 0x0c, 0xdd};
    static const uint8_t second[] = {8, 3, 0xfd, 0xff, 'z', 0, 0xfd, 0xff};
    static const struct sim_descriptors desc = {
        .device = device_descriptor, .configs = plain_configs, .strings = strings};
    static struct sim_device d;
    uint8_t data[255];
    struct rig_device *dev = start_plain(r, &d, &desc, USB_SPEED_FULL);
    CHECK_EQ(rig_ask(dev, "800601030904ff00", data), sizeof first);
    CHECK_BYTES(data, first, sizeof first);
    CHECK_EQ(rig_ask(dev, "800602030904ff00", data), sizeof second);
    CHECK_BYTES(data, second, sizeof second);
}

TEST(sim_descriptor_long_strings_are_cut)
{
    static char text[200], emoji[4 * 100 + 1];
    static const char *const strings[] = {text, emoji, NULL};
    static const struct sim_descriptors desc = {
        .device = device_descriptor, .configs = plain_configs, .strings = strings};
    static struct sim_device d;
    struct rig r;
    uint8_t data[255];
    memset(text, 'x', sizeof text - 1);
    emoji[0] = 'x'; // so that a surrogate pair would cross the end
    for (unsigned i = 0; i < 99; i++)
        memcpy(emoji + 1 + 4 * i, "\xf0\x9f\x94\x8c", 4);
    rig_begin(&r);
    struct rig_device *dev = start_plain(&r, &d, &desc, USB_SPEED_FULL);
    CHECK_EQ(rig_ask(dev, "800601030904ff00", data), 254);
    CHECK_EQ(data[0], 254);
    CHECK_EQ(data[252], 'x');
    CHECK_EQ(rig_ask(dev, "800602030904ff00", data), 252);
    CHECK_EQ(data[0], 252);
    rig_end(&r);
}

RIG_TEST(sim_descriptor_a_device_without_strings_or_callbacks, rig_begin(r))
{
    static const struct sim_descriptors desc = {.device = device_descriptor,
                                                .configs = plain_configs};
    static struct sim_device d;
    uint8_t data[255];
    struct rig_device *dev = start_plain(r, &d, &desc, USB_SPEED_FULL);
    CHECK_EQ(rig_ask(dev, "800600030000ff00", data), STALL);
    CHECK_EQ(rig_ask(dev, "800601030904ff00", data), STALL);
    CHECK_EQ(rig_ask(dev, "8006000f0000ff00", data), STALL); // BOS
    CHECK_EQ(rig_ask(dev, "c001000000000800", data), STALL);
}

RIG_TEST(sim_descriptor_bos, rig_begin(r))
{
    static const uint8_t bos[] = {5, 15, 12, 0, 1, 7, 16, 2, 2, 0, 0, 0};
    static const struct sim_descriptors desc = {
        .device = device_descriptor, .configs = plain_configs, .bos = bos};
    static struct sim_device d;
    uint8_t data[255];
    struct rig_device *dev = start_plain(r, &d, &desc, USB_SPEED_HIGH);
    CHECK_EQ(rig_ask(dev, "8006000f00000500", data), 5);
    CHECK_EQ(rig_ask(dev, "8006000f0000ff00", data), 12);
    CHECK_BYTES(data, bos, 12);
}

RIG_TEST(sim_descriptor_what_a_high_speed_device_is_at_full_speed, rig_begin_d1(r))
{
    static const uint8_t qualifier[] = {10, 6, 0x00, 0x02, 0, 0, 0, 64, 1, 0};
    struct base_span config = r->dev->info.config[0];
    CHECK_EQ(ask(r, "800600060000ff00"), 10);
    CHECK_BYTES(r->data, qualifier, 10);
    CHECK_EQ(ask(r, "800601070000ff00"), STALL);
    CHECK_EQ(ask(r, "800600070000ff00"), config.size);
    CHECK_EQ(r->data[1], USB_DT_OTHER_SPEED_CONFIG);
    r->data[1] = USB_DT_CONFIG;
    struct base_span other = {r->data, config.size};
    struct usb_endpoint ep;
    CHECK_EQ(usb_config_check(other), BASE_OK);
    CHECK(usb_config_find_endpoint(other, USB_SPEED_FULL, IN, &ep) && ep.max_packet_size == 64);
    CHECK_EQ(ep.bInterval, 0);
    CHECK(usb_config_find_endpoint(other, USB_SPEED_FULL, OUT, &ep) && ep.max_packet_size == 64);
    CHECK(usb_config_find_endpoint(other, USB_SPEED_FULL, 0x83, &ep) && ep.max_packet_size == 8);
    CHECK_EQ(ep.bInterval, 1); // 2^3 * 125 us
    CHECK(usb_config_find_endpoint(other, USB_SPEED_FULL, 0x84, &ep) && ep.max_packet_size == 192);
    CHECK_EQ(ep.bInterval, 1);
}

TEST(sim_descriptor_full_speed_sizes_and_intervals)
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(9 + 9 + 4 * 7, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 4, 255, 255, 255, 0),
        USB_ENDPOINT_BYTES(0x81, USB_INTERRUPT, 1024, 11),
        USB_ENDPOINT_BYTES(0x82, USB_INTERRUPT, 64, 16),
        USB_ENDPOINT_BYTES(0x83, USB_ISOCHRONOUS, 2 << 11 | 1024, 3),
        USB_ENDPOINT_BYTES(0x84, USB_ISOCHRONOUS, 128, 8),
    };
    static const uint8_t *const configs[] = {config};
    static const struct sim_descriptors desc = {.device = device_descriptor, .configs = configs};
    static struct sim_device d;
    static const struct {
        uint16_t size;
        uint8_t interval;
    } want[] = {{64, 128}, {64, 255}, {1023, 1}, {128, 5}};
    struct rig r;
    uint8_t data[sizeof config];
    rig_begin(&r);
    struct rig_device *dev = start_plain(&r, &d, &desc, USB_SPEED_HIGH);
    CHECK_EQ(rig_ask(dev, "800600070000ff00", data), sizeof config);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(base_get_le16(data + 18 + 7 * i + 4), want[i].size);
        CHECK_EQ(data[18 + 7 * i + 6], want[i].interval);
    }
    memset(data, 0xee, sizeof data); // cut in the middle of an endpoint
    CHECK_EQ(rig_ask(dev, "8006000700001700", data), 23);
    CHECK_EQ(data[22], 64);
    CHECK_EQ(data[23], 0xee);
    rig_end(&r);
}

TEST(sim_descriptor_a_full_speed_device_has_no_other_speed)
{
    struct sim_faulty_options o = sim_faulty_d1;
    struct rig r;
    o.speed = USB_SPEED_FULL;
    rig_begin_faulty(&r, &o);
    CHECK_EQ(ask(&r, "800600060000ff00"), STALL);
    CHECK_EQ(ask(&r, "800600070000ff00"), STALL);
    rig_end(&r);
}

RIG_TEST(sim_descriptor_unknown_descriptors, rig_begin_d1(r))
{
    CHECK_EQ(ask(r, "800600080000ff00"), STALL);
    CHECK_EQ(ask(r, "800600210000ff00"), STALL);
    CHECK_EQ(ask(r, "0007000100000000"), STALL); // SET_DESCRIPTOR
}

// A device that answers GET_DESCRIPTOR to its interface, as HID does.
static int report_descriptor(struct sim_device *d, const struct usb_setup *setup, uint8_t *data,
                             uint32_t len)
{
    (void)d;
    if (setup->bmRequestType != 0x81 || setup->wValue != 0x2200 || len < 3)
        return SIM_STALL;
    memcpy(data, "hid", 3);
    return 3;
}

RIG_TEST(sim_descriptor_descriptors_of_interfaces_are_the_functions, rig_begin(r))
{
    static const struct sim_device_ops ops = {.destroy = static_destroy,
                                              .setup = report_descriptor};
    static const struct sim_descriptors desc = {.device = device_descriptor,
                                                .configs = plain_configs};
    static struct sim_device d;
    uint8_t data[64];
    d = (struct sim_device){
        .ops = &ops, .desc = &desc, .name = "hid", .speed = USB_SPEED_FULL, .bus = r->bus};
    struct rig_device *dev = rig_start(r, &d, 0);
    CHECK_EQ(rig_ask(dev, "8106002200004000", data), 3);
    CHECK_EQ(rig_ask(dev, "8106002201004000", data), STALL); // no such interface
    CHECK_EQ(rig_ask(dev, "0106002200004000", data), STALL); // wrong direction
    CHECK_EQ(rig_try_change(dev, USB_SET_CONFIGURATION, 0, 0), USB_STATUS_OK);
    CHECK_EQ(rig_ask(dev, "8106002200004000", data), STALL); // not configured
}
