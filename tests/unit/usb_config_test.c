// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 11: a configuration as Linux reads it. Each test builds one of descriptors in a row.
#include "tests/support/check.h"
#include "usb/usb_config.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

enum { ROOM = 8192 };

static struct {
    uint8_t bytes[ROOM];
    size_t size;
    enum usb_speed speed;
    uint8_t alternate[USB_MAX_INTERFACES];
    struct usb_endpoint_table table;
} c;

static void add(const uint8_t *bytes, size_t size)
{
    CHECK(c.size + size <= ROOM);
    memcpy(c.bytes + c.size, bytes, size);
    c.size += size;
    base_put_le16(c.bytes + 2, (uint16_t)c.size);
}

static void begin(enum usb_speed speed)
{
    memset(&c, 0, sizeof c);
    c.speed = speed;
    add((const uint8_t[]){USB_CONFIG_BYTES(9, 1, 1, 0, 0x80, 50)}, 9);
}

static void interface(uint8_t number, uint8_t alternate, uint8_t endpoints)
{
    add((const uint8_t[]){USB_INTERFACE_BYTES(number, alternate, endpoints, 255, alternate, 0, 0)},
        9);
}

static void endpoint(uint8_t address, uint8_t type, uint16_t size, uint8_t interval)
{
    add((const uint8_t[]){USB_ENDPOINT_BYTES(address, type, size, interval)}, 7);
}

static struct base_span config(void)
{
    return (struct base_span){c.bytes, c.size};
}

// The endpoint in the current settings, or NULL.
static const struct usb_endpoint *present(uint8_t address)
{
    unsigned dir = address >> 7, number = address & 0x0f;
    usb_endpoint_table_build(&c.table, config(), c.speed, c.alternate, 64);
    return c.table.present[dir][number] ? &c.table.ep[dir][number] : NULL;
}

// --- 11.1 ----------------------------------------------------------------------------------------

TEST(usb_config_shorter_or_longer_than_it_says)
{
    begin(USB_SPEED_FULL);
    interface(0, 0, 2);
    endpoint(0x81, USB_BULK, 64, 0);
    endpoint(0x02, USB_BULK, 64, 0);
    c.bytes[2] += 7; // what has come counts
    CHECK_EQ(usb_config_check(config()), BASE_OK);
    CHECK(present(0x81) && present(0x02));
    c.bytes[2] -= 14; // what is behind its end does not
    CHECK(present(0x81) && !present(0x02));
    base_put_le16(c.bytes + 2, 0); // nine bytes are always asked for
    CHECK_EQ(usb_config_check(config()), BASE_OK);
    CHECK_EQ(usb_config_interfaces(config(), NULL, 0), 0);
    c.bytes[0] = 10; // these nine are not a whole descriptor then
    CHECK_EQ(usb_config_check(config()), BASE_ERR_INVALID);
}

// --- 11.2 ----------------------------------------------------------------------------------------

TEST(usb_config_numbers_of_interfaces_are_free)
{
    struct usb_interface list[2];
    begin(USB_SPEED_HIGH);
    interface(200, 0, 1);
    endpoint(0x81, USB_BULK, 512, 0);
    interface(3, 0, 0);
    interface(200, 1, 1);
    endpoint(0x81, USB_INTERRUPT, 8, 4);
    CHECK_EQ(usb_config_interfaces(config(), list, 2), 2);
    CHECK_EQ(list[0].bInterfaceNumber, 200);
    CHECK_EQ(usb_config_interface_index(config(), 3), 1);
    CHECK_EQ(usb_config_interface_index(config(), 0), -1);
    CHECK_EQ(present(0x81)->type, USB_BULK);
    c.alternate[0] = 1;
    CHECK_EQ(present(0x81)->type, USB_INTERRUPT);
    CHECK_EQ(present(0x81)->interface, 200);
}

TEST(usb_config_at_most_32_interfaces)
{
    begin(USB_SPEED_HIGH);
    for (uint8_t i = 0; i < 34; i++) {
        interface(i, 0, 1);
        endpoint((uint8_t)(i % 15 + 1), USB_BULK, 512, 0);
    }
    interface(31, 1, 0); // of one that counts
    CHECK_EQ(usb_config_interfaces(config(), NULL, 0), 32);
    CHECK(usb_config_has_alternate(config(), 31, 1));
    CHECK(!usb_config_has_alternate(config(), 32, 0));
}

