// SPDX-License-Identifier: Apache-2.0
// The double of the USB host library with one client, on two simulated buses, for tests of the
// double itself.
#pragma once

#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/sim_zero.h"
#include "tests/firmware/usb_host_double_state.h"
#include "tests/support/check.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_EVENTS = 64 };

struct host_rig {
    struct base_alloc alloc;
    struct sim_bus *bus[USB_HOST_DOUBLE_PORTS];
    uint64_t now_us;
    usb_host_client_handle_t client;
    usb_host_client_event_msg_t events[HOST_EVENTS];
    unsigned event_count;
    uint32_t flags;
    void (*in_callback)(usb_transfer_t *t);
    usb_transfer_t *done[HOST_EVENTS]; // in the order of their callbacks
    unsigned done_count, events_at_first_done;
    struct usb_host_double_config config;
};

static struct host_rig host_rig; // as there is one library

static inline void *host_alloc(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static inline void host_free(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static inline uint64_t host_now_us(void *ctx)
{
    return ((struct host_rig *)ctx)->now_us;
}

static inline void host_event(const usb_host_client_event_msg_t *msg, void *arg)
{
    struct host_rig *r = arg;
    CHECK(r->event_count < HOST_EVENTS);
    r->events[r->event_count++] = *msg;
}

static inline bool host_filter(const usb_device_desc_t *desc, uint8_t *value)
{
    *value = 1;
    return desc->idProduct != 0xdead;
}

static inline void host_turn(struct host_rig *r)
{
    uint32_t flags;
    CHECK_EQ(usb_host_lib_handle_events(0, &flags), ESP_OK);
    r->flags |= flags;
    if (r->client)
        CHECK_EQ(usb_host_client_handle_events(r->client, 0), ESP_OK);
}

static inline void host_settle(struct host_rig *r)
{
    for (unsigned i = 0; i < 1000; i++) {
        host_turn(r);
        if (usb_host_double_idle())
            return;
    }
    check_fail(__FILE__, __LINE__, "the double never rests");
}

static inline void host_advance(struct host_rig *r, uint64_t us)
{
    uint64_t end = r->now_us + us, next;
    host_settle(r);
    while ((next = usb_host_double_next_deadline()) <= end) {
        r->now_us = next > r->now_us ? next : r->now_us;
        host_settle(r);
    }
    r->now_us = end;
    host_settle(r);
}

static inline void host_stop_test(const char *reason)
{
    check_fail("usb_host_double", 0, "%s", reason);
}

// The rig without library; then host_install().
static inline struct host_rig *host_begin(void)
{
    struct host_rig *r = &host_rig;
    usb_host_double_reset();
    *r = (struct host_rig){.alloc = {host_alloc, host_free, NULL}, .now_us = 1000000};
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        r->config.bus[i] = r->bus[i] = sim_bus_create(&r->alloc, (uint8_t)(i + 1));
    r->config.now_us = host_now_us;
    r->config.ctx = r;
    usb_host_double_on_failure(host_stop_test);
    return r;
}

static inline void host_install(struct host_rig *r, unsigned events)
{
    const usb_host_config_t config = {.enum_filter_cb = host_filter, .peripheral_map = 3};
    usb_host_client_config_t client = {
        .max_num_event_msg = (int)events,
        .flags = {.notify_dev_removed = 1},
        .async = {.client_event_callback = host_event, .callback_arg = r}};
    usb_host_double_begin(&r->config);
    CHECK_EQ(usb_host_install(&config), ESP_OK);
    CHECK_EQ(usb_host_client_register(&client, &r->client), ESP_OK);
    host_settle(r);
}

static inline struct host_rig *host_start(void)
{
    struct host_rig *r = host_begin();
    host_install(r, 32);
    return r;
}

static inline void host_destroy_buses(struct host_rig *r)
{
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        sim_bus_destroy(r->bus[i]);
}

// Everything was released and closed before.
static inline void host_end(struct host_rig *r)
{
    CHECK_EQ(usb_host_client_deregister(r->client), ESP_OK);
    r->client = NULL;
    esp_err_t err = usb_host_device_free_all();
    CHECK(err == ESP_OK || err == ESP_ERR_NOT_FINISHED);
    host_settle(r);
    CHECK_EQ(r->flags & 1, USB_HOST_LIB_EVENT_FLAGS_NO_CLIENTS);
    CHECK_EQ(usb_host_uninstall(), ESP_OK);
    usb_host_double_end();
    host_destroy_buses(r);
}

static inline void host_plug(struct host_rig *r, unsigned root, const char *busid,
                             struct sim_device *d)
{
    CHECK(d);
    CHECK_EQ(sim_plug(r->bus[root], busid, d), BASE_OK);
    host_settle(r);
}

static inline usb_device_handle_t host_open(struct host_rig *r, uint8_t address)
{
    usb_device_handle_t d = NULL;
    CHECK_EQ(usb_host_device_open(r->client, address, &d), ESP_OK);
    return d;
}

// D1 of the conformance list on the high-speed port, opened, interface 0 claimed.
static inline usb_device_handle_t host_d1(struct host_rig *r)
{
    host_plug(r, 0, "1-1", sim_faulty_create(r->bus[0], &sim_faulty_d1));
    CHECK_EQ(r->events[0].event, USB_HOST_CLIENT_EVENT_NEW_DEV);
    usb_device_handle_t d = host_open(r, r->events[0].new_dev.address);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 0, 0), ESP_OK);
    return d;
}

