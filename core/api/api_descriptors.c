// SPDX-License-Identifier: Apache-2.0
#include "api/api_descriptors.h"
#include "api/api_class.h"
#include "api/api_endpoints.h"

#include "base/base_text.h"

enum {
    ATTRIBUTES = 7, // of a configuration descriptor, and what is in it
    SELF_POWERED = 0x40,
    REMOTE_WAKEUP = 0x20,
    MAX_POWER = 8, // units of 2 mA, at super speed of 8
    HEX_PIECE = 64,
    SUPER_PACKET_SIZE_0 = 512,
};

static void add_hex(struct api_json *j, const char *name, struct base_span bytes)
{
    char hex[2 * HEX_PIECE + 1];
    api_json_text_begin(j, name);
    for (size_t at = 0; at < bytes.size; at += HEX_PIECE) {
        struct base_text t;
        base_text_init(&t, hex, sizeof hex);
        for (size_t i = at; i < bytes.size && i < at + HEX_PIECE; i++)
            base_text_hex(&t, bytes.data[i], 2);
        api_json_text_add(j, hex, t.length);
    }
    api_json_text_end(j);
}

// "2.00"
static void add_bcd(struct api_json *j, const char *name, uint16_t bcd)
{
    char text[8];
    struct base_text t;
    base_text_init(&t, text, sizeof text);
    base_text_hex(&t, bcd >> 8, bcd >> 12 ? 2 : 1);
    base_text_char(&t, '.');
    base_text_hex(&t, bcd & 0xff, 2);
    api_json_text(j, name, text);
}

static void add_endpoint(struct api_json *j, const struct usb_endpoint *ep)
{
    api_json_object(j, NULL);
    api_json_hex(j, "address", ep->address, 2);
    api_json_text(j, "direction", ep->address & USB_DIR_IN ? "in" : "out");
    api_json_text(j, "type", api_endpoint_type(ep->type));
    api_json_number(j, "max_packet_size", ep->max_packet_size);
    api_json_number(j, "packets_per_microframe", ep->packets_per_interval);
    api_json_number(j, "interval", ep->bInterval);
    api_json_object_end(j);
}

static bool same_setting(const struct usb_interface *a, const struct usb_interface *b)
{
    return a->bInterfaceNumber == b->bInterfaceNumber &&
           a->bAlternateSetting == b->bAlternateSetting;
}

// The string of that index, as far as the port knows it.
static void add_name(struct api_json *j, const struct usb_device_info *info, uint8_t index)
{
    const char *name = usb_device_string(info, index);
    api_json_text(j, "name", name && name[0] ? name : NULL);
}

static void add_alternate(struct api_json *j, const struct usb_device_info *info,
                          struct base_span config, const struct usb_interface *i)
{
    struct usb_walk w;
    struct usb_endpoint ep;
    api_json_object(j, NULL);
    api_json_number(j, "alternate", i->bAlternateSetting);
    api_class(j, i->bInterfaceClass, i->bInterfaceSubClass, i->bInterfaceProtocol);
    add_name(j, info, i->iInterface);
    api_json_array(j, "endpoints");
    usb_walk_begin(&w, config, info->speed);
    while (usb_walk_next(&w))
        if (usb_walk_endpoint(&w, &ep) && same_setting(&w.interface, i))
            add_endpoint(j, &ep);
    api_json_array_end(j);
    api_json_object_end(j);
}

static void add_interface(struct api_json *j, const struct usb_device_info *info,
                          struct base_span config, uint8_t number)
{
    struct usb_walk w;
    api_json_object(j, NULL);
    api_json_number(j, "number", number);
    api_json_array(j, "alternates");
    usb_walk_begin(&w, config, info->speed);
    while (usb_walk_next(&w))
        if (usb_walk_interface(&w) && w.interface.bInterfaceNumber == number)
            add_alternate(j, info, config, &w.interface);
    api_json_array_end(j);
    api_json_object_end(j);
}

static void add_config(struct api_json *j, const struct usb_device_info *info,
                       struct base_span config, uint8_t active)
{
    struct usb_interface list[USB_MAX_INTERFACES];
    bool whole = usb_config_check(config) == BASE_OK;
    unsigned unit = info->speed >= USB_SPEED_SUPER ? 8 : 2;
    unsigned n = whole ? usb_config_interfaces(config, list, USB_MAX_INTERFACES) : 0;
    api_json_object(j, NULL);
    api_json_number(j, "value", whole ? usb_config_value(config) : API_JSON_UNKNOWN);
    api_json_bool(j, "active", whole && usb_config_value(config) == active);
    add_name(j, info, whole ? usb_config_string(config) : 0);
    api_json_number(j, "max_power_ma", whole ? config.data[MAX_POWER] * unit : API_JSON_UNKNOWN);
    api_json_bool(j, "self_powered", whole && config.data[ATTRIBUTES] & SELF_POWERED);
    api_json_bool(j, "remote_wakeup", whole && config.data[ATTRIBUTES] & REMOTE_WAKEUP);
    add_hex(j, "hex", config);
    api_json_array(j, "interfaces");
    for (unsigned i = 0; i < n; i++)
        add_interface(j, info, config, list[i].bInterfaceNumber);
    api_json_array_end(j);
    api_json_object_end(j);
}

static uint64_t packet_size_0(const struct usb_device_info *info,
                              const struct usb_device_descriptor *d)
{
    return info->speed >= USB_SPEED_SUPER ? SUPER_PACKET_SIZE_0 : d->bMaxPacketSize0;
}

static void add_device(struct api_json *j, const struct usb_device_info *info)
{
    struct usb_device_descriptor d;
    if (usb_device_descriptor_unpack(&d, info->device_descriptor) == BASE_OK) {
        add_bcd(j, "usb", d.bcdUSB);
        add_bcd(j, "release", d.bcdDevice);
        api_json_number(j, "max_packet_size_0", packet_size_0(info, &d));
    } else {
        api_json_null(j, "usb");
        api_json_null(j, "release");
        api_json_null(j, "max_packet_size_0");
    }
    add_hex(j, "device_hex", info->device_descriptor);
}

// The configuration that the client has chosen, if somebody has the device.
static uint8_t active_config(const struct registry_device *d)
{
    const struct session *s = d->usage ? d->usage->session : NULL;
    return s ? session_active_config(s) : d->info.active_config;
}

void api_descriptors(struct api_json *j, const struct registry_device *d)
{
    api_json_object(j, "descriptors");
    add_device(j, &d->info);
    api_json_array(j, "configurations");
    for (unsigned i = 0; i < d->info.config_count; i++)
        add_config(j, &d->info, d->info.config[i], active_config(d));
    api_json_array_end(j);
    api_json_object_end(j);
}
