// SPDX-License-Identifier: Apache-2.0
#include "tests/support/rig.h"

#include <string.h>

enum { START_US = RIG_SECOND_US, STEP_US = RIG_SECOND_US / 10 };

// --- events --------------------------------------------------------------------------------------

static struct rig_device *by_handle(struct rig *r, const void *handle)
{
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        if (r->devices[i].present && r->devices[i].handle == handle)
            return &r->devices[i];
    check_fail(__FILE__, __LINE__, "an event of a device that is not there");
}

static struct rig_device *place_of(struct rig *r, const char *busid)
{
    for (unsigned i = 0; i < RIG_DEVICES; i++)
        if (strcmp(r->devices[i].busid, busid) == 0)
            return &r->devices[i];
    return NULL;
}

static struct rig_device *plugged(struct rig *r, const struct backend_event *ev)
{
    struct rig_device *d = place_of(r, ev->info->busid);
    if (!d)
        d = place_of(r, "");
    CHECK(d && !d->present);
    d->rig = r;
    memcpy(d->busid, ev->info->busid, sizeof d->busid);
    d->handle = ev->device;
    d->present = true;
    d->info = *ev->info;
    d->config = ev->info->active_config;
    d->serial = ++r->plugged;
    if (d->info.device_descriptor.size == USB_DT_DEVICE_SIZE)
        memcpy(d->device_descriptor, d->info.device_descriptor.data, USB_DT_DEVICE_SIZE);
    return d;
}

static struct rig_device *device_event(struct rig *r, const struct backend_event *ev)
{
    if (ev->type == BACKEND_PLUGGED)
        return plugged(r, ev);
    struct rig_device *d = by_handle(r, ev->device);
    if (ev->type == BACKEND_OPENED) {
        d->opened++;
        d->open_result = ev->result;
        d->open = ev->result == BASE_OK;
    } else if (ev->type == BACKEND_CONTROL_DONE) {
        d->controls++;
        d->control_status = ev->status;
    } else if (ev->type == BACKEND_CLOSED) {
        d->closed++;
        d->open = false;
        d->config = d->info.active_config;
    } else {
        CHECK_EQ(ev->type, BACKEND_UNPLUGGED);
        d->present = d->open = false;
        d->unplugged++;
        r->unplugged++;
    }
    return d;
}

static void urb_done(struct rig *r, struct usb_urb *urb)
{
    struct rig_urb *u = BASE_CONTAINER(urb, struct rig_urb, urb);
    CHECK(!u->done); // exactly once
    CHECK(urb->actual_length <= urb->length);
    u->done = true;
    u->order = ++r->urbs_done;
    r->urbs--;
}

bool rig_take(struct rig *r, struct backend_event *ev)
{
    if (!r->backend->take_event(r->backend, r->now_us, ev))
        return false;
    struct rig_event *e = &r->events[r->event_count++ % RIG_EVENTS];
    *e = (struct rig_event){.type = ev->type, .urb = ev->urb};
    if (ev->type == BACKEND_URB_DONE)
        urb_done(r, ev->urb);
    else
        memcpy(e->busid, device_event(r, ev)->busid, sizeof e->busid);
    return true;
}

void rig_settle(struct rig *r)
{
    struct backend_event ev;
    bool any = true;
    while (any) {
        any = false;
        if (r->turns)
            r->turns(r);
        while (rig_take(r, &ev))
            any = true;
    }
}

void rig_forget(struct rig *r)
{
    r->event_count = 0;
}

void rig_check_event(const struct rig *r, unsigned i, enum backend_event_type type,
                     const char *busid)
{
    CHECK(i < r->event_count);
    CHECK_EQ(r->events[i].type, type);
    CHECK_STR(r->events[i].busid, busid);
}

void rig_advance(struct rig *r, uint64_t us)
{
    uint64_t end = r->now_us + us, next;
    if (r->turns)
        rig_settle(r);
    while (r->turns && (next = r->tasks_deadline(r)) <= end) {
        CHECK(next > r->now_us); // else they would spin
        r->now_us = next;
        rig_settle(r);
    }
    r->now_us = end;
    rig_settle(r);
}

uint64_t rig_deadline(struct rig *r)
{
    return r->backend->next_deadline(r->backend);
}

