// SPDX-License-Identifier: Apache-2.0
#include "tests/support/check.h"
#include "tests/usbfs/usbfs_state.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { ISO_PACKETS = 128, ISO_BYTES = 98304, SG_BYTES = 16384 };

static struct usbip_backend *bus_of(const struct usbfs_device *d)
{
    return sim_bus_backend(d->kernel->bus);
}

// --- checks, in the kernel's order ---------------------------------------------------------------

static int check_flags(const struct usbdevfs_urb *user)
{
    unsigned known = USBDEVFS_URB_SHORT_NOT_OK | USBDEVFS_URB_BULK_CONTINUATION |
                     USBDEVFS_URB_NO_FSBR | USBDEVFS_URB_ZERO_PACKET | USBDEVFS_URB_NO_INTERRUPT;
    if (user->type == USBDEVFS_URB_TYPE_ISO)
        known |= USBDEVFS_URB_ISO_ASAP;
    if (user->flags & ~known)
        return -EINVAL;
    return user->buffer_length < 0 || (user->buffer_length > 0 && !user->buffer) ? -EINVAL : 0;
}

static int check_endpoint(struct usbfs_file *f, const struct usbdevfs_urb *user, int *interface)
{
    const struct usbfs_device *d = f->device;
    *interface = -1;
    if (user->type != USBDEVFS_URB_TYPE_CONTROL || (user->endpoint & 0x7f) != 0) {
        *interface = usbfs_interface_of(d, user->endpoint);
        if (*interface < 0)
            return *interface;
        int error = usbfs_check_interface(f, (unsigned)*interface);
        if (error)
            return error;
    }
    return d->table.present[user->endpoint >> 7][user->endpoint & 0x0f] ? 0 : -ENOENT;
}

static int take_control(struct usbfs_file *f, struct usbfs_urb *u, const struct usbdevfs_urb *user)
{
    if (u->urb.ep.type != USB_CONTROL || user->buffer_length < 8)
        return -EINVAL;
    memcpy(u->urb.setup, user->buffer, 8);
    u->urb.length = base_get_le16(u->urb.setup + 6);
    if ((uint32_t)user->buffer_length < u->urb.length + 8)
        return -EINVAL;
    bool in = u->urb.setup[0] & USB_DIR_IN && u->urb.length > 0;
    u->urb.ep.address = in ? USB_DIR_IN : 0;
    return usbfs_check_recipient(f, u->urb.setup);
}

static int take_iso(struct usbfs_urb *u, const struct usbdevfs_urb *user)
{
    uint32_t count = (uint32_t)user->number_of_packets, most = u->urb.ep.max_packet_size;
    most *= u->urb.ep.packets_per_interval;
    if (count < 1 || count > ISO_PACKETS || u->urb.ep.type != USB_ISOCHRONOUS)
        return -EINVAL;
    u->urb.packets = calloc(count, sizeof *u->urb.packets);
    CHECK(u->urb.packets);
    u->urb.packet_count = count;
    u->urb.length = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t length = user->iso_frame_desc[i].length;
        if (length > ISO_BYTES)
            return -EINVAL;
        if (length > most)
            return -EMSGSIZE;
        u->urb.packets[i] = (struct usb_iso_packet){
            .offset = u->urb.length, .length = length, .status = USB_STATUS_XDEV};
        u->urb.length += length;
    }
    return 0;
}

static int take_type(struct usbfs_file *f, struct usbfs_urb *u, const struct usbdevfs_urb *user)
{
    switch (user->type) {
    case USBDEVFS_URB_TYPE_CONTROL:
        return take_control(f, u, user);
    case USBDEVFS_URB_TYPE_ISO:
        return take_iso(u, user);
    case USBDEVFS_URB_TYPE_INTERRUPT:
        return u->urb.ep.type == USB_INTERRUPT ? 0 : -EINVAL;
    case USBDEVFS_URB_TYPE_BULK:
        if (u->urb.ep.type != USB_BULK && u->urb.ep.type != USB_INTERRUPT)
            return -EINVAL;
        if (u->urb.ep.type == USB_BULK)
            u->bulk = (user->endpoint & 0x0f) + (user->endpoint & USB_DIR_IN ? 16 : 0);
        return 0;
    default:
        return -EINVAL;
    }
}

// --- memory --------------------------------------------------------------------------------------

