// SPDX-License-Identifier: Apache-2.0
// The device backend of the chip: what is plugged into its USB host ports, through the USB host
// library of ESP-IDF (component espressif/usb, one library instance for both ports).
//
// Threads. The backend's functions (server_backend.h) belong to the loop thread, as always. They
// only touch queues under one pthread mutex and wake the client task: nothing blocks. The library
// has two tasks of its own, which the port makes and keeps calling:
//   daemon task   device_usb_host_library_turn() for ever; higher priority than the client task
//                 and on the same core (the library's control transfers need that order);
//   client task   device_usb_host_client_turn() for ever. It alone makes calls that change pipes.
// A test may do all of it on one thread, with turns of 0 ms and a clock of its own.
// Times: milliseconds for how long a turn may wait, microseconds for the clock.
#pragma once

#include "eventlog/eventlog.h"
#include "server/server_backend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Bus numbers, as clients see them in a busid.
enum {
    DEVICE_HIGH_SPEED_BUS = 1,
    DEVICE_FULL_SPEED_BUS = 2,
};

struct device_usb_host_config {
    bool high_speed_port; // the USB 2.0 controller: bus 1
    bool full_speed_port; // the USB 1.1 controller: bus 2
    // The high-speed port speaks full and low speed only, so that devices behind hubs work that
    // need a transaction translator otherwise (which the library cannot drive).
    bool high_speed_port_full_only;
    struct eventlog *log; // loop thread; borrowed until it is destroyed
    unsigned max_devices; // devices that may be known at one time, hubs included; 1..32

    // Monotonic clock in microseconds; any thread.
    uint64_t (*now_us)(void *ctx);
    // The loop should look at take_event(). Any thread, without the backend's lock; must not call
    // back.
    void (*wake)(void *ctx);
    void *ctx;
};

struct device_usb_host;

// Installs the library (which powers the ports) and registers the client. The calling task's core
// gets the USB interrupts. NULL: `*why` is a sentence without its full stop (static).
struct device_usb_host *device_usb_host_create(const struct device_usb_host_config *config,
                                               const char **why);

// Gives up every device in the library's order, deregisters and uninstalls; the server that used
// the backend must be gone. No task may be in a turn any more: the turns that this takes are made
// here. False: the library would not let go (a transfer that never came back); then it stays
// installed, the memory stays with it, and only a restart of the chip helps. NULL: true.
bool device_usb_host_destroy(struct device_usb_host *h);

// To be handed to server_add_backend(); valid until destroy.
struct usbip_backend *device_usb_host_backend(struct device_usb_host *h);

// One round of the daemon task: the library's own work, waiting up to `timeout_ms` for some.
void device_usb_host_library_turn(struct device_usb_host *h, uint32_t timeout_ms);

// One round of the client task: callbacks, then what the loop has asked for, then what is due (hub
// polling and retries shorten the wait).
void device_usb_host_client_turn(struct device_usb_host *h, uint32_t timeout_ms);

// Long transfers share a few large buffers. Any thread.
struct device_usb_host_figures {
    unsigned pool_free;     // free now
    unsigned pool_used_max; // most that were ever in use at one time
    uint32_t pool_empty;    // times that nothing was free, and an own, smaller buffer was used
};
void device_usb_host_figures(struct device_usb_host *h, struct device_usb_host_figures *out);
