// SPDX-License-Identifier: Apache-2.0
// GET_DESCRIPTOR to the device (USB 2.0 9.4.3).
#include "sim_engine.h"

#include <string.h>

enum {
    LANGID_ENGLISH_US = 0x0409,
    DEVICE_QUALIFIER_SIZE = 10,
    STRING_SIZE_MAX = 254, // bLength is one byte, a UTF-16 unit two
    FULL_SPEED_BULK_SIZE = 64,
    FULL_SPEED_INTERRUPT_SIZE = 64,
    FULL_SPEED_ISO_SIZE = 1023,
};

unsigned sim_descriptor_configs(const struct sim_descriptors *desc)
{
    unsigned n = desc->device[17];
    return n < USB_MAX_CONFIGS ? n : USB_MAX_CONFIGS;
}

struct base_span sim_descriptor_config(const struct sim_descriptors *desc, unsigned index)
{
    const uint8_t *p = desc->configs[index];
    size_t size = desc->config_sizes ? desc->config_sizes[index] : base_get_le16(p + 2);
    return (struct base_span){p, size};
}

const char *sim_descriptor_string(const struct sim_descriptors *desc, uint8_t index)
{
    if (!desc->strings || index == 0)
        return NULL;
    for (unsigned i = 0; desc->strings[i]; i++)
        if (i + 1 == index)
            return desc->strings[i];
    return NULL;
}

// Next code point of valid UTF-8; what is not valid counts byte by byte as U+FFFD.
static uint32_t utf8_next(const char **text)
{
    const uint8_t *p = (const uint8_t *)*text;
    unsigned more = p[0] >= 0xf0 ? 3 : p[0] >= 0xe0 ? 2 : p[0] >= 0xc0 ? 1 : 0;
    uint32_t c = more ? p[0] & 0x3fu >> more : p[0];
    for (unsigned i = 1; i <= more; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            *text += 1;
            return 0xfffd;
        }
        c = c << 6 | (p[i] & 0x3f);
    }
    *text += 1 + more;
    return (p[0] & 0xc0) == 0x80 ? 0xfffd : c;
}

static unsigned utf16_put(uint8_t *out, uint32_t c)
{
    if (c < 0x10000) {
        base_put_le16(out, (uint16_t)c);
        return 2;
    }
    c -= 0x10000;
    base_put_le16(out, (uint16_t)(0xd800 + (c >> 10 & 0x3ff)));
    base_put_le16(out + 2, (uint16_t)(0xdc00 + (c & 0x3ff)));
    return 4;
}

static int get_string(const struct sim_descriptors *desc, const struct usb_setup *s, uint8_t *data,
                      uint32_t len)
{
    static const uint8_t languages[] = {4, USB_DT_STRING, LANGID_ENGLISH_US & 0xff,
                                        LANGID_ENGLISH_US >> 8};
    uint8_t index = (uint8_t)s->wValue, string[STRING_SIZE_MAX + 2];
    if (index == 0 && desc->strings)
        return sim_answer(data, len, languages, sizeof languages);
    const char *text = sim_descriptor_string(desc, index);
    if (!text || s->wIndex != LANGID_ENGLISH_US)
        return SIM_STALL;
    unsigned size = 2;
    while (*text && size < STRING_SIZE_MAX) {
        unsigned more = utf16_put(string + size, utf8_next(&text));
        if (size + more > STRING_SIZE_MAX)
            break;
        size += more;
    }
    string[0] = (uint8_t)size;
    string[1] = USB_DT_STRING;
    return sim_answer(data, len, string, size);
}

static int get_qualifier(const struct sim_descriptors *desc, uint8_t *data, uint32_t len)
{
    const uint8_t *d = desc->device;
    const uint8_t qualifier[DEVICE_QUALIFIER_SIZE] = {
        DEVICE_QUALIFIER_SIZE, USB_DT_DEVICE_QUALIFIER, d[2], d[3], d[4], d[5], d[6], d[7], d[17]};
    return sim_answer(data, len, qualifier, sizeof qualifier);
}

// A high-speed exponent of 125 us becomes one of 1 ms, or a number of milliseconds for interrupt.
static uint8_t full_speed_interval(const struct usb_endpoint *ep)
{
    unsigned exponent = ep->bInterval > 3 ? ep->bInterval - 3u : 1;
    if (ep->type == USB_BULK)
        return 0;
    if (ep->type == USB_ISOCHRONOUS)
        return (uint8_t)exponent;
    return (uint8_t)(exponent > 8 ? 255 : 1u << (exponent - 1));
}

static uint16_t full_speed_size(const struct usb_endpoint *ep)
{
    uint16_t most = ep->type == USB_BULK          ? FULL_SPEED_BULK_SIZE
                    : ep->type == USB_ISOCHRONOUS ? FULL_SPEED_ISO_SIZE
                                                  : FULL_SPEED_INTERRUPT_SIZE;
    return ep->max_packet_size < most ? ep->max_packet_size : most;
}

static void put_byte(uint8_t *data, size_t size, size_t at, uint8_t value)
{
    if (at < size)
        data[at] = value;
}

// The configuration as the device would have it at full speed, cut to what the host asked for.
static int get_other_speed(struct base_span config, uint8_t *data, uint32_t len)
{
    size_t size = (size_t)sim_answer(data, len, config.data, config.size);
    struct usb_walk w;
    struct usb_endpoint ep;
    put_byte(data, size, 1, USB_DT_OTHER_SPEED_CONFIG);
    usb_walk_begin(&w, config, USB_SPEED_HIGH);
    while (usb_walk_next(&w)) {
        if (!usb_walk_endpoint(&w, &ep))
            continue;
        size_t at = (size_t)(w.descriptor.data - config.data);
        put_byte(data, size, at + 4, (uint8_t)full_speed_size(&ep));
        put_byte(data, size, at + 5, (uint8_t)(full_speed_size(&ep) >> 8));
        put_byte(data, size, at + 6, full_speed_interval(&ep));
    }
    return (int)size;
}

int sim_descriptor_get(const struct sim_device *d, const struct usb_setup *s, uint8_t *data,
                       uint32_t len)
{
    const struct sim_descriptors *desc = d->desc;
    uint8_t type = (uint8_t)(s->wValue >> 8), index = (uint8_t)s->wValue;
    bool other_speed = d->speed == USB_SPEED_HIGH;
    bool has_config = index < sim_descriptor_configs(desc);
    struct base_span config =
        has_config ? sim_descriptor_config(desc, index) : (struct base_span){0};
    switch (type) {
    case USB_DT_DEVICE:
        return sim_answer(data, len, desc->device, USB_DT_DEVICE_SIZE);
    case USB_DT_CONFIG:
        return has_config ? sim_answer(data, len, config.data, config.size) : SIM_STALL;
    case USB_DT_STRING:
        if (desc->raw_string.size > 0)
            return sim_answer(data, len, desc->raw_string.data, desc->raw_string.size);
        return get_string(desc, s, data, len);
    case USB_DT_DEVICE_QUALIFIER:
        return other_speed ? get_qualifier(desc, data, len) : SIM_STALL;
    case USB_DT_OTHER_SPEED_CONFIG:
        return other_speed && has_config ? get_other_speed(config, data, len) : SIM_STALL;
    case USB_DT_BOS:
        return desc->bos ? sim_answer(data, len, desc->bos, base_get_le16(desc->bos + 2))
                         : SIM_STALL;
    default:
        return SIM_STALL;
    }
}
