// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_serial.h"

#include "base/base_bytes.h"

#include <string.h>

enum {
    COMM = 0, // interface numbers
    DATA = 1,
    DATA_OUT = 0x01,
    DATA_IN = 0x82,
    NOTICE_IN = 0x83,
    DATA_MPS = 64,
    NOTICE_MPS = 16,
    NOTICE_SIZE = 10, // of SERIAL_STATE
    NOTICE_QUEUE = 16,
    CODING_SIZE = 7,
};

#define NEVER UINT64_MAX

enum cdc_request { // bmRequestType << 8 | bRequest, CDC PSTN 1.2 6.3
    CDC_SET_LINE_CODING = 0x2120,
    CDC_GET_LINE_CODING = 0xa121,
    CDC_SET_CONTROL_LINE_STATE = 0x2122,
    CDC_SEND_BREAK = 0x2123,
};

enum { LINE_DTR = 1, LINE_RTS = 2 };                 // wValue of SET_CONTROL_LINE_STATE
enum { UART_DCD = 1, UART_DSR = 2, UART_BREAK = 4 }; // bits of SERIAL_STATE
enum { BREAK_END = 0, BREAK_WITHOUT_END = 0xffff };  // wValue of SEND_BREAK, else ms
enum { CDC_INTERFACE = 0x24 };                       // descriptor type CS_INTERFACE

struct sim_serial {
    struct sim_device device;     // first: the engine's pointer is ours
    uint8_t coding[CODING_SIZE];  // as on the wire
    uint8_t lines;                // LINE_*
    uint64_t break_end_us;        // 0: no break
    uint8_t notice[NOTICE_QUEUE]; // UART states to tell, oldest first
    unsigned notice_count;
    uint32_t first, count; // bytes in the ring
    bool end_due;          // what was sent last does not end a transfer: a zero-length packet must
    bool out_waits;        // an OUT packet had no room
    uint8_t ring[SIM_SERIAL_RING];
};

// --- descriptors ---------------------------------------------------------------------------------

static const uint8_t device_descriptor[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, 0x10, 0x01, USB_CLASS_COMM, 0, 0, 64, 0x09, 0x12, 0x04, 0, 0, 1, 1, 2, 0, 1,
};

enum { TOTAL_SIZE = 9 + 9 + 5 + 5 + 4 + 5 + 7 + 9 + 7 + 7 };

// clang-format off
static const uint8_t configuration[] = {
    9, USB_DT_CONFIG, TOTAL_SIZE, 0, 2, 1, 0, 0x80, 50, // bus-powered, 100 mA
    9, USB_DT_INTERFACE, COMM, 0, 1, USB_CLASS_COMM, 2, 1, 0, // abstract control model, V.250
    5, CDC_INTERFACE, 0, 0x10, 0x01, // header: CDC 1.10
    5, CDC_INTERFACE, 1, 0, DATA,    // no call management
    4, CDC_INTERFACE, 2, 0x06,       // line coding and state, break
    5, CDC_INTERFACE, 6, COMM, DATA, // union
    7, USB_DT_ENDPOINT, NOTICE_IN, USB_INTERRUPT, NOTICE_MPS, 0, 10,
    9, USB_DT_INTERFACE, DATA, 0, 2, USB_CLASS_CDC_DATA, 0, 0, 0,
    7, USB_DT_ENDPOINT, DATA_IN, USB_BULK, DATA_MPS, 0, 0,
    7, USB_DT_ENDPOINT, DATA_OUT, USB_BULK, DATA_MPS, 0, 0,
};
// clang-format on

// No serial number: several of them on one bus must not claim to be the same device.
static const struct sim_descriptors descriptors = {
    .device = device_descriptor,
    .configs = (const uint8_t *const[]){configuration},
    .strings = (const char *const[]){"usbip-esp32p4", "Simulated serial port", NULL},
};

// --- data ----------------------------------------------------------------------------------------