TEST(usb_config_at_most_128_settings_and_none_twice)
{
    begin(USB_SPEED_HIGH);
    interface(0, 0, 0);
    interface(0, 0, 1); // the first has the number: this one's endpoints go with it
    endpoint(0x81, USB_BULK, 512, 0);
    for (uint8_t i = 1; i < 130; i++)
        interface(0, i, 0);
    CHECK(!present(0x81));
    CHECK(usb_config_has_alternate(config(), 0, 127));
    CHECK(!usb_config_has_alternate(config(), 0, 128));
}

TEST(usb_config_without_setting_0_begins_with_its_first)
{
    struct usb_interface first;
    begin(USB_SPEED_HIGH);
    interface(0, 2, 1);
    endpoint(0x81, USB_BULK, 512, 0);
    interface(0, 1, 1);
    endpoint(0x82, USB_BULK, 512, 0);
    CHECK(present(0x81) && !present(0x82));
    usb_config_interfaces(config(), &first, 1);
    CHECK_EQ(first.bAlternateSetting, 2);
    c.alternate[0] = 1;
    CHECK(!present(0x81) && present(0x82));
    interface(0, 0, 0); // comes last, and is the one that a configuration begins with
    usb_config_interfaces(config(), &first, 1);
    CHECK_EQ(first.bAlternateSetting, 0);
}

TEST(usb_config_no_more_endpoints_than_announced)
{
    begin(USB_SPEED_HIGH);
    endpoint(0x85, USB_BULK, 512, 0); // of no interface
    interface(0, 0, 2);
    endpoint(0x80, USB_BULK, 512, 0); // no number: does not count
    endpoint(0x81, USB_BULK, 512, 0);
    endpoint(0x02, USB_BULK, 512, 0);
    endpoint(0x83, USB_BULK, 512, 0);
    CHECK(!present(0x85) && present(0x81) && present(0x02) && !present(0x83));
}

TEST(usb_config_interface_descriptor_too_short)
{
    begin(USB_SPEED_HIGH);
    interface(0, 0, 1);
    add((const uint8_t[]){8, USB_DT_INTERFACE, 1, 0, 1, 255, 0, 0}, 8);
    endpoint(0x81, USB_BULK, 512, 0); // of neither
    CHECK(!present(0x81));
    CHECK_EQ(usb_config_interfaces(config(), NULL, 0), 1);
}

TEST(usb_config_endpoint_of_two_interfaces_is_the_firsts)
{
    begin(USB_SPEED_HIGH);
    interface(0, 0, 0);
    interface(0, 1, 1);
    endpoint(0x81, USB_ISOCHRONOUS, 512, 1);
    interface(0, 2, 1);
    endpoint(0x81, USB_BULK, 512, 0); // another setting of the same
    interface(1, 0, 2);
    endpoint(0x81, USB_BULK, 512, 0);
    endpoint(0x01, USB_BULK, 512, 0);    // the other direction
    endpoint(0x82, USB_INTERRUPT, 8, 1); // more than announced? 0x81 did not count
    CHECK(!present(0x81) && present(0x01) && present(0x82));
    c.alternate[0] = 2;
    CHECK_EQ(present(0x81)->type, USB_BULK);
    CHECK_EQ(present(0x81)->interface, 0);
}

TEST(usb_config_endpoint_twice_in_a_setting)
{
    begin(USB_SPEED_HIGH);
    interface(0, 0, 4);
    endpoint(0x81, USB_BULK, 512, 0);
    endpoint(0xf1, USB_INTERRUPT, 8, 1); // 0x81 without the reserved bits
    endpoint(0x72, USB_INTERRUPT, 8, 1);
    CHECK_EQ(present(0x81)->type, USB_BULK);
    CHECK_EQ(present(0x02)->address, 0x02);
}

TEST(usb_config_control_endpoint_has_both_directions)
{
    begin(USB_SPEED_HIGH);
    interface(0, 0, 2);
    endpoint(0x01, USB_CONTROL, 64, 0);
    endpoint(0x81, USB_BULK, 512, 0);
    CHECK_EQ(present(0x81)->type, USB_CONTROL);
    CHECK_EQ(present(0x01)->type, USB_CONTROL);
}

// --- 11.3 ----------------------------------------------------------------------------------------

