// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.6, item 116: devices with broken descriptors. Each is refused, or
// shown to clients in well-formed messages, and what it says about itself is never believed beyond
// the bytes that are there: they lie in blocks of just their size, for the sanitizer.
#include "tests/conformance/fixture.h"
#include "usb/usb_descriptor_bytes.h"

#include <stdlib.h>
#include <string.h>

enum {
    CONFIG_SIZE = 9 + 9 + 3 * 7 + 9 + 9 + 2 * 7, // of D1
    ROOM = CONFIG_SIZE + 40 * 9,
    LENGTH = 0, // offsets in any descriptor ...
    TYPE = 1,
    PACKET_SIZE0_AT = 7, // ... that of a device ...
    CONFIGS_AT = 17,
    INTERFACES_AT = 4, // ... and the configuration with all that is in it
    VALUE_AT = 5,
    INTERFACE_AT = 9, // interface 0
    BULK_OUT_AT = 18, // its endpoints
    BULK_IN_AT = 25,
    INTERFACE_1_AT = 39,
    ALTERNATE_1_AT = 48,
    ISO_IN_AT = 57,
    IN_LENGTH = 64,
    RANDOM_DEVICES = 500,
};

// clang-format off
static const uint8_t config_d1[CONFIG_SIZE] = {
    USB_CONFIG_BYTES(CONFIG_SIZE, 2, 1, 0, 0xe0, 50),
    USB_INTERFACE_BYTES(0, 0, 3, 255, 255, 255, 0),
    USB_ENDPOINT_BYTES(0x02, USB_BULK, 512, 0),
    USB_ENDPOINT_BYTES(0x81, USB_BULK, 512, 0),
    USB_ENDPOINT_BYTES(0x83, USB_INTERRUPT, 8, 4),
    USB_INTERFACE_BYTES(1, 0, 0, 255, 255, 255, 0),
    USB_INTERFACE_BYTES(1, 1, 2, 255, 255, 255, 0),
    USB_ENDPOINT_BYTES(0x84, USB_ISOCHRONOUS, 0xc0, 4),
    USB_ENDPOINT_BYTES(0x05, USB_ISOCHRONOUS, 0xc0, 4),
};

static const uint8_t device_d1[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, 0x00, 0x02, 0, 0, 0, 64,
    0x09, 0x12, 0x03, 0x00, 0x00, 0x01, 1, 2, 3, 1,
};
// clang-format on

// A device that may be broken; `size` bytes of `config` are there.
struct broken {
    uint8_t device[USB_DT_DEVICE_SIZE];
    uint8_t config[ROOM];
    size_t size;
};

static void intact(struct broken *b)
{
    memset(b, 0, sizeof *b);
    memcpy(b->device, device_d1, sizeof device_d1);
    memcpy(b->config, config_d1, sizeof config_d1);
    b->size = sizeof config_d1;
}

static void set_size(struct broken *b, size_t size)
{
    b->size = size;
    base_put_le16(b->config + 2, (uint16_t)size);
}

// --- what is done to each ------------------------------------------------------------------------

// Blocks of just their size.
static uint8_t *copy(const uint8_t *bytes, size_t size)
{
    uint8_t *p = malloc(size + (size == 0));
    CHECK(p);
    memcpy(p, bytes, size);
    return p;
}

static void submit_to(struct stage_client *c, const struct broken *b, uint8_t address)
{
    static const uint8_t data[IN_LENGTH];
    static const struct usb_iso_packet packets[] = {{0, 16, 0, 0}, {32, 32, 0, 0}};
    static uint32_t seqnum = 100;
    const struct base_span config = {b->config, b->size};
    struct usb_endpoint ep = {0};
    bool iso = usb_config_find_endpoint(config, USB_SPEED_HIGH, address, &ep) &&
               ep.type == USB_ISOCHRONOUS;
    stage_submit(c, &(struct stage_submit){.seqnum = ++seqnum,
                                           .direction = address >> 7,
                                           .ep = address & 0x0f,
                                           .length = IN_LENGTH,
                                           .data = data,
                                           .number_of_packets = iso ? 2 : 0,
                                           .packets = iso ? packets : NULL});
}

static void control(struct stage_client *c, const uint8_t setup[8])
{
    static uint32_t seqnum = 1000000;
    stage_submit(c, &(struct stage_submit){.seqnum = ++seqnum,
                                           .direction = setup[0] >> 7,
                                           .length = base_get_le16(setup + 6),
                                           .setup = (const char *)setup});
}