static bool is_scattered(const struct usbfs_urb *u)
{
    return u->urb.ep.type == USB_BULK && u->urb.length > SG_BYTES &&
           u->file->device->kernel->capabilities & USBDEVFS_CAP_BULK_SCATTER_GATHER;
}

// The program's data is in the kernel from here on.
static int take_data(struct usbfs_file *f, struct usbfs_urb *u, uint8_t *at)
{
    struct usbfs *k = f->device->kernel;
    uint64_t cost =
        USBFS_URB_COST + u->urb.length + u->urb.packet_count * sizeof(struct usb_iso_packet);
    if (!is_scattered(u) && u->urb.length > USBFS_CONTIGUOUS_MAX)
        return -ENOMEM;
    if (!usbfs_memory_take(k, cost))
        return -ENOMEM;
    u->cost = cost;
    if (u->urb.length == 0)
        return 0;
    u->data = calloc(1, u->urb.length);
    CHECK(u->data);
    u->urb.buffer = u->data;
    if (usb_urb_is_in(&u->urb))
        u->user_data = at;
    else
        memcpy(u->data, at, u->urb.length);
    return 0;
}

static bool stops_when_short(const struct usbfs_urb *u)
{
    return u->bulk && u->urb.flags & USB_URB_SHORT_NOT_OK;
}

// A host controller that takes parts of a transfer stops at a short one, so that what is behind it
// can be taken back.
static bool must_wait(const struct usbfs_urb *u)
{
    BASE_LIST_FOR_EACH (struct usbfs_urb, before, &u->file->pending, link) {
        if (before == u)
            return false;
        if (before->bulk == u->bulk && (before->waits || stops_when_short(before)))
            return true;
    }
    return false;
}

static void hand_over(struct usbfs_urb *u)
{
    struct usbip_backend *bus = bus_of(u->file->device);
    u->waits = must_wait(u);
    if (!u->waits)
        bus->submit(bus, &u->urb);
}

static void hand_over_waiting(struct usbfs_file *f)
{
    BASE_LIST_FOR_EACH (struct usbfs_urb, u, &f->pending, link) {
        if (u->waits && f->device->handle)
            hand_over(u);
    }
}

static void free_urb(struct usbfs_urb *u)
{
    struct usbfs_file *f = u->file;
    usbfs_memory_give(f->device->kernel, u->cost);
    base_list_remove(&u->link);
    free(u->urb.packets);
    free(u->data);
    free(u);
}

// --- submit --------------------------------------------------------------------------------------

static int take(struct usbfs_file *f, struct usbfs_urb *u, struct usbdevfs_urb *user)
{
    uint8_t *at = user->buffer;
    u->urb.length = (uint32_t)user->buffer_length;
    int error = take_type(f, u, user);
    if (error)
        return error;
    if (user->type == USBDEVFS_URB_TYPE_CONTROL)
        at += 8;
    error = take_data(f, u, at);
    if (error)
        return error;
    if (u->urb.ep.max_packet_size == 0)
        return -EMSGSIZE;
    bool in = usb_urb_is_in(&u->urb);
    if (in && user->flags & USBDEVFS_URB_SHORT_NOT_OK && u->urb.packet_count == 0)
        u->urb.flags |= USB_URB_SHORT_NOT_OK;
    if (!in && user->flags & USBDEVFS_URB_ZERO_PACKET && u->urb.ep.type >= USB_BULK)
        u->urb.flags |= USB_URB_ZERO_PACKET;
    return 0;
}

// A transfer that has failed takes no more parts.
static int join_bulk(struct usbfs_urb *u, unsigned flags)
{
    if (u->bulk == 0)
        return 0;
    u->continuation = flags & USBDEVFS_URB_BULK_CONTINUATION;
    if (!u->continuation)
        u->file->disabled &= ~(1u << u->bulk);
    return u->file->disabled & 1u << u->bulk ? -EREMOTEIO : 0;
}

int usbfs_submit(struct usbfs_file *f, struct usbdevfs_urb *user)
{
    struct usbfs_device *d = f->device;
    int interface, error = check_flags(user);
    if (!error)
        error = check_endpoint(f, user, &interface);
    if (error)
        return error;
    struct usbfs_urb *u = calloc(1, sizeof *u);
    CHECK(u);
    base_list_init(&u->link);
    u->file = f;
    u->user = user;
    u->interface = interface;
    u->urb.device = d->handle;
    u->urb.ep = d->table.ep[user->endpoint >> 7][user->endpoint & 0x0f];
    error = take(f, u, user);
    if (!error)
        error = join_bulk(u, user->flags);
    if (error) {
        free_urb(u);
        return error;
    }
    u->cancel_status = -ENOENT;
    base_list_append(&f->pending, &u->link);
    hand_over(u);
    return 0;
}

