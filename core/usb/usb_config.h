// SPDX-License-Identifier: Apache-2.0
// A configuration's descriptors as Linux's USB core reads them, so that a client's view of a device
// and ours agree. The rules, with numbers, are docs/wire.md 11. Pure functions, any thread; nothing
// is believed beyond the bytes that are there.
#pragma once

#include "usb/usb_descriptor.h"

// A walk over the descriptors in one configuration's bytes. Start with usb_walk_begin(), then call
// usb_walk_next() until it returns false: at the end, or at a descriptor that does not fit.
struct usb_walk {
    struct base_span descriptor;    // current one, bLength bytes, at least 2
    struct usb_interface interface; // the interface descriptor seen last
    bool has_interface;             // it counts, and so do the endpoints behind it

    // The walk's own.
    struct base_span config, rest;
    enum usb_speed speed;
    struct usb_endpoint endpoint;
    bool has_endpoint;
    uint8_t index;      // of the interface, in order of appearance
    uint8_t interfaces; // seen: their numbers and how many settings count
    uint8_t number[USB_MAX_INTERFACES], settings[USB_MAX_INTERFACES];
    uint8_t owner[2][16]; // index + 1 of the interface that an endpoint belongs to
    uint32_t taken;       // endpoints of this setting: bit number, + 16 for IN
    uint8_t endpoints;    // of this setting
};

// `speed` is that at which the device runs: packet sizes and intervals depend on it.
void usb_walk_begin(struct usb_walk *w, struct base_span config, enum usb_speed speed);
bool usb_walk_next(struct usb_walk *w);

// True if the walk's current descriptor is an interface descriptor that counts (then w->interface
// is it).
bool usb_walk_interface(const struct usb_walk *w);

// True if the current descriptor is an endpoint that counts, of the current interface.
bool usb_walk_endpoint(const struct usb_walk *w, struct usb_endpoint *ep);

// BASE_ERR_INVALID unless `config` starts with a whole configuration descriptor: the device must be
// refused (ST_DEV_ERR). Oddities further in are tolerated: many devices that work have them.
enum base_err usb_config_check(struct base_span config);

// bConfigurationValue of checked bytes; 0 if `config` is empty (unconfigured).
uint8_t usb_config_value(struct base_span config);

// iConfiguration of checked bytes; 0: it has no name.
uint8_t usb_config_string(struct base_span config);

// One descriptor of each interface that counts, by order of appearance: that of setting 0, or, if
// it has none, the first. Returns how many there are (at most USB_MAX_INTERFACES); writes at most
// `max` of them to `out`.
unsigned usb_config_interfaces(struct base_span config, struct usb_interface *out, unsigned max);

// Where the interface of that number is in the order of appearance; -1 if it is not there.
int usb_config_interface_index(struct base_span config, uint8_t number);

// True if checked bytes have that interface with that alternate setting.
bool usb_config_has_alternate(struct base_span config, uint8_t interface, uint8_t alternate);

// The endpoint `address` as any alternate setting of checked bytes describes it (first match).
bool usb_config_find_endpoint(struct base_span config, enum usb_speed speed, uint8_t address,
                              struct usb_endpoint *ep);

// What endpoint descriptors call an endpoint, whether or not they count for us: other clients may
// read them otherwise. Bits are added: number, + 16 for IN.
struct usb_endpoint_names {
    uint32_t isochronous, other;
};
void usb_config_names(struct base_span config, struct usb_endpoint_names *names);

// The endpoints that exist now: those of the current alternate settings. Index 0 of both rows is
// the control endpoint.
struct usb_endpoint_table {
    struct usb_endpoint ep[2][16]; // [direction: 0 OUT, 1 IN][number]
    bool present[2][16];
};

// `alternate[i]` is the current setting of the i-th interface; if it has none of that number, its
// first counts. `config` checked, or empty for a device that is not configured (control endpoint
// only). `max_packet_size0` 8..512.
void usb_endpoint_table_build(struct usb_endpoint_table *t, struct base_span config,
                              enum usb_speed speed, const uint8_t alternate[USB_MAX_INTERFACES],
                              uint16_t max_packet_size0);
