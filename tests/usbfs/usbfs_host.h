// SPDX-License-Identifier: Apache-2.0
// The libusb backend, with the real libusb, on the kernel of tests; without threads: the worker's
// turns are made in usbfs_host_run().
#pragma once

#include "ports/linux/device_libusb.h"
#include "tests/usbfs/usbfs.h"

struct usbfs_host {
    struct usbfs kernel;
    struct device_libusb *libusb;
    struct eventlog *log;
    const uint64_t *now_us; // the test's clock
    bool woken;
    uint64_t turn_us; // when the worker wants its next turn
};

// `bus` has nothing yet. `h` and the clock stay where they are.
void usbfs_host_begin(struct usbfs_host *h, struct sim_bus *bus, const uint64_t *now_us);
void usbfs_host_end(struct usbfs_host *h); // then the bus can be destroyed

// What happens at this time, once. True: something did.
bool usbfs_host_run(struct usbfs_host *h);
uint64_t usbfs_host_deadline(struct usbfs_host *h);
