// SPDX-License-Identifier: Apache-2.0
// Bulk and interrupt transfers. Each side of the bus has its data toggle, one bit that changes with
// every packet. A packet with the wrong one is acknowledged and dropped (USB 2.0 8.6.4), after
// which the sides agree again: so whoever forgets to reset a toggle loses a packet here as on a
// real bus.
#include "sim_engine.h"

#include <assert.h>
#include <string.h>

enum { ZERO_PACKET_LEFT = 1 }; // usb_urb.backend_state: all data is out

struct transfer {
    struct sim_port *port;
    struct sim_device *device;
    struct usb_urb *urb;
    uint32_t packet_size;
    uint32_t toggle; // bit of this endpoint
};

static uint32_t packets_in(const struct transfer *t, uint32_t bytes)
{
    uint32_t n = bytes / t->packet_size + (bytes % t->packet_size != 0);
    return n ? n : 1; // a zero-length packet is a packet
}

static void advance_toggles(const struct transfer *t, uint32_t packets)
{
    if (packets & 1) {
        t->device->toggle ^= t->toggle;
        t->port->host_toggle ^= t->toggle;
    }
}

static bool out_of_step(const struct transfer *t)
{
    return ((t->device->toggle ^ t->port->host_toggle) & t->toggle) != 0;
}

static int32_t refuse(const struct transfer *t, int result)
{
    switch (result) {
    case SIM_NAK:
        return SIM_PENDING;
    case SIM_STALL:
        t->device->halted |= t->toggle;
        return USB_STATUS_STALL;
    case SIM_BABBLE:
        return USB_STATUS_OVERFLOW;
    default:
        return USB_STATUS_PROTOCOL;
    }
}

static int ask_in(const struct transfer *t, uint8_t *buf, uint32_t max)
{
    const struct sim_device_ops *ops = t->device->ops;
    int n = ops->in ? ops->in(t->device, t->urb->ep.address, buf, max) : SIM_NAK;
    assert(n < 0 || (uint32_t)n <= max);
    return n;
}

// The last bytes of room are less than a packet: the device's packet may be too long for them.
static int ask_in_partial(const struct transfer *t, uint8_t *room, uint32_t size)
{
    uint8_t *scratch = t->port->bus->scratch;
    int n = ask_in(t, scratch, t->packet_size);
    if (n > 0 && room)
        memcpy(room, scratch, (uint32_t)n < size ? (uint32_t)n : size);
    return n;
}

static int32_t transfer_in(const struct transfer *t)
{
    struct usb_urb *u = t->urb;
    for (;;) {
        if (out_of_step(t)) { // the host takes it for a repetition
            int n = ask_in(t, t->port->bus->scratch, t->packet_size);
            if (n < 0)
                return refuse(t, n);
            t->device->toggle ^= t->toggle;
            continue;
        }
        uint32_t room = u->length - u->actual_length;
        uint8_t *at = u->buffer ? u->buffer + u->actual_length : NULL;
        int n = room < t->packet_size ? ask_in_partial(t, at, room)
                                      : ask_in(t, at, room - room % t->packet_size);
        if (n < 0)
            return refuse(t, n);
        advance_toggles(t, packets_in(t, (uint32_t)n));
        if ((uint32_t)n > room) {
            u->actual_length = u->length;
            return USB_STATUS_OVERFLOW;
        }
        u->actual_length += (uint32_t)n;
        if (u->actual_length == u->length)
            return USB_STATUS_OK;
        if (n == 0 || (uint32_t)n % t->packet_size != 0)
            return u->flags & USB_URB_SHORT_NOT_OK ? USB_STATUS_SHORT : USB_STATUS_OK;
    }
}

static int ask_out(const struct transfer *t, const uint8_t *buf, uint32_t len)
{
    if (out_of_step(t)) { // the device takes it for a repetition
        t->port->host_toggle ^= t->toggle;
        return (int)(len < t->packet_size ? len : t->packet_size);
    }
    const struct sim_device_ops *ops = t->device->ops;
    int n = ops->out ? ops->out(t->device, t->urb->ep.address, buf, len) : SIM_NAK;
    assert(n < 0 || (uint32_t)n == len || ((uint32_t)n < len && n % (int)t->packet_size == 0));
    if (n > 0 || (n == 0 && len == 0))
        advance_toggles(t, packets_in(t, (uint32_t)n));
    return n;
}

static int32_t transfer_out(const struct transfer *t)
{
    struct usb_urb *u = t->urb;
    while (!(u->backend_state & ZERO_PACKET_LEFT)) {
        bool dropped = out_of_step(t);
        uint32_t left = u->length - u->actual_length;
        int n = ask_out(t, u->buffer ? u->buffer + u->actual_length : NULL, left);
        if (n < 0)
            return refuse(t, n);
        u->actual_length += (uint32_t)n;
        if (u->actual_length == u->length) {
            if (!(u->flags & USB_URB_ZERO_PACKET) || !u->length || u->length % t->packet_size)
                return USB_STATUS_OK;
            u->backend_state |= ZERO_PACKET_LEFT;
        } else if (!dropped) {
            return SIM_PENDING; // NAK after a part: goes on at the next kick
        }
    }
    int n = ask_out(t, NULL, 0);
    return n < 0 ? refuse(t, n) : USB_STATUS_OK;
}

int32_t sim_bulk_transfer(struct sim_port *p, struct usb_urb *u)
{
    struct sim_device *d = p->device;
    const struct usb_endpoint *ep = sim_endpoint(d, u->ep.address);
    if (p->dead)
        return USB_STATUS_NO_RESPONSE;
    if (!ep || ep->max_packet_size == 0)
        return USB_STATUS_PROTOCOL; // no such endpoint now: nobody answers the token
    if (ep->type != u->ep.type)
        return USB_STATUS_INVALID; // not what the device has there
    struct transfer t = {
        .port = p,
        .device = d,
        .urb = u,
        .packet_size = ep->max_packet_size,
        .toggle = 1u << sim_pipe_index(ep->address),
    };
    if (d->halted & t.toggle)
        return USB_STATUS_STALL;
    return usb_urb_is_in(u) ? transfer_in(&t) : transfer_out(&t);
}
