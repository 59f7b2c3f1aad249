// SPDX-License-Identifier: Apache-2.0
// libusb's packets lie one behind the other in the buffer; those of an URB may have gaps, or go
// backwards. Then they are moved by way of memory of our own.
#include "ports/linux/device_libusb_state.h"

#include <stdlib.h>
#include <string.h>

static bool side_by_side(const struct usb_urb *u)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < u->packet_count; i++) {
        if (u->packets[i].offset != at)
            return false;
        at += u->packets[i].length;
    }
    return true;
}

static uint32_t sum_of_lengths(const struct usb_urb *u)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < u->packet_count; i++)
        sum += u->packets[i].length;
    return sum;
}

bool device_iso_fill(struct device_transfer *t, struct usb_urb *u)
{
    struct libusb_transfer *x = t->transfer;
    uint32_t size = sum_of_lengths(u), at = 0;
    t->bounce = NULL;
    if (!side_by_side(u) && !(t->bounce = malloc(size + 1)))
        return false;
    x->buffer = t->bounce ? t->bounce : u->buffer;
    x->length = (int)size;
    x->num_iso_packets = (int)u->packet_count;
    t->bytes = size;
    for (uint32_t i = 0; i < u->packet_count; i++) {
        const struct usb_iso_packet *p = &u->packets[i];
        x->iso_packet_desc[i] = (struct libusb_iso_packet_descriptor){.length = p->length};
        if (t->bounce && !usb_urb_is_in(u))
            memcpy(t->bounce + at, u->buffer + p->offset, p->length);
        at += p->length;
    }
    return true;
}

// A transfer that was taken back before its turn has packets without a result.
static int32_t packet_status(const struct libusb_transfer *x, unsigned i)
{
    enum libusb_transfer_status s = x->iso_packet_desc[i].status;
    if (s == LIBUSB_TRANSFER_CANCELLED || s == LIBUSB_TRANSFER_NO_DEVICE)
        return USB_STATUS_XDEV;
    return device_status_of_transfer(s);
}

void device_iso_done(struct device_transfer *t, struct usb_urb *u)
{
    const struct libusb_transfer *x = t->transfer;
    uint32_t at = 0;
    u->actual_length = u->error_count = 0;
    for (uint32_t i = 0; i < u->packet_count; i++) {
        struct usb_iso_packet *p = &u->packets[i];
        p->status = packet_status(x, i);
        p->actual_length = x->iso_packet_desc[i].actual_length;
        if (p->actual_length > p->length)
            p->actual_length = p->length;
        if (t->bounce && usb_urb_is_in(u))
            memcpy(u->buffer + p->offset, t->bounce + at, p->actual_length);
        at += p->length;
        u->actual_length += p->actual_length;
        u->error_count += p->status != USB_STATUS_OK;
    }
    free(t->bounce);
    t->bounce = NULL;
}
