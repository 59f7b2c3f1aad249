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
    USB_DT_SS_ENDPOINT_COMPANION = 48,
};

enum usb_descriptor_size {
    USB_DT_DEVICE_SIZE = 18,
    USB_DT_CONFIG_SIZE = 9,
    USB_DT_INTERFACE_SIZE = 9,
    USB_DT_ENDPOINT_SIZE = 7,
    USB_DT_SS_ENDPOINT_COMPANION_SIZE = 6,
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
    USB_MAX_INTERFACES = 32,       // Linux's limits: interfaces per configuration that count ...
    USB_MAX_SETTINGS = 128,        // ... alternate settings per interface ...
    USB_MAX_ENDPOINTS = 30,        // ... endpoints per alternate setting ...
    USB_MAX_CONFIGS = 8,           // ... and configurations
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

// An endpoint as Linux's USB core sees it, with its values mended (docs/wire.md 11).
struct usb_endpoint {
    uint8_t address;              // bit 7: IN; bits 0..3: number 1..15 (0 for the control endpoint)
    uint8_t type;                 // enum usb_transfer_type
    uint16_t max_packet_size;     // bytes per packet; 0: nothing can be moved there
    uint8_t packets_per_interval; // 1..64: high-bandwidth (USB 2.0 9.6.6), bursts of super speed
    uint8_t bInterval;
    uint8_t interface; // bInterfaceNumber it belongs to
};
