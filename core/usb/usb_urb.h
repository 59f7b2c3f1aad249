// SPDX-License-Identifier: Apache-2.0
// One USB request block as it passes between a session (which owns it) and a backend (which has it
// from submit until it comes back as an event). Loop thread; a backend with a thread of its own may
// touch an URB there while it has it.
#pragma once

#include "base/base_list.h"
#include "usb/usb_descriptor.h"
#include "usb/usb_status.h"

#include <stdint.h>

enum usb_urb_flags {
    USB_URB_SHORT_NOT_OK = 1, // IN, not isochronous: short data is USB_STATUS_SHORT, with the data
    USB_URB_ZERO_PACKET = 2,  // bulk/interrupt OUT: end a multiple of the packet size with a ZLP
};

struct usb_iso_packet {
    uint32_t offset;        // into the buffer; offset + length <= URB length
    uint32_t length;        // bytes wanted (IN) or to send (OUT)
    uint32_t actual_length; // set by the backend
    int32_t status;         // enum usb_status, set by the backend
};

struct usb_urb {
    // Set by the session; constant while the backend has the URB.
    void *device;           // the backend's device, as its PLUGGED event named it
    struct usb_endpoint ep; // descriptor of the endpoint; ep.address bit 7 is the direction,
                            // also for control (direction of the data stage)
    uint8_t flags;          // enum usb_urb_flags
    uint8_t setup[8];       // control only
    uint8_t *buffer;        // from the backend's buffer_alloc; NULL only if length is 0
    uint32_t length;        // bytes to send or room to receive; for control <= wLength
    uint32_t packet_count;  // isochronous only, 1..1024
    struct usb_iso_packet *packets;

    // Set by the backend before the URB comes back.
    int32_t status;         // enum usb_status
    uint32_t actual_length; // bytes moved, without the setup packet; <= length, also on error.
                            // Isochronous: sum of the packets' actual_length
    uint32_t start_frame;   // isochronous: frame (or microframe / 8) of the first packet
    uint32_t error_count;   // isochronous: packets with status != 0

    // The backend's own while it has the URB.
    struct base_list backend_link;
    void *backend_ptr;
    uint64_t backend_progress; // how far it is with it
    uint32_t backend_state;
};

static inline bool usb_urb_is_in(const struct usb_urb *u)
{
    return (u->ep.address & USB_DIR_IN) != 0;
}

// A change to a device's pipes; executed by the backend one at a time per device, while no URB of
// an affected endpoint is submitted (CLEAR_HALT excepted: URBs queued there stay, in order).
enum usb_control_type {
    USB_SET_CONFIGURATION, // also with the current value: all alternates 0, all toggles DATA0
    USB_SET_INTERFACE,     // also with the current setting: toggles of that interface to DATA0
    USB_CLEAR_HALT,        // endpoint: halt cleared, toggle to DATA0 on both sides
    USB_RESET_DEVICE,      // port reset, then configuration and alternate settings as before
};

struct usb_control_op {
    enum usb_control_type type;
    uint8_t value;     // configuration value, alternate setting, or endpoint address
    uint8_t interface; // SET_INTERFACE
};
