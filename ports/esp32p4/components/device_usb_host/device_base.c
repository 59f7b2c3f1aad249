// SPDX-License-Identifier: Apache-2.0
// What all other parts stand on: the clock, the way back to the loop, and the places for devices.
// Client task; device_give_back() also on the loop thread, with the lock.
#include "device_parts.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

uint64_t device_now_us(const struct device_usb_host *h)
{
    return h->config.now_us(h->config.ctx);
}

void device_due(struct device_usb_host *h, uint64_t at_us)
{
    if (at_us < h->due_us)
        h->due_us = at_us;
}

uint32_t device_turn(const struct device_usb_host *h)
{
    return atomic_load(&h->library_turns);
}

// The library counts control transfers down after it has told us, but in the same turn; closing the
// device in between is its end (docs/esp-usb-host.md 2.4.6). That turn may be the one under way.
bool device_counted(struct device_usb_host *h, uint32_t turn)
{
    if (device_turn(h) != turn)
        return true;
    (void)usb_host_lib_unblock(); // else the turn ends when something happens on the bus
    device_due(h, device_now_us(h) + DEVICE_RETRY_US);
    return false;
}

struct base_span device_config(const struct device *d)
{
    return usb_device_config(&d->info, d->setting.config);
}

int32_t device_status(usb_transfer_status_t status)
{
    switch (status) {
    case USB_TRANSFER_STATUS_COMPLETED:
        return USB_STATUS_OK;
    case USB_TRANSFER_STATUS_STALL:
        return USB_STATUS_STALL;
    case USB_TRANSFER_STATUS_OVERFLOW:
        return USB_STATUS_OVERFLOW;
    case USB_TRANSFER_STATUS_NO_DEVICE:
        return USB_STATUS_SHUTDOWN;
    default:
        return USB_STATUS_PROTOCOL;
    }
}

// --- to the loop --------------------------------------------------------------------------------

static void abandon_packets(struct usb_urb *u)
{
    for (uint32_t i = urb_next(u); i < u->packet_count; i++) {
        u->packets[i].actual_length = 0;
        u->packets[i].status = USB_STATUS_XDEV;
        u->error_count++;
    }
}

void device_give_back(struct usb_urb *u, int32_t status)
{
    struct device *d = u->device;
    if (u->ep.type == USB_ISOCHRONOUS)
        abandon_packets(u);
    u->status = status;
    base_list_remove(&u->backend_link);
    base_list_append(&d->host->shared.done, &u->backend_link);
    d->host->shared.news = true;
}

void device_urb_done(struct usb_urb *u, int32_t status)
{
    struct device *d = u->device;
    pthread_mutex_lock(&d->host->lock);
    device_give_back(u, status);
    pthread_mutex_unlock(&d->host->lock);
}

// With the lock.
static void append_event(struct device *d, const struct device_event *ev)
{
    struct device_usb_host *h = d->host;
    assert(h->shared.event_count < h->shared.event_capacity);
    unsigned end = h->shared.event_first + h->shared.event_count++;
    struct device_event *at = &h->shared.events[end % h->shared.event_capacity];
    *at = *ev;
    at->device = d;
    h->shared.news = true;
}

void device_event(struct device *d, const struct device_event *ev)
{
    pthread_mutex_lock(&d->host->lock);
    append_event(d, ev);
    pthread_mutex_unlock(&d->host->lock);
}

void device_log(struct device *d, const struct eventlog_what *what)
{
    struct device_usb_host *h = d->host;
    const struct device_event ev = {.what = *what};
    pthread_mutex_lock(&h->lock);
    if (h->shared.event_count < h->shared.event_capacity / 2) // the other half is for what must be
        append_event(d, &ev);
    pthread_mutex_unlock(&h->lock);
}

bool device_forgotten(struct device *d)
{
    pthread_mutex_lock(&d->host->lock);
    bool yes = d->shared.forgotten;
    pthread_mutex_unlock(&d->host->lock);
    return yes;
}

// --- devices ------------------------------------------------------------------------------------

struct device *device_new(struct device_usb_host *h, enum device_kind kind)
{
    struct device *free_place = NULL;
    unsigned there = 0;
    for (unsigned i = 0; i < h->capacity; i++) {
        struct device *d = &h->devices[i];
        there += d->life == DEVICE_NEW || d->life == DEVICE_KNOWN;
        if (d->life == DEVICE_FREE)
            free_place = d;
    }
    if (!free_place || there >= h->config.max_devices)
        return NULL;
    // The lock's members are not touched: the loop forgets a device before its place is free.
    struct device *d = free_place;
    d->kind = kind;
    d->life = DEVICE_NEW;
    d->since_us = device_now_us(h);
    return d;
}

void device_free(struct device *d)
{
    struct device_usb_host *h = d->host;
    for (unsigned i = 0; i < h->capacity; i++)
        if (h->devices[i].place.parent == d) {
            h->devices[i].place.parent = NULL; // they are going, too
            h->devices[i].place.root = UINT8_MAX;
        }
    free(d->fetch.descriptors);
    free(d->fetch.config);
    pthread_mutex_lock(&h->lock);
    memset(d, 0, sizeof *d);
    d->host = h;
    base_list_init(&d->control.urbs);
    pthread_mutex_unlock(&h->lock);
}

void device_announce(struct device *d)
{
    struct device_event ev = {.type = BACKEND_PLUGGED};
    d->life = DEVICE_KNOWN;
    device_event(d, &ev);
}
