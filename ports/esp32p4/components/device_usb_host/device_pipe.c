// SPDX-License-Identifier: Apache-2.0
// One endpoint: its queue, what of it is in the library, and what happens after errors and cancels.
// Client task. URBs wait here and not in the library, so that taking one back touches nothing: the
// library can only halt and flush a whole endpoint.
#include "device_parts.h"

#include <assert.h>
#include <stdlib.h>

enum { PATIENCE = 50 }; // refusals in a row

static void transfer_done(usb_transfer_t *t);

static const struct device_mover *mover_of(const struct device_pipe *p)
{
    return p->ep.type == USB_ISOCHRONOUS ? &device_iso : &device_bulk;
}

// --- create and destroy -------------------------------------------------------------------------

static uint32_t own_bytes(struct device_pipe *p)
{
    if (p->ep.type == USB_ISOCHRONOUS)
        return device_iso_plan(p);
    if (p->ep.type == USB_INTERRUPT)
        return p->ep.max_packet_size;
    return DEVICE_BULK_BYTES;
}

static bool is_bulk_in(const struct device_pipe *p)
{
    return p->ep.type == USB_BULK && p->ep.address & USB_DIR_IN;
}

static unsigned depth_of(const struct device_pipe *p)
{
    if (p->ep.type == USB_ISOCHRONOUS)
        return DEVICE_ISO_DEPTH;
    if (p->ep.type == USB_INTERRUPT)
        return DEVICE_INTERRUPT_DEPTH;
    return is_bulk_in(p) ? DEVICE_STREAM_DEPTH : 1;
}

// With two in flight, the second may have begun when the first is taken back and comes home at that
// moment: it would lose its data. So there are two only in a stream, as of a radio receiver, whose
// URBs all come back full and are not taken back before its end: the device's buffer may be too
// small for a gap between two.
static unsigned depth_now(const struct device_pipe *p)
{
    return is_bulk_in(p) && p->full < DEVICE_STREAM_URBS ? 1 : p->depth;
}

struct device_pipe *device_pipe_create(struct device *d, const struct usb_endpoint *ep)
{
    struct device_pipe *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    p->device = d;
    p->ep = *ep;
    base_list_init(&p->urbs);
    uint32_t bytes = own_bytes(p);
    for (p->depth = 0; p->depth < depth_of(p); p->depth++) {
        struct device_slot *s = &p->slot[p->depth];
        s->pipe = p;
        if (p->depth > 0 && p->ep.type == USB_BULK)
            continue; // the pool's only
        if (device_transfer_alloc(bytes, (int)p->iso_packets, &s->own) != ESP_OK) {
            device_pipe_destroy(p, USB_STATUS_NO_MEMORY);
            return NULL;
        }
    }
    return p;
}

void device_pipe_destroy(struct device_pipe *p, int32_t status)
{
    assert(p->busy == 0);
    device_pipe_fail(p, status);
    for (unsigned i = 0; i < p->depth; i++)
        (void)usb_host_transfer_free(p->slot[i].own);
    free(p);
}

// --- URBs ---------------------------------------------------------------------------------------

void device_pipe_submit(struct device_pipe *p, struct usb_urb *u)
{
    u->backend_ptr = p;
    base_list_append(&p->urbs, &u->backend_link);
}

static bool is_in_flight(const struct device_pipe *p, const struct usb_urb *u)
{
    for (unsigned i = 0; i < p->busy; i++)
        if (p->slot[(p->first + i) % p->depth].urb == u)
            return true;
    return false;
}

void device_pipe_fail(struct device_pipe *p, int32_t status)
{
    BASE_LIST_FOR_EACH (struct usb_urb, u, &p->urbs, backend_link) {
        if (!is_in_flight(p, u))
            device_urb_done(u, status);
    }
}

