// SPDX-License-Identifier: Apache-2.0
#include "sim_zero.h"

#include "usb/usb_descriptor_bytes.h"

#include <assert.h>
#include <string.h>

enum {
    VALUE_SOURCE_SINK = 3, // bConfigurationValue, as in Gadget Zero
    VALUE_LOOPBACK = 2,

    BULK_OUT = 0x01,
    BULK_IN = 0x81,
    INTERRUPT_OUT = 0x03,
    INTERRUPT_IN = 0x83,
    ISO_OUT = 0x04,
    ISO_IN = 0x84,

    BULK_MPS_HIGH = 512,
    BULK_MPS_FULL = 64,
    INTERRUPT_MPS = 64, // the most that USB 2.0 5.7.3 allows in alternate setting 0
    INTERRUPT_INTERVAL_US = 1000,
    ISO_MPS_HIGH = 1024,
    ISO_MPS_FULL = 1023,

    CONTROL_SIZE = 4096,
    LOOP_TRANSFERS = 32,
    LOOP_SIZE = 4096, // of a transfer; a multiple of every bulk packet size
};

enum zero_request { // bmRequestType << 8 | bRequest
    ZERO_CONTROL_WRITE = 0x405b,
    ZERO_CONTROL_READ = 0xc05c,
};

enum { SOURCE_SINK_SIZE = 9 + 9 + 4 * 7 + 9 + 6 * 7, LOOPBACK_SIZE = 9 + 9 + 2 * 7, CONFIGS = 2 };

// Transfers on their way back, oldest at `first`: `ready` whole ones, then perhaps one that is
// still coming in.
struct zero_loop {
    unsigned first, ready;
    uint16_t filled; // bytes of the one coming in
    uint16_t sent;   // bytes of the oldest that the host has got
    bool out_waits;  // an OUT packet had no room
    uint16_t length[LOOP_TRANSFERS];
    uint8_t data[LOOP_TRANSFERS][LOOP_SIZE];
};

struct sim_zero {
    struct sim_device device; // first: the engine's pointer is ours
    uint32_t bulk_mps, iso_mps;
    unsigned pattern;
    uint64_t interrupt_us;                    // earliest time of the next interrupt IN packet
    uint32_t pace_us;                         // of the bulk endpoints; 0: any
    uint64_t bulk_us[2];                      // earliest time of the next data, OUT and IN
    _Alignas(8) uint8_t packet[ISO_MPS_HIGH]; // the start of every packet in this pattern
    uint8_t control[CONTROL_SIZE];
    struct zero_loop loop;

    // With isochronous packets of a size of its own:
    struct sim_descriptors desc;
    const uint8_t *configs[CONFIGS];
    uint8_t source_sink[SOURCE_SINK_SIZE];
};

// --- descriptors ---------------------------------------------------------------------------------

// clang-format off
enum { SOURCE_SINK_STRING = 4, LOOPBACK_STRING = 5 };

// Interrupt and isochronous every millisecond: 4 stands for 8 microframes at high speed.
static const uint8_t source_sink_high[] = {
    USB_CONFIG_BYTES(SOURCE_SINK_SIZE, 1, VALUE_SOURCE_SINK, SOURCE_SINK_STRING, 0xc0, 1),
    USB_INTERFACE_BYTES(0, 0, 4, USB_CLASS_VENDOR, 0, 0, SOURCE_SINK_STRING),
    USB_ENDPOINT_BYTES(BULK_IN, USB_BULK, BULK_MPS_HIGH, 0),
    USB_ENDPOINT_BYTES(BULK_OUT, USB_BULK, BULK_MPS_HIGH, 0),
    USB_ENDPOINT_BYTES(INTERRUPT_IN, USB_INTERRUPT, INTERRUPT_MPS, 4),
    USB_ENDPOINT_BYTES(INTERRUPT_OUT, USB_INTERRUPT, INTERRUPT_MPS, 4),
    USB_INTERFACE_BYTES(0, 1, 6, USB_CLASS_VENDOR, 0, 0, SOURCE_SINK_STRING),
    USB_ENDPOINT_BYTES(BULK_IN, USB_BULK, BULK_MPS_HIGH, 0),
    USB_ENDPOINT_BYTES(BULK_OUT, USB_BULK, BULK_MPS_HIGH, 0),
    USB_ENDPOINT_BYTES(INTERRUPT_IN, USB_INTERRUPT, INTERRUPT_MPS, 4),
    USB_ENDPOINT_BYTES(INTERRUPT_OUT, USB_INTERRUPT, INTERRUPT_MPS, 4),
    USB_ENDPOINT_BYTES(ISO_IN, USB_ISOCHRONOUS, ISO_MPS_HIGH, 4),
    USB_ENDPOINT_BYTES(ISO_OUT, USB_ISOCHRONOUS, ISO_MPS_HIGH, 4),
};

