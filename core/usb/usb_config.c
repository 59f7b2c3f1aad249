// SPDX-License-Identifier: Apache-2.0
#include "usb/usb_config.h"

#include <string.h>

// --- values that Linux mends (docs/wire.md 11.3) -------------------------------------------------

enum { MULTIPLIER_BITS = 0x1800 }; // of wMaxPacketSize: further packets per microframe

static bool is_periodic(uint8_t type)
{
    return type == USB_ISOCHRONOUS || type == USB_INTERRUPT;
}

static uint16_t largest_packet(uint8_t type, enum usb_speed speed)
{
    static const uint16_t low[4] = {[USB_CONTROL] = 8, [USB_INTERRUPT] = 8};
    static const uint16_t full[4] = {64, 1023, 64, 64}, high[4] = {64, 1024, 1024, 1024},
                          super[4] = {512, 1024, 1024, 1024};
    switch (speed) {
    case USB_SPEED_LOW:
        return low[type];
    case USB_SPEED_FULL:
        return full[type];
    case USB_SPEED_SUPER:
        return super[type];
    default:
        return high[type];
    }
}

static void mend_packet_size(struct usb_endpoint *ep, uint16_t raw, enum usb_speed speed)
{
    uint16_t most = largest_packet(ep->type, speed);
    if (speed == USB_SPEED_HIGH && is_periodic(ep->type)) {
        ep->packets_per_interval = (uint8_t)(1 + (raw >> 11 & 3));
        raw &= (uint16_t)~MULTIPLIER_BITS;
    }
    ep->max_packet_size = raw < most ? raw : most;
}

// Interrupt intervals above 16 at high speed are meant in frames.
static uint8_t exponent_of_frames(unsigned frames)
{
    unsigned n = 0;
    while (frames * 8 >> n)
        n++;
    return (uint8_t)(n ? n : 7);
}

static uint8_t mended_interval(const struct usb_endpoint *ep, uint8_t raw, enum usb_speed speed)
{
    bool exponent = raw >= 1 && raw <= 16;
    if (ep->type == USB_ISOCHRONOUS && !exponent)
        return speed == USB_SPEED_HIGH ? 7 : 4;
    if (ep->type != USB_INTERRUPT)
        return raw;
    if (speed < USB_SPEED_HIGH)
        return raw ? raw : 10;
    return exponent ? raw : exponent_of_frames(raw);
}

// Bursts are in the companion descriptor, which has to follow at once (USB 3.2 9.6.7).
static void add_bursts(struct usb_endpoint *ep, struct base_span behind)
{
    const uint8_t *p = behind.data;
    if (behind.size < USB_DT_SS_ENDPOINT_COMPANION_SIZE || p[1] != USB_DT_SS_ENDPOINT_COMPANION)
        return;
    unsigned bursts = 1 + (p[2] > 15 ? 15u : p[2]), mult = 1 + (p[3] & 3u);
    bool plus = (p[3] & 0x80) != 0; // a descriptor of super speed plus follows
    if (ep->type == USB_ISOCHRONOUS)
        bursts *= mult > 3 && !plus ? 3 : mult;
    if (is_periodic(ep->type))
        ep->packets_per_interval = (uint8_t)bursts;
}

static void decode_endpoint(struct usb_walk *w)
{
    const uint8_t *p = w->descriptor.data;
    struct usb_endpoint *ep = &w->endpoint;
    *ep = (struct usb_endpoint){
        .address = p[2] & (USB_DIR_IN | 0x0f),
        .type = p[3] & 3,
        .packets_per_interval = 1,
        .interface = w->interface.bInterfaceNumber,
    };
    ep->bInterval = mended_interval(ep, p[6], w->speed);
    if (w->speed == USB_SPEED_LOW && ep->type == USB_BULK) {
        ep->type = USB_INTERRUPT;
        ep->bInterval = 1;
    }
    mend_packet_size(ep, base_get_le16(p + 4), w->speed);
    if (w->speed == USB_SPEED_SUPER)
        add_bursts(ep, w->rest);
}

// --- what counts (docs/wire.md 11.2) -------------------------------------------------------------

// The next whole descriptor of `rest`; empty at the end.
static struct base_span take_descriptor(struct base_span *rest)
{
    struct base_span d = {0};
    if (rest->size < 2 || rest->data[0] < 2 || rest->data[0] > rest->size)
        return d;
    d = (struct base_span){rest->data, rest->data[0]};
    rest->data += d.size;
    rest->size -= d.size;
    return d;
}

