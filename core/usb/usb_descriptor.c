// SPDX-License-Identifier: Apache-2.0
#include "usb/usb_descriptor.h"

#include <string.h>

struct usb_setup usb_setup_unpack(const uint8_t bytes[8])
{
    return (struct usb_setup){
        .bmRequestType = bytes[0],
        .bRequest = bytes[1],
        .wValue = base_get_le16(bytes + 2),
        .wIndex = base_get_le16(bytes + 4),
        .wLength = base_get_le16(bytes + 6),
    };
}

void usb_setup_pack(uint8_t bytes[8], const struct usb_setup *s)
{
    bytes[0] = s->bmRequestType;
    bytes[1] = s->bRequest;
    base_put_le16(bytes + 2, s->wValue);
    base_put_le16(bytes + 4, s->wIndex);
    base_put_le16(bytes + 6, s->wLength);
}

enum base_err usb_device_descriptor_unpack(struct usb_device_descriptor *d, struct base_span s)
{
    const uint8_t *p = s.data;
    if (s.size < USB_DT_DEVICE_SIZE || p[0] < USB_DT_DEVICE_SIZE || p[1] != USB_DT_DEVICE)
        return BASE_ERR_INVALID;
    *d = (struct usb_device_descriptor){
        .bcdUSB = base_get_le16(p + 2),
        .bDeviceClass = p[4],
        .bDeviceSubClass = p[5],
        .bDeviceProtocol = p[6],
        .bMaxPacketSize0 = p[7],
        .idVendor = base_get_le16(p + 8),
        .idProduct = base_get_le16(p + 10),
        .bcdDevice = base_get_le16(p + 12),
        .iManufacturer = p[14],
        .iProduct = p[15],
        .iSerialNumber = p[16],
        .bNumConfigurations = p[17],
    };
    return BASE_OK;
}

void usb_walk_begin(struct usb_walk *w, struct base_span config)
{
    *w = (struct usb_walk){.rest = config};
}

bool usb_walk_next(struct usb_walk *w)
{
    if (w->rest.size < 2 || w->rest.data[0] < 2 || w->rest.data[0] > w->rest.size)
        return false;
    w->descriptor = (struct base_span){w->rest.data, w->rest.data[0]};
    w->rest.data += w->descriptor.size;
    w->rest.size -= w->descriptor.size;

    const uint8_t *p = w->descriptor.data;
    if (p[1] == USB_DT_INTERFACE) {
        // One that cannot be used leaves the endpoints behind it without an interface.
        w->has_interface = w->descriptor.size >= USB_DT_INTERFACE_SIZE && p[2] < USB_MAX_INTERFACES;
        if (w->has_interface)
            w->interface = (struct usb_interface){p[2], p[3], p[4], p[5], p[6], p[7], p[8]};
    }
    return true;
}

bool usb_walk_interface(const struct usb_walk *w)
{
    return w->descriptor.data[1] == USB_DT_INTERFACE && w->has_interface;
}

bool usb_walk_endpoint(const struct usb_walk *w, struct usb_endpoint *ep)
{
    const uint8_t *p = w->descriptor.data;
    if (w->descriptor.size < USB_DT_ENDPOINT_SIZE || p[1] != USB_DT_ENDPOINT || !w->has_interface)
        return false;
    uint16_t size = base_get_le16(p + 4);
    if ((p[2] & 0x70) != 0 || (p[2] & 0x0f) == 0 || (size & 0x7ff) == 0 || (size >> 11 & 3) == 3)
        return false;
    *ep = (struct usb_endpoint){
        .address = p[2],
        .type = p[3] & 3,
        .max_packet_size = size & 0x7ff,
        .packets_per_interval = (uint8_t)(1 + (size >> 11 & 3)),
        .bInterval = p[6],
        .interface = w->interface.bInterfaceNumber,
    };
    return ep->type != USB_CONTROL;
}

enum base_err usb_config_check(struct base_span config)
{
    const uint8_t *p = config.data;
    if (config.size < USB_DT_CONFIG_SIZE || p[0] < USB_DT_CONFIG_SIZE || p[1] != USB_DT_CONFIG ||
        base_get_le16(p + 2) != config.size || p[5] == 0)
        return BASE_ERR_INVALID;
    return BASE_OK;
}

uint8_t usb_config_value(struct base_span config)
{
    return config.size >= USB_DT_CONFIG_SIZE ? config.data[5] : 0;
}

unsigned usb_config_interfaces(struct base_span config, struct usb_interface *out, unsigned max)
{
    unsigned n = 0;
    uint32_t seen = 0;
    struct usb_walk w;
    usb_walk_begin(&w, config);
    while (usb_walk_next(&w)) {
        if (!usb_walk_interface(&w) || (seen & 1u << w.interface.bInterfaceNumber) != 0)
            continue;
        seen |= 1u << w.interface.bInterfaceNumber;
        if (n < max)
            out[n] = w.interface;
        n++;
    }
    return n;
}

bool usb_config_has_alternate(struct base_span config, uint8_t interface, uint8_t alternate)
{
    struct usb_walk w;
    usb_walk_begin(&w, config);
    while (usb_walk_next(&w))
        if (w.descriptor.data[1] == USB_DT_INTERFACE && w.interface.bInterfaceNumber == interface &&
            w.interface.bAlternateSetting == alternate)
            return true;
    return false;
}

bool usb_config_find_endpoint(struct base_span config, uint8_t address, struct usb_endpoint *ep)
{
    struct usb_walk w;
    usb_walk_begin(&w, config);
    while (usb_walk_next(&w))
        if (usb_walk_endpoint(&w, ep) && ep->address == address)
            return true;
    return false;
}

void usb_endpoint_table_build(struct usb_endpoint_table *t, struct base_span config,
                              const uint8_t alternate[USB_MAX_INTERFACES],
                              uint16_t max_packet_size0)
{
    memset(t, 0, sizeof *t);
    for (unsigned dir = 0; dir < 2; dir++) {
        t->present[dir][0] = true;
        t->ep[dir][0] = (struct usb_endpoint){
            .address = dir ? USB_DIR_IN : 0,
            .type = USB_CONTROL,
            .max_packet_size = max_packet_size0,
            .packets_per_interval = 1,
        };
    }
    struct usb_walk w;
    struct usb_endpoint ep;
    usb_walk_begin(&w, config);
    while (usb_walk_next(&w)) {
        if (!usb_walk_endpoint(&w, &ep) || w.interface.bAlternateSetting != alternate[ep.interface])
            continue;
        unsigned dir = ep.address >> 7, number = ep.address & 0x0f;
        if (t->present[dir][number])
            continue;
        t->present[dir][number] = true;
        t->ep[dir][number] = ep;
    }
}
