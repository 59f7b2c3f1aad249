// SPDX-License-Identifier: Apache-2.0
// The chip's backend driven through its contract, as the core would, on simulated buses behind the
// double of the library: both ports, all on one thread, time as the test wants it.
#pragma once

#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/sim_zero.h"
#include "tests/firmware/device_rig.h"
#include "tests/support/check.h"

#include <stdlib.h>
#include <string.h>

enum {
    WORLD_DEVICES = 16,
    WORLD_PACKETS = 128,
    WORLD_SECOND_US = 1000000,
    WORLD_BULK_OUT = 0x02, // of sim_faulty_d1
    WORLD_BULK_IN = 0x81,
    WORLD_INTERRUPT_IN = 0x83,
    WORLD_ISO_IN = 0x84,
    WORLD_ISO_OUT = 0x05,
};

struct world_device {
    void *handle;    // NULL: free
    unsigned serial; // of its PLUGGED; a handle may come again
    struct usb_device_info info;
    uint8_t device_descriptor[USB_DT_DEVICE_SIZE];
    bool opened, closed;
    enum base_err open_result;
    bool control_done;
    int32_t control_status;
};

struct world {
    struct base_alloc alloc;
    struct sim_bus *bus[USB_HOST_DOUBLE_PORTS];
    uint64_t now_us;
    struct usb_host_double_config library;
    struct device_rig rig;
    struct usbip_backend *backend;
    struct world_device device[WORLD_DEVICES];
    unsigned plugged, unplugged, urbs; // events so far; URBs that the backend has
};

struct world_urb {
    struct usb_urb urb;
    struct usb_iso_packet packets[WORLD_PACKETS];
    bool busy, done;
    uint32_t size; // of the buffer
};

static inline void *world_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static inline void world_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static inline uint64_t world_now_us(void *ctx)
{
    return ((struct world *)ctx)->now_us;
}

static inline void world_fail(const char *reason)
{
    check_fail("USB host library", 0, "%s", reason);
}

// --- events --------------------------------------------------------------------------------------

static inline struct world_device *world_slot(struct world *w, const void *handle)
{
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        if (w->device[i].handle == handle)
            return &w->device[i];
    check_fail(__FILE__, __LINE__, "an event of an unknown device, or too many devices");
}

// NULL: nobody there.
static inline struct world_device *world_find(struct world *w, const char *busid)
{
    for (unsigned i = 0; i < WORLD_DEVICES; i++)
        if (w->device[i].handle && strcmp(w->device[i].info.busid, busid) == 0)
            return &w->device[i];
    return NULL;
}

static inline void world_plugged(struct world *w, const struct backend_event *ev)
{
    CHECK(!world_find(w, ev->info->busid));
    struct world_device *d = world_slot(w, NULL);
    *d = (struct world_device){.handle = ev->device, .serial = w->plugged + 1, .info = *ev->info};
    if (ev->info->device_descriptor.size == USB_DT_DEVICE_SIZE)
        memcpy(d->device_descriptor, ev->info->device_descriptor.data, USB_DT_DEVICE_SIZE);
    w->plugged++;
}

static inline void world_urb_done(struct world *w, struct usb_urb *u)
{
    struct world_urb *wu = BASE_CONTAINER(u, struct world_urb, urb);
    CHECK(wu->busy && !wu->done); // exactly once
    CHECK(u->actual_length <= u->length);
    wu->done = true;
    wu->busy = false;
    w->urbs--;
}

static inline void world_event(struct world *w, const struct backend_event *ev)
{
    if (ev->type == BACKEND_PLUGGED) {
        world_plugged(w, ev);
        return;
    }
    if (ev->type == BACKEND_URB_DONE) {
        world_urb_done(w, ev->urb);
        return;
    }
    struct world_device *d = world_slot(w, ev->device);
    if (ev->type == BACKEND_OPENED) {
        d->opened = true;
        d->open_result = ev->result;
    } else if (ev->type == BACKEND_CLOSED) {
        d->closed = true;
        d->opened = false;
    } else if (ev->type == BACKEND_CONTROL_DONE) {
        d->control_done = true;
        d->control_status = ev->status;
    } else {
        d->handle = NULL;
        w->unplugged++;
    }
}

static inline void world_settle(struct world *w)
{
    struct backend_event ev;
    bool any = true;
    while (any) {
        any = false;
        device_rig_settle(&w->rig);
        while (w->backend->take_event(w->backend, w->now_us, &ev)) {
            world_event(w, &ev);
            any = true;
        }
    }
}

static inline void world_advance(struct world *w, uint64_t us)
{
    uint64_t end = w->now_us + us;
    world_settle(w);
    for (;;) {
        uint64_t next = device_rig_deadline(&w->rig);
        if (next > end)
            break;
        CHECK(next > w->now_us);
        w->now_us = next;
        world_settle(w);
    }
    w->now_us = end;
    world_settle(w);
}

// --- beginning and end ---------------------------------------------------------------------------

// Fills in what a test may still change before world_start().
static inline void world_begin(struct world *w)
{
    usb_host_double_reset(); // what a failed test left
    usb_host_double_on_failure(world_fail);
    *w = (struct world){.alloc = {world_alloc, world_free, NULL}, .now_us = WORLD_SECOND_US};
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++) {
        w->bus[i] = sim_bus_create(&w->alloc, (uint8_t)(i + 1));
        w->library.bus[i] = w->bus[i];
    }
    w->library.now_us = world_now_us;
    w->library.ctx = w;
}