// Everything that looks at the descriptors again. Replies do not matter, that they come does.
static void use(struct stage_client *c, const struct broken *b)
{
    for (uint8_t alternate = 0; alternate < 3; alternate++) {
        for (uint8_t interface = 0; interface < 3; interface++)
            control(c, (const uint8_t[8]){1, USB_REQ_SET_INTERFACE, alternate, 0, interface});
        for (uint8_t number = 1; number < 16; number++) {
            submit_to(c, b, number);
            submit_to(c, b, number | USB_DIR_IN);
        }
        stage_advance(c->stage, 20 * FIXTURE_SECOND_US);
    }
    control(c, (const uint8_t[8]){0, USB_REQ_SET_CONFIGURATION, 0});
    control(c, (const uint8_t[8]){0, USB_REQ_SET_CONFIGURATION, b->config[VALUE_AT]});
    control(c, (const uint8_t[8]){0x80, USB_REQ_GET_DESCRIPTOR, 0, USB_DT_OTHER_SPEED_CONFIG, 0, 0,
                                  255, 255});
    stage_advance(c->stage, FIXTURE_SECOND_US);
    CHECK(!stage_closed(c));
    stage_take(c, c->in_size);
    const uint8_t *status =
        fixture_control(c, "\x80\x00\x00\x00\x00\x00\x02\x00", NULL, USB_STATUS_OK, 2);
    CHECK(status[1] == 0);
}

// The device's record in the reply of 320 bytes, or NULL if it was refused.
static const uint8_t *import(struct stage_client *c)
{
    stage_send_import(c, "1-3");
    if (c->in_size != WIRE_OP_HEADER_SIZE) {
        CHECK_EQ(c->in_size, FIXTURE_IMPORT_REPLY_SIZE);
        c->devid = base_get_be32(c->in + 0x128) << 16 | base_get_be32(c->in + 0x12c);
        return stage_take(c, c->in_size) + WIRE_OP_HEADER_SIZE;
    }
    fixture_expect(c, "R-IMPORT-DEVERR");
    return NULL;
}

// In the device descriptor, or at the head of the configuration.
static bool has_odd_header(const struct broken *b)
{
    return b->device[LENGTH] != USB_DT_DEVICE_SIZE || b->device[CONFIGS_AT] != 1 ||
           base_get_le16(b->config + 2) < USB_DT_CONFIG_SIZE;
}

// What the registry makes of it: refused, or in the list with as many interfaces as it says.
static bool list_and_import(struct stage *st, const struct broken *b)
{
    uint8_t listed_record[WIRE_DEVICE_SIZE];
    const uint8_t *listed = fixture_record(st, "1-3"); // checks the form
    if (listed)
        memcpy(listed_record, listed, sizeof listed_record);
    struct stage_client *c = stage_connect(st);
    const uint8_t *record = import(c);
    if (!record && !stage_abilities.claims_anything)
        return listed != NULL;
    if (!record && has_odd_header(b) && !stage_abilities.opens_odd_headers)
        return false;
    CHECK_EQ(record != NULL, listed != NULL);
    if (!record)
        return false;
    CHECK_BYTES(record, listed_record, sizeof listed_record);
    use(c, b);
    stage_fin(c);
    stage_advance(st, FIXTURE_SECOND_US);
    CHECK(fixture_record(st, "1-3"));
    return true;
}

static bool accepted(const struct broken *b)
{
    struct stage st;
    uint8_t *device = copy(b->device, sizeof b->device), *config = copy(b->config, b->size);
    const struct sim_faulty_options options = {.speed = USB_SPEED_HIGH,
                                               .device = device,
                                               .configs = {config},
                                               .config_sizes = {(uint16_t)b->size}};
    CHECK(stage_open(&st, NULL));
    stage_plug(&st, "1-3", sim_faulty_create(st.bus, &options));
    bool good = list_and_import(&st, b);
    stage_close(&st);
    free(device);
    free(config);
    return good;
}

// One byte of the configuration, or of the device descriptor.
static bool accepted_with(size_t at, uint8_t value)
{
    struct broken b;
    intact(&b);
    b.config[at] = value;
    return accepted(&b);
}

static bool accepted_with_device(size_t at, uint8_t value)
{
    struct broken b;
    intact(&b);
    b.device[at] = value;
    return accepted(&b);
}

// --- 116 -----------------------------------------------------------------------------------------

TEST(conformance_116_total_length)
{
    static const uint16_t lengths[] = {0, 1, 8, 9, CONFIG_SIZE - 1, CONFIG_SIZE + 1, 255, 0xffff};
    struct broken b;
    intact(&b);
    CHECK(accepted(&b));
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        base_put_le16(b.config + 2, lengths[i]);
        bool refused = !stage_abilities.opens_odd_headers && has_odd_header(&b);
        CHECK(accepted(&b) == !refused || !stage_abilities.claims_anything); // what came, up to
                                                                             // what it says
    }
}

// Cut anywhere, and honest about it: what is there is good enough if it is a configuration.
TEST(conformance_116_cut_anywhere)
{
    for (size_t size = 0; size < CONFIG_SIZE; size++) {
        struct broken b;
        intact(&b);
        if (size >= 4)
            set_size(&b, size);
        b.size = size;
        CHECK_EQ(accepted(&b), size >= USB_DT_CONFIG_SIZE);
    }
}