static const uint8_t source_sink_full[] = {
    USB_CONFIG_BYTES(SOURCE_SINK_SIZE, 1, VALUE_SOURCE_SINK, SOURCE_SINK_STRING, 0xc0, 1),
    USB_INTERFACE_BYTES(0, 0, 4, USB_CLASS_VENDOR, 0, 0, SOURCE_SINK_STRING),
    USB_ENDPOINT_BYTES(BULK_IN, USB_BULK, BULK_MPS_FULL, 0),
    USB_ENDPOINT_BYTES(BULK_OUT, USB_BULK, BULK_MPS_FULL, 0),
    USB_ENDPOINT_BYTES(INTERRUPT_IN, USB_INTERRUPT, INTERRUPT_MPS, 1),
    USB_ENDPOINT_BYTES(INTERRUPT_OUT, USB_INTERRUPT, INTERRUPT_MPS, 1),
    USB_INTERFACE_BYTES(0, 1, 6, USB_CLASS_VENDOR, 0, 0, SOURCE_SINK_STRING),
    USB_ENDPOINT_BYTES(BULK_IN, USB_BULK, BULK_MPS_FULL, 0),
    USB_ENDPOINT_BYTES(BULK_OUT, USB_BULK, BULK_MPS_FULL, 0),
    USB_ENDPOINT_BYTES(INTERRUPT_IN, USB_INTERRUPT, INTERRUPT_MPS, 1),
    USB_ENDPOINT_BYTES(INTERRUPT_OUT, USB_INTERRUPT, INTERRUPT_MPS, 1),
    USB_ENDPOINT_BYTES(ISO_IN, USB_ISOCHRONOUS, ISO_MPS_FULL, 1),
    USB_ENDPOINT_BYTES(ISO_OUT, USB_ISOCHRONOUS, ISO_MPS_FULL, 1),
};

static const uint8_t loopback_high[] = {
    USB_CONFIG_BYTES(LOOPBACK_SIZE, 1, VALUE_LOOPBACK, LOOPBACK_STRING, 0xc0, 1),
    USB_INTERFACE_BYTES(0, 0, 2, USB_CLASS_VENDOR, 0, 0, LOOPBACK_STRING),
    USB_ENDPOINT_BYTES(BULK_IN, USB_BULK, BULK_MPS_HIGH, 0),
    USB_ENDPOINT_BYTES(BULK_OUT, USB_BULK, BULK_MPS_HIGH, 0),
};

static const uint8_t loopback_full[] = {
    USB_CONFIG_BYTES(LOOPBACK_SIZE, 1, VALUE_LOOPBACK, LOOPBACK_STRING, 0xc0, 1),
    USB_INTERFACE_BYTES(0, 0, 2, USB_CLASS_VENDOR, 0, 0, LOOPBACK_STRING),
    USB_ENDPOINT_BYTES(BULK_IN, USB_BULK, BULK_MPS_FULL, 0),
    USB_ENDPOINT_BYTES(BULK_OUT, USB_BULK, BULK_MPS_FULL, 0),
};

static const uint8_t device_high[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, USB_LE16(0x0200), USB_CLASS_VENDOR, 0, 0, 64,
    USB_LE16(0x0525), USB_LE16(0xa4a0), USB_LE16(0x0100), 1, 2, 3, 2,
};

// Not 2.0: the host would ask it for what it does at high speed.
static const uint8_t device_full[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, USB_LE16(0x0110), USB_CLASS_VENDOR, 0, 0, 64,
    USB_LE16(0x0525), USB_LE16(0xa4a0), USB_LE16(0x0100), 1, 2, 3, 2,
};
// clang-format on

// The serial number takes two packets of endpoint 0, to have that tried as well.
static const char *const strings[] = {
    "usbip-esp32p4",
    "Gadget Zero (simulated)",
    "0123456789-0123456789-0123456789",
    "source and sink",
    "loopback",
    NULL,
};

static const struct sim_descriptors descriptors_high = {
    .device = device_high,
    .configs = (const uint8_t *const[]){source_sink_high, loopback_high},
    .strings = strings,
};

static const struct sim_descriptors descriptors_full = {
    .device = device_full,
    .configs = (const uint8_t *const[]){source_sink_full, loopback_full},
    .strings = strings,
};

// --- source and sink -----------------------------------------------------------------------------

static struct sim_zero *zero(struct sim_device *d)
{
    return (struct sim_zero *)(void *)d;
}