// Until `*answers` is more than `before`, at most so many steps. What has no tasks answers at once.
static void await(struct rig *r, const unsigned *answers, unsigned before, unsigned steps)
{
    if (!r->turns)
        rig_settle(r);
    for (unsigned i = 0; r->turns && i < steps && *answers == before; i++)
        rig_advance(r, STEP_US);
    CHECK_EQ(*answers, before + 1);
}

// --- devices -------------------------------------------------------------------------------------

struct rig_device *rig_find(struct rig *r, const char *busid)
{
    struct rig_device *d = place_of(r, busid);
    return d && d->present ? d : NULL;
}

struct rig_device *rig_plug(struct rig *r, const char *busid, struct sim_device *d)
{
    CHECK(d);
    CHECK_EQ(sim_plug(d->bus, busid, d), BASE_OK);
    rig_settle(r);
    for (unsigned i = 0; r->turns && i < 100 && !rig_find(r, busid); i++)
        rig_advance(r, STEP_US);
    CHECK(rig_find(r, busid));
    return rig_find(r, busid);
}

void rig_queue_open(struct rig_device *d)
{
    d->rig->backend->open(d->rig->backend, d->handle);
}

void rig_queue_close(struct rig_device *d)
{
    d->rig->backend->close(d->rig->backend, d->handle);
}

void rig_queue_change(struct rig_device *d, const struct usb_control_op *op)
{
    d->rig->backend->control(d->rig->backend, d->handle, op);
}

enum base_err rig_open(struct rig_device *d)
{
    unsigned before = d->opened;
    rig_queue_open(d);
    await(d->rig, &d->opened, before, 10);
    return d->open_result;
}

void rig_close(struct rig_device *d)
{
    unsigned before = d->closed;
    rig_queue_close(d);
    await(d->rig, &d->closed, before, 20);
}

int32_t rig_try_change(struct rig_device *d, enum usb_control_type type, uint8_t interface,
                       uint8_t value)
{
    const struct usb_control_op op = {.type = type, .value = value, .interface = interface};
    unsigned before = d->controls;
    rig_queue_change(d, &op);
    await(d->rig, &d->controls, before, 10);
    if (type == USB_SET_CONFIGURATION && d->control_status == USB_STATUS_OK)
        d->config = value;
    return d->control_status;
}

void rig_change(struct rig_device *d, enum usb_control_type type, uint8_t interface, uint8_t value)
{
    CHECK_EQ(rig_try_change(d, type, interface, value), USB_STATUS_OK);
}

// --- beginning and end ---------------------------------------------------------------------------

void rig_begin(struct rig *r)
{
    *r = (struct rig){.now_us = START_US};
    heap_meter_begin(&r->heap);
    r->bus = sim_bus_create(&r->heap.alloc, 1);
    CHECK(r->bus);
    r->backend = sim_bus_backend(r->bus);
    memset(r->data, RIG_NOBODY_SENDS, sizeof r->data);
}

void rig_end(struct rig *r)
{
    for (unsigned i = 0; i < RIG_DEVICES && r->urbs == 0; i++)
        if (r->devices[i].open)
            rig_queue_close(&r->devices[i]);
    rig_settle(r);
    sim_bus_destroy(r->bus);
    CHECK_EQ(r->heap.blocks, 0);
}

struct rig_device *rig_start(struct rig *r, struct sim_device *d, uint8_t config)
{
    r->sim = d;
    r->dev = rig_plug(r, "1-1", d);
    CHECK_EQ(rig_open(r->dev), BASE_OK);
    if (config == 0)
        return r->dev;
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, config);
    CHECK_EQ(d->config, config);
    return r->dev;
}

void rig_begin_faulty(struct rig *r, const struct sim_faulty_options *options)
{
    rig_begin(r);
    rig_start(r, sim_faulty_create(r->bus, options), 0);
}

void rig_begin_d1(struct rig *r)
{
    rig_begin_faulty(r, &sim_faulty_d1);
}

void rig_give(struct rig *r, uint8_t ep, const void *data, uint32_t size)
{
    CHECK_EQ(sim_faulty_give(r->sim, ep, data, size), BASE_OK);
}
