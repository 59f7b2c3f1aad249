// SPDX-License-Identifier: Apache-2.0
// The contract with the core. Loop thread.
#include "ports/linux/device_libusb_state.h"

#include <stdlib.h>
#include <string.h>

static struct device_libusb *host_of(struct usbip_backend *b)
{
    return BASE_CONTAINER(b, struct device_libusb, backend);
}

static void backend_open(struct usbip_backend *b, void *device)
{
    struct device *d = device;
    (void)b;
    device_ask(d, &d->wish.open);
}

static void backend_close(struct usbip_backend *b, void *device)
{
    struct device *d = device;
    (void)b;
    d->open = d->op_waits = false;
    for (unsigned i = 0; i < DEVICE_PIPES; i++)
        d->pipe[i].held = false;
    device_ask(d, &d->wish.close);
}

static void backend_submit(struct usbip_backend *b, struct usb_urb *u)
{
    (void)b;
    device_submit(u);
}

// A pipe whose halt is to be cleared is made quiet first: the kernel cannot reset the toggle of one
// that has something to do.
static void begin_op_when_quiet(struct device *d)
{
    if (!d->op_waits || !device_is_quiet(d, d->op.value))
        return;
    d->op_waits = false;
    device_ask_control(d, &d->op);
}

static void backend_cancel(struct usbip_backend *b, struct usb_urb *u)
{
    (void)b;
    device_cancel(u);
}

static void backend_control(struct usbip_backend *b, void *device, const struct usb_control_op *op)
{
    struct device *d = device;
    (void)b;
    if (op->type != USB_CLEAR_HALT) {
        device_ask_control(d, op);
        return;
    }
    d->op = *op;
    d->op_waits = true;
    device_hold(d, op->value);
    begin_op_when_quiet(d);
}

static void *backend_buffer_alloc(struct usbip_backend *b, uint32_t size)
{
    uint8_t *p = malloc((size_t)size + DEVICE_SETUP_ROOM);
    (void)b;
    return p ? p + DEVICE_SETUP_ROOM : NULL;
}

static void backend_buffer_free(struct usbip_backend *b, void *p, uint32_t size)
{
    (void)b;
    (void)size;
    if (p)
        free((uint8_t *)p - DEVICE_SETUP_ROOM);
}

// --- events --------------------------------------------------------------------------------------

static void record_failure(const struct device *d, enum eventlog_claim why, uint64_t now_us)
{
    struct eventlog_event e = {
        .time_us = now_us,
        .what = EVENTLOG_WITH(device_claim_failed, .reason = why),
    };
    memcpy(e.busid, d->info.busid, sizeof e.busid);
    eventlog_record(d->host->config.log, &e);
}

static struct device *gone_and_quiet(struct device_libusb *h, bool *any_gone)
{
    *any_gone = false;
    BASE_LIST_FOR_EACH (struct device, d, &h->present, loop_link) {
        if (!d->gone)
            continue;
        *any_gone = true;
        if (d->flying == 0)
            return d;
    }
    return NULL;
}

static bool take_urb(struct device_libusb *h, struct backend_event *ev)
{
    struct base_list *first = base_list_pop(&h->done);
    if (!first)
        return false;
    struct usb_urb *u = BASE_CONTAINER(first, struct usb_urb, backend_link);
    *ev = (struct backend_event){.type = BACKEND_URB_DONE, .device = u->device, .urb = u};
    return true;
}

// What a note means for the loop. False: nothing for the core.
static bool take_note(const struct device_note *n, uint64_t now_us, struct backend_event *ev)
{
    struct device *d = n->device;
    *ev = (struct backend_event){
        .type = n->type, .device = d, .result = n->result, .status = n->status};
    switch (n->news) {
    case NEWS_PLUGGED:
        ev->info = &d->info;
        base_list_append(&d->host->present, &d->loop_link);
        return true;
    case NEWS_OPEN:
        d->open = n->type == BACKEND_OPENED && n->result == BASE_OK;
        if (n->failure)
            record_failure(d, n->failure, now_us);
        return true;
    case NEWS_CONTROL:
        if (!d->open)
            return false; // close() has overtaken it
        if (d->op.type == USB_CLEAR_HALT)
            device_go_on(d, d->op.value);
        return true;
    default: // GONE
        device_end_urbs(d);
        return false;
    }
}

static bool take_unplugged(struct device *d, struct backend_event *ev)
{
    base_list_remove(&d->loop_link);
    d->host->leaving = d;
    *ev = (struct backend_event){.type = BACKEND_UNPLUGGED, .device = d};
    return true;
}

// URBs first. While a device that has gone still has some, what else there is waits: the next
// device in its port must not come before it has left.
static bool backend_take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct device_libusb *h = host_of(b);
    struct device_note note;
    device_call_look(h, now_us);
    if (h->leaving) {
        device_ask(h->leaving, &h->leaving->wish.forget);
        h->leaving = NULL;
    }
    BASE_LIST_FOR_EACH (struct device, d, &h->present, loop_link) {
        begin_op_when_quiet(d);
    }
    for (;;) {
        bool any_gone;
        if (take_urb(h, ev))
            return true;
        struct device *d = gone_and_quiet(h, &any_gone);
        if (d)
            return take_unplugged(d, ev);
        if (!any_gone && device_hub_switched(h, ev))
            return true;
        if (any_gone || !device_told(h, &note))
            return false;
        if (take_note(&note, now_us, ev))
            return true;
    }
}

static uint64_t backend_next_deadline(struct usbip_backend *b)
{
    return device_call_deadline(host_of(b)); // else with a wake-up, or in device_libusb_ready()
}

// --- ports ---------------------------------------------------------------------------------------

static bool backend_bus(struct usbip_backend *b, unsigned i, struct backend_bus *out)
{
    return device_hub_bus(host_of(b), i, out);
}

static unsigned backend_hub_ports(struct usbip_backend *b, void *device)
{
    return device_hub_ports(host_of(b), ((const struct device *)device)->info.busid);
}

static bool backend_port(struct usbip_backend *b, const char *port, struct backend_port *out)
{
    return device_hub_port(host_of(b), port, out);
}

static void backend_port_power(struct usbip_backend *b, const char *port, bool on)
{
    device_hub_ask(host_of(b), port, on);
}

const struct usbip_backend device_backend = {
    .open = backend_open,
    .close = backend_close,
    .submit = backend_submit,
    .cancel = backend_cancel,
    .control = backend_control,
    .buffer_alloc = backend_buffer_alloc,
    .buffer_free = backend_buffer_free,
    .take_event = backend_take_event,
    .next_deadline = backend_next_deadline,
    .bus = backend_bus,
    .hub_ports = backend_hub_ports,
    .port = backend_port,
    .port_power = backend_port_power,
};