// Gives back what was cancelled, in order, up to one that the library has: then true.
static bool give_back_cancelled(struct device_pipe *p)
{
    BASE_LIST_FOR_EACH (struct usb_urb, u, &p->urbs, backend_link) {
        if (!(u->backend_progress & URB_CANCEL))
            continue;
        if (is_in_flight(p, u))
            return true;
        device_urb_done(u, USB_STATUS_CANCELLED);
    }
    return false;
}

static struct usb_urb *next_urb(const struct device_pipe *p)
{
    BASE_LIST_FOR_EACH (struct usb_urb, u, &p->urbs, backend_link) {
        if (!(u->backend_progress & URB_ALL_SUBMITTED))
            return u;
    }
    return NULL;
}

// --- into the library ---------------------------------------------------------------------------

// An IN transfer may end its URB early, so nothing of the same URB may be queued behind it.
static bool may_follow(const struct device_pipe *p, const struct usb_urb *u)
{
    if (p->busy == 0 || p->ep.type == USB_ISOCHRONOUS)
        return true;
    return p->slot[(p->first + p->busy - 1) % p->depth].urb != u;
}

// False: none is free.
static bool take_transfer(struct device_slot *s, const struct usb_urb *u)
{
    struct device_pipe *p = s->pipe;
    uint32_t left = u->length - urb_next(u);
    s->transfer = NULL;
    if (p->ep.type == USB_BULK && (!s->own || left > s->own->data_buffer_size))
        s->transfer = device_pool_get(p->device->host, DEVICE_POOL_RESERVE);
    if (!s->transfer)
        s->transfer = s->own;
    if (!s->transfer)
        return false;
    s->transfer->device_handle = p->device->handle;
    s->transfer->bEndpointAddress = p->ep.address;
    s->transfer->callback = transfer_done;
    s->transfer->context = s;
    s->transfer->flags = 0;
    return true;
}

static void return_transfer(struct device_slot *s)
{
    if (s->transfer != s->own)
        device_pool_put(s->pipe->device->host, s->transfer);
    s->transfer = NULL;
    s->urb = NULL;
}

// What is left when a slot did not come to its end: its part of the URB is to be done again.
static void rewind_urb(struct device_slot *s)
{
    struct usb_urb *u = s->urb;
    if (s->at < urb_next(u) || u->backend_progress & URB_ALL_SUBMITTED)
        u->backend_progress = (u->backend_progress & URB_CANCEL) | s->at;
}

// The library says that the pipe is halted, and nothing of ours did it: the device is going, which
// we shall hear. If we do not, clearing the pipe is worth a try.
static void retry_later(struct device_pipe *p)
{
    struct device_usb_host *h = p->device->host;
    if (++p->refused % PATIENCE == 0 && p->busy == 0)
        p->state = PIPE_HALTED;
    p->retry_us = device_now_us(h) + 10 * DEVICE_RETRY_US;
    device_due(h, p->retry_us);
}

static int32_t refusal_status(esp_err_t err)
{
    switch (err) {
    case ESP_ERR_NOT_FOUND:
        return USB_STATUS_NO_ENDPOINT;
    case ESP_ERR_NO_MEM:
        return USB_STATUS_NO_MEMORY;
    case ESP_ERR_NOT_FINISHED:
        return USB_STATUS_BUSY;
    default:
        return USB_STATUS_INVALID;
    }
}

