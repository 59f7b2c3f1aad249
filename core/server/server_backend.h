// SPDX-License-Identifier: Apache-2.0
// The contract "devices": what the core needs from whatever has USB devices (libusb, the ESP-IDF
// USB host, simulated ones).
//
// Thread: all calls come from the loop thread and must not block. A backend with a thread of its
// own queues its events under its own lock and wakes the loop through the function that the port
// gave it. Time: now_us is the port's monotonic clock in microseconds.
//
// Life of a device:  PLUGGED ... open -> OPENED ... submit/cancel/control ... close -> CLOSED ...
// UNPLUGGED, which is its last event, also when it comes in the middle: before UNPLUGGED the
// backend gives back every URB it has (URB_DONE), and a pending control() or open() or close()
// needs no answer any more. After taking UNPLUGGED the core never names that device again.
#pragma once

#include "base/base_err.h"
#include "usb/usb_device.h"
#include "usb/usb_urb.h"

#include <stdint.h>

enum backend_event_type {
    BACKEND_PLUGGED = 1,  // device, info
    BACKEND_UNPLUGGED,    // device
    BACKEND_OPENED,       // device, result
    BACKEND_CLOSED,       // device; it is in the state after plug-in and may be opened again
    BACKEND_URB_DONE,     // urb, with status and actual_length set
    BACKEND_CONTROL_DONE, // device, status
    BACKEND_PORT_POWER,   // port, result
};

struct backend_event {
    enum backend_event_type type;
    void *device;                       // the backend's own object, opaque to the core
    const char *port;                   // borrowed as info is
    const struct usb_device_info *info; // borrowed until the next take_event
    struct usb_urb *urb;
    enum base_err result; // OPENED: OK; BUSY: in use on this host (ST_DEV_BUSY); other: ST_DEV_ERR
                          // PORT_POWER: OK; GONE: no such port; UNSUPPORTED: not allowed; IO
    int32_t status;       // CONTROL_DONE: enum usb_status; the device's own refusal is STALL
};

// A bus, for people: what has ports and is no device.
struct backend_bus {
    const char *name; // "simulated bus"; borrowed until the next bus()
    uint8_t busnum;
    enum usb_speed speed; // the highest that it has
    uint8_t ports;        // 0: not known
};

// How the power of a port is switched (USB 2.0 11.11).
enum backend_power {
    BACKEND_POWER_UNKNOWN, // that cannot be told here, or not be done
    BACKEND_POWER_FIXED,   // it is not
    BACKEND_POWER_GANGED,  // with all other ports of its hub
    BACKEND_POWER_SINGLE,  // alone
};

// A port, whether something is plugged in or not. Its name is the busid that a device in it has.
struct backend_port {
    enum backend_power power;
    bool on;
    char twin[USB_BUSID_SIZE]; // the port that the same socket has on the bus of another speed, and
                               // that is switched along with it; "": none
};

struct usbip_backend {
    // Begins to claim the device for one session. Answer: OPENED.
    void (*open)(struct usbip_backend *b, void *device);

    // Begins to give the device up: clean state (plug-in configuration, alternates 0, no stall,
    // DATA0), then CLOSED. The core has all its URBs back before it calls this.
    void (*close)(struct usbip_backend *b, void *device);

    // Takes the URB; it comes back exactly once as URB_DONE. URBs of one endpoint are executed in
    // the order of submit. Never refuses: a failure comes back as URB_DONE with its status. No time
    // limit: an URB may stay for ever.
    void (*submit)(struct usbip_backend *b, struct usb_urb *urb);

    // Asks for a submitted URB back soon. It still comes as URB_DONE: CANCELLED, or what it really
    // ended with if it was faster. Neighbours on the endpoint stay queued in order. Data of a
    // cancelled URB must not reach a later one out of order.
    void (*cancel)(struct usbip_backend *b, struct usb_urb *urb);

    // Begins a pipe change. Answer: CONTROL_DONE. `op` is copied.
    void (*control)(struct usbip_backend *b, void *device, const struct usb_control_op *op);

    // Memory that transfers may use, any alignment the hardware wants; NULL if there is none.
    void *(*buffer_alloc)(struct usbip_backend *b, uint32_t size);
    void (*buffer_free)(struct usbip_backend *b, void *p, uint32_t size);

    // Oldest event not yet taken. False if there is none now.
    bool (*take_event)(struct usbip_backend *b, uint64_t now_us, struct backend_event *ev);

    // When take_event may have something without a wake-up; UINT64_MAX: never.
    uint64_t (*next_deadline)(struct usbip_backend *b);

    // The backend's i-th bus. False: there are no more. NULL: what is plugged in tells the buses.
    bool (*bus)(struct usbip_backend *b, unsigned i, struct backend_bus *out);

    // How many ports the hub has; 0: not known, as is NULL.
    unsigned (*hub_ports)(struct usbip_backend *b, void *device);

    // What is known of a port. False: there is none of that name here. NULL: nothing of any.
    bool (*port)(struct usbip_backend *b, const char *port, struct backend_port *out);

    // Begins to switch a port whose power is BACKEND_POWER_SINGLE. Answer, each time: PORT_POWER,
    // also if the port has gone meanwhile. NULL: none is.
    void (*port_power)(struct usbip_backend *b, const char *port, bool on);
};
