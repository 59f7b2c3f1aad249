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

static size_t string_bytes(const struct usb_device_info *info)
{
    return info->string_count * sizeof *info->strings;
}

static struct base_span copy_span(struct base_span from, uint8_t **at)
{
    struct base_span to = {*at, from.size};
    if (from.size > 0)
        memcpy(*at, from.data, from.size);
    *at += from.size;
    return to;
}

// The record, the strings and all descriptor bytes behind it are one piece of memory.
static struct registry_device *copy_device(struct registry *r, const struct usb_device_info *info)
{
    struct registry_device *d =
        base_alloc(r->alloc, sizeof *d + string_bytes(info) + descriptor_bytes(info));
    if (!d)
        return NULL;
    struct usb_string *strings = (struct usb_string *)(d + 1);
    uint8_t *at = (uint8_t *)(strings + info->string_count);
    d->info = *info;
    d->info.strings = strings;
    if (info->string_count > 0)
        memcpy(strings, info->strings, string_bytes(info));
    if (d->info.config_count > USB_MAX_CONFIGS)
        d->info.config_count = USB_MAX_CONFIGS;
    d->info.device_descriptor = copy_span(info->device_descriptor, &at);
    for (unsigned i = 0; i < d->info.config_count; i++)
        d->info.config[i] = copy_span(info->config[i], &at);
    return d;
}

// --- names ---------------------------------------------------------------------------------------

static void add_interface_classes(struct access_device *a, struct base_span config,
                                  enum usb_speed speed)
{
    struct usb_walk w;
    usb_walk_begin(&w, config, speed);
    while (usb_walk_next(&w))
        if (usb_walk_interface(&w))
            access_device_add_class(a, w.interface.bInterfaceClass);
}

// What of a device does not change as long as it is plugged in.
static void describe(struct registry_device *d)
{
    struct usb_device_descriptor desc = {0};
    struct access_device *a = &d->seen_as;
    (void)usb_device_descriptor_unpack(&desc, d->info.device_descriptor);
    a->busid = d->info.busid;
    a->alias = d->names.alias;
    a->serial = d->info.serial;
    a->labels = (const char(*)[ACCESS_NAME_SIZE])d->names.labels;
    a->id = (uint32_t)desc.idVendor << 16 | desc.idProduct;
    access_device_add_class(a, desc.bDeviceClass);
    for (unsigned i = 0; i < d->info.config_count; i++)
        add_interface_classes(a, d->info.config[i], d->info.speed);
}

enum registry_state registry_rest(const struct registry_device *d)
{
    enum usb_obstacle o = d->info.obstacle;
    if (d->info.is_hub)
        return REGISTRY_HUB;
    bool usable = o == USB_OBSTACLE_NONE || (usb_obstacle_is_use(o) && d->names.take_from_host);
    return usable && usb_device_check(&d->info) == BASE_OK ? REGISTRY_AVAILABLE : REGISTRY_REFUSED;
}

static void give_names(const struct registry *r, struct registry_device *d)
{
    static const struct access_names none = {.hidden = false};
    const struct access_naming *n =
        access_naming_find(r->namings, r->naming_count, d->info.busid, d->info.serial);
    d->names = n ? n->names : none;
    d->seen_as.label_count = d->names.label_count;
    if (d->state == REGISTRY_AVAILABLE || d->state == REGISTRY_REFUSED)
        d->state = registry_rest(d);
}

void registry_set_namings(struct registry *r, const struct access_naming *namings, unsigned count)
{
    r->namings = namings;
    r->naming_count = count;
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        give_names(r, d);
    }
}

const char *registry_name(const struct registry_device *d, enum registry_name kind)
{
    switch (kind) {
    case REGISTRY_BUSID:
        return d->info.busid;
    case REGISTRY_ALIAS:
        return d->names.alias;
    case REGISTRY_SERIAL:
        return d->info.serial;
    case REGISTRY_NAMES:
        break;
    }
    return "";
}

// With these names, which `seen_as` has.
static struct access_answer exports(const struct access_names *names,
                                    const struct access_device *seen_as,
                                    const struct access_list *access)
{
    if (names->hidden)
        return (struct access_answer){.reason = ACCESS_IS_NOT_EXPORTED};
    if (names->exported)
        return (struct access_answer){.yes = true, .reason = ACCESS_IS_EXPORTED};
    return access_exports(access, seen_as);
}

struct access_answer registry_exports(const struct registry_device *d,
                                      const struct access_list *access)
{
    return exports(&d->names, &d->seen_as, access);
}

struct access_answer registry_ask(const struct registry_device *d, const struct access_list *access,
                                  const struct access_identity *who)
{
    const struct access_answer a = registry_exports(d, access);
    return a.yes ? access_decide(access, who, &d->seen_as) : a;
}

struct access_answer registry_ask_for_all(const struct registry_device *d,
                                          const struct access_list *access)
{
    const struct access_answer a = registry_exports(d, access);
    return a.yes ? access_anybody(access, &d->seen_as) : a;
}

bool registry_leased_away(const struct registry_device *d, const struct access_identity *who)
{
    return d->leased_to && !(who->kind == ACCESS_IDENTITY_ADDRESS &&
                             base_block_contains(d->leased_to, &who->address));
}

struct access_answer registry_ask_named(const struct registry_device *d,
                                        const struct access_names *names,
                                        const struct access_list *access,
                                        const struct access_identity *who)
{
    struct access_device seen_as = d->seen_as;
    seen_as.alias = names->alias;
    seen_as.labels = (const char(*)[ACCESS_NAME_SIZE])names->labels;
    seen_as.label_count = names->label_count;
    const struct access_answer a = exports(names, &seen_as, access);
    return a.yes ? access_decide(access, who, &seen_as) : a;
}

// --- life ----------------------------------------------------------------------------------------

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
    describe(d);
    give_names(r, d);
    d->state = registry_rest(d);
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

struct registry_device *registry_find_named(struct registry *r, const char *name)
{
    struct registry_device *found = registry_find(r, name);
    if (found || !name[0])
        return found;
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        if (strcmp(d->names.alias, name) == 0)
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

static bool is_shown(const struct registry_device *d, const struct registry_audience *a)
{
    if (a->not_silent && d->state == REGISTRY_IN_USE && !a->in_use_too)
        return false;
    return registry_listed(d, a->in_use_too) && registry_ask(d, a->access, a->who).yes &&
           !registry_leased_away(d, a->who);
}

uint8_t *registry_devlist(struct registry *r, const struct registry_audience *a, size_t *size,
                          unsigned *devices)
{
    const size_t most = WIRE_DEVICE_SIZE + USB_MAX_INTERFACES * WIRE_INTERFACE_SIZE;
    uint8_t *bytes = base_alloc(r->alloc, 4 + r->count * most);
    if (!bytes)
        return NULL;
    *size = 4;
    *devices = 0;
    BASE_LIST_FOR_EACH (struct registry_device, d, &r->devices, link) {
        if (!is_shown(d, a))
            continue;
        *size += pack_entry(bytes + *size, d);
        ++*devices;
    }
    base_put_be32(bytes, *devices);
    return bytes;
}
