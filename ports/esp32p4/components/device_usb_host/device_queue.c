// SPDX-License-Identifier: Apache-2.0
// Between the loop thread and the client task: what the loop asks for, and the events it gets. All
// that both sides touch is behind one mutex, held for a few list operations.
#include "device_parts.h"

#include <string.h>

static struct device_usb_host *host_of(struct usbip_backend *b)
{
    return BASE_CONTAINER(b, struct device_usb_host, backend);
}

// --- loop thread --------------------------------------------------------------------------------

// The end of every call: the lock is held.
static void unlock_and_wake(struct device_usb_host *h)
{
    h->shared.asked = true;
    pthread_mutex_unlock(&h->lock);
    (void)usb_host_client_unblock(h->client);
}

static void note_wish(struct usbip_backend *b, bool *what)
{
    struct device_usb_host *h = host_of(b);
    pthread_mutex_lock(&h->lock);
    *what = true;
    unlock_and_wake(h);
}

static void queue_open(struct usbip_backend *b, void *device)
{
    struct device *d = device;
    d->open = true;
    note_wish(b, &d->shared.wants_open);
}

static void queue_close(struct usbip_backend *b, void *device)
{
    struct device *d = device;
    d->open = false;
    note_wish(b, &d->shared.wants_close);
}

static void queue_control(struct usbip_backend *b, void *device, const struct usb_control_op *op)
{
    struct device_usb_host *h = host_of(b);
    struct device *d = device;
    pthread_mutex_lock(&h->lock);
    d->shared.wanted_op = *op;
    d->shared.wants_control = true;
    unlock_and_wake(h);
}

static void queue_submit(struct usbip_backend *b, struct usb_urb *u)
{
    struct device_usb_host *h = host_of(b);
    u->status = USB_STATUS_OK;
    u->actual_length = u->start_frame = u->error_count = 0;
    u->backend_ptr = NULL;
    u->backend_progress = 0;
    pthread_mutex_lock(&h->lock);
    u->backend_state = 0;
    base_list_append(&h->shared.submitted, &u->backend_link);
    unlock_and_wake(h);
}

static void queue_cancel(struct usbip_backend *b, struct usb_urb *u)
{
    struct device_usb_host *h = host_of(b);
    struct device *d = u->device;
    pthread_mutex_lock(&h->lock);
    u->backend_state |= URB_CANCEL_ASKED;
    d->shared.wants_cancel = true;
    unlock_and_wake(h);
}

// URBs that have come while UNPLUGGED was on its way: the client task has not seen them yet.
static void give_back_late(struct device_usb_host *h, const struct device *d)
{
    BASE_LIST_FOR_EACH (struct usb_urb, u, &h->shared.submitted, backend_link) {
        if (u->device == d)
            device_give_back(u, USB_STATUS_NO_DEVICE);
    }
}

// The answer to a control() that close() has overtaken.
static bool is_stale(const struct device_event *ev)
{
    return !ev->device->open && (ev->type == BACKEND_CONTROL_DONE || ev->type == BACKEND_OPENED);
}

static void record(struct device_usb_host *h, const struct device_event *e, uint64_t now_us)
{
    struct eventlog_event to = {.time_us = now_us, .what = e->what};
    memcpy(to.busid, e->device->info.busid, sizeof to.busid);
    eventlog_record(h->config.log, &to);
}

// False: there is none, or URBs come first.
static bool take_device_event(struct device_usb_host *h, uint64_t now_us, struct backend_event *ev)
{
    while (h->shared.event_count > 0) {
        const struct device_event *e = &h->shared.events[h->shared.event_first];
        if (e->type == BACKEND_UNPLUGGED)
            give_back_late(h, e->device);
        if (!base_list_empty(&h->shared.done))
            return false;
        h->shared.event_first = (h->shared.event_first + 1) % h->shared.event_capacity;
        h->shared.event_count--;
        if (e->type == 0)
            record(h, e, now_us);
        if (e->type == 0 || is_stale(e))
            continue;
        *ev = (struct backend_event){
            .type = e->type,
            .device = e->device,
            .info = e->type == BACKEND_PLUGGED ? &e->device->info : NULL,
            .result = e->result,
            .status = e->status,
        };
        if (e->type == BACKEND_UNPLUGGED)
            h->shared.leaving = e->device;
        return true;
    }
    return false;
}

static bool take_urb(struct device_usb_host *h, struct backend_event *ev)
{
    struct base_list *done = base_list_pop(&h->shared.done);
    if (!done)
        return false;
    *ev = (struct backend_event){.type = BACKEND_URB_DONE};
    ev->urb = BASE_CONTAINER(done, struct usb_urb, backend_link);
    ev->device = ev->urb->device;
    return true;
}

// URBs first: those of a device come before its UNPLUGGED.
static bool queue_take_event(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev)
{
    struct device_usb_host *h = host_of(b);
    pthread_mutex_lock(&h->lock);
    if (h->shared.leaving) { // the loop is done with that one
        h->shared.leaving->shared.forgotten = true;
        h->shared.leaving = NULL;
    }
    bool any = take_urb(h, ev) || take_device_event(h, now_us, ev) || take_urb(h, ev);
    pthread_mutex_unlock(&h->lock);
    return any;
}

static uint64_t queue_next_deadline(struct usbip_backend *b)
{
    (void)b;
    return UINT64_MAX; // everything comes with a wake-up
}

// --- buses and ports ----------------------------------------------------------------------------

