// SPDX-License-Identifier: Apache-2.0
// The library's life, and the turns of its two tasks.
#include "device_parts.h"

#include "device_usb_host_speed.h"
#include "esp_heap_caps.h"

#include <stdlib.h>

enum {
    ROUNDS = 8,        // of looking again at what was just started, in one turn
    LAST_TURNS = 1000, // that the library gets to let go of everything
    GONE_PLACES = 2,   // places per device: one may still be leaving when the next arrives
    EVENTS_PER_DEVICE = 6,
    SPEED_CHECK_MS = 50, // the port is debounced for 250 ms before its reset
};

struct usbip_backend *device_usb_host_backend(struct device_usb_host *h)
{
    return &h->backend;
}

void device_usb_host_figures(struct device_usb_host *h, struct device_usb_host_figures *out)
{
    pthread_mutex_lock(&h->lock);
    *out = h->shared.figures;
    pthread_mutex_unlock(&h->lock);
}

// --- callbacks of the library -------------------------------------------------------------------

// Whose turn this task makes: the library does not tell the filter.
static _Thread_local struct device_usb_host *turning;

// Daemon task. Every device with its first configuration, which it has not read yet; without a
// function here none comes up.
static bool accept_device(const usb_device_desc_t *descriptor, uint8_t *configuration)
{
    (void)descriptor;
    if (turning)
        atomic_store(&turning->scan.accepted, true);
    *configuration = 1;
    return true;
}

// Client task, in a turn.
static void client_event(const usb_host_client_event_msg_t *msg, void *arg)
{
    struct device_usb_host *h = arg;
    if (msg->event == USB_HOST_CLIENT_EVENT_NEW_DEV)
        h->scan.arrived = true;
    else if (msg->event == USB_HOST_CLIENT_EVENT_DEV_GONE)
        device_life_gone(h, msg->dev_gone.dev_hdl);
    h->called = true;
}

// --- turns --------------------------------------------------------------------------------------

static void keep_speed(const struct device_usb_host *h)
{
    if (h->config.high_speed_port && h->config.high_speed_port_full_only)
        device_usb_host_speed_full_only();
}

void device_usb_host_library_turn(struct device_usb_host *h, uint32_t timeout_ms)
{
    uint32_t flags = 0;
    turning = h;
    (void)usb_host_lib_handle_events(pdMS_TO_TICKS(timeout_ms), &flags);
    h->library_flags |= flags;
    atomic_fetch_add(&h->library_turns, 1);
    keep_speed(h);
}

static uint32_t wait_ms(const struct device_usb_host *h, uint32_t timeout_ms)
{
    uint64_t now_us = device_now_us(h);
    uint64_t left_us = h->due_us > now_us ? h->due_us - now_us : 0;
    if (h->config.high_speed_port_full_only && timeout_ms > SPEED_CHECK_MS)
        timeout_ms = SPEED_CHECK_MS;
    return left_us / 1000 < timeout_ms ? (uint32_t)((left_us + 999) / 1000) : timeout_ms;
}

// A hub comes before what is behind it, and the library does not tell of hubs: so when somebody
// arrives, everybody who is there is looked up.
static void look_around(struct device_usb_host *h)
{
    uint64_t now_us = device_now_us(h);
    if (h->ending || (!h->scan.arrived && now_us < h->scan.next_us))
        return;
    h->scan.arrived = false;
    device_life_scan(h);
    h->scan.next_us = now_us + DEVICE_SCAN_US;
}

static bool run_devices(struct device_usb_host *h)
{
    bool any = false;
    for (unsigned i = 0; i < h->capacity; i++)
        if (h->devices[i].life != DEVICE_FREE)
            any |= device_life_run(&h->devices[i]);
    return any;
}

void device_usb_host_client_turn(struct device_usb_host *h, uint32_t timeout_ms)
{
    (void)usb_host_client_handle_events(h->client, pdMS_TO_TICKS(wait_ms(h, timeout_ms)));
    keep_speed(h);
    bool more = true;
    for (unsigned i = 0; i < ROUNDS && more; i++) {
        h->due_us = h->scan.next_us;
        device_queue_drain(h);
        look_around(h);
        h->called = false;
        more = run_devices(h);
        // What is cancelled next may have come home by itself: then nothing needs to be halted.
        (void)usb_host_client_handle_events(h->client, 0);
        more |= h->called || device_queue_asked(h); // whose wake-up this may have swallowed
    }
    if (more)
        h->due_us = 0;
    device_queue_wake(h);
}

// --- create and destroy -------------------------------------------------------------------------

static esp_err_t install_library(const struct device_usb_host_config *c)
{
    const usb_host_config_t config = {
        .intr_flags = 0,
        .enum_filter_cb = accept_device,
        .peripheral_map = (c->high_speed_port ? 1u : 0) | (c->full_speed_port ? 2u : 0),
    };
    return usb_host_install(&config);
}