static inline void world_start(struct world *w)
{
    device_rig_begin(&w->rig, &w->library, NULL);
    w->backend = device_usb_host_backend(w->rig.host);
    world_settle(w);
}

static inline void world_end(struct world *w)
{
    usb_host_double_at_step(NULL, NULL);
    CHECK_EQ(w->urbs, 0);
    CHECK_EQ(usb_host_double_counts().slow_releases, 0);
    device_rig_end(&w->rig);
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        sim_bus_destroy(w->bus[i]);
}

// --- devices -------------------------------------------------------------------------------------

static inline void world_plug(struct world *w, unsigned root, const char *busid,
                              struct sim_device *d)
{
    CHECK(d);
    CHECK_EQ(sim_plug(w->bus[root], busid, d), BASE_OK);
    world_settle(w);
    for (unsigned i = 0; i < 100 && !world_find(w, busid); i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK(world_find(w, busid));
}

static inline struct world_device *world_d1(struct world *w)
{
    world_plug(w, 0, "1-1", sim_faulty_create(w->bus[0], &sim_faulty_d1));
    return world_find(w, "1-1");
}

static inline struct sim_device *world_sim(struct world *w)
{
    return sim_find(w->bus[0], "1-1");
}

static inline enum base_err world_open(struct world *w, struct world_device *d)
{
    d->opened = false;
    w->backend->open(w->backend, d->handle);
    for (unsigned i = 0; i < 10 && !d->opened; i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK(d->opened);
    d->opened = d->open_result == BASE_OK;
    return d->open_result;
}

static inline void world_close(struct world *w, struct world_device *d)
{
    d->closed = false;
    w->backend->close(w->backend, d->handle);
    for (unsigned i = 0; i < 20 && !d->closed; i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK(d->closed);
}

static inline int32_t world_change(struct world *w, struct world_device *d,
                                   enum usb_control_type type, uint8_t interface, uint8_t value)
{
    const struct usb_control_op op = {.type = type, .value = value, .interface = interface};
    d->control_done = false;
    w->backend->control(w->backend, d->handle, &op);
    for (unsigned i = 0; i < 10 && !d->control_done; i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK(d->control_done);
    return d->control_status;
}

// --- URBs ----------------------------------------------------------------------------------------

// `ep` as D1 has it in its settings; the buffer is filled with `data`, or with what nobody sends.
static inline void world_urb(struct world *w, struct world_device *d, struct world_urb *u,
                             uint8_t ep, const void *data, uint32_t length)
{
    *u = (struct world_urb){.urb = {.device = d->handle, .length = length}, .size = length};
    if ((ep & 0x0f) != 0)
        CHECK(usb_config_find_endpoint(d->info.config[0], ep, &u->urb.ep));
    u->urb.ep.address = ep;
    if (length == 0)
        return;
    u->urb.buffer = w->backend->buffer_alloc(w->backend, length);
    CHECK(u->urb.buffer);
    if (data)
        memcpy(u->urb.buffer, data, length);
    else
        memset(u->urb.buffer, 0xee, length);
}

static inline void world_submit(struct world *w, struct world_urb *u)
{
    u->busy = true;
    u->done = false;
    w->urbs++;
    w->backend->submit(w->backend, &u->urb);
}

static inline void world_release(struct world *w, struct world_urb *u)
{
    CHECK(!u->busy);
    if (u->urb.buffer)
        w->backend->buffer_free(w->backend, u->urb.buffer, u->size);
    u->urb.buffer = NULL;
}

static inline void world_iso(struct world_urb *u, unsigned count, uint32_t size)
{
    CHECK(count <= WORLD_PACKETS);
    u->urb.packet_count = count;
    u->urb.packets = u->packets;
    for (unsigned i = 0; i < count; i++)
        u->packets[i] = (struct usb_iso_packet){.offset = i * size, .length = size};
}

static inline void world_check_urb(const struct world_urb *u, int32_t status, uint32_t actual)
{
    CHECK(u->done);
    CHECK_EQ(u->urb.status, status);
    CHECK_EQ(u->urb.actual_length, actual);
}

// One URB from beginning to end; the data stays in `data`.
static inline void world_transfer(struct world *w, struct world_device *d, uint8_t ep, void *data,
                                  uint32_t length, int32_t status, uint32_t actual)
{
    struct world_urb u;
    world_urb(w, d, &u, ep, ep & USB_DIR_IN ? NULL : data, length);
    world_submit(w, &u);
    world_settle(w);
    world_check_urb(&u, status, actual);
    if (ep & USB_DIR_IN && actual > 0)
        memcpy(data, u.urb.buffer, actual);
    world_release(w, &u);
}

static inline void world_setup(struct world *w, struct world_device *d, struct world_urb *u,
                               const char setup[8])
{
    uint32_t length = (uint8_t)setup[6] | (uint32_t)(uint8_t)setup[7] << 8;
    world_urb(w, d, u, length && setup[0] & 0x80 ? USB_DIR_IN : 0, NULL, length);
    u->urb.ep.type = USB_CONTROL;
    u->urb.ep.max_packet_size = 64;
    memcpy(u->urb.setup, setup, 8);
}

static inline void world_check_alive(struct world *w, struct world_device *d)
{
    struct world_urb u;
    world_setup(w, d, &u, "\x80\x06\x00\x01\x00\x00\x12\x00");
    world_submit(w, &u);
    world_advance(w, WORLD_SECOND_US / 10);
    world_check_urb(&u, USB_STATUS_OK, USB_DT_DEVICE_SIZE);
    CHECK_BYTES(u.urb.buffer, d->device_descriptor, USB_DT_DEVICE_SIZE);
    world_release(w, &u);
}
