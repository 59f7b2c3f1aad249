// SPDX-License-Identifier: Apache-2.0
// Bulk and interrupt URBs in parts: the host controller counts packets in few bits, and an
// interrupt transfer of more than one packet reports a wrong length when it ends early, so that is
// one packet at a time. Client task.
#include "device_parts.h"

#include <string.h>

// Whole packets that fit the buffer and the counter.
static uint32_t part_max(const struct device_slot *s)
{
    uint32_t packet = s->pipe->ep.max_packet_size;
    uint32_t packets = (uint32_t)s->transfer->data_buffer_size / packet;
    if (packets > DEVICE_PACKETS_MAX)
        packets = DEVICE_PACKETS_MAX;
    if (s->pipe->ep.type == USB_INTERRUPT)
        packets = 1;
    return packets * packet;
}

// The library wants whole packets. A bulk IN of 0 bytes still asks for one packet: the device's
// zero-length one.
static uint32_t room_for(const struct device_slot *s)
{
    uint32_t packet = s->pipe->ep.max_packet_size;
    uint32_t packets = (s->size + packet - 1) / packet;
    return (packets ? packets : 1) * packet;
}

static void fill_out(struct device_slot *s, bool last)
{
    const struct usb_urb *u = s->urb;
    usb_transfer_t *t = s->transfer;
    if (s->size > 0)
        memcpy(t->data_buffer, u->buffer + s->at, s->size);
    t->num_bytes = (int)s->size;
    // The library adds the packet only after a multiple of the packet size; but to an empty
    // transfer, which is one zero-length packet, it would add a second one.
    if (last && u->flags & USB_URB_ZERO_PACKET && s->size > 0)
        t->flags = USB_TRANSFER_FLAG_ZERO_PACK;
}

static int32_t bulk_prepare(struct device_slot *s)
{
    struct usb_urb *u = s->urb;
    uint32_t left = u->length - s->at, max = part_max(s);
    if (max == 0)
        return USB_STATUS_INVALID; // a packet larger than all buffers: no such endpoint is claimed
    if (u->length == 0 && u->ep.type == USB_INTERRUPT)
        return DEVICE_NOTHING_TO_MOVE; // the driver would write before the start of its list
    s->size = left < max ? left : max;
    bool last = s->size == left;
    if (usb_urb_is_in(u))
        s->transfer->num_bytes = (int)room_for(s);
    else
        fill_out(s, last);
    u->backend_progress = (u->backend_progress & URB_CANCEL) | (s->at + s->size);
    if (last)
        u->backend_progress |= URB_ALL_SUBMITTED;
    return USB_STATUS_OK;
}

static void complete_in(struct device_slot *s)
{
    struct usb_urb *u = s->urb;
    uint32_t got = (uint32_t)s->transfer->actual_num_bytes;
    uint32_t taken = got < s->size ? got : s->size;
    if (taken > 0)
        memcpy(u->buffer + s->at, s->transfer->data_buffer, taken);
    u->actual_length = s->at + taken;
    bool cut = got < (uint32_t)s->transfer->num_bytes; // a short packet ends the URB
    s->pipe->full = cut ? 0 : s->pipe->full + 1;
    if (got > s->size)
        device_urb_done(u, USB_STATUS_OVERFLOW);
    else if (u->actual_length < u->length && cut)
        device_urb_done(u, u->flags & USB_URB_SHORT_NOT_OK ? USB_STATUS_SHORT : USB_STATUS_OK);
    else if (u->actual_length == u->length)
        device_urb_done(u, USB_STATUS_OK);
}

static void complete_out(struct device_slot *s)
{
    struct usb_urb *u = s->urb;
    uint32_t sent = (uint32_t)s->transfer->actual_num_bytes;
    u->actual_length = s->at + (sent < s->size ? sent : s->size);
    if (sent < s->size)
        device_urb_done(u, USB_STATUS_PROTOCOL);
    else if (u->actual_length == u->length)
        device_urb_done(u, USB_STATUS_OK);
}

static void bulk_complete(struct device_slot *s)
{
    if (usb_urb_is_in(s->urb))
        complete_in(s);
    else
        complete_out(s);
}

const struct device_mover device_bulk = {bulk_prepare, bulk_complete};
