// SPDX-License-Identifier: Apache-2.0
// USB descriptors: bounds-checked reading of what a device says about itself (USB 2.0 chapter 9).
// Nothing here trusts a length that the device sent. Pure functions, any thread.
#pragma once

#include "base/base_bytes.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stdint.h>

// Descriptor types, USB 2.0 table 9-5.
enum usb_descriptor_type {
    USB_DT_DEVICE = 1,
    USB_DT_CONFIG = 2,
    USB_DT_STRING = 3,
    USB_DT_INTERFACE = 4,
    USB_DT_ENDPOINT = 5,
    USB_DT_DEVICE_QUALIFIER = 6,
    USB_DT_OTHER_SPEED_CONFIG = 7,
    USB_DT_BOS = 15,
};

enum usb_descriptor_size {
    USB_DT_DEVICE_SIZE = 18,
    USB_DT_CONFIG_SIZE = 9,
    USB_DT_INTERFACE_SIZE = 9,
    USB_DT_ENDPOINT_SIZE = 7,
};

// Standard requests, USB 2.0 table 9-4.
enum usb_request {
    USB_REQ_GET_STATUS = 0,
    USB_REQ_CLEAR_FEATURE = 1,
    USB_REQ_SET_FEATURE = 3,
    USB_REQ_SET_ADDRESS = 5,
    USB_REQ_GET_DESCRIPTOR = 6,
    USB_REQ_SET_DESCRIPTOR = 7,
    USB_REQ_GET_CONFIGURATION = 8,
    USB_REQ_SET_CONFIGURATION = 9,
    USB_REQ_GET_INTERFACE = 10,
    USB_REQ_SET_INTERFACE = 11,
    USB_REQ_SYNCH_FRAME = 12,
};

enum usb_class {
    USB_CLASS_AUDIO = 1,
    USB_CLASS_COMM = 2,
    USB_CLASS_HID = 3,
    USB_CLASS_MASS_STORAGE = 8,
    USB_CLASS_HUB = 9,
    USB_CLASS_CDC_DATA = 10,
    USB_CLASS_VENDOR = 0xff,
};

enum {
    USB_DIR_IN = 0x80,             // bit 7 of bmRequestType and bEndpointAddress
    USB_FEATURE_ENDPOINT_HALT = 0, // wValue of CLEAR_FEATURE / SET_FEATURE to an endpoint
    USB_FEATURE_PORT_RESET = 4,    // hub class feature, USB 2.0 table 11-17
    USB_MAX_INTERFACES = 32,       // most interfaces per configuration that we accept
    USB_MAX_CONFIGS = 8,           // most configurations that we look at
};

enum usb_transfer_type {
    USB_CONTROL = 0,
    USB_ISOCHRONOUS = 1,
    USB_BULK = 2,
    USB_INTERRUPT = 3,
};

// The speed at which a device runs, in the numbers of the wire (docs/wire.md 1.6).
enum usb_speed {
    USB_SPEED_UNKNOWN = 0,
    USB_SPEED_LOW = 1,
    USB_SPEED_FULL = 2,
    USB_SPEED_HIGH = 3,
    USB_SPEED_SUPER = 5,
};

// The 8 bytes of a setup packet, decoded (USB 2.0 table 9-2). Lengths in bytes.
struct usb_setup {
    uint8_t bmRequestType;
    uint8_t bRequest;
    uint16_t wValue;
    uint16_t wIndex;
    uint16_t wLength;
};

struct usb_setup usb_setup_unpack(const uint8_t bytes[8]);
void usb_setup_pack(uint8_t bytes[8], const struct usb_setup *s);

struct usb_device_descriptor {
    uint16_t bcdUSB;
    uint8_t bDeviceClass, bDeviceSubClass, bDeviceProtocol, bMaxPacketSize0;
    uint16_t idVendor, idProduct, bcdDevice;
    uint8_t iManufacturer, iProduct, iSerialNumber, bNumConfigurations;
};

// BASE_ERR_INVALID unless `s` starts with a whole device descriptor.
enum base_err usb_device_descriptor_unpack(struct usb_device_descriptor *d, struct base_span s);

// One interface descriptor; alternate settings are separate descriptors of the same number.
struct usb_interface {
    uint8_t bInterfaceNumber, bAlternateSetting, bNumEndpoints;
    uint8_t bInterfaceClass, bInterfaceSubClass, bInterfaceProtocol, iInterface;
};

struct usb_endpoint {
    uint8_t address;              // bit 7: IN; bits 0..3: number 1..15 (0 for the control endpoint)
    uint8_t type;                 // enum usb_transfer_type
    uint16_t max_packet_size;     // bytes per packet, without the high-bandwidth bits
    uint8_t packets_per_interval; // 1..3 (high-bandwidth isochronous and interrupt, USB 2.0 9.6.6)
    uint8_t bInterval;            // raw
    uint8_t interface;            // bInterfaceNumber it belongs to
};

// A walk over the descriptors in one configuration's bytes. Start with usb_walk_begin(), then call
// usb_walk_next() until it returns false. As Linux does (drivers/usb/core/config.c), what cannot be
// used is skipped: the walk stops at a descriptor that does not fit, interface numbers from
// USB_MAX_INTERFACES on and endpoints without a packet size do not count.
struct usb_walk {
    struct base_span rest;
    struct base_span descriptor;    // current one, bLength bytes, at least 2
    struct usb_interface interface; // the interface descriptor seen last
    bool has_interface;
};

void usb_walk_begin(struct usb_walk *w, struct base_span config);
bool usb_walk_next(struct usb_walk *w);

// True if the walk's current descriptor is a usable interface descriptor (then w->interface is it).
bool usb_walk_interface(const struct usb_walk *w);

// Decodes the walk's current descriptor as an endpoint of the current interface. False unless it is
// a whole endpoint descriptor with a number 1..15 and a packet size > 0.
bool usb_walk_endpoint(const struct usb_walk *w, struct usb_endpoint *ep);

// Checks that `config` starts with a configuration descriptor, is exactly wTotalLength bytes and
// has a value > 0. BASE_ERR_INVALID: the device must be refused (ST_DEV_ERR). Oddities further in
// are tolerated: many devices that work have them.
enum base_err usb_config_check(struct base_span config);

// bConfigurationValue of checked bytes; 0 if `config` is empty (unconfigured).
uint8_t usb_config_value(struct base_span config);

// The first descriptor of each interface number in checked bytes, by order of appearance. Returns
// how many there are (at most USB_MAX_INTERFACES); writes at most `max` of them to `out`.
unsigned usb_config_interfaces(struct base_span config, struct usb_interface *out, unsigned max);

// True if checked bytes have that interface with that alternate setting.
bool usb_config_has_alternate(struct base_span config, uint8_t interface, uint8_t alternate);

// The endpoint `address` as any alternate setting of checked bytes describes it (first match).
bool usb_config_find_endpoint(struct base_span config, uint8_t address, struct usb_endpoint *ep);

// The endpoints that exist now: those of the current alternate settings. Index 0 of both rows is
// the control endpoint. If two settings claim one address, the first has it.
struct usb_endpoint_table {
    struct usb_endpoint ep[2][16]; // [direction: 0 OUT, 1 IN][number]
    bool present[2][16];
};

// `alternate[n]` is the current setting of interface n. `config` checked, or empty for a device
// that is not configured (control endpoint only). `max_packet_size0` 8..512.
void usb_endpoint_table_build(struct usb_endpoint_table *t, struct base_span config,
                              const uint8_t alternate[USB_MAX_INTERFACES],
                              uint16_t max_packet_size0);
