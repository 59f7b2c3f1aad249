// SPDX-License-Identifier: Apache-2.0
// A device from its arrival to the moment when nobody knows it any more. It is opened in the
// library as soon as it is there and kept open until it goes: only who has it open is told of that,
// and only when it is closed does the library serve its port again. Client task.
#include "device_state.h"

#include "esp_log.h"

#include <stdlib.h>
#include <string.h>

static const char tag[] = "usb_device";

// --- places -------------------------------------------------------------------------------------

struct device *device_take(struct device_usb_host *h, enum device_kind kind)
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

static void make_free(struct device *d)
{
    struct device_usb_host *h = d->host;
    for (unsigned i = 0; i < h->capacity; i++)
        if (h->devices[i].parent == d)
            h->devices[i].parent = NULL; // only of those that are going, too
    free(d->descriptors);
    free(d->config);
    pthread_mutex_lock(&h->lock);
    *d = (struct device){.host = h};
    base_list_init(&d->control.urbs);
    pthread_mutex_unlock(&h->lock);
}

void device_known(struct device *d)
{
    struct device_event ev = {.type = BACKEND_PLUGGED};
    d->life = DEVICE_KNOWN;
    device_event(d, &ev);
}

// --- descriptors --------------------------------------------------------------------------------

static enum usb_speed speed_of(usb_speed_t speed)
{
    switch (speed) {
    case LIBRARY_SPEED_LOW:
        return USB_SPEED_LOW;
    case LIBRARY_SPEED_FULL:
        return USB_SPEED_FULL;
    default:
        return USB_SPEED_HIGH;
    }
}

// UTF-16LE to UTF-8, cut to whole characters that fit; what is no character becomes '?'.
static void take_string(char out[USB_NAME_SIZE], const usb_str_desc_t *s)
{
    size_t n = 0, units = s && s->bLength > 2 ? (s->bLength - 2u) / 2 : 0;
    const uint8_t *bytes = (const uint8_t *)s;
    for (size_t i = 1; i <= units && n + 4 < USB_NAME_SIZE; i++) {
        unsigned c = bytes[2 * i] | (unsigned)bytes[2 * i + 1] << 8;
        bool bad = c < 0x20 || (c >= 0xd800 && c <= 0xdfff); // half of a pair, or no text
        if (bad)
            c = '?';
        if (c < 0x80) {
            out[n++] = (char)c;
        } else if (c < 0x800) {
            out[n++] = (char)(0xc0 | c >> 6);
            out[n++] = (char)(0x80 | (c & 0x3f));
        } else {
            out[n++] = (char)(0xe0 | c >> 12);
            out[n++] = (char)(0x80 | (c >> 6 & 0x3f));
            out[n++] = (char)(0x80 | (c & 0x3f));
        }
    }
    out[n] = '\0';
}

// One more configuration, behind those that are there. The spans move with the memory.
static bool append(struct device *d, const uint8_t *bytes, size_t size)
{
    struct usb_device_info *info = &d->info;
    size_t there = 0;
    if (info->device_descriptor.data)
        there = info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count; i++)
        there += info->config[i].size;
    uint8_t *moved = realloc(d->descriptors, there + size);
    if (!moved)
        return false;
    memcpy(moved + there, bytes, size);
    d->descriptors = moved;
    uint8_t *at = moved;
    if (info->device_descriptor.data)
        info->device_descriptor.data = at;
    at += info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count; i++) {
        info->config[i].data = at;
        at += info->config[i].size;
    }
    return true;
}

static bool add_config(struct device *d, const uint8_t *bytes, size_t size)
{
    struct usb_device_info *info = &d->info;
    if (info->config_count >= USB_MAX_CONFIGS || !append(d, bytes, size))
        return false;
    uint8_t *at = d->descriptors + info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count; i++)
        at += info->config[i].size;
    info->config[info->config_count++] = (struct base_span){at, size};
    return true;
}

static bool add_active_config(struct device *d)
{
    const usb_config_desc_t *config = NULL;
    if (usb_host_get_active_config_descriptor(d->handle, &config) != ESP_OK || !config)
        return false;
    return add_config(d, (const uint8_t *)config, config->wTotalLength);
}

static uint8_t parent_address(const usb_device_info_t *info)
{
    usb_device_info_t parent = {0};
    if (info->parent.dev_hdl)
        (void)usb_host_device_info(info->parent.dev_hdl, &parent);
    return parent.dev_addr;
}

// What the library read during enumeration.
static bool read_cached(struct device *d)
{
    usb_device_info_t info;
    const usb_device_desc_t *descriptor = NULL;
    if (usb_host_device_info(d->handle, &info) != ESP_OK ||
        usb_host_get_device_descriptor(d->handle, &descriptor) != ESP_OK || !descriptor ||
        !append(d, (const uint8_t *)descriptor, USB_DT_DEVICE_SIZE))
        return false;
    d->info.device_descriptor = (struct base_span){d->descriptors, USB_DT_DEVICE_SIZE};
    d->info.speed = speed_of(info.speed);
    d->info.devnum = info.dev_addr;
    d->info.active_config = info.bConfigurationValue;
    d->configured = info.bConfigurationValue != 0;
    d->port = info.parent.port_num;
    d->parent_address = parent_address(&info);
    d->max_packet_size0 = info.bMaxPacketSize0 ? info.bMaxPacketSize0 : 64;
    take_string(d->info.manufacturer, info.str_desc_manufacturer);
    take_string(d->info.product, info.str_desc_product);
    take_string(d->info.serial, info.str_desc_serial_num);
    return true;
}

