// SPDX-License-Identifier: Apache-2.0
// Isochronous transfers: one packet per interval of the endpoint, whether or not the client kept
// up. usb_urb.backend_state counts the packets that are over.
#include "sim_engine.h"

#include <assert.h>
#include <string.h>

enum { FRAME_US = 1000, MICROFRAME_US = 125 };

static uint32_t bus_slot_us(const struct sim_port *p)
{
    return p->info.speed >= USB_SPEED_HIGH ? MICROFRAME_US : FRAME_US;
}

// bInterval is an exponent, 1..16, for full and high speed alike (USB 2.0 table 9-13).
static uint64_t interval_us(const struct sim_port *p, const struct usb_endpoint *ep)
{
    unsigned exponent = ep->bInterval < 1 ? 1 : ep->bInterval > 16 ? 16 : ep->bInterval;
    return (uint64_t)bus_slot_us(p) << (exponent - 1);
}

// USB_STATUS_OK if packets can move, or why the whole URB fails.
static int32_t endpoint_status(const struct sim_pipe *pipe, const struct usb_urb *u)
{
    const struct usb_endpoint *ep = sim_endpoint(pipe->port->device, u->ep.address);
    if (pipe->port->dead)
        return USB_STATUS_NO_RESPONSE;
    if (!ep)
        return USB_STATUS_STALL; // not in the current alternate setting
    return ep->type == USB_ISOCHRONOUS ? USB_STATUS_OK : USB_STATUS_INVALID;
}

// Nobody needs to wake up before the first URB's last packet is over: sim_time_advance() then stops
// at each one on the way.
static void show_at_end(struct sim_pipe *pipe)
{
    const struct usb_urb *u = sim_pipe_head(pipe);
    const struct usb_endpoint *ep = sim_endpoint(pipe->port->device, u->ep.address);
    uint32_t more = u->packet_count - u->backend_state - 1;
    pipe->timer.shows_us = pipe->timer.at_us + (ep ? more * interval_us(pipe->port, ep) : 0);
}

// The timer stands at the end of the (micro)frame in which the packet moves.
static void wait_for_slot(struct sim_pipe *pipe)
{
    sim_timer_set(pipe->port->bus, &pipe->timer, pipe->frame_us + bus_slot_us(pipe->port));
    show_at_end(pipe);
}

void sim_iso_run(struct sim_pipe *pipe)
{
    struct usb_urb *u = sim_pipe_head(pipe);
    int32_t status = endpoint_status(pipe, u);
    if (status != USB_STATUS_OK) {
        sim_urb_done(pipe->port->bus, u, status);
        return;
    }
    if (!base_list_empty(&pipe->timer.link)) { // in the middle of a stream
        show_at_end(pipe);                     // the URB that was first may have been cancelled
        return;
    }
    uint64_t now_us = pipe->port->bus->now_us;
    if (pipe->frame_us <= now_us) // the queue ran empty: from the next frame on
        pipe->frame_us = (now_us / FRAME_US + 1) * FRAME_US;
    wait_for_slot(pipe);
}

static void packet_in(struct sim_port *p, struct usb_urb *u, const struct usb_endpoint *ep)
{
    const struct usb_iso_packet *packet = &u->packets[u->backend_state];
    const struct sim_device_ops *ops = p->device->ops;
    uint32_t max = (uint32_t)ep->max_packet_size * ep->packets_per_interval;
    bool fits = packet->length >= max;
    if (!fits && max > SIM_SCRATCH_SIZE)
        max = SIM_SCRATCH_SIZE;
    uint8_t *to = fits ? u->buffer + packet->offset : p->bus->scratch;
    int n = ops->iso_in ? ops->iso_in(p->device, ep->address, to, max) : SIM_ERROR;
    assert(n < 0 || (uint32_t)n <= max);
    if (n < 0) {
        sim_packet_done(u, n == SIM_BABBLE ? USB_STATUS_OVERFLOW : USB_STATUS_PROTOCOL, 0);
        return;
    }
    uint32_t size = (uint32_t)n < packet->length ? (uint32_t)n : packet->length;
    if (!fits && size > 0)
        memcpy(u->buffer + packet->offset, p->bus->scratch, size);
    sim_packet_done(u, (uint32_t)n > size ? USB_STATUS_OVERFLOW : USB_STATUS_OK, size);
}

static void packet_out(struct sim_port *p, struct usb_urb *u, const struct usb_endpoint *ep)
{
    const struct usb_iso_packet *packet = &u->packets[u->backend_state];
    const struct sim_device_ops *ops = p->device->ops;
    if (packet->length > (uint32_t)ep->max_packet_size * ep->packets_per_interval) {
        sim_packet_done(u, USB_STATUS_INVALID, 0); // more than an interval can carry
        return;
    }
    const uint8_t *from = u->length ? u->buffer + packet->offset : NULL;
    int n = ops->iso_out ? ops->iso_out(p->device, ep->address, from, packet->length) : SIM_ERROR;
    sim_packet_done(u, n < 0 ? USB_STATUS_PROTOCOL : USB_STATUS_OK, n < 0 ? 0 : packet->length);
}

void sim_iso_packet(struct sim_pipe *pipe)
{
    struct sim_port *p = pipe->port;
    struct usb_urb *u = sim_pipe_head(pipe);
    int32_t status = endpoint_status(pipe, u);
    if (status != USB_STATUS_OK) {
        sim_urb_done(p->bus, u, status);
        sim_pipe_ready(pipe);
        return;
    }
    assert(u->backend_state < u->packet_count);
    const struct usb_endpoint *ep = sim_endpoint(p->device, u->ep.address);
    if (u->backend_state == 0)
        u->start_frame = (uint32_t)(pipe->frame_us / FRAME_US);
    if (usb_urb_is_in(u))
        packet_in(p, u, ep);
    else
        packet_out(p, u, ep);
    pipe->frame_us += interval_us(p, ep);
    if (u->backend_state == u->packet_count)
        sim_urb_done(p->bus, u, USB_STATUS_OK);
    if (!base_list_empty(&pipe->urbs))
        wait_for_slot(pipe);
}