static void free_host(struct device_usb_host *h)
{
    if (!h)
        return;
    heap_caps_free(h->devices);
    heap_caps_free(h->shared.events);
    free(h);
}

// Internal memory is for what the hardware reads.
static void *allocate_large(size_t n, size_t size)
{
    void *p = heap_caps_calloc(n, size, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    return p ? p : heap_caps_calloc(n, size, MALLOC_CAP_8BIT);
}

static struct device_usb_host *allocate_host(const struct device_usb_host_config *config)
{
    struct device_usb_host *h = calloc(1, sizeof *h);
    if (!h)
        return NULL;
    h->config = *config;
    h->backend = device_backend;
    h->capacity = config->max_devices * GONE_PLACES;
    h->shared.event_capacity = h->capacity * EVENTS_PER_DEVICE;
    h->devices = allocate_large(h->capacity, sizeof *h->devices);
    h->shared.events = allocate_large(h->shared.event_capacity, sizeof *h->shared.events);
    if (!h->devices || !h->shared.events) {
        free_host(h);
        return NULL;
    }
    base_list_init(&h->shared.submitted);
    base_list_init(&h->shared.done);
    for (unsigned i = 0; i < h->capacity; i++) {
        h->devices[i].host = h;
        base_list_init(&h->devices[i].control.urbs);
    }
    return h;
}

static esp_err_t register_client(struct device_usb_host *h)
{
    const usb_host_client_config_t config = {
        .max_num_event_msg = DEVICE_CLIENT_EVENTS,
        .async = {.client_event_callback = client_event, .callback_arg = h},
    };
    return usb_host_client_register(&config, &h->client);
}

static const char *begin_library(struct device_usb_host *h)
{
    if (install_library(&h->config) != ESP_OK)
        return "the USB host library cannot be installed";
    keep_speed(h);
    if (register_client(h) == ESP_OK) {
        if (device_pool_create(h))
            return NULL;
        (void)usb_host_client_deregister(h->client);
    }
    device_pool_destroy(h);
    (void)usb_host_uninstall();
    return "no memory for USB transfers";
}

struct device_usb_host *device_usb_host_create(const struct device_usb_host_config *config,
                                               const char **why)
{
    struct device_usb_host *h = NULL;
    *why = NULL;
    if (!config->high_speed_port && !config->full_speed_port)
        *why = "no USB port is switched on";
    else if (config->max_devices < 1 || config->max_devices > DEVICE_LIMIT)
        *why = "the number of devices is out of range";
    else if (!(h = allocate_host(config)))
        *why = "no memory";
    if (*why)
        return NULL;
    if (pthread_mutex_init(&h->lock, NULL) != 0) {
        free_host(h);
        *why = "no memory";
        return NULL;
    }
    *why = begin_library(h);
    if (!*why)
        return h;
    pthread_mutex_destroy(&h->lock);
    free_host(h);
    return NULL;
}

static void turn_both(struct device_usb_host *h)
{
    device_usb_host_library_turn(h, 1);
    device_usb_host_client_turn(h, 0);
}

static bool all_left(const struct device_usb_host *h)
{
    for (unsigned i = 0; i < h->capacity; i++)
        if (h->devices[i].life != DEVICE_FREE && h->devices[i].life != DEVICE_LEFT)
            return false;
    return true;
}

static bool end_devices(struct device_usb_host *h)
{
    h->ending = true;
    for (unsigned n = 0; n < LAST_TURNS; n++) {
        for (unsigned i = 0; i < h->capacity; i++)
            h->devices[i].gone = h->devices[i].life != DEVICE_FREE;
        if (all_left(h))
            return true;
        turn_both(h);
    }
    return false;
}

static bool end_library(struct device_usb_host *h)
{
    if (usb_host_client_deregister(h->client) != ESP_OK)
        return false;
    device_usb_host_library_turn(h, 0); // it says that nobody is left
    h->library_flags = 0;
    bool wait = usb_host_device_free_all() == ESP_ERR_NOT_FINISHED;
    for (unsigned n = 0; n < LAST_TURNS && wait; n++) {
        device_usb_host_library_turn(h, 1);
        wait = !(h->library_flags & USB_HOST_LIB_EVENT_FLAGS_ALL_FREE);
    }
    device_usb_host_library_turn(h, 0);
    return !wait && usb_host_uninstall() == ESP_OK;
}

bool device_usb_host_destroy(struct device_usb_host *h)
{
    if (!h)
        return true;
    if (!end_devices(h) || !end_library(h))
        return false;
    device_pool_destroy(h);
    for (unsigned i = 0; i < h->capacity; i++)
        free(h->devices[i].fetch.descriptors);
    pthread_mutex_destroy(&h->lock);
    free_host(h);
    return true;
}
