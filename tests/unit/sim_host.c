// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/sim_host.h"

#include <stdlib.h>
#include <string.h>

static void *host_alloc(void *ctx, size_t size)
{
    struct host *h = ctx;
    h->allocs++;
    if (h->fail_from && h->allocs >= h->fail_from)
        return NULL;
    h->blocks++;
    return calloc(1, size);
}

static void host_dealloc(void *ctx, void *p)
{
    struct host *h = ctx;
    h->blocks -= p != NULL;
    free(p);
}

void host_begin(struct host *h)
{
    *h = (struct host){.alloc = {host_alloc, host_dealloc, h}, .now_us = 5000000};
    h->bus = sim_bus_create(&h->alloc, 1);
    CHECK(h->bus);
    h->backend = sim_bus_backend(h->bus);
}

void host_end(struct host *h)
{
    sim_bus_destroy(h->bus);
    CHECK_EQ(h->blocks, 0);
}

static struct host_device *by_handle(struct host *h, const void *handle)
{
    for (unsigned i = 0; i < HOST_DEVICES; i++)
        if (h->devices[i].present && h->devices[i].handle == handle)
            return &h->devices[i];
    check_fail(__FILE__, __LINE__, "event for a device that is not there");
}

struct host_device *host_device(struct host *h, const char *busid)
{
    for (unsigned i = 0; i < HOST_DEVICES; i++)
        if (strcmp(h->devices[i].busid, busid) == 0)
            return &h->devices[i];
    return NULL;
}

static struct host_device *plugged(struct host *h, const struct backend_event *ev)
{
    struct host_device *d = host_device(h, ev->info->busid);
    if (!d)
        d = host_device(h, ""); // a free place
    CHECK(d && !d->present);
    memcpy(d->busid, ev->info->busid, sizeof d->busid);
    d->info = *ev->info;
    d->handle = ev->device;
    d->present = true;
    return d;
}

static struct host_device *take_device_event(struct host *h, const struct backend_event *ev)
{
    if (ev->type == BACKEND_PLUGGED)
        return plugged(h, ev);
    struct host_device *d = by_handle(h, ev->device);
    if (ev->type == BACKEND_UNPLUGGED) {
        d->present = false;
        d->unplugged++;
    } else if (ev->type == BACKEND_OPENED) {
        d->opened++;
        d->open_result = ev->result;
    } else if (ev->type == BACKEND_CLOSED) {
        d->closed++;
    } else {
        CHECK_EQ(ev->type, BACKEND_CONTROL_DONE);
        d->controls++;
        d->control_status = ev->status;
    }
    return d;
}

static void take_urb(struct host *h, struct usb_urb *u)
{
    struct host_urb *t = BASE_CONTAINER(u, struct host_urb, u);
    CHECK(!t->done);
    CHECK(u->actual_length <= u->length);
    t->done = true;
    t->order = ++h->urbs_done;
}

void host_settle(struct host *h)
{
    struct backend_event ev;
    while (h->backend->take_event(h->backend, h->now_us, &ev)) {
        struct host_event *e = &h->events[h->event_count % HOST_EVENTS];
        h->event_count++;
        *e = (struct host_event){.type = ev.type, .urb = ev.urb};
        if (ev.type == BACKEND_URB_DONE)
            take_urb(h, ev.urb);
        else
            memcpy(e->busid, take_device_event(h, &ev)->busid, sizeof e->busid);
    }
}

void host_advance(struct host *h, uint64_t us)
{
    h->now_us += us;
    host_settle(h);
}

void host_forget(struct host *h)
{
    h->event_count = 0;
}

uint64_t host_deadline(struct host *h)
{
    return h->backend->next_deadline(h->backend);
}

struct host_device *host_open(struct host *h, const char *busid)
{
    struct host_device *d = host_device(h, busid);
    CHECK(d && d->present);
    unsigned before = d->opened;
    h->backend->open(h->backend, d->handle);
    host_settle(h);
    CHECK_EQ(d->opened, before + 1);
    CHECK_EQ(d->open_result, BASE_OK);
    return d;
}

struct host_device *host_start(struct host *h, const char *busid, struct sim_device *d)
{
    CHECK(d);
    CHECK_EQ(sim_plug(h->bus, busid, d), BASE_OK);
    host_settle(h);
    return host_open(h, busid);
}

void host_close(struct host *h, struct host_device *d)
{
    unsigned before = d->closed;
    h->backend->close(h->backend, d->handle);
    host_settle(h);
    CHECK_EQ(d->closed, before + 1);
}

