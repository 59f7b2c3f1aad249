// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include "wire/wire_op.h"

#include <string.h>

void registry_init(struct registry *r, const struct base_alloc *alloc, unsigned max_devices)
{
    *r = (struct registry){.alloc = alloc, .max = max_devices};
    base_list_init(&r->devices);
}

void registry_clear(struct registry *r)
{
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        registry_remove(r, d);
    }
}

static size_t descriptor_bytes(const struct usb_device_info *info)
{
    size_t n = info->device_descriptor.size;
    for (unsigned i = 0; i < info->config_count && i < USB_MAX_CONFIGS; i++)
        n += info->config[i].size;
    return n;
}

static struct base_span copy_span(struct base_span from, uint8_t **at)
{
    struct base_span to = {*at, from.size};
    if (from.size > 0)
        memcpy(*at, from.data, from.size);
    *at += from.size;
    return to;
}

// The record and all descriptor bytes behind it are one piece of memory.
static struct registry_device *copy_device(struct registry *r, const struct usb_device_info *info)
{
    struct registry_device *d = base_alloc(r->alloc, sizeof *d + descriptor_bytes(info));
    if (!d)
        return NULL;
    uint8_t *at = (uint8_t *)(d + 1);
    d->info = *info;
    if (d->info.config_count > USB_MAX_CONFIGS)
        d->info.config_count = USB_MAX_CONFIGS;
    d->info.device_descriptor = copy_span(info->device_descriptor, &at);
    for (unsigned i = 0; i < d->info.config_count; i++)
        d->info.config[i] = copy_span(info->config[i], &at);
    return d;
}

enum base_err registry_add(struct registry *r, const struct usb_device_info *info,
                           struct usbip_backend *backend, void *backend_device, uint64_t now_us,
                           struct registry_device **out)
{
    if (registry_find(r, info->busid))
        return BASE_ERR_BUSY;
    if (r->count == r->max)
        return BASE_ERR_LIMIT;
    struct registry_device *d = copy_device(r, info);
    if (!d)
        return BASE_ERR_NOMEM;
    d->backend = backend;
    d->backend_device = backend_device;
    d->plugged_us = now_us;
    if (info->is_hub)
        d->state = REGISTRY_HUB;
    else if (info->obstacle == USB_OBSTACLE_NONE && usb_device_check(&d->info) == BASE_OK)
        d->state = REGISTRY_AVAILABLE;
    else
        d->state = REGISTRY_REFUSED;
    base_list_append(&r->devices, &d->link);
    r->count++;
    *out = d;
    return BASE_OK;
}

void registry_remove(struct registry *r, struct registry_device *d)
{
    base_list_remove(&d->link);
    r->count--;
    base_free(r->alloc, d);
}

struct registry_device *registry_find(struct registry *r, const char *busid)
{
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        if (strcmp(d->info.busid, busid) == 0)
            return d;
    }
    return NULL;
}

struct registry_device *registry_find_backend(struct registry *r, struct usbip_backend *backend,
                                              void *backend_device)
{
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        if (d->backend == backend && d->backend_device == backend_device)
            return d;
    }
    return NULL;
}

bool registry_listed(const struct registry_device *d, bool in_use_too)
{
    switch (d->state) {
    case REGISTRY_AVAILABLE:
    case REGISTRY_CLEANING: // free in a moment; an import waits for it
        return true;
    case REGISTRY_OPENING:
        return in_use_too;
    case REGISTRY_IN_USE: // an import may get it if the peer is dead
        return in_use_too || d->silent;
    case REGISTRY_REFUSED:
    case REGISTRY_HUB:
        return false;
    }
    return false;
}

static unsigned interfaces_of(const struct registry_device *d, struct usb_interface *out)
{
    struct base_span config = usb_device_config(&d->info, d->info.active_config);
    return usb_config_interfaces(config, out, USB_MAX_INTERFACES);
}

static size_t pack_entry(uint8_t *at, const struct registry_device *d)
{
    struct usb_interface interfaces[USB_MAX_INTERFACES];
    unsigned n = interfaces_of(d, interfaces);
    wire_device_pack(at, &d->info, (uint8_t)n);
    for (unsigned i = 0; i < n; i++)
        wire_interface_pack(at + WIRE_DEVICE_SIZE + (size_t)i * WIRE_INTERFACE_SIZE,
                            &interfaces[i]);
    return WIRE_DEVICE_SIZE + (size_t)n * WIRE_INTERFACE_SIZE;
}

uint8_t *registry_devlist(struct registry *r, bool in_use_too, size_t *size, unsigned *devices)
{
    const size_t most = WIRE_DEVICE_SIZE + USB_MAX_INTERFACES * WIRE_INTERFACE_SIZE;
    uint8_t *bytes = base_alloc(r->alloc, 4 + r->count * most);
    if (!bytes)
        return NULL;
    *size = 4;
    *devices = 0;
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        if (!registry_listed(d, in_use_too))
            continue;
        *size += pack_entry(bytes + *size, d);
        ++*devices;
    }
    base_put_be32(bytes, *devices);
    return bytes;
}
