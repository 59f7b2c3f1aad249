// SPDX-License-Identifier: Apache-2.0
#include "sim_serial_port.h"

#include "base/base_bytes.h"

#include <string.h>

enum { NOTICE_SIZE = 10 }; // of SERIAL_STATE

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

// --- line ----------------------------------------------------------------------------------------

// The UART state now; the other end of the line is there when the host is.
static uint8_t uart_state(const struct sim_serial_port *p)
{
    unsigned state = p->lines & LINE_DTR ? UART_DCD | UART_DSR : 0;
    return (uint8_t)(state | (p->break_end_us ? UART_BREAK : 0));
}

// Queues the state now. The host must not miss the last one, so it replaces that in a full queue.
static void queue_notice(struct sim_serial_port *p)
{
    if (p->notice_count == SIM_SERIAL_NOTICES)
        p->notice_count--;
    p->notice[p->notice_count++] = uart_state(p);
    sim_kick(p->device, p->notice_in);
}

static void end_break_if_due(struct sim_serial_port *p)
{
    if (p->break_end_us == 0 || p->break_end_us == NEVER)
        return;
    if (sim_now_us(p->device) < p->break_end_us) {
        sim_kick_at(p->device, p->notice_in, p->break_end_us);
        return;
    }
    p->break_end_us = 0;
    queue_notice(p);
}

// SERIAL_STATE, CDC PSTN 1.2 6.5.4.
static int notice_in(struct sim_serial_port *p, uint8_t *buf)
{
    end_break_if_due(p);
    if (p->notice_count == 0)
        return SIM_NAK;
    const uint8_t bytes[NOTICE_SIZE] = {0xa1, 0x20, 0, 0, p->interface, 0, 2, 0, p->notice[0], 0};
    memcpy(buf, bytes, sizeof bytes);
    memmove(p->notice, p->notice + 1, --p->notice_count);
    return NOTICE_SIZE;
}

int sim_serial_port_in(struct sim_serial_port *p, uint8_t ep, uint8_t *buf, uint32_t max)
{
    return ep == p->notice_in ? notice_in(p, buf) : sim_echo_in(&p->data, buf, max);
}

static int set_line_coding(struct sim_serial_port *p, const uint8_t *data, uint32_t len)
{
    if (len != SIM_SERIAL_CODING_SIZE || base_get_le32(data) == 0 || data[4] > 2 || data[5] > 4)
        return SIM_STALL;
    if ((data[6] < 5 || data[6] > 8) && data[6] != 16)
        return SIM_STALL;
    memcpy(p->coding, data, SIM_SERIAL_CODING_SIZE);
    return SIM_SERIAL_CODING_SIZE;
}

static int get_line_coding(const struct sim_serial_port *p, uint8_t *data, uint32_t len)
{
    return sim_answer(data, len, p->coding, SIM_SERIAL_CODING_SIZE);
}

static int set_control_line_state(struct sim_serial_port *p, uint16_t lines)
{
    uint8_t before = uart_state(p);
    p->lines = lines & (LINE_DTR | LINE_RTS);
    if (uart_state(p) != before)
        queue_notice(p);
    return 0;
}

static int send_break(struct sim_serial_port *p, uint16_t ms)
{
    uint8_t before = uart_state(p);
    if (ms == BREAK_END)
        p->break_end_us = 0;
    else if (ms == BREAK_WITHOUT_END)
        p->break_end_us = NEVER;
    else
        p->break_end_us = sim_now_us(p->device) + ms * UINT64_C(1000);
    if (uart_state(p) != before)
        queue_notice(p);
    end_break_if_due(p);
    return 0;
}

int sim_serial_port_setup(struct sim_serial_port *p, const struct usb_setup *setup, uint8_t *data,
                          uint32_t len)
{
    switch ((unsigned)setup->bmRequestType << 8 | setup->bRequest) {
    case CDC_SET_LINE_CODING:
        return set_line_coding(p, data, len);
    case CDC_GET_LINE_CODING:
        return get_line_coding(p, data, len);
    case CDC_SET_CONTROL_LINE_STATE:
        return set_control_line_state(p, setup->wValue);
    case CDC_SEND_BREAK:
        return send_break(p, setup->wValue);
    default:
        return SIM_STALL;
    }
}

void sim_serial_port_line(const struct sim_serial_port *p, struct sim_serial_line *line)
{
    *line = (struct sim_serial_line){
        .baud = base_get_le32(p->coding),
        .stop_bits = p->coding[4],
        .parity = p->coding[5],
        .data_bits = p->coding[6],
        .dtr = (p->lines & LINE_DTR) != 0,
        .rts = (p->lines & LINE_RTS) != 0,
        .breaking = sim_now_us(p->device) < p->break_end_us,
    };
}

// --- life ----------------------------------------------------------------------------------------

void sim_serial_port_init(struct sim_serial_port *p, struct sim_device *device, unsigned index)
{
    p->device = device;
    p->interface = (uint8_t)(2 * index);
    p->notice_in = (uint8_t)(USB_DIR_IN | (3 * index + 3));
    sim_echo_init(&p->data, device, (uint8_t)(3 * index + 1),
                  (uint8_t)(USB_DIR_IN | (3 * index + 2)), SIM_SERIAL_DATA_PACKET);
}

void sim_serial_port_restart(struct sim_serial_port *p)
{
    p->lines = 0;
    p->break_end_us = 0;
    p->notice_count = 0;
    sim_echo_clear(&p->data);
}

void sim_serial_port_reset(struct sim_serial_port *p)
{
    sim_serial_port_restart(p);
    base_put_le32(p->coding, 115200);
    p->coding[4] = 0; // one stop bit
    p->coding[5] = 0; // no parity
    p->coding[6] = 8; // data bits
}