void host_urb(struct host *h, struct host_urb *t, struct host_device *d, uint8_t ep,
              enum usb_transfer_type type, uint32_t length, const void *data)
{
    *t = (struct host_urb){.u = {.device = d->handle, .length = length, .packets = t->packets}};
    t->u.ep = (struct usb_endpoint){.address = ep, .type = (uint8_t)type};
    if (length == 0)
        return;
    t->u.buffer = h->backend->buffer_alloc(h->backend, length);
    CHECK(t->u.buffer);
    if (data)
        memcpy(t->u.buffer, data, length);
}

void host_submit(struct host *h, struct host_urb *t)
{
    h->backend->submit(h->backend, &t->u);
    host_settle(h);
}

void host_cancel(struct host *h, struct host_urb *t)
{
    h->backend->cancel(h->backend, &t->u);
    host_settle(h);
    CHECK(t->done);
}

void host_free(struct host *h, struct host_urb *t)
{
    CHECK(t->done);
    if (t->u.buffer)
        h->backend->buffer_free(h->backend, t->u.buffer, t->u.length);
    t->u.buffer = NULL;
}

// Bulk unless the device says something else about the endpoint.
static enum usb_transfer_type type_of(struct host *h, struct host_device *d, uint8_t ep)
{
    const struct usb_endpoint *e = sim_endpoint(sim_find(h->bus, d->busid), ep);
    return e ? (enum usb_transfer_type)e->type : USB_BULK;
}

int32_t host_in(struct host *h, struct host_device *d, uint8_t ep, void *data, uint32_t length,
                uint32_t *actual)
{
    struct host_urb t;
    host_urb(h, &t, d, ep, type_of(h, d, ep), length, NULL);
    host_submit(h, &t);
    CHECK(t.done);
    if (t.u.actual_length > 0)
        memcpy(data, t.u.buffer, t.u.actual_length);
    if (actual)
        *actual = t.u.actual_length;
    host_free(h, &t);
    return t.u.status;
}

int32_t host_out(struct host *h, struct host_device *d, uint8_t ep, const void *data,
                 uint32_t length)
{
    struct host_urb t;
    host_urb(h, &t, d, ep, type_of(h, d, ep), length, data);
    host_submit(h, &t);
    host_free(h, &t);
    return t.u.status;
}

static unsigned hex_digit(char c)
{
    const char *digits = "0123456789abcdef", *at = strchr(digits, c);
    CHECK(c && at);
    return (unsigned)(at - digits);
}

void host_control_urb(struct host *h, struct host_urb *t, struct host_device *d, const char *setup,
                      const void *data)
{
    uint8_t bytes[8];
    CHECK_EQ(strlen(setup), 16);
    for (unsigned i = 0; i < 8; i++)
        bytes[i] = (uint8_t)(hex_digit(setup[2 * i]) << 4 | hex_digit(setup[2 * i + 1]));
    uint16_t length = usb_setup_unpack(bytes).wLength;
    bool in = length > 0 && (bytes[0] & USB_DIR_IN) != 0;
    host_urb(h, t, d, in ? USB_DIR_IN : 0, USB_CONTROL, length, in ? NULL : data);
    memcpy(t->u.setup, bytes, sizeof bytes);
}

int host_request(struct host *h, struct host_device *d, const char *setup, void *data)
{
    struct host_urb t;
    host_control_urb(h, &t, d, setup, data);
    host_submit(h, &t);
    CHECK(t.done);
    if (usb_urb_is_in(&t.u) && t.u.actual_length > 0)
        memcpy(data, t.u.buffer, t.u.actual_length);
    host_free(h, &t);
    return t.u.status != USB_STATUS_OK ? (int)t.u.status : (int)t.u.actual_length;
}

int32_t host_change(struct host *h, struct host_device *d, enum usb_control_type type,
                    uint8_t interface, uint8_t value)
{
    struct usb_control_op op = {.type = type, .interface = interface, .value = value};
    unsigned before = d->controls;
    h->backend->control(h->backend, d->handle, &op);
    host_settle(h);
    CHECK_EQ(d->controls, before + 1);
    return d->control_status;
}

void stand_begin_with(struct stand *s, const struct sim_faulty_options *options)
{
    host_begin(&s->h);
    s->d = sim_faulty_create(s->h.bus, options);
    s->dev = host_start(&s->h, "1-1", s->d);
    memset(s->data, 0xee, sizeof s->data);
}

void stand_begin(struct stand *s)
{
    stand_begin_with(s, &sim_faulty_d1);
}

void stand_end(struct stand *s)
{
    host_end(&s->h);
}

const uint8_t *host_pattern(void)
{
    static uint8_t bytes[HOST_PATTERN];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + i / 256);
    return bytes;
}
