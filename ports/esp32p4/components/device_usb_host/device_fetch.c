// SPDX-License-Identifier: Apache-2.0
// What a device says about itself: the library has read it during enumeration, but for further
// configurations, which are asked for before the device is announced. Then it gets the one that
// Linux would choose; the library's filter, which is to choose, sees none of them. Client task.
#include "device_choice.h"
#include "device_parts.h"

#include <stdlib.h>
#include <string.h>

// --- what the library has -----------------------------------------------------------------------

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
static void copy_string(char out[USB_NAME_SIZE], const usb_str_desc_t *s)
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
static bool append_bytes(struct device *d, const uint8_t *bytes, size_t size)
{
    struct usb_device_info *info = &d->info;
    size_t there = 0;
    if (info->device_descriptor.data)
        there = info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count; i++)
        there += info->config[i].size;
    uint8_t *moved = realloc(d->fetch.descriptors, there + size);
    if (!moved)
        return false;
    memcpy(moved + there, bytes, size);
    d->fetch.descriptors = moved;
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
    if (info->config_count >= USB_MAX_CONFIGS || !append_bytes(d, bytes, size))
        return false;
    uint8_t *at = d->fetch.descriptors + info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count; i++)
        at += info->config[i].size;
    info->config[info->config_count++] = (struct base_span){at, size};
    return true;
}

bool device_fetch_active(struct device *d)
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
bool device_fetch_cached(struct device *d)
{
    usb_device_info_t info;
    const usb_device_desc_t *descriptor = NULL;
    if (usb_host_device_info(d->handle, &info) != ESP_OK ||
        usb_host_get_device_descriptor(d->handle, &descriptor) != ESP_OK || !descriptor ||
        !append_bytes(d, (const uint8_t *)descriptor, USB_DT_DEVICE_SIZE))
        return false;
    d->info.device_descriptor = (struct base_span){d->fetch.descriptors, USB_DT_DEVICE_SIZE};
    d->info.speed = speed_of(info.speed);
    d->info.devnum = info.dev_addr;
    d->info.active_config = info.bConfigurationValue;
    d->setting.config = info.bConfigurationValue;
    d->place.port = info.parent.port_num;
    d->place.parent_address = parent_address(&info);
    d->max_packet_size0 = info.bMaxPacketSize0 ? info.bMaxPacketSize0 : 64;
    copy_string(d->info.manufacturer, info.str_desc_manufacturer);
    copy_string(d->info.product, info.str_desc_product);
    copy_string(d->info.serial, info.str_desc_serial_num);
    return true;
}

bool device_fetch_shows_hub(struct device *d)
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

static unsigned config_count(const struct device *d)
{
    unsigned n = d->info.device_descriptor.data[17]; // bNumConfigurations
    return n < USB_MAX_CONFIGS ? n : USB_MAX_CONFIGS;
}

static void request_config(struct device *d, uint16_t length)
{
    struct usb_setup setup = {
        .bmRequestType = USB_DIR_IN,
        .bRequest = USB_REQ_GET_DESCRIPTOR,
        .wValue = (uint16_t)(USB_DT_CONFIG << 8 | d->fetch.index),
        .wLength = length,
    };
    device_request(d, setup, d->fetch.config);
}

// Decides about the configuration whose first bytes have come. True: the rest is being read.
static bool request_rest(struct device *d)
{
    uint16_t total = (uint16_t)(d->fetch.config[2] | d->fetch.config[3] << 8);
    if (d->fetch.config[5] == d->info.active_config) { // the library has that one
        (void)device_fetch_active(d);
        return false;
    }
    if (total <= USB_DT_CONFIG_SIZE || total > DEVICE_CONFIG_BYTES)
        return false;
    request_config(d, total);
    return true;
}

static bool is_whole(const struct device *d)
{
    const struct device_request *r = &d->control.request;
    struct base_span s = {d->fetch.config, r->actual_length};
    return r->status == USB_STATUS_OK && usb_config_check(s) == BASE_OK;
}

// Not at all if it has that one already.
static bool request_choice(struct device *d)
{
    const struct usb_setup setup = {.bRequest = USB_REQ_SET_CONFIGURATION,
                                    .wValue = device_choice(&d->info)};
    if (setup.wValue == 0 || setup.wValue == d->info.active_config)
        return false;
    device_request(d, setup, NULL);
    return true;
}

static void finish_fetch(struct device *d, bool answers)
{
    bool active = false;
    for (unsigned i = 0; i < d->info.config_count; i++)
        active |= usb_config_value(d->info.config[i]) == d->info.active_config;
    if (!active)
        (void)device_fetch_active(d);
    free(d->fetch.config);
    d->fetch.config = NULL;
    d->fetch.done = !answers || !request_choice(d);
}

// A device that does not want to stays as it was enumerated.
static void finish_choice(struct device *d)
{
    const struct device_request *r = &d->control.request;
    if (r->status == USB_STATUS_OK)
        d->info.active_config = d->setting.config = (uint8_t)r->setup.wValue;
    d->fetch.done = true;
}

static void fetch_next(struct device *d)
{
    if (++d->fetch.index < config_count(d))
        request_config(d, USB_DT_CONFIG_SIZE);
    else
        finish_fetch(d, true);
}

void device_fetch_begin(struct device *d)
{
    if (config_count(d) > 1)
        d->fetch.config = malloc(DEVICE_CONFIG_BYTES);
    if (d->fetch.config)
        request_config(d, USB_DT_CONFIG_SIZE);
    else
        finish_fetch(d, true);
}

void device_fetch_run(struct device *d)
{
    const struct device_request *r = &d->control.request;
    uint64_t limit_us = d->since_us + DEVICE_FETCH_US;
    bool overdue = device_now_us(d->host) >= limit_us;
    if (!device_request_take(d)) {
        if (!overdue) {
            device_due(d->host, limit_us);
            return;
        }
        d->setting.unsure = r->setup.bRequest == USB_REQ_SET_CONFIGURATION;
        d->control.request = (struct device_request){.state = REQUEST_NONE};
        finish_fetch(d, false); // shown with what is known; its answer finds nobody
        return;
    }
    if (r->setup.bRequest == USB_REQ_SET_CONFIGURATION) {
        finish_choice(d);
        return;
    }
    bool first = r->setup.wLength == USB_DT_CONFIG_SIZE;
    if (first && r->status == USB_STATUS_OK && r->actual_length == USB_DT_CONFIG_SIZE &&
        request_rest(d))
        return;
    if (!first && is_whole(d))
        (void)add_config(d, d->fetch.config, r->actual_length);
    fetch_next(d);
}