// One byte, where in D1's configuration or device descriptor, and its value.
struct patch {
    size_t at;
    uint8_t value;
};

// As Linux does: what cannot be used is skipped (docs/decisions/0003).
TEST(conformance_116_odd_but_accepted)
{
    static const struct patch patches[] = {
        {VALUE_AT, 0}, // as good as any other
        {INTERFACES_AT, 255},
        {INTERFACES_AT, 0},
        {INTERFACE_AT + LENGTH, 0},
        {BULK_OUT_AT + LENGTH, 0},
        {BULK_OUT_AT + LENGTH, 1},
        {BULK_OUT_AT + LENGTH, 255},
        {INTERFACE_1_AT + 2, 255}, // bInterfaceNumber
        {ALTERNATE_1_AT + 3, 255}, // bAlternateSetting
        {INTERFACE_1_AT + 4, 255}, // bNumEndpoints
        {BULK_IN_AT + 2, 0x00},    // bEndpointAddress
        {BULK_IN_AT + 2, 0x80},    //
        {BULK_IN_AT + 2, 0xff},    //
        {BULK_IN_AT + 2, 0x02},    // twice
        {BULK_IN_AT + 3, 0xfc},    // bmAttributes: control
        {BULK_IN_AT + 5, 0},       // wMaxPacketSize 0
        {BULK_IN_AT + 5, 0xff},    //
        {ISO_IN_AT + 4, 0},        //
        {ISO_IN_AT + 5, 0x14},     // three packets
        {ISO_IN_AT + 6, 255},      // bInterval
    };
    for (unsigned i = 0; i < sizeof patches / sizeof *patches; i++)
        CHECK(accepted_with(patches[i].at, patches[i].value));
}

// In a packet size, the low byte counts too.
TEST(conformance_116_packet_size_zero)
{
    struct broken b;
    intact(&b);
    base_put_le16(b.config + BULK_IN_AT + 4, 0);
    base_put_le16(b.config + ISO_IN_AT + 4, 0);
    CHECK(accepted(&b));
}

TEST(conformance_116_refused)
{
    static const struct patch configs[] = {
        {LENGTH, 0}, {LENGTH, 8}, {LENGTH, CONFIG_SIZE + 1}, {TYPE, USB_DT_INTERFACE}};
    static const struct patch devices[] = {
        {TYPE, USB_DT_CONFIG}, {PACKET_SIZE0_AT, 0}, {PACKET_SIZE0_AT, 255},
        {CONFIGS_AT, 0},       {CONFIGS_AT, 2}, // the second has no bytes
        {CONFIGS_AT, 255},
    };
    for (unsigned i = 0; i < sizeof configs / sizeof *configs; i++)
        CHECK(!accepted_with(configs[i].at, configs[i].value));
    for (unsigned i = 0; i < sizeof devices / sizeof *devices; i++)
        CHECK(!accepted_with_device(devices[i].at, devices[i].value));
}

// More of them than there can be numbers for in our tables.
TEST(conformance_116_many_interfaces)
{
    struct broken b;
    intact(&b);
    for (uint8_t i = 0; i < 40; i++) {
        const uint8_t interface[] = {USB_INTERFACE_BYTES((uint8_t)(2 + i), 0, 0, 255, 0, 0, 0)};
        memcpy(b.config + CONFIG_SIZE + (size_t)i * sizeof interface, interface, sizeof interface);
    }
    set_size(&b, ROOM);
    CHECK(accepted(&b));
    CHECK_EQ(usb_config_interfaces((struct base_span){b.config, b.size}, NULL, 0),
             USB_MAX_INTERFACES);
}

TEST(conformance_116_every_byte)
{
    static const uint8_t values[] = {0x00, 0x01, 0x7f, 0x80, 0xff};
    for (size_t at = 0; at < CONFIG_SIZE; at++)
        for (unsigned i = 0; i < sizeof values; i++)
            (void)accepted_with(at, values[i]);
    for (size_t at = 0; at < USB_DT_DEVICE_SIZE; at++)
        for (unsigned i = 0; i < sizeof values; i++)
            (void)accepted_with_device(at, values[i]);
}

TEST(conformance_116_random_bytes)
{
    uint32_t state = 116;
    unsigned good = 0;
    for (unsigned i = 0; i < RANDOM_DEVICES; i++) {
        struct broken b;
        intact(&b);
        for (unsigned n = 0; n < 4; n++) {
            state = state * 1664525u + 1013904223u;
            b.config[USB_DT_CONFIG_SIZE + (state >> 8) % (CONFIG_SIZE - USB_DT_CONFIG_SIZE)] =
                (uint8_t)(state >> 24);
        }
        good += accepted(&b);
    }
    CHECK_EQ(good, RANDOM_DEVICES); // the configuration itself was left alone
}
