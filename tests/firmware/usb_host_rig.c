// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/usb_host_rig.h"

#include "esp_cache.h"
#include "tests/support/heap.h"

#include <string.h>

struct host_rig host_rig;
jmp_buf host_failed;
char host_reason[256];

static uint64_t now_us(void *ctx)
{
    return ((struct host_rig *)ctx)->now_us;
}

static void take_event(const usb_host_client_event_msg_t *msg, void *arg)
{
    struct host_rig *r = arg;
    CHECK(r->event_count < HOST_EVENTS);
    r->events[r->event_count++] = *msg;
}

static bool filter(const usb_device_desc_t *desc, uint8_t *value)
{
    *value = 1;
    return desc->idProduct != 0xdead;
}

void host_turn(struct host_rig *r)
{
    uint32_t flags;
    CHECK_EQ(usb_host_lib_handle_events(0, &flags), ESP_OK);
    r->flags |= flags;
    if (r->client)
        CHECK_EQ(usb_host_client_handle_events(r->client, 0), ESP_OK);
}

void host_settle(struct host_rig *r)
{
    for (unsigned i = 0; i < 1000; i++) {
        host_turn(r);
        if (usb_host_double_idle())
            return;
    }
    check_fail(__FILE__, __LINE__, "the double never rests");
}

void host_advance(struct host_rig *r, uint64_t us)
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

void host_stop_test(const char *reason)
{
    check_fail("usb_host_double", 0, "%s", reason);
}

struct host_rig *host_begin(void)
{
    struct host_rig *r = &host_rig;
    usb_host_double_reset();
    *r = (struct host_rig){.now_us = 1000000};
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        r->config.bus[i] = r->bus[i] = sim_bus_create(&heap, (uint8_t)(i + 1));
    r->config.now_us = now_us;
    r->config.ctx = r;
    usb_host_double_on_failure(host_stop_test);
    return r;
}

void host_install(struct host_rig *r, unsigned events)
{
    const usb_host_config_t config = {.enum_filter_cb = filter, .peripheral_map = 3};
    usb_host_client_config_t client = {
        .max_num_event_msg = (int)events,
        .flags = {.notify_dev_removed = 1},
        .async = {.client_event_callback = take_event, .callback_arg = r}};
    usb_host_double_begin(&r->config);
    CHECK_EQ(usb_host_install(&config), ESP_OK);
    CHECK_EQ(usb_host_client_register(&client, &r->client), ESP_OK);
    host_settle(r);
}

struct host_rig *host_start(void)
{
    struct host_rig *r = host_begin();
    host_install(r, 32);
    return r;
}

void host_destroy_buses(struct host_rig *r)
{
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        sim_bus_destroy(r->bus[i]);
}

void host_end(struct host_rig *r)
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

void host_plug(struct host_rig *r, unsigned root, const char *busid, struct sim_device *d)
{
    CHECK(d);
    CHECK_EQ(sim_plug(r->bus[root], busid, d), BASE_OK);
    host_settle(r);
}

usb_device_handle_t host_open(struct host_rig *r, uint8_t address)
{
    usb_device_handle_t d = NULL;
    CHECK_EQ(usb_host_device_open(r->client, address, &d), ESP_OK);
    return d;
}

usb_device_handle_t host_d1(struct host_rig *r)
{
    host_plug(r, 0, "1-1", sim_faulty_create(r->bus[0], &sim_faulty_d1));
    CHECK_EQ(r->events[0].event, USB_HOST_CLIENT_EVENT_NEW_DEV);
    usb_device_handle_t d = host_open(r, r->events[0].new_dev.address);
    CHECK_EQ(usb_host_interface_claim(r->client, d, 0, 0), ESP_OK);
    return d;
}

struct sim_device *host_sim(struct host_rig *r)
{
    return sim_find(r->bus[0], "1-1");
}

static void transfer_done(usb_transfer_t *t)
{
    struct host_rig *r = &host_rig;
    CHECK(r->done_count < HOST_EVENTS);
    if (r->done_count == 0)
        r->events_at_first_done = r->event_count;
    r->done[r->done_count++] = t;
    if (r->in_callback)
        r->in_callback(t);
}

static usb_transfer_t *make_transfer(usb_device_handle_t d, uint8_t ep, int bytes, int packets)
{
    usb_transfer_t *t = NULL;
    CHECK_EQ(usb_host_transfer_alloc(bytes > 0 ? (size_t)bytes : 1, packets, &t), ESP_OK);
    CHECK_EQ(esp_cache_msync(t->data_buffer, t->data_buffer_size,
                             ESP_CACHE_MSYNC_FLAG_DIR_C2M | ESP_CACHE_MSYNC_FLAG_INVALIDATE),
             ESP_OK);
    t->device_handle = d;
    t->bEndpointAddress = ep;
    t->num_bytes = bytes;
    t->callback = transfer_done;
    return t;
}

usb_transfer_t *host_transfer(usb_device_handle_t d, uint8_t ep, int bytes)
{
    return make_transfer(d, ep, bytes, 0);
}

usb_transfer_t *host_iso_in(usb_device_handle_t d, int packets)
{
    usb_transfer_t *t = make_transfer(d, 0x84, packets * 192, packets);
    for (int i = 0; i < packets; i++)
        t->isoc_packet_desc[i].num_bytes = 192;
    return t;
}

usb_transfer_t *host_control(usb_device_handle_t d, const char setup[8], int data)
{
    usb_transfer_t *t = host_transfer(d, 0, 8 + data);
    memcpy(t->data_buffer, setup, 8);
    return t;
}

void host_check_done(usb_transfer_t *t, usb_transfer_status_t status, int actual)
{
    struct host_rig *r = &host_rig;
    CHECK(r->done_count > 0);
    CHECK(r->done[0] == t);
    memmove((void *)r->done, r->done + 1, --r->done_count * sizeof *r->done);
    CHECK_EQ(t->status, status);
    CHECK_EQ(t->actual_num_bytes, actual);
}

void host_leave(struct host_rig *r, usb_device_handle_t d)
{
    host_turn(r); // the daemon has counted the last control transfer
    CHECK_EQ(usb_host_interface_release(r->client, d, 0), ESP_OK);
    CHECK_EQ(usb_host_device_close(r->client, d), ESP_OK);
}

void host_expected(const char *reason)
{
    strncpy(host_reason, reason, sizeof host_reason - 1);
    longjmp(host_failed, 1);
}

void host_must_fail(void (*body)(struct host_rig *r), const char *words)
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