static bool is_hub(struct device *d)
{
    const usb_config_desc_t *config = NULL;
    struct usb_interface first[USB_MAX_INTERFACES];
    struct base_span s = {0};
    if (usb_host_get_active_config_descriptor(d->handle, &config) == ESP_OK && config)
        s = (struct base_span){(const uint8_t *)config, config->wTotalLength};
    if (usb_config_check(s) != BASE_OK)
        return false;
    unsigned n = usb_config_interfaces(s, first, USB_MAX_INTERFACES);
    for (unsigned i = 0; i < n; i++)
        if (first[i].bInterfaceClass == USB_CLASS_HUB)
            return true;
    return false;
}

// --- configurations that the library has not read -----------------------------------------------

static unsigned config_total(const struct device *d)
{
    unsigned n = d->info.device_descriptor.data[17]; // bNumConfigurations
    return n < USB_MAX_CONFIGS ? n : USB_MAX_CONFIGS;
}

static void ask_config(struct device *d, uint16_t length)
{
    struct usb_setup setup = {
        .bmRequestType = USB_DIR_IN,
        .bRequest = USB_REQ_GET_DESCRIPTOR,
        .wValue = (uint16_t)(USB_DT_CONFIG << 8 | d->fetching),
        .wLength = length,
    };
    device_request(d, setup, d->config);
}

// Decides about the configuration whose first bytes have come. True: the rest is being read.
static bool first_bytes(struct device *d)
{
    uint16_t total = (uint16_t)(d->config[2] | d->config[3] << 8);
    if (d->config[5] == d->info.active_config) { // the library has that one
        (void)add_active_config(d);
        return false;
    }
    if (total <= USB_DT_CONFIG_SIZE || total > DEVICE_CONFIG_BYTES)
        return false;
    ask_config(d, total);
    return true;
}

static bool all_bytes(const struct device *d)
{
    const struct device_request *r = &d->control.request;
    struct base_span s = {d->config, r->actual_length};
    return r->status == USB_STATUS_OK && usb_config_check(s) == BASE_OK;
}

static void fetch_over(struct device *d)
{
    bool active = false;
    for (unsigned i = 0; i < d->info.config_count; i++)
        active |= usb_config_value(d->info.config[i]) == d->info.active_config;
    if (!active)
        (void)add_active_config(d);
    free(d->config);
    d->config = NULL;
    d->fetched = true;
}

static void fetch_next(struct device *d)
{
    if (++d->fetching < config_total(d))
        ask_config(d, USB_DT_CONFIG_SIZE);
    else
        fetch_over(d);
}

static void fetch_begin(struct device *d)
{
    if (config_total(d) > 1)
        d->config = malloc(DEVICE_CONFIG_BYTES);
    if (d->config)
        ask_config(d, USB_DT_CONFIG_SIZE);
    else
        fetch_over(d);
}

static void fetch(struct device *d)
{
    const struct device_request *r = &d->control.request;
    uint64_t limit_us = d->since_us + DEVICE_FETCH_US;
    bool overdue = device_now_us(d->host) >= limit_us;
    if (!device_request_over(d)) {
        if (!overdue) {
            device_due(d->host, limit_us);
            return;
        }
        d->control.request = (struct device_request){.state = REQUEST_NONE};
        fetch_over(d); // shown with what is known; its answer finds nobody
        return;
    }
    bool first = r->setup.wLength == USB_DT_CONFIG_SIZE;
    if (first && r->status == USB_STATUS_OK && r->actual_length == USB_DT_CONFIG_SIZE &&
        first_bytes(d))
        return;
    if (!first && all_bytes(d))
        (void)add_config(d, d->config, r->actual_length);
    fetch_next(d);
}

// --- arrival ------------------------------------------------------------------------------------

static void give_up(struct device *d, const char *why)
{
    ESP_LOGE(tag, "device at address %u is not served: %s", d->address, why);
    if (d->control.own)
        device_control_destroy(d);
    (void)usb_host_device_close(d->host->client, d->handle);
    make_free(d);
}

static bool is_there(const struct device_usb_host *h, uint8_t address)
{
    for (unsigned i = 0; i < h->capacity; i++) {
        const struct device *d = &h->devices[i];
        if (d->address == address && d->life != DEVICE_FREE && d->life != DEVICE_LEFT)
            return true;
    }
    return false;
}

static bool is_refused(struct device_usb_host *h, uint8_t address, bool refused)
{
    uint32_t bit = 1u << address % 32, *bits = &h->refused[address / 32];
    bool before = (*bits & bit) != 0;
    *bits = refused ? *bits | bit : *bits & ~bit;
    return before;
}

