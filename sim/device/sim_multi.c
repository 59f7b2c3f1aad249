// SPDX-License-Identifier: Apache-2.0
#include "sim_multi.h"

#include "sim_echo.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

enum {
    LOOP = 1, // bConfigurationValue
    LOOP_AND_MOUSE = 2,
    MOUSE = 1, // bInterfaceNumber
    LOOP_OUT = 0x02,
    LOOP_IN = 0x81,
    SECOND_OUT = 0x03,
    SECOND_IN = 0x83,
    MOUSE_IN = 0x81,
    BULK_PACKET = 512,
    MOUSE_PACKET = 8,
    MOUSE_INTERVAL = 7, // 8 ms
    REPORT_SIZE = 3,
    STEP_US = 1000000,
};

enum { HID_GET_DESCRIPTOR = 0x8106, HID_GET_REPORT = 0xa101 }; // bmRequestType << 8 | bRequest
enum { HID_INPUT = 1 };                                        // report type
enum { HID_DT_HID = 0x21, HID_DT_REPORT = 0x22 };

struct multi {
    struct sim_device device; // first: the engine's pointer is ours
    unsigned step;            // side of the square that is drawn next
    uint64_t step_us;         // when
    struct sim_echo echo;     // of the current configuration
};

// --- descriptors ---------------------------------------------------------------------------------

static const uint8_t mouse_report[] = {
    0x05, 0x01, 0x09, 0x02, 0xa1, 0x01, 0x09, 0x01, 0xa1, 0x00, // desktop, mouse, pointer
    0x05, 0x09, 0x19, 0x01, 0x29, 0x03,                         // buttons 1..3
    0x15, 0x00, 0x25, 0x01, 0x75, 0x01, 0x95, 0x03, 0x81, 0x02, // 3 bits
    0x75, 0x05, 0x95, 0x01, 0x81, 0x01,                         // 5 bits of filling
    0x05, 0x01, 0x09, 0x30, 0x09, 0x31,                         // X, Y
    0x15, 0x81, 0x25, 0x7f, 0x75, 0x08, 0x95, 0x02, 0x81, 0x06, // -127..127, relative
    0xc0, 0xc0,
};

#define BULK(address) USB_ENDPOINT_BYTES(address, USB_BULK, BULK_PACKET, 0)
#define HID_DESCRIPTOR                                                                             \
    9, HID_DT_HID, USB_LE16(0x0111), 0, 1, HID_DT_REPORT, USB_LE16(sizeof mouse_report)

enum { STRING_LOOP = 3, STRING_LOOP_AND_MOUSE = 4 };

// clang-format off
static const uint8_t device_descriptor[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, USB_LE16(0x0200), 0, 0, 0, 64,
    USB_LE16(0x1209), USB_LE16(0x0008), USB_LE16(0x0100), 1, 2, 0, 2,
};

static const uint8_t loop_configuration[] = {
    USB_CONFIG_BYTES(32, 1, LOOP, STRING_LOOP, 0x80, 100 / 2),
    USB_INTERFACE_BYTES(0, 0, 2, USB_CLASS_VENDOR, 0, 0, 0),
    BULK(LOOP_OUT),
    BULK(LOOP_IN),
};
_Static_assert(sizeof loop_configuration == 32, "wTotalLength");

// Linux takes the first configuration of a device whose first interfaces are all a vendor's.
static const uint8_t loop_and_mouse_configuration[] = {
    USB_CONFIG_BYTES(57, 2, LOOP_AND_MOUSE, STRING_LOOP_AND_MOUSE, 0x80, 100 / 2),
    USB_INTERFACE_BYTES(0, 0, 2, USB_CLASS_VENDOR, 0, 0, 0),
    BULK(SECOND_OUT),
    BULK(SECOND_IN),
    USB_INTERFACE_BYTES(MOUSE, 0, 1, USB_CLASS_HID, 0, 0, 0),
    HID_DESCRIPTOR,
    USB_ENDPOINT_BYTES(MOUSE_IN, USB_INTERRUPT, MOUSE_PACKET, MOUSE_INTERVAL),
};
_Static_assert(sizeof loop_and_mouse_configuration == 57, "wTotalLength");
// clang-format on

