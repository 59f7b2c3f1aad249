// SPDX-License-Identifier: Apache-2.0
// Isochronous URBs, cut into transfers of a few milliseconds, several of which wait in the library
// so that the stream has no gaps. In a transfer's buffer packet follows packet; in an URB each has
// its own offset. Client task.
#include "device_parts.h"

#include <string.h>

enum { MICROFRAMES = 8, MICROFRAME_US = 125 };

static bool is_high_speed(const struct device_pipe *p)
{
    return p->device->info.speed == USB_SPEED_HIGH;
}

// (Micro)frames between two packets, USB 2.0 table 9-13.
static uint32_t interval_of(const struct device_pipe *p)
{
    unsigned exponent = p->ep.bInterval - 1u;
    return 1u << (exponent < 16 ? exponent : 15);
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t device_iso_plan(struct device_pipe *p)
{
    uint32_t packet = p->ep.max_packet_size;
    p->iso_interval = interval_of(p);
    uint32_t packet_us =
        p->iso_interval * (is_high_speed(p) ? MICROFRAME_US : MICROFRAMES * MICROFRAME_US);
    uint32_t n = DEVICE_ISO_FRAMES_MAX / p->iso_interval; // at least 1: device_claim.c sees to it
    n = least(n, DEVICE_ISO_US / packet_us);
    n = least(n, DEVICE_ISO_BYTES / packet);
    p->iso_packets = n ? n : 1;
    return p->iso_packets * packet;
}

// --- into the library ---------------------------------------------------------------------------

// Nobody can say in which frame the library will start; clients only want it to move on.
static void set_start_frame(struct device_slot *s)
{
    struct device_pipe *p = s->pipe;
    struct usb_urb *u = s->urb;
    uint32_t soon = (uint32_t)(device_now_us(p->device->host) / MICROFRAME_US) + MICROFRAMES;
    if ((int32_t)(soon - p->iso_frame) > 0)
        p->iso_frame = soon;
    if (s->at == 0)
        u->start_frame = p->iso_frame / MICROFRAMES;
    p->iso_frame += s->size * p->iso_interval * (is_high_speed(p) ? 1 : MICROFRAMES);
}

static void set_packet(struct device_slot *s, uint32_t i, uint32_t at)
{
    const struct usb_iso_packet *packet = &s->urb->packets[s->at + i];
    usb_isoc_packet_desc_t *to = &s->transfer->isoc_packet_desc[i];
    to->actual_num_bytes = 0;
    to->status = USB_TRANSFER_STATUS_SKIPPED;
    if (usb_urb_is_in(s->urb)) { // whole packets only
        to->num_bytes = s->pipe->ep.max_packet_size;
        return;
    }
    to->num_bytes = (int)packet->length;
    if (packet->length > 0)
        memcpy(s->transfer->data_buffer + at, s->urb->buffer + packet->offset, packet->length);
}

static bool is_sendable(const struct device_slot *s)
{
    const struct usb_urb *u = s->urb;
    for (uint32_t i = 0; !usb_urb_is_in(u) && i < s->size; i++)
        if (u->packets[s->at + i].length > s->pipe->ep.max_packet_size)
            return false;
    return true;
}

// The library takes the number of packets from a member that is const to its users. The memory is
// the heap's, and it only reads it: so one transfer does for parts that are shorter.
static void set_packet_count(usb_transfer_t *t, uint32_t n)
{
    int *count = (int *)(uintptr_t)&t->num_isoc_packets;
    *count = (int)n;
}

static int32_t iso_prepare(struct device_slot *s)
{
    struct usb_urb *u = s->urb;
    usb_transfer_t *t = s->transfer;
    s->size = least(u->packet_count - s->at, s->pipe->iso_packets);
    if (!is_sendable(s))
        return USB_STATUS_INVALID;
    set_packet_count(t, s->size);
    t->num_bytes = 0;
    for (uint32_t i = 0; i < s->size; i++) {
        set_packet(s, i, (uint32_t)t->num_bytes);
        t->num_bytes += t->isoc_packet_desc[i].num_bytes;
    }
    set_start_frame(s);
    u->backend_progress = (u->backend_progress & URB_CANCEL) | (s->at + s->size);
    if (s->at + s->size == u->packet_count)
        u->backend_progress |= URB_ALL_SUBMITTED;
    return USB_STATUS_OK;
}

// --- out of the library -------------------------------------------------------------------------

static int32_t packet_status(usb_transfer_status_t status)
{
    switch (status) {
    case USB_TRANSFER_STATUS_COMPLETED:
        return USB_STATUS_OK;
    case USB_TRANSFER_STATUS_SKIPPED:
        return USB_STATUS_XDEV;
    default:
        return device_status(status);
    }
}

static void set_packet_result(struct usb_urb *u, uint32_t i, int32_t status, uint32_t actual_length)
{
    u->packets[i].status = status;
    u->packets[i].actual_length = actual_length;
    u->actual_length += actual_length;
    u->error_count += status != USB_STATUS_OK;
}

static void complete_packet(struct device_slot *s, uint32_t i, uint32_t at)
{
    struct usb_urb *u = s->urb;
    const struct usb_iso_packet *packet = &u->packets[s->at + i];
    const usb_isoc_packet_desc_t *from = &s->transfer->isoc_packet_desc[i];
    int32_t status = packet_status(from->status);
    uint32_t got = from->actual_num_bytes > 0 ? (uint32_t)from->actual_num_bytes : 0;
    uint32_t taken = least(got, packet->length);
    if (status != USB_STATUS_OK)
        taken = 0;
    else if (got > packet->length)
        status = USB_STATUS_OVERFLOW;
    if (usb_urb_is_in(u) && taken > 0)
        memcpy(u->buffer + packet->offset, s->transfer->data_buffer + at, taken);
    set_packet_result(u, s->at + i, status, taken);
}

static void finish_if_last(struct device_slot *s)
{
    struct usb_urb *u = s->urb;
    if (s->at + s->size == u->packet_count)
        device_urb_done(u, USB_STATUS_OK);
}

static void iso_complete(struct device_slot *s)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < s->size; i++) {
        complete_packet(s, i, at);
        at += (uint32_t)s->transfer->isoc_packet_desc[i].num_bytes;
    }
    finish_if_last(s);
}

// The whole transfer failed, and what its packet descriptors say is old.
void device_iso_failed(struct device_slot *s, int32_t status)
{
    for (uint32_t i = 0; i < s->size; i++)
        set_packet_result(s->urb, s->at + i, status, 0);
    finish_if_last(s);
}

const struct device_mover device_iso = {iso_prepare, iso_complete};
