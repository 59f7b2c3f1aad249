// SPDX-License-Identifier: Apache-2.0
// What everything else on the bus stands on: time, what is ready, what is over.
#include "sim_engine.h"

#include <string.h>

// --- time ----------------------------------------------------------------------------------------

void sim_timer_init(struct sim_timer *t, void (*due)(struct sim_timer *t))
{
    base_list_init(&t->link);
    t->due = due;
}

static struct sim_timer *timer_of(struct base_list *link)
{
    return BASE_CONTAINER(link, struct sim_timer, link);
}

void sim_timer_set(struct sim_bus *bus, struct sim_timer *t, uint64_t at_us)
{
    base_list_remove(&t->link);
    t->at_us = t->shows_us = at_us;
    // From the end: most timers are set later than those that wait. Equal times keep their order.
    struct base_list *before = bus->timers.prev;
    while (before != &bus->timers && timer_of(before)->at_us > at_us)
        before = before->prev;
    base_list_prepend(before, &t->link);
}

void sim_timer_clear(struct sim_timer *t)
{
    base_list_remove(&t->link);
}

void sim_time_advance(struct sim_bus *bus, uint64_t now_us)
{
    while (!base_list_empty(&bus->timers)) {
        struct sim_timer *t = timer_of(bus->timers.next);
        if (t->at_us > now_us)
            break;
        base_list_remove(&t->link);
        if (t->at_us > bus->now_us)
            bus->now_us = t->at_us;
        t->due(t);
    }
    if (now_us > bus->now_us)
        bus->now_us = now_us;
}

// --- pipes ---------------------------------------------------------------------------------------

unsigned sim_pipe_index(uint8_t address)
{
    unsigned number = address & 0x0fu;
    return number && (address & USB_DIR_IN) ? number + 16 : number;
}

bool sim_pipe_is_control(const struct sim_pipe *pipe)
{
    return pipe == pipe->port->pipe;
}

struct usb_urb *sim_pipe_head(const struct sim_pipe *pipe)
{
    return BASE_CONTAINER(pipe->urbs.next, struct usb_urb, backend_link);
}

void sim_pipe_ready(struct sim_pipe *pipe)
{
    if (!base_list_empty(&pipe->urbs) && base_list_empty(&pipe->ready))
        base_list_append(&pipe->port->bus->ready, &pipe->ready);
}

bool sim_port_live(const struct sim_port *p)
{
    return p->device->port != NULL;
}

void sim_port_attend(struct sim_port *p)
{
    if (base_list_empty(&p->attention))
        base_list_append(&p->bus->attention, &p->attention);
}

void sim_packet_done(struct usb_urb *u, int32_t status, uint32_t actual_length)
{
    struct usb_iso_packet *packet = &u->packets[u->backend_state++];
    packet->status = status;
    packet->actual_length = actual_length;
    u->actual_length += actual_length;
    u->error_count += status != USB_STATUS_OK;
}

void sim_urb_done(struct sim_bus *bus, struct usb_urb *u, int32_t status)
{
    if (u->ep.type == USB_ISOCHRONOUS)
        while (u->backend_state < u->packet_count)
            sim_packet_done(u, USB_STATUS_XDEV, 0);
    if (u->backend_ptr)
        base_list_remove(&u->backend_link);
    u->backend_ptr = NULL;
    u->status = status;
    base_list_append(&bus->done, &u->backend_link);
}

// --- for devices ---------------------------------------------------------------------------------

void sim_kick(struct sim_device *d, uint8_t ep)
{
    if (d->port)
        sim_pipe_ready(&d->port->pipe[sim_pipe_index(ep)]);
}

void sim_kick_at(struct sim_device *d, uint8_t ep, uint64_t at_us)
{
    const struct usb_endpoint *e = sim_endpoint(d, ep);
    if (!e || e->type == USB_ISOCHRONOUS)
        return; // isochronous pipes keep their own time
    struct sim_timer *t = &d->port->pipe[sim_pipe_index(ep)].timer;
    if (base_list_empty(&t->link) || at_us < t->at_us)
        sim_timer_set(d->bus, t, at_us);
}

int sim_answer(uint8_t *data, uint32_t len, const void *from, size_t size)
{
    size_t n = size < len ? size : len;
    if (n > 0)
        memcpy(data, from, n);
    return (int)n;
}

void sim_vanish(struct sim_device *d)
{
    if (!d->port)
        return;
    d->port->vanish = true;
    sim_port_attend(d->port);
}

uint64_t sim_now_us(const struct sim_device *d)
{
    return d->bus->now_us;
}

const struct base_alloc *sim_alloc(const struct sim_bus *bus)
{
    return bus->alloc;
}

const struct usb_endpoint *sim_endpoint(const struct sim_device *d, uint8_t ep)
{
    unsigned in = ep >> 7, number = ep & 0x0f;
    if (!d->port || (ep & 0x70) != 0 || !d->port->table.present[in][number])
        return NULL;
    return &d->port->table.ep[in][number];
}