void sim_zero_set_pattern(struct sim_device *d, unsigned pattern)
{
    struct sim_zero *z = zero(d);
    assert(pattern <= 1);
    z->pattern = pattern;
    for (unsigned i = 0; i < sizeof z->packet; i++)
        z->packet[i] = pattern ? (uint8_t)(i % 63) : 0;
}

void sim_zero_set_pace(struct sim_device *d, uint32_t pace_us)
{
    zero(d)->pace_us = pace_us;
}

void sim_zero_set_iso_size(struct sim_device *d, uint16_t bytes)
{
    enum { SIZE_AT = 4, DESCRIPTOR = 7 }; // of an endpoint; those are the last two
    struct sim_zero *z = zero(d);
    assert(bytes > 0 && bytes <= ISO_MPS_FULL);
    memcpy(z->source_sink, d->desc->configs[0], SOURCE_SINK_SIZE);
    for (unsigned i = 1; i <= 2; i++)
        base_put_le16(z->source_sink + SOURCE_SINK_SIZE - i * DESCRIPTOR + SIZE_AT, bytes);
    z->configs[0] = z->source_sink;
    z->configs[1] = d->desc->configs[1];
    z->desc = *d->desc;
    z->desc.configs = z->configs;
    d->desc = &z->desc;
    z->iso_mps = bytes;
}

// False: not yet, the engine is told when. The next time is at a multiple of the pace: late asking
// must not slow it down.
static bool begin_bulk(struct sim_zero *z, uint8_t ep)
{
    uint64_t now_us = sim_now_us(&z->device), *next_us = &z->bulk_us[ep >> 7];
    if (z->pace_us == 0)
        return true;
    if (now_us < *next_us) {
        sim_kick_at(&z->device, ep, *next_us);
        return false;
    }
    *next_us = (now_us / z->pace_us + 1) * z->pace_us;
    return true;
}

static int put_pattern(const struct sim_zero *z, uint8_t *buf, uint32_t size, uint32_t mps)
{
    if (z->pattern == 0) {
        memset(buf, 0, size);
        return (int)size;
    }
    for (uint32_t done = 0; done < size; done += mps)
        memcpy(buf + done, z->packet, size - done < mps ? size - done : mps);
    return (int)size;
}

// True if `size` bytes of packets follow the pattern. In large pieces: the benchmark writes here.
static bool has_pattern(const struct sim_zero *z, const uint8_t *buf, uint32_t size, uint32_t mps)
{
    uint32_t piece = z->pattern == 0 ? sizeof z->packet : mps;
    while (size > 0) {
        uint32_t n = size < piece ? size : piece;
        if (memcmp(buf, z->packet, n) != 0)
            return false;
        buf += n;
        size -= n;
    }
    return true;
}

static int interrupt_in(struct sim_zero *z, uint8_t *buf)
{
    uint64_t now_us = sim_now_us(&z->device);
    if (now_us < z->interrupt_us) {
        sim_kick_at(&z->device, INTERRUPT_IN, z->interrupt_us);
        return SIM_NAK;
    }
    // The next frame, not a frame from now: late asking must not slow the pace down.
    z->interrupt_us = (now_us / INTERRUPT_INTERVAL_US + 1) * INTERRUPT_INTERVAL_US;
    return put_pattern(z, buf, INTERRUPT_MPS, INTERRUPT_MPS);
}

static int zero_iso_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct sim_zero *z = zero(d);
    (void)ep; // the only one
    return put_pattern(z, buf, max < z->iso_mps ? max : z->iso_mps, z->iso_mps);
}

static int zero_iso_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct sim_zero *z = zero(d);
    (void)ep; // the only one
    return has_pattern(z, buf, len, z->iso_mps) ? (int)len : SIM_ERROR;
}

// --- loopback ------------------------------------------------------------------------------------

static void loop_clear(struct zero_loop *l)
{
    l->first = l->ready = 0;
    l->filled = l->sent = 0;
    l->out_waits = false;
}

// The transfer that is coming in is whole. A transfer ends as Gadget Zero's do: by a short packet
// or when its buffer is full.
static void loop_finish(struct sim_zero *z)
{
    struct zero_loop *l = &z->loop;
    l->length[(l->first + l->ready) % LOOP_TRANSFERS] = l->filled;
    l->filled = 0;
    l->ready++;
    sim_kick(&z->device, BULK_IN);
}

