// SPDX-License-Identifier: Apache-2.0
// What a backend tells about a device when it appears.
#pragma once

#include "base/base_bytes.h"
#include "usb/usb_config.h"

#include <stdbool.h>

enum {
    USB_BUSID_SIZE = 32, // with the NUL: the wire's field
    USB_PATH_SIZE = 256,
    USB_NAME_SIZE = 64, // UTF-8 with the NUL
};

// A string descriptor that a configuration or an interface names.
struct usb_string {
    uint8_t index;
    char text[USB_NAME_SIZE];
};
enum { USB_MAX_STRINGS = 16 }; // further ones are not kept

// Why a device that is there cannot be exported. It is announced like any other, as far as it is
// known, so that people see what to do; it is never opened.
enum usb_obstacle {
    USB_OBSTACLE_NONE,
    USB_OBSTACLE_SPEED,       // low or full speed behind a high-speed hub, host without split
                              // transactions (USB 2.0 section 11.14)
    USB_OBSTACLE_ENUMERATION, // it does not answer as a USB device must
    USB_OBSTACLE_HOST_FULL,   // the host controller has no channel or memory left for it
    // From here on this host uses it itself.
    USB_OBSTACLE_MOUNTED,  // a file system on it
    USB_OBSTACLE_SWAP,     // it is swapped to
    USB_OBSTACLE_HOLDERS,  // LVM, RAID or encryption is built on it
    USB_OBSTACLE_NETWORK,  // the default route, or a connection, goes through it
    USB_OBSTACLE_KEYBOARD, // of the console that somebody may sit at
    USB_OBSTACLE_USBIP,    // it came over USB/IP itself
    // And it does not:
    USB_OBSTACLE_CONFIGURATION, // it answers, but its configuration cannot be read
    USB_OBSTACLE_COUNT
};

// Whether the device can be exported all the same if its owner wants it: this host only uses it.
bool usb_obstacle_is_use(enum usb_obstacle o);

// One plain sentence without an end: what is the matter, and what to do. Never NULL.
const char *usb_obstacle_text(enum usb_obstacle o);

// The same in parts, each without begin and end of a sentence. NONE: its descriptors are to blame.
struct usb_obstacle_words {
    const char *code; // for programs
    const char *text; // what is the matter
    const char *help; // what to do
};
const struct usb_obstacle_words *usb_obstacle_words(enum usb_obstacle o);

// "low", "full", "high", "super", "unknown"; NULL if it is none of enum usb_speed.
const char *usb_speed_text(uint32_t speed);

// Everything is borrowed from the backend unless a function says otherwise. Descriptors are the
// device's own bytes, untouched: clients compare them (docs/wire.md 3).
struct usb_device_info {
    char busid[USB_BUSID_SIZE]; // Linux form "1-1.4", from the port path: stable over a replug
    char path[USB_PATH_SIZE];   // free text shown by clients
    uint8_t busnum;             // 1..255
    uint8_t devnum;             // 1..255, unique on the bus; changes when the device re-enumerates
    enum usb_speed speed;
    bool is_hub;                // shown in the topology, never exported
    enum usb_obstacle obstacle; // not NONE: never exported, descriptors may be empty
    uint8_t active_config;      // bConfigurationValue now, 0 if not configured (or if it is 0)
    uint8_t config_count;       // entries of `config`
    struct base_span device_descriptor;
    struct base_span config[USB_MAX_CONFIGS]; // what the device has given of each
    char manufacturer[USB_NAME_SIZE], product[USB_NAME_SIZE], serial[USB_NAME_SIZE]; // "" if none
    const struct usb_string *strings; // as far as they are known without asking the device
    uint8_t string_count;
};

// The string of that index; NULL: none, or not known.
const char *usb_device_string(const struct usb_device_info *info, uint8_t index);

// Stores the indices of the strings that configurations and interfaces name, each once. Returns how
// many there are, at most `max`.
unsigned usb_device_string_indices(const struct usb_device_info *info, uint8_t *out, unsigned max);

// The bytes of the configuration with that bConfigurationValue; an empty span if there is none.
struct base_span usb_device_config(const struct usb_device_info *info, uint8_t value);

// Checks all descriptors of `info` (usb_config_check and the device descriptor). BASE_ERR_INVALID:
// refuse to export it.
enum base_err usb_device_check(const struct usb_device_info *info);