// Of each root port one bus.
static bool queue_bus(struct usbip_backend *b, unsigned i, struct backend_bus *out)
{
    const struct device_usb_host_config *c = &host_of(b)->config;
    bool high = c->high_speed_port && i == 0;
    *out = (struct backend_bus){
        .name = high ? "USB 2.0 port" : "USB 1.1 port",
        .busnum = high ? DEVICE_HIGH_SPEED_BUS : DEVICE_FULL_SPEED_BUS,
        .speed = high && !c->high_speed_port_full_only ? USB_SPEED_HIGH : USB_SPEED_FULL,
        .ports = 1,
    };
    return high || (c->full_speed_port && i == (c->high_speed_port ? 1 : 0));
}

static unsigned queue_hub_ports(struct usbip_backend *b, void *device)
{
    struct device_usb_host *h = host_of(b);
    pthread_mutex_lock(&h->lock);
    unsigned ports = ((const struct device *)device)->shared.hub_ports;
    pthread_mutex_unlock(&h->lock);
    return ports;
}

// The library switches both root ports together, and a hub's ports on again by itself
// (docs/esp-usb-host.md 2.8).
static bool queue_port(struct usbip_backend *b, const char *port, struct backend_port *out)
{
    const struct device_usb_host_config *c = &host_of(b)->config;
    bool both = c->high_speed_port && c->full_speed_port;
    struct backend_bus bus;
    for (unsigned i = 0; queue_bus(b, i, &bus); i++) {
        const char root[] = {(char)('0' + bus.busnum), '-', '1', '\0'};
        *out = (struct backend_port){.power = both ? BACKEND_POWER_GANGED : BACKEND_POWER_UNKNOWN,
                                     .on = true};
        if (strcmp(port, root) == 0)
            return true;
    }
    return false;
}

const struct usbip_backend device_backend = {
    .open = queue_open,
    .close = queue_close,
    .submit = queue_submit,
    .cancel = queue_cancel,
    .control = queue_control,
    .buffer_alloc = device_payload_alloc,
    .buffer_free = device_payload_free,
    .take_event = queue_take_event,
    .next_deadline = queue_next_deadline,
    .bus = queue_bus,
    .hub_ports = queue_hub_ports,
    .port = queue_port,
};

// --- client task --------------------------------------------------------------------------------

// The endpoint is in no current setting, or this chip cannot serve it. Drivers rest at SHUTDOWN,
// where they would try again for ever after others (docs/decisions/0022).
static int32_t missing_status(const struct device *d, uint8_t address)
{
    return device_has_endpoint(d, address) ? USB_STATUS_SHUTDOWN : USB_STATUS_STALL;
}

static void distribute_urb(struct usb_urb *u)
{
    struct device *d = u->device;
    struct device_pipe *p = d->pipe[device_pipe_index(u->ep.address)];
    if (d->life != DEVICE_KNOWN || d->gone || d->kind != DEVICE_ORDINARY)
        device_give_back(u, USB_STATUS_NO_DEVICE);
    else if ((u->ep.address & 0x0f) == 0)
        device_control_submit(d, u);
    else if (!p)
        device_give_back(u, missing_status(d, u->ep.address));
    else if (p->ep.type != u->ep.type)
        device_give_back(u, USB_STATUS_INVALID);
    else
        device_pipe_submit(p, u);
}

static void mark_cancelled(struct base_list *urbs)
{
    BASE_LIST_FOR_EACH (struct usb_urb, u, urbs, backend_link) {
        if (u->backend_state & URB_CANCEL_ASKED)
            u->backend_progress |= URB_CANCEL;
    }
}

static void drain_cancels(struct device *d)
{
    d->shared.wants_cancel = false;
    mark_cancelled(&d->control.urbs);
    if (d->control.urb && d->control.urb->backend_state & URB_CANCEL_ASKED)
        d->control.urb->backend_progress |= URB_CANCEL;
    for (unsigned i = 0; i < DEVICE_PIPES; i++)
        if (d->pipe[i])
            mark_cancelled(&d->pipe[i]->urbs);
}

// A change that is being made is finished first; what is asked for meanwhile stays asked.
static void begin_wanted_change(struct device *d)
{
    if (d->life != DEVICE_KNOWN || d->gone || d->change.kind != CHANGE_NONE)
        return;
    if (d->shared.wants_open)
        device_change_begin(d, CHANGE_OPEN, NULL);
    else if (d->shared.wants_close)
        device_change_begin(d, CHANGE_CLOSE, NULL); // nobody waits for a control() any more
    else if (d->shared.wants_control)
        device_change_begin(d, CHANGE_CONTROL, &d->shared.wanted_op);
    d->shared.wants_open = d->shared.wants_close = d->shared.wants_control = false;
}

void device_queue_drain(struct device_usb_host *h)
{
    struct base_list *node;
    pthread_mutex_lock(&h->lock);
    h->shared.asked = false;
    while ((node = base_list_pop(&h->shared.submitted)))
        distribute_urb(BASE_CONTAINER(node, struct usb_urb, backend_link));
    for (unsigned i = 0; i < h->capacity; i++) {
        if (h->devices[i].shared.wants_cancel)
            drain_cancels(&h->devices[i]);
        begin_wanted_change(&h->devices[i]);
    }
    pthread_mutex_unlock(&h->lock);
}

bool device_queue_asked(struct device_usb_host *h)
{
    pthread_mutex_lock(&h->lock);
    bool asked = h->shared.asked;
    pthread_mutex_unlock(&h->lock);
    return asked;
}

void device_queue_wake(struct device_usb_host *h)
{
    pthread_mutex_lock(&h->lock);
    bool news = h->shared.news;
    h->shared.news = false;
    pthread_mutex_unlock(&h->lock);
    if (news)
        h->config.wake(h->config.ctx);
}