TEST(usb_config_values_are_mended)
{
    static const struct {
        enum usb_speed speed;
        uint8_t type;
        uint16_t raw;
        uint8_t interval;
        struct {
            uint8_t type;
            uint16_t size;
            uint8_t packets, interval;
        } want;
    } cases[] = {
        {USB_SPEED_LOW, USB_BULK, 64, 0, {USB_INTERRUPT, 8, 1, 1}},
        {USB_SPEED_LOW, USB_INTERRUPT, 64, 0, {USB_INTERRUPT, 8, 1, 10}},
        {USB_SPEED_LOW, USB_ISOCHRONOUS, 8, 1, {USB_ISOCHRONOUS, 0, 1, 1}},
        {USB_SPEED_FULL, USB_BULK, 512, 0, {USB_BULK, 64, 1, 0}},
        {USB_SPEED_FULL, USB_INTERRUPT, 0x0808, 255, {USB_INTERRUPT, 64, 1, 255}},
        {USB_SPEED_FULL, USB_ISOCHRONOUS, 1024, 0, {USB_ISOCHRONOUS, 1023, 1, 4}},
        {USB_SPEED_FULL, USB_ISOCHRONOUS, 0, 17, {USB_ISOCHRONOUS, 0, 1, 4}},
        {USB_SPEED_HIGH, USB_BULK, 2048, 0, {USB_BULK, 1024, 1, 0}},
        {USB_SPEED_HIGH, USB_BULK, 8, 255, {USB_BULK, 8, 1, 255}},
        {USB_SPEED_HIGH, USB_ISOCHRONOUS, 0x1c00, 1, {USB_ISOCHRONOUS, 1024, 4, 1}},
        {USB_SPEED_HIGH, USB_ISOCHRONOUS, 0xec01, 17, {USB_ISOCHRONOUS, 1024, 2, 7}},
        {USB_SPEED_HIGH, USB_INTERRUPT, 0x1040, 0, {USB_INTERRUPT, 64, 3, 7}},
        {USB_SPEED_HIGH, USB_INTERRUPT, 8, 16, {USB_INTERRUPT, 8, 1, 16}},
        {USB_SPEED_HIGH, USB_INTERRUPT, 8, 17, {USB_INTERRUPT, 8, 1, 8}},
        {USB_SPEED_HIGH, USB_INTERRUPT, 8, 32, {USB_INTERRUPT, 8, 1, 9}},
        {USB_SPEED_HIGH, USB_INTERRUPT, 8, 255, {USB_INTERRUPT, 8, 1, 11}},
        {USB_SPEED_SUPER, USB_BULK, 0x0c00, 0, {USB_BULK, 1024, 1, 0}},
        {USB_SPEED_SUPER, USB_ISOCHRONOUS, 1024, 0, {USB_ISOCHRONOUS, 1024, 1, 4}},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(cases[i].speed);
        interface(0, 0, 1);
        endpoint(0x81, cases[i].type, cases[i].raw, cases[i].interval);
        const struct usb_endpoint *ep = present(0x81);
        CHECK_EQ(ep->type, cases[i].want.type);
        CHECK_EQ(ep->max_packet_size, cases[i].want.size);
        CHECK_EQ(ep->packets_per_interval, cases[i].want.packets);
        CHECK_EQ(ep->bInterval, cases[i].want.interval);
    }
}

TEST(usb_config_bursts_of_super_speed)
{
    static const struct {
        uint8_t type, burst, attributes, want;
    } cases[] = {
        {USB_BULK, 15, 5, 1},         {USB_INTERRUPT, 2, 0, 3},   {USB_ISOCHRONOUS, 3, 1, 8},
        {USB_ISOCHRONOUS, 99, 3, 48}, {USB_ISOCHRONOUS, 0, 0, 1}, {USB_ISOCHRONOUS, 15, 0x83, 64},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(USB_SPEED_SUPER);
        interface(0, 0, 1);
        endpoint(0x81, cases[i].type, 1024, 1);
        add((const uint8_t[]){6, 48, cases[i].burst, cases[i].attributes, 0, 0}, 6);
        CHECK_EQ(present(0x81)->packets_per_interval, cases[i].want);
        c.bytes[c.size - 5] = 0x24; // something else at its place
        CHECK_EQ(present(0x81)->packets_per_interval, 1);
    }
}

// --- 2.3 -----------------------------------------------------------------------------------------

// Linux takes the first, another client may take the second.
TEST(usb_config_names_all_that_an_endpoint_is_called)
{
    struct usb_endpoint_names names = {0};
    begin(USB_SPEED_HIGH);
    interface(0, 0, 1);
    endpoint(0x81, USB_BULK, 512, 0);
    endpoint(0x81, USB_ISOCHRONOUS, 512, 1);
    endpoint(0x02, USB_ISOCHRONOUS, 0, 1);
    endpoint(0x03, USB_INTERRUPT, 8, 1);
    usb_config_names(config(), &names);
    CHECK_EQ(names.isochronous, 1u << 17 | 1u << 2);
    CHECK_EQ(names.other, 1u << 17 | 1u << 3);
}