// False: nothing more now.
static bool submit_part(struct device_pipe *p, struct usb_urb *u)
{
    if (p->busy == 0)
        p->first = 0; // which has a transfer of its own
    struct device_slot *s = &p->slot[(p->first + p->busy) % p->depth];
    if (!take_transfer(s, u))
        return false;
    s->urb = u;
    s->at = urb_next(u);
    int32_t status = mover_of(p)->prepare(s);
    esp_err_t err = status == USB_STATUS_OK ? usb_host_transfer_submit(s->transfer) : ESP_OK;
    if (status == USB_STATUS_OK && err == ESP_OK) {
        p->busy++;
        p->refused = 0;
        return true;
    }
    if (err == ESP_ERR_INVALID_STATE) {
        rewind_urb(s);
        return_transfer(s);
        retry_later(p);
        return false;
    }
    return_transfer(s);
    if (p->busy > 0) { // it ends after those before it
        u->backend_progress = (u->backend_progress & URB_CANCEL) | s->at;
        return false;
    }
    if (status == DEVICE_NOTHING_TO_MOVE)
        status = USB_STATUS_OK;
    else if (status == USB_STATUS_OK)
        status = refusal_status(err);
    device_urb_done(u, status);
    return true;
}

static bool fill_slots(struct device_pipe *p)
{
    struct usb_urb *u;
    bool any = false;
    while (p->busy < depth_now(p) && (u = next_urb(p)) && may_follow(p, u)) {
        if (!submit_part(p, u))
            break;
        any = true;
    }
    return any;
}

// --- out of the library -------------------------------------------------------------------------

static void transfer_failed(struct device_slot *s, usb_transfer_status_t status)
{
    struct device_pipe *p = s->pipe;
    if (p->ep.type == USB_ISOCHRONOUS) {
        device_iso_failed(s, device_status(status));
        return;
    }
    device_urb_done(s->urb, device_status(status));
}

// A callback of the library, in device_usb_host_client_turn(). What to do next is decided after it.
static void transfer_done(usb_transfer_t *t)
{
    struct device_slot *s = t->context;
    struct device_pipe *p = s->pipe;
    assert(s == &p->slot[p->first] && s->transfer == t && p->busy > 0);
    p->first = (p->first + 1) % p->depth;
    p->device->host->called = true;
    p->retry_us = 0; // a refusal was because of this, if it is an error
    p->busy--;
    switch (t->status) {
    case USB_TRANSFER_STATUS_COMPLETED:
        mover_of(p)->complete(s);
        break;
    case USB_TRANSFER_STATUS_CANCELED: // we halted it, or one before it failed, or the device goes
    case USB_TRANSFER_STATUS_NO_DEVICE:
        rewind_urb(s);
        break;
    default:
        p->state = PIPE_HALTED;
        p->full = 0;
        transfer_failed(s, t->status);
        break;
    }
    return_transfer(s);
}

void device_pipe_halt(struct device_pipe *p)
{
    if (p->busy == 0 || p->state == PIPE_HALTED)
        return;
    p->state = PIPE_HALTED;
    p->full = 0;
    if (usb_host_endpoint_halt(p->device->handle, p->ep.address) == ESP_OK)
        (void)usb_host_endpoint_flush(p->device->handle, p->ep.address);
}

// All callbacks have run, so the library's own handling of an error is over: clearing earlier, or
// on another task, makes it abort.
static void clear_halt(struct device_pipe *p)
{
    p->state = PIPE_RUNS;
    if (usb_host_endpoint_clear(p->device->handle, p->ep.address) != ESP_OK)
        retry_later(p); // it goes, or was not halted: the next submit tells
}

static bool keep_waiting(struct device_pipe *p)
{
    struct device_usb_host *h = p->device->host;
    if (p->retry_us == 0 || device_now_us(h) >= p->retry_us) {
        p->retry_us = 0;
        return false;
    }
    device_due(h, p->retry_us);
    return true;
}

bool device_pipe_run(struct device_pipe *p)
{
    bool stuck = give_back_cancelled(p);
    if (p->paused || keep_waiting(p))
        return false;
    if (stuck) {
        bool halts = p->state == PIPE_RUNS;
        device_pipe_halt(p);
        return halts; // else it is on its way, and its callback tells
    }
    if (p->state == PIPE_HALTED && p->busy == 0)
        clear_halt(p);
    if (p->retry_us != 0)
        return false;
    return p->state == PIPE_RUNS && fill_slots(p);
}