void device_life_arrived(struct device_usb_host *h, uint8_t address)
{
    usb_device_handle_t handle;
    if (is_there(h, address))
        return; // the scan was faster
    if (usb_host_device_open(h->client, address, &handle) != ESP_OK)
        return; // gone already, or still being enumerated: then the scan finds it later
    struct device *d = device_take(h, DEVICE_ORDINARY);
    if (!d) {
        if (!is_refused(h, address, true))
            ESP_LOGW(tag, "device at address %u is not served: %u are there", address,
                     h->config.max_devices);
        (void)usb_host_device_close(h->client, handle);
        return;
    }
    (void)is_refused(h, address, false);
    d->address = address;
    d->handle = handle;
    if (!read_cached(d))
        give_up(d, "its descriptors cannot be read");
    else if (is_hub(d))
        device_hub_found(d);
    else if (!device_control_create(d))
        give_up(d, "no memory for transfers");
    else
        fetch_begin(d);
}

// --- the end ------------------------------------------------------------------------------------

static void pipes_end(struct device *d)
{
    for (unsigned i = 0; i < 32; i++) {
        struct device_pipe *p = d->pipe[i / 16][i % 16];
        if (!p)
            continue;
        p->paused = true;
        if (d->host->ending)
            device_pipe_halt(p);
        device_pipe_fail(p, USB_STATUS_SHUTDOWN);
    }
}

static bool pipes_busy(const struct device *d)
{
    for (unsigned i = 0; i < 32; i++)
        if (d->pipe[i / 16][i % 16] && d->pipe[i / 16][i % 16]->busy > 0)
            return true;
    return false;
}

void device_life_gone(struct device_usb_host *h, usb_device_handle_t handle)
{
    for (unsigned i = 0; i < h->capacity; i++)
        if (h->devices[i].handle == handle && h->devices[i].life != DEVICE_FREE)
            h->devices[i].gone = true;
}

// All URBs back, then UNPLUGGED. The library had given back all transfers before it told us.
void device_end(struct device *d)
{
    struct device_event ev = {.type = BACKEND_UNPLUGGED};
    bool known = d->life == DEVICE_KNOWN;
    d->change.kind = CHANGE_NONE;
    d->life = DEVICE_GONE;
    if (known)
        device_event(d, &ev);
    pthread_mutex_lock(&d->host->lock);
    d->wants_open = d->wants_close = d->wants_control = false;
    d->forgotten = !known;
    pthread_mutex_unlock(&d->host->lock);
}

static bool end_urbs(struct device *d)
{
    device_control_fail(d, USB_STATUS_SHUTDOWN);
    pipes_end(d);
    return !pipes_busy(d) && !d->control.busy;
}

static bool let_go(struct device *d)
{
    struct device_usb_host *h = d->host;
    uint64_t close_us = d->control.done_us ? d->control.done_us + DEVICE_CLOSE_US : 0;
    for (uint8_t i = 0; i < USB_MAX_INTERFACES; i++) {
        if (device_release(d, i, false) == BASE_OK)
            continue;
        device_due(h, device_now_us(h) + DEVICE_RETRY_US);
        return false;
    }
    // The library counts control transfers down after it has told us, and closing in between is
    // its end. With the daemon's priority above ours that cannot be; should somebody change it...
    if (!h->ending && close_us > device_now_us(h)) {
        device_due(h, close_us);
        return false;
    }
    if (d->control.own)
        device_control_destroy(d);
    (void)usb_host_device_close(h->client, d->handle);
    d->handle = NULL;
    return true;
}

// --- one round ----------------------------------------------------------------------------------

static bool run_pipes(struct device *d)
{
    bool any = false;
    for (unsigned i = 0; i < 32; i++)
        if (d->pipe[i / 16][i % 16])
            any |= device_pipe_run(d->pipe[i / 16][i % 16]);
    return any;
}

static bool run_new(struct device *d)
{
    if (!d->fetched)
        fetch(d);
    bool any = device_control_run(d);
    if (d->fetched && device_locate(d)) {
        device_known(d);
        return true;
    }
    return any;
}

static void run_gone(struct device *d)
{
    if (d->life != DEVICE_GONE) {
        if (!end_urbs(d))
            return;
        device_end(d);
    }
    if (!d->handle || let_go(d))
        d->life = DEVICE_LEFT;
}

bool device_life_run(struct device *d)
{
    if (d->hub) {
        bool any = device_hub_run(d);
        if (d->hub)
            return any;
    }
    if (d->gone && d->life != DEVICE_LEFT && d->life != DEVICE_FREE) {
        run_gone(d);
        return false;
    }
    switch (d->life) {
    case DEVICE_NEW:
        return d->kind == DEVICE_ORDINARY && run_new(d);
    case DEVICE_KNOWN: {
        bool any = device_change_run(d);
        any |= device_control_run(d);
        return run_pipes(d) || any;
    }
    case DEVICE_LEFT:
        if (device_forgotten(d))
            make_free(d);
        return false;
    default:
        return false;
    }
}