static const uint8_t hid_descriptor[] = {HID_DESCRIPTOR};

static const struct sim_descriptors descriptors = {
    .device = device_descriptor,
    .configs = (const uint8_t *const[]){loop_configuration, loop_and_mouse_configuration},
    .strings = (const char *const[]){"usbip-esp32p4", "Simulated device with two configurations",
                                     "loopback", "loopback and mouse", NULL},
};

// --- mouse ---------------------------------------------------------------------------------------

static struct multi *multi(struct sim_device *d)
{
    return (struct multi *)(void *)d;
}

static int mouse_in(struct multi *m, uint8_t *buf)
{
    static const int8_t square[][2] = {{8, 0}, {0, 8}, {-8, 0}, {0, -8}};
    uint64_t now_us = sim_now_us(&m->device);
    if (now_us < m->step_us) {
        sim_kick_at(&m->device, MOUSE_IN, m->step_us);
        return SIM_NAK;
    }
    const int8_t *move = square[m->step++ % (sizeof square / sizeof square[0])];
    const uint8_t report[REPORT_SIZE] = {0, (uint8_t)move[0], (uint8_t)move[1]};
    memcpy(buf, report, sizeof report);
    m->step_us = now_us + STEP_US;
    return REPORT_SIZE;
}

static int multi_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    static const uint8_t at_rest[REPORT_SIZE] = {0};
    if (d->config != LOOP_AND_MOUSE || s->wIndex != MOUSE)
        return SIM_STALL;
    switch ((unsigned)s->bmRequestType << 8 | s->bRequest) {
    case HID_GET_DESCRIPTOR:
        if (s->wValue == HID_DT_REPORT << 8)
            return sim_answer(data, len, mouse_report, sizeof mouse_report);
        if (s->wValue == HID_DT_HID << 8)
            return sim_answer(data, len, hid_descriptor, sizeof hid_descriptor);
        return SIM_STALL;
    case HID_GET_REPORT:
        return s->wValue == HID_INPUT << 8 ? sim_answer(data, len, at_rest, sizeof at_rest)
                                           : SIM_STALL;
    default:
        return SIM_STALL;
    }
}

// --- both configurations -------------------------------------------------------------------------

static int multi_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct multi *m = multi(d);
    return ep == m->echo.in ? sim_echo_in(&m->echo, buf, max) : mouse_in(m, buf);
}

static int multi_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    (void)ep; // there is one
    return sim_echo_out(&multi(d)->echo, buf, len);
}

static void multi_configured(struct sim_device *d)
{
    struct multi *m = multi(d);
    bool second = d->config == LOOP_AND_MOUSE;
    sim_echo_init(&m->echo, d, second ? SECOND_OUT : LOOP_OUT, second ? SECOND_IN : LOOP_IN,
                  BULK_PACKET);
    m->step = 0;
    m->step_us = sim_now_us(d) + STEP_US;
}

static void multi_destroy(struct sim_device *d)
{
    base_free(sim_alloc(d->bus), d);
}

static const struct sim_device_ops ops = {
    .destroy = multi_destroy,
    .reset = multi_configured,
    .configured = multi_configured,
    .setup = multi_setup,
    .in = multi_in,
    .out = multi_out,
};

struct sim_device *sim_multi_create(struct sim_bus *bus)
{
    struct multi *m = base_alloc(sim_alloc(bus), sizeof *m);
    if (!m)
        return NULL;
    m->device = (struct sim_device){
        .ops = &ops,
        .desc = &descriptors,
        .speed = USB_SPEED_HIGH,
        .bus = bus,
    };
    multi_configured(&m->device);
    return &m->device;
}

// --- kind ----------------------------------------------------------------------------------------

static struct sim_device *create(struct sim_spec *s)
{
    return sim_multi_create(s->bus);
}

const struct sim_kind sim_multi_kind = {
    .name = "multi",
    .help = "two configurations: loopback; loopback and mouse; high speed",
    .create = create,
};
