// SPDX-License-Identifier: Apache-2.0
// One simulated device on a bus of its own, driven through the backend as a session would: URBs and
// pipe changes, with time that moves only when the test says so.
#pragma once

#include "sim/bus/sim_bus.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

enum { RIG_PENDING = 1 << 30 }; // rig_read, rig_write: nothing happened, the URB was taken back

struct rig {
    struct base_alloc alloc;
    bool out_of_memory;
    unsigned blocks; // allocated now
    struct sim_bus *bus;
    struct usbip_backend *backend;
    struct sim_device *device;
    void *handle;
    uint64_t now_us;
    unsigned opened;
    int32_t control_status;
};

struct rig_urb {
    struct usb_urb urb;
    struct usb_iso_packet packets[8];
    bool done;
};

static inline void *rig_alloc(void *ctx, size_t size)
{
    struct rig *r = ctx;
    void *p = r->out_of_memory ? NULL : calloc(1, size);
    r->blocks += p != NULL;
    return p;
}

static inline void rig_free(void *ctx, void *p)
{
    struct rig *r = ctx;
    r->blocks -= p != NULL;
    free(p);
}

static inline void rig_begin(struct rig *r)
{
    *r = (struct rig){.alloc = {rig_alloc, rig_free, r}, .now_us = 1000000};
    r->bus = sim_bus_create(&r->alloc, 1);
    CHECK(r->bus);
    r->backend = sim_bus_backend(r->bus);
}

// Takes every event there is now.
static inline void rig_settle(struct rig *r)
{
    struct backend_event ev;
    while (r->backend->take_event(r->backend, r->now_us, &ev)) {
        if (ev.type == BACKEND_PLUGGED)
            r->handle = ev.device;
        else if (ev.type == BACKEND_OPENED)
            r->opened += ev.result == BASE_OK;
        else if (ev.type == BACKEND_CONTROL_DONE)
            r->control_status = ev.status;
        else if (ev.type == BACKEND_URB_DONE)
            BASE_CONTAINER(ev.urb, struct rig_urb, urb)->done = true;
    }
}

static inline void rig_advance(struct rig *r, uint64_t us)
{
    r->now_us += us;
    rig_settle(r);
}

static inline void rig_change(struct rig *r, enum usb_control_type type, uint8_t interface,
                              uint8_t value)
{
    struct usb_control_op op = {.type = type, .value = value, .interface = interface};
    r->control_status = 1;
    r->backend->control(r->backend, r->handle, &op);
    rig_settle(r);
    CHECK_EQ(r->control_status, USB_STATUS_OK);
}

// Plugs `d` in, claims it and selects a configuration.
static inline void rig_start(struct rig *r, struct sim_device *d, uint8_t config)
{
    CHECK(d);
    r->device = d;
    CHECK_EQ(sim_plug(r->bus, "1-1", d), BASE_OK);
    rig_settle(r);
    CHECK(r->handle);
    r->backend->open(r->backend, r->handle);
    rig_settle(r);
    CHECK_EQ(r->opened, 1);
    rig_change(r, USB_SET_CONFIGURATION, 0, config);
    CHECK_EQ(d->config, config);
}

static inline void rig_end(struct rig *r)
{
    r->backend->close(r->backend, r->handle);
    rig_settle(r);
    sim_bus_destroy(r->bus);
    CHECK_EQ(r->blocks, 0);
}

// An URB with a buffer of its own; `data` NULL: filled with a value that no device sends.
static inline void rig_urb_init(struct rig *r, struct rig_urb *u, uint8_t ep, const void *data,
                                uint32_t length)
{
    *u = (struct rig_urb){.urb = {.device = r->handle, .length = length}};
    const struct usb_endpoint *e = sim_endpoint(r->device, ep);
    CHECK((ep & 0x0f) == 0 || e);
    u->urb.ep = e ? *e : (struct usb_endpoint){.address = ep, .type = USB_CONTROL};
    u->urb.ep.address = ep;
    if (length == 0)
        return;
    u->urb.buffer = r->backend->buffer_alloc(r->backend, length);
    CHECK(u->urb.buffer);
    if (data)
        memcpy(u->urb.buffer, data, length);
    else
        memset(u->urb.buffer, 0xee, length);
}

static inline void rig_submit(struct rig *r, struct rig_urb *u)
{
    r->backend->submit(r->backend, &u->urb);
    rig_settle(r);
}

// Ends with an URB, which is taken back if it is still pending. Its actual length, its status if
// that is an error, or RIG_PENDING.
static inline int rig_finish(struct rig *r, struct rig_urb *u)
{
    bool pending = !u->done;
    if (pending) {
        r->backend->cancel(r->backend, &u->urb);
        rig_settle(r);
        CHECK(u->done);
        CHECK_EQ(u->urb.status, USB_STATUS_CANCELLED);
    }
    if (u->urb.buffer)
        r->backend->buffer_free(r->backend, u->urb.buffer, u->urb.length);
    if (pending)
        return RIG_PENDING;
    return u->urb.status != USB_STATUS_OK ? (int)u->urb.status : (int)u->urb.actual_length;
}

static inline int rig_read(struct rig *r, uint8_t ep, void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb_init(r, &u, ep, NULL, length);
    rig_submit(r, &u);
    if (length > 0)
        memcpy(data, u.urb.buffer, length);
    return rig_finish(r, &u);
}

static inline int rig_write(struct rig *r, uint8_t ep, const void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb_init(r, &u, ep, data, length);
    rig_submit(r, &u);
    return rig_finish(r, &u);
}

static inline int rig_write_zlp(struct rig *r, uint8_t ep, const void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb_init(r, &u, ep, data, length);
    u.urb.flags = USB_URB_ZERO_PACKET;
    rig_submit(r, &u);
    return rig_finish(r, &u);
}

// A control transfer; `request` is bmRequestType << 8 | bRequest, data goes the way that it says.
static inline int rig_request(struct rig *r, unsigned request, unsigned value, unsigned index,
                              void *data, unsigned length)
{
    bool in = (request & 0x8000) != 0;
    struct usb_setup s = {(uint8_t)(request >> 8), (uint8_t)request, (uint16_t)value,
                          (uint16_t)index, (uint16_t)length};
    struct rig_urb u;
    rig_urb_init(r, &u, in ? USB_DIR_IN : 0, in ? NULL : data, length);
    usb_setup_pack(u.urb.setup, &s);
    rig_submit(r, &u);
    CHECK(u.done);
    if (in && length > 0)
        memcpy(data, u.urb.buffer, length);
    return rig_finish(r, &u);
}

// Checks that the configuration's bytes hold together to their end and returns the number of
// endpoint descriptors in them.
static inline unsigned rig_check_config(const uint8_t *config)
{
    struct base_span bytes = {config, base_get_le16(config + 2)};
    CHECK_EQ(usb_config_check(bytes), BASE_OK);
    struct usb_walk w;
    struct usb_endpoint ep;
    unsigned endpoints = 0, announced = 0;
    usb_walk_begin(&w, bytes);
    while (usb_walk_next(&w)) {
        if (w.descriptor.data[1] == USB_DT_INTERFACE)
            announced += w.interface.bNumEndpoints;
        endpoints += usb_walk_endpoint(&w, &ep);
    }
    CHECK_EQ(w.rest.size, 0);
    CHECK_EQ(endpoints, announced);
    return endpoints;
}