static struct sim_serial *serial(struct sim_device *d)
{
    return (struct sim_serial *)(void *)d;
}

static void ring_put(struct sim_serial *s, const uint8_t *from, uint32_t n)
{
    uint32_t at = (s->first + s->count) % SIM_SERIAL_RING;
    uint32_t to_end = SIM_SERIAL_RING - at;
    uint32_t part = n < to_end ? n : to_end;
    memcpy(s->ring + at, from, part);
    memcpy(s->ring, from + part, n - part);
    s->count += n;
}

static void ring_take(struct sim_serial *s, uint8_t *to, uint32_t n)
{
    uint32_t to_end = SIM_SERIAL_RING - s->first;
    uint32_t part = n < to_end ? n : to_end;
    memcpy(to, s->ring + s->first, part);
    memcpy(to + part, s->ring, n - part);
    s->first = (s->first + n) % SIM_SERIAL_RING;
    s->count -= n;
}

static int serial_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct sim_serial *s = serial(d);
    (void)ep; // the only one
    if (len == 0)
        return 0;
    uint32_t room = SIM_SERIAL_RING - s->count;
    uint32_t n = len <= room ? len : room / DATA_MPS * DATA_MPS;
    s->out_waits = n < len;
    if (n == 0)
        return SIM_NAK;
    ring_put(s, buf, n);
    sim_kick(d, DATA_IN);
    return (int)n;
}

static int data_in(struct sim_serial *s, uint8_t *buf, uint32_t max)
{
    uint32_t n = s->count < max ? s->count : max;
    if (n == 0 && !s->end_due)
        return SIM_NAK;
    if (n > 0)
        ring_take(s, buf, n);
    // A host that reads with larger transfers would otherwise wait for what comes behind.
    s->end_due = n > 0 && n % DATA_MPS == 0;
    if (s->out_waits)
        sim_kick(&s->device, DATA_OUT);
    return (int)n;
}

// --- line ----------------------------------------------------------------------------------------

// The UART state now; the other end of the line is there when the host is.
static uint8_t uart_state(const struct sim_serial *s)
{
    unsigned state = s->lines & LINE_DTR ? UART_DCD | UART_DSR : 0;
    return (uint8_t)(state | (s->break_end_us ? UART_BREAK : 0));
}

// Queues the state now. The host must not miss the last one, so it replaces that in a full queue.
static void notify(struct sim_serial *s)
{
    if (s->notice_count == NOTICE_QUEUE)
        s->notice_count--;
    s->notice[s->notice_count++] = uart_state(s);
    sim_kick(&s->device, NOTICE_IN);
}

static void end_break_if_due(struct sim_serial *s)
{
    if (s->break_end_us == 0 || s->break_end_us == NEVER)
        return;
    if (sim_now_us(&s->device) < s->break_end_us) {
        sim_kick_at(&s->device, NOTICE_IN, s->break_end_us);
        return;
    }
    s->break_end_us = 0;
    notify(s);
}

// SERIAL_STATE, CDC PSTN 1.2 6.5.4.
static int notice_in(struct sim_serial *s, uint8_t *buf)
{
    end_break_if_due(s);
    if (s->notice_count == 0)
        return SIM_NAK;
    const uint8_t bytes[NOTICE_SIZE] = {0xa1, 0x20, 0, 0, COMM, 0, 2, 0, s->notice[0], 0};
    memcpy(buf, bytes, sizeof bytes);
    memmove(s->notice, s->notice + 1, --s->notice_count);
    return NOTICE_SIZE;
}

static int serial_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    return ep == NOTICE_IN ? notice_in(serial(d), buf) : data_in(serial(d), buf, max);
}

static int set_line_coding(struct sim_serial *s, const uint8_t *data, uint32_t len)
{
    if (len != CODING_SIZE || base_get_le32(data) == 0 || data[4] > 2 || data[5] > 4)
        return SIM_STALL;
    if ((data[6] < 5 || data[6] > 8) && data[6] != 16)
        return SIM_STALL;
    memcpy(s->coding, data, CODING_SIZE);
    return CODING_SIZE;
}

