// SPDX-License-Identifier: Apache-2.0
// Real devices on Linux, as a backend of the core (server/server_backend.h): found in sysfs, moved
// by libusb. Two threads: the loop submits and completes transfers; a worker does what may block
// (looking who is there, opening, claiming, pipe changes) and puts its answers where take_event()
// finds them.
#pragma once

#include "eventlog/eventlog.h"
#include "server/server_backend.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct device_libusb;

struct device_libusb_config {
    const char *root;           // of /sys, /proc and /dev; "" for the real ones. Borrowed
    struct eventlog *log;       // loop thread; borrowed until it is destroyed
    void (*wake)(void *ctx);    // any thread: the loop is to call take_event()
    uint64_t (*now_us)(void *); // any thread: the port's clock
    void *ctx;
};

// NULL: *why is a plain sentence. No thread yet.
struct device_libusb *device_libusb_create(const struct device_libusb_config *config,
                                           const char **why);

struct usbip_backend *device_libusb_backend(struct device_libusb *h);

// To be watched for reading; device_libusb_ready() then. Loop thread.
int device_libusb_fd(const struct device_libusb *h);
void device_libusb_ready(struct device_libusb *h);

// What is plugged in now is found, so that the first take_event() has it; then the worker starts.
// False: no thread.
bool device_libusb_start(struct device_libusb *h);

// What the worker's thread does over and over, for a test without it: once, without waiting.
// Returns when it wants to be called again without being asked (UINT64_MAX: never).
uint64_t device_libusb_turn(struct device_libusb *h);

// Ends the worker: from the return on nobody calls wake(), and what is asked for is not answered. A
// worker whose call hangs in the kernel is left alone. NULL: nothing.
void device_libusb_stop(struct device_libusb *h);

// Gives all devices back to the kernel, unless the worker hangs: then their end is the program's.
// The server that used the backend must be gone. NULL: nothing.
void device_libusb_destroy(struct device_libusb *h);