static inline struct sim_device *host_sim(struct host_rig *r)
{
    return sim_find(r->bus[0], "1-1");
}

static inline void host_done(usb_transfer_t *t)
{
    struct host_rig *r = &host_rig;
    CHECK(r->done_count < HOST_EVENTS);
    if (r->done_count == 0)
        r->events_at_first_done = r->event_count;
    r->done[r->done_count++] = t;
    if (r->in_callback)
        r->in_callback(t);
}

static inline usb_transfer_t *host_transfer(usb_device_handle_t d, uint8_t ep, int bytes)
{
    usb_transfer_t *t = NULL;
    CHECK_EQ(usb_host_transfer_alloc(bytes > 0 ? (size_t)bytes : 1, 0, &t), ESP_OK);
    t->device_handle = d;
    t->bEndpointAddress = ep;
    t->num_bytes = bytes;
    t->callback = host_done;
    return t;
}

static inline usb_transfer_t *host_control(usb_device_handle_t d, const char setup[8], int data)
{
    usb_transfer_t *t = host_transfer(d, 0, 8 + data);
    memcpy(t->data_buffer, setup, 8);
    return t;
}

static inline void host_check_done(usb_transfer_t *t, usb_transfer_status_t status, int actual)
{
    struct host_rig *r = &host_rig;
    CHECK(r->done_count > 0);
    CHECK(r->done[0] == t);
    memmove((void *)r->done, r->done + 1, --r->done_count * sizeof *r->done);
    CHECK_EQ(t->status, status);
    CHECK_EQ(t->actual_num_bytes, actual);
}

static inline void host_leave(struct host_rig *r, usb_device_handle_t d)
{
    host_turn(r); // the daemon has counted the last control transfer
    CHECK_EQ(usb_host_interface_release(r->client, d, 0), ESP_OK);
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_OK);
}

// --- failures that must come ---------------------------------------------------------------------

static jmp_buf host_failed;
static char host_reason[256];

static inline void host_expected(const char *reason)
{
    strncpy(host_reason, reason, sizeof host_reason - 1);
    longjmp(host_failed, 1);
}

// `body` must fail with a reason that contains `words`. The double is as new afterwards.
static inline void host_must_fail(void (*body)(struct host_rig *r), const char *words)
{
    struct host_rig *r = host_start();
    host_reason[0] = '\0';
    usb_host_double_on_failure(host_expected);
    if (setjmp(host_failed) == 0)
        body(r);
    usb_host_double_on_failure(host_stop_test);
    if (!strstr(host_reason, words))
        check_fail(__FILE__, __LINE__, "\"%s\" instead of \"%s\"", host_reason, words);
    usb_host_double_reset();
    host_destroy_buses(r);
}