static int get_line_coding(const struct sim_serial *s, uint8_t *data, uint32_t len)
{
    uint32_t n = len < CODING_SIZE ? len : CODING_SIZE;
    memcpy(data, s->coding, n);
    return (int)n;
}

static int set_control_line_state(struct sim_serial *s, uint16_t lines)
{
    uint8_t before = uart_state(s);
    s->lines = lines & (LINE_DTR | LINE_RTS);
    if (uart_state(s) != before)
        notify(s);
    return 0;
}

static int send_break(struct sim_serial *s, uint16_t ms)
{
    uint8_t before = uart_state(s);
    if (ms == BREAK_END)
        s->break_end_us = 0;
    else if (ms == BREAK_WITHOUT_END)
        s->break_end_us = NEVER;
    else
        s->break_end_us = sim_now_us(&s->device) + ms * UINT64_C(1000);
    if (uart_state(s) != before)
        notify(s);
    end_break_if_due(s);
    return 0;
}

static int serial_setup(struct sim_device *d, const struct usb_setup *setup, uint8_t *data,
                        uint32_t len)
{
    struct sim_serial *s = serial(d);
    if (d->config == 0 || setup->wIndex != COMM)
        return SIM_STALL;
    switch ((unsigned)setup->bmRequestType << 8 | setup->bRequest) {
    case CDC_SET_LINE_CODING:
        return set_line_coding(s, data, len);
    case CDC_GET_LINE_CODING:
        return get_line_coding(s, data, len);
    case CDC_SET_CONTROL_LINE_STATE:
        return set_control_line_state(s, setup->wValue);
    case CDC_SEND_BREAK:
        return send_break(s, setup->wValue);
    default:
        return SIM_STALL;
    }
}

void sim_serial_line(const struct sim_device *d, struct sim_serial_line *line)
{
    const struct sim_serial *s = (const struct sim_serial *)(const void *)d;
    *line = (struct sim_serial_line){
        .baud = base_get_le32(s->coding),
        .stop_bits = s->coding[4],
        .parity = s->coding[5],
        .data_bits = s->coding[6],
        .dtr = (s->lines & LINE_DTR) != 0,
        .rts = (s->lines & LINE_RTS) != 0,
        .breaking = sim_now_us(d) < s->break_end_us,
    };
}

// --- life ----------------------------------------------------------------------------------------

static void serial_configured(struct sim_device *d)
{
    struct sim_serial *s = serial(d);
    s->lines = 0;
    s->break_end_us = 0;
    s->notice_count = 0;
    s->first = s->count = 0;
    s->end_due = s->out_waits = false;
}

static void serial_reset(struct sim_device *d)
{
    struct sim_serial *s = serial(d);
    serial_configured(d);
    base_put_le32(s->coding, 115200);
    s->coding[4] = 0; // one stop bit
    s->coding[5] = 0; // no parity
    s->coding[6] = 8; // data bits
}

static void serial_destroy(struct sim_device *d)
{
    base_free(sim_alloc(d->bus), d);
}

static const struct sim_device_ops ops = {
    .destroy = serial_destroy,
    .reset = serial_reset,
    .configured = serial_configured,
    .setup = serial_setup,
    .in = serial_in,
    .out = serial_out,
};

struct sim_device *sim_serial_create(struct sim_bus *bus)
{
    struct sim_serial *s = base_alloc(sim_alloc(bus), sizeof *s);
    if (!s)
        return NULL;
    s->device = (struct sim_device){
        .ops = &ops,
        .desc = &descriptors,
        .name = "serial",
        .speed = USB_SPEED_FULL,
        .bus = bus,
    };
    serial_reset(&s->device);
    return &s->device;
}