static bool is_interface(struct base_span d)
{
    return d.size >= USB_DT_INTERFACE_SIZE && d.data[1] == USB_DT_INTERFACE;
}

// Was there this setting of this interface before the current descriptor?
static bool is_repeated(const struct usb_walk *w)
{
    const uint8_t *p = w->descriptor.data;
    struct base_span before = {w->config.data, (size_t)(p - w->config.data)}, d;
    while ((d = take_descriptor(&before)).size > 0)
        if (is_interface(d) && d.data[2] == p[2] && d.data[3] == p[3])
            return true;
    return false;
}

static bool find_number(struct usb_walk *w, uint8_t number)
{
    for (w->index = 0; w->index < w->interfaces; w->index++)
        if (w->number[w->index] == number)
            return true;
    if (w->interfaces == USB_MAX_INTERFACES)
        return false;
    w->number[w->interfaces++] = number;
    return true;
}

static void enter_interface(struct usb_walk *w)
{
    const uint8_t *p = w->descriptor.data;
    w->has_interface = is_interface(w->descriptor) && find_number(w, p[2]) &&
                       w->settings[w->index] < USB_MAX_SETTINGS && !is_repeated(w);
    if (!w->has_interface)
        return;
    w->settings[w->index]++;
    w->interface = (struct usb_interface){p[2], p[3], p[4], p[5], p[6], p[7], p[8]};
    w->endpoints = 0;
    w->taken = 0;
}

// Endpoints that the one takes for itself: a control endpoint has both directions.
static uint32_t bits_of(uint8_t address, uint8_t type)
{
    unsigned number = address & 0x0f;
    return type == USB_CONTROL ? 0x10001u << number : 1u << (number + (address >> 7) * 16u);
}

// In another interface, whatever its setting, or in this setting.
static bool is_claimed(const struct usb_walk *w, uint32_t bits)
{
    for (unsigned i = 0; i < 32; i++)
        if (bits & 1u << i && w->owner[i / 16][i % 16] != 0 &&
            (w->owner[i / 16][i % 16] != w->index + 1 || w->taken & 1u << i))
            return true;
    return false;
}

static void claim(struct usb_walk *w, uint32_t bits)
{
    w->taken |= bits;
    w->endpoints++;
    for (unsigned i = 0; i < 32; i++)
        if (bits & 1u << i)
            w->owner[i / 16][i % 16] = (uint8_t)(w->index + 1);
}

static void enter_endpoint(struct usb_walk *w)
{
    const uint8_t *p = w->descriptor.data;
    if (!w->has_interface || w->descriptor.size < USB_DT_ENDPOINT_SIZE || (p[2] & 0x0f) == 0 ||
        w->endpoints == w->interface.bNumEndpoints || w->endpoints == USB_MAX_ENDPOINTS)
        return;
    uint32_t bits = bits_of(p[2], p[3] & 3);
    if (is_claimed(w, bits))
        return;
    claim(w, bits);
    decode_endpoint(w);
    w->has_endpoint = true;
}

// Bytes behind what it says it has do not count.
static struct base_span without_excess(struct base_span config)
{
    size_t total = config.size >= 4 ? base_get_le16(config.data + 2) : 0;
    if (total < USB_DT_CONFIG_SIZE)
        total = USB_DT_CONFIG_SIZE;
    return (struct base_span){config.data, config.size < total ? config.size : total};
}

void usb_walk_begin(struct usb_walk *w, struct base_span config, enum usb_speed speed)
{
    *w = (struct usb_walk){.speed = speed};
    w->config = w->rest = without_excess(config);
}

bool usb_walk_next(struct usb_walk *w)
{
    w->descriptor = take_descriptor(&w->rest);
    w->has_endpoint = false;
    if (w->descriptor.size == 0)
        return false;
    if (w->descriptor.data[1] == USB_DT_INTERFACE)
        enter_interface(w);
    else if (w->descriptor.data[1] == USB_DT_ENDPOINT)
        enter_endpoint(w);
    return true;
}

bool usb_walk_interface(const struct usb_walk *w)
{
    return w->descriptor.data[1] == USB_DT_INTERFACE && w->has_interface;
}

bool usb_walk_endpoint(const struct usb_walk *w, struct usb_endpoint *ep)
{
    if (w->has_endpoint)
        *ep = w->endpoint;
    return w->has_endpoint;
}

// --- questions -----------------------------------------------------------------------------------