static int loop_out(struct sim_zero *z, const uint8_t *buf, uint32_t len)
{
    struct zero_loop *l = &z->loop;
    uint32_t taken = 0;
    bool is_short = len % z->bulk_mps != 0 || len == 0;
    while (l->ready < LOOP_TRANSFERS && (taken < len || is_short)) {
        uint32_t room = LOOP_SIZE - l->filled;
        uint32_t n = len - taken < room ? len - taken : room;
        if (n > 0)
            memcpy(l->data[(l->first + l->ready) % LOOP_TRANSFERS] + l->filled, buf + taken, n);
        taken += n;
        l->filled = (uint16_t)(l->filled + n);
        bool ended = is_short && taken == len;
        if (ended || l->filled == LOOP_SIZE)
            loop_finish(z);
        if (ended)
            return (int)len;
    }
    l->out_waits = taken < len || is_short;
    return taken == 0 ? SIM_NAK : (int)taken;
}

static int loop_in(struct sim_zero *z, uint8_t *buf, uint32_t max)
{
    struct zero_loop *l = &z->loop;
    if (l->ready == 0)
        return SIM_NAK;
    uint32_t length = l->length[l->first], rest = length - l->sent;
    uint32_t n = rest < max ? rest : max;
    memcpy(buf, l->data[l->first] + l->sent, n);
    l->sent = (uint16_t)(l->sent + n);
    // One that came with a short packet goes back with one, if need be of no bytes.
    bool ended = length == LOOP_SIZE ? n == rest : rest == 0 || n % z->bulk_mps != 0;
    if (!ended)
        return (int)n;
    l->sent = 0;
    l->first = (l->first + 1) % LOOP_TRANSFERS;
    l->ready--;
    if (l->out_waits)
        sim_kick(&z->device, BULK_OUT);
    return (int)n;
}

// --- endpoints and requests ----------------------------------------------------------------------

static int zero_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct sim_zero *z = zero(d);
    if (ep == INTERRUPT_IN)
        return interrupt_in(z, buf);
    if (d->config == VALUE_LOOPBACK)
        return loop_in(z, buf, max);
    if (!begin_bulk(z, ep))
        return SIM_NAK;
    return put_pattern(z, buf, max, z->bulk_mps);
}

static int zero_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct sim_zero *z = zero(d);
    if (d->config == VALUE_LOOPBACK)
        return loop_out(z, buf, len);
    if (ep == BULK_OUT && !begin_bulk(z, ep))
        return SIM_NAK;
    uint32_t mps = ep == INTERRUPT_OUT ? INTERRUPT_MPS : z->bulk_mps;
    return has_pattern(z, buf, len, mps) ? (int)len : SIM_STALL;
}

// What is written to the control endpoint can be read back.
static int zero_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    struct sim_zero *z = zero(d);
    if (d->config != VALUE_SOURCE_SINK || s->wValue != 0 || s->wIndex != 0 ||
        s->wLength > CONTROL_SIZE)
        return SIM_STALL;
    switch ((unsigned)s->bmRequestType << 8 | s->bRequest) {
    case ZERO_CONTROL_WRITE:
        if (len > 0)
            memcpy(z->control, data, len);
        return (int)len;
    case ZERO_CONTROL_READ:
        return sim_answer(data, len, z->control, CONTROL_SIZE);
    default:
        return SIM_STALL;
    }
}

// --- life ----------------------------------------------------------------------------------------

static void zero_configured(struct sim_device *d)
{
    struct sim_zero *z = zero(d);
    loop_clear(&z->loop);
    z->interrupt_us = 0;
    z->bulk_us[0] = z->bulk_us[1] = 0;
}

static void zero_reset(struct sim_device *d)
{
    zero_configured(d);
    memset(zero(d)->control, 0, CONTROL_SIZE);
}

static void zero_destroy(struct sim_device *d)
{
    base_free(sim_alloc(d->bus), d);
}

static const struct sim_device_ops ops = {
    .destroy = zero_destroy,
    .reset = zero_reset,
    .configured = zero_configured,
    .setup = zero_setup,
    .in = zero_in,
    .out = zero_out,
    .iso_in = zero_iso_in,
    .iso_out = zero_iso_out,
};

struct sim_device *sim_zero_create(struct sim_bus *bus, enum usb_speed speed)
{
    assert(speed == USB_SPEED_HIGH || speed == USB_SPEED_FULL);
    bool high = speed == USB_SPEED_HIGH;
    struct sim_zero *z = base_alloc(sim_alloc(bus), sizeof *z);
    if (!z)
        return NULL;
    z->device = (struct sim_device){
        .ops = &ops,
        .desc = high ? &descriptors_high : &descriptors_full,
        .speed = speed,
        .bus = bus,
    };
    z->bulk_mps = high ? BULK_MPS_HIGH : BULK_MPS_FULL;
    z->iso_mps = high ? ISO_MPS_HIGH : ISO_MPS_FULL;
    sim_zero_set_pattern(&z->device, 0);
    zero_reset(&z->device);
    return &z->device;
}