// --- the end -------------------------------------------------------------------------------------

static void cancel(struct usbfs_urb *u, int32_t status)
{
    struct usbfs_device *d = u->file->device;
    u->cancel_status = status;
    if (u->waits) {
        u->urb.status = USB_STATUS_CANCELLED;
        usbfs_urb_done(&u->urb);
    } else if (d->handle) {
        bus_of(d)->cancel(bus_of(d), &u->urb);
    }
}

// The parts of a bulk transfer behind one that has failed.
static void cancel_parts(struct usbfs_file *f, unsigned bulk)
{
    bool next_begins = false;
    BASE_LIST_FOR_EACH (struct usbfs_urb, u, &f->pending, link) {
        if (u->bulk != bulk)
            continue;
        next_begins = !u->continuation;
        if (next_begins)
            break;
        u->bulk = 0;
        cancel(u, -ECONNRESET);
    }
    if (!next_begins)
        f->disabled |= 1u << bulk;
}

void usbfs_urb_done(struct usb_urb *urb)
{
    struct usbfs_urb *u = BASE_CONTAINER(urb, struct usbfs_urb, urb);
    struct usbfs_file *f = u->file;
    u->status = urb->status == USB_STATUS_CANCELLED ? u->cancel_status : urb->status;
    base_list_remove(&u->link);
    if (u == f->device->request) {
        f->device->request = NULL;
        base_list_init(&u->link);
        return;
    }
    base_list_append(&f->completed, &u->link);
    if (u->status < 0 && u->bulk && u->status != -ECONNRESET && u->status != -ENOENT)
        cancel_parts(f, u->bulk);
    hand_over_waiting(f);
    usbfs_file_signal(f);
}

static struct usbfs_urb *last_of(struct usbfs_file *f, int interface)
{
    struct usbfs_urb *last = NULL;
    BASE_LIST_FOR_EACH (struct usbfs_urb, u, &f->pending, link) {
        if (interface == USBFS_ALL || u->interface == interface)
            last = u;
    }
    return last;
}

void usbfs_kill(struct usbfs_file *f, int interface, int32_t status)
{
    struct usbfs_urb *u;
    while ((u = last_of(f, interface))) {
        cancel(u, status);
        f->device->kernel->pump(f->device->kernel);
    }
}

int usbfs_discard(struct usbfs_file *f, const struct usbdevfs_urb *user)
{
    BASE_LIST_FOR_EACH (struct usbfs_urb, u, &f->pending, link) {
        if (u->user != user)
            continue;
        cancel(u, -ENOENT);
        f->device->kernel->pump(f->device->kernel);
        return 0;
    }
    return -EINVAL;
}

static void copy_iso(const struct usbfs_urb *u)
{
    for (uint32_t i = 0; i < u->urb.packet_count; i++) {
        u->user->iso_frame_desc[i].actual_length = u->urb.packets[i].actual_length;
        u->user->iso_frame_desc[i].status = (unsigned)u->urb.packets[i].status;
    }
}

int usbfs_reap(struct usbfs_file *f, void **user)
{
    struct base_list *first = base_list_pop(&f->completed);
    usbfs_file_signal(f);
    if (!first)
        return f->device->handle ? -EAGAIN : -ENODEV;
    struct usbfs_urb *u = BASE_CONTAINER(first, struct usbfs_urb, link);
    if (u->user_data && u->urb.actual_length > 0)
        memcpy(u->user_data, u->data,
               u->urb.packet_count > 0 ? u->urb.length : u->urb.actual_length);
    u->user->status = u->status;
    u->user->actual_length = (int)u->urb.actual_length;
    u->user->error_count = (int)u->urb.error_count;
    copy_iso(u);
    *user = u->user;
    free_urb(u);
    return 0;
}

void usbfs_urbs_free(struct usbfs_file *f)
{
    usbfs_kill(f, USBFS_ALL, -ENOENT);
    BASE_LIST_FOR_EACH (struct usbfs_urb, u, &f->completed, link) {
        free_urb(u);
    }
}