enum base_err usb_config_check(struct base_span config)
{
    const uint8_t *p = config.data;
    if (config.size < USB_DT_CONFIG_SIZE || p[0] < USB_DT_CONFIG_SIZE || p[1] != USB_DT_CONFIG ||
        p[0] > without_excess(config).size)
        return BASE_ERR_INVALID;
    return BASE_OK;
}

uint8_t usb_config_value(struct base_span config)
{
    return config.size >= USB_DT_CONFIG_SIZE ? config.data[5] : 0;
}

uint8_t usb_config_string(struct base_span config)
{
    return config.size ? config.data[6] : 0;
}

unsigned usb_config_interfaces(struct base_span config, struct usb_interface *out, unsigned max)
{
    struct usb_walk w;
    usb_walk_begin(&w, config, USB_SPEED_UNKNOWN);
    while (usb_walk_next(&w))
        if (usb_walk_interface(&w) && w.index < max &&
            (w.settings[w.index] == 1 || w.interface.bAlternateSetting == 0))
            out[w.index] = w.interface;
    return w.interfaces;
}

int usb_config_interface_index(struct base_span config, uint8_t number)
{
    struct usb_walk w;
    usb_walk_begin(&w, config, USB_SPEED_UNKNOWN);
    while (usb_walk_next(&w))
        if (usb_walk_interface(&w) && w.interface.bInterfaceNumber == number)
            return w.index;
    return -1;
}

bool usb_config_has_alternate(struct base_span config, uint8_t interface, uint8_t alternate)
{
    struct usb_walk w;
    usb_walk_begin(&w, config, USB_SPEED_UNKNOWN);
    while (usb_walk_next(&w))
        if (usb_walk_interface(&w) && w.interface.bInterfaceNumber == interface &&
            w.interface.bAlternateSetting == alternate)
            return true;
    return false;
}

bool usb_config_find_endpoint(struct base_span config, enum usb_speed speed, uint8_t address,
                              struct usb_endpoint *ep)
{
    struct usb_walk w;
    usb_walk_begin(&w, config, speed);
    while (usb_walk_next(&w))
        if (usb_walk_endpoint(&w, ep) && ep->address == address)
            return true;
    return false;
}

void usb_config_names(struct base_span config, struct usb_endpoint_names *names)
{
    struct base_span rest = config, d;
    while ((d = take_descriptor(&rest)).size > 0) {
        if (d.size < USB_DT_ENDPOINT_SIZE || d.data[1] != USB_DT_ENDPOINT)
            continue;
        uint8_t type = d.data[3] & 3;
        uint32_t bits = bits_of(d.data[2], type);
        if (type == USB_ISOCHRONOUS)
            names->isochronous |= bits;
        else
            names->other |= bits;
    }
}

// --- the endpoints that exist now ----------------------------------------------------------------

static void add_control(struct usb_endpoint_table *t, uint16_t max_packet_size0)
{
    for (unsigned dir = 0; dir < 2; dir++) {
        t->present[dir][0] = true;
        t->ep[dir][0] = (struct usb_endpoint){
            .address = dir ? USB_DIR_IN : 0,
            .type = USB_CONTROL,
            .max_packet_size = max_packet_size0,
            .packets_per_interval = 1,
        };
    }
}

static void add_endpoint(struct usb_endpoint_table *t, const struct usb_endpoint *ep)
{
    uint32_t bits = bits_of(ep->address, ep->type);
    for (unsigned i = 0; i < 32; i++)
        if (bits & 1u << i) {
            t->present[i / 16][i % 16] = true;
            t->ep[i / 16][i % 16] = *ep;
            t->ep[i / 16][i % 16].address = (uint8_t)(i / 16 << 7 | i % 16);
        }
}

void usb_endpoint_table_build(struct usb_endpoint_table *t, struct base_span config,
                              enum usb_speed speed, const uint8_t alternate[USB_MAX_INTERFACES],
                              uint16_t max_packet_size0)
{
    uint8_t current[USB_MAX_INTERFACES];
    struct usb_walk w;
    struct usb_endpoint ep;
    memset(t, 0, sizeof *t);
    add_control(t, max_packet_size0);
    usb_walk_begin(&w, config, speed);
    while (usb_walk_next(&w)) {
        if (usb_walk_interface(&w) && w.settings[w.index] == 1) // its first
            current[w.index] =
                usb_config_has_alternate(config, w.interface.bInterfaceNumber, alternate[w.index])
                    ? alternate[w.index]
                    : w.interface.bAlternateSetting;
        if (usb_walk_endpoint(&w, &ep) && w.interface.bAlternateSetting == current[w.index])
            add_endpoint(t, &ep);
    }
}
