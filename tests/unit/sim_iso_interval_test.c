// SPDX-License-Identifier: Apache-2.0
// How often isochronous packets move, and how large they may be.
#include "tests/support/rig.h"
#include "usb/usb_descriptor_bytes.h"

enum { FRAME = 1000, MICROFRAME = 125 };

static const uint8_t device_descriptor[] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0x09,
                                            0x12, 0x01, 0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x01};

// One isochronous IN endpoint 0x81 with these last four bytes of its descriptor.
static void begin_with_endpoint(struct rig *r, enum usb_speed speed, uint16_t size,
                                uint8_t interval)
{
    static uint8_t config[] = {
        USB_CONFIG_BYTES(25, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 255, 255, 255, 0),
        USB_ENDPOINT_BYTES(0x81, USB_ISOCHRONOUS, 0, 0),
    };
    struct sim_faulty_options o = {.speed = speed, .device = device_descriptor};
    base_put_le16(config + 22, size);
    config[24] = interval;
    o.configs[0] = config;
    o.config_sizes[0] = sizeof config;
    rig_begin_faulty(r, &o);
}

static uint64_t next_frame_us(const struct rig *r)
{
    return (r->now_us / FRAME + 1) * FRAME;
}

// How long three packets take, from the frame in which they begin.
static uint64_t three_packets_us(struct rig *r, uint32_t size)
{
    struct rig_urb t;
    rig_iso_urb(&t, r->dev, 0x81, rig_pattern(), 3, size);
    rig_submit(&t);
    uint64_t first = next_frame_us(r);
    while (!t.done)
        rig_advance(r, rig_deadline(r) - r->now_us);
    CHECK_EQ(t.urb.error_count, 0);
    CHECK_EQ(t.urb.actual_length, 3 * size);
    rig_release(&t);
    return r->now_us - first;
}

TEST(sim_iso_interval_by_speed)
{
    static const struct {
        enum usb_speed speed;
        uint8_t interval;
        uint32_t us;
    } cases[] = {
        {USB_SPEED_HIGH, 1, 125},  {USB_SPEED_HIGH, 3, 500},      {USB_SPEED_HIGH, 4, 1000},
        {USB_SPEED_HIGH, 0, 8000}, {USB_SPEED_HIGH, 16, 4096000}, {USB_SPEED_HIGH, 99, 8000},
        {USB_SPEED_FULL, 1, 1000}, {USB_SPEED_FULL, 4, 8000},     {USB_SPEED_SUPER, 3, 500},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rig r;
        begin_with_endpoint(&r, cases[i].speed, 64, cases[i].interval);
        CHECK_EQ(three_packets_us(&r, 64),
                 2 * (uint64_t)cases[i].us +
                     (cases[i].speed >= USB_SPEED_HIGH ? MICROFRAME : FRAME));
        rig_end(&r);
    }
}

// A device that notes when its packets move.
static uint64_t packet_us[8];
static unsigned packets;

static int note_time(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    (void)ep, (void)buf, (void)max;
    if (packets < 8)
        packet_us[packets++] = sim_now_us(d);
    return 0;
}

static void static_destroy(struct sim_device *d)
{
    (void)d;
}

TEST(sim_iso_interval_is_the_devices_time_in_a_late_call)
{
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(25, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 255, 255, 255, 0),
        USB_ENDPOINT_BYTES(0x81, USB_ISOCHRONOUS, 64, 4),
    };
    static const uint8_t *const configs[] = {config};
    static const struct sim_descriptors desc = {.device = device_descriptor, .configs = configs};
    static const struct sim_device_ops ops = {.destroy = static_destroy, .iso_in = note_time};
    static struct sim_device d;
    struct rig r;
    struct rig_urb t;
    rig_begin(&r);
    d = (struct sim_device){.ops = &ops, .desc = &desc, .speed = USB_SPEED_HIGH, .bus = r.bus};
    r.dev = rig_start(&r, &d, 0);
    packets = 0;
    rig_iso_urb(&t, r.dev, 0x81, rig_pattern(), 3, 64);
    rig_submit(&t);
    uint64_t first = next_frame_us(&r) + MICROFRAME;
    rig_advance(&r, 50000);
    CHECK_EQ(packets, 3);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(packet_us[i], first + 1000 * i);
    rig_release(&t);
    rig_end(&r);
}

TEST(sim_iso_interval_is_forgotten_with_the_configuration)
{
    struct rig r;
    struct rig_urb t;
    begin_with_endpoint(&r, USB_SPEED_HIGH, 64, 16); // the next slot is four seconds away
    (void)three_packets_us(&r, 64);
    CHECK_EQ(rig_try_change(r.dev, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    rig_iso_urb(&t, r.dev, 0x81, rig_pattern(), 1, 64);
    rig_submit(&t);
    rig_advance(&r, 2000);
    CHECK(t.done);
    rig_release(&t);
    rig_end(&r);
}

TEST(sim_iso_interval_high_bandwidth)
{
    struct rig r;
    begin_with_endpoint(&r, USB_SPEED_HIGH, 2 << 11 | 1024, 1); // 3 x 1024 per microframe
    CHECK_EQ(three_packets_us(&r, 3072), 3 * MICROFRAME);
    rig_end(&r);
}
