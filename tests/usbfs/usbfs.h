// SPDX-License-Identifier: Apache-2.0
// A kernel's USB for the real libusb: /dev/bus/usb and the sysfs of what is plugged into a
// simulated bus. open(), read(), ioctl() and close() of this program pass through
// usbfs_calls.c; those of a node end here, and do what drivers/usb/core/devio.c of Linux 6.1 does:
// its error numbers, its order of checks, what it copies when, and that a discarded URB has ended
// when the call returns.
//
// One at a time. Calls may come from any thread, each takes the kernel's lock; time moves when the
// test says so. Kernel drivers are one that takes every interface of a new configuration.
#pragma once

#include "sim/bus/sim_bus.h"
#include "tests/support/sysfs_tree.h"

enum { USBFS_DRIVER_NONE, USBFS_DRIVER_KERNEL, USBFS_DRIVER_USBFS };

// What URBs in a kernel cost beside their data. The kernel's is a little less.
enum { USBFS_URB_COST = 512, USBFS_CONTIGUOUS_MAX = 4 << 20 };

struct usbfs {
    struct sim_bus *bus;
    struct sysfs_tree tree;
    uint32_t capabilities; // of USBDEVFS_GET_CAPABILITIES; as with xhci to begin with
    uint64_t memory_limit; // usbfs_memory_mb, in bytes
    uint64_t memory;       // in use
    uint64_t memory_most;  // so far
    bool no_permission;    // to open nodes for writing
    bool driver_keeps;     // a driver does not let go of its interfaces: EBUSY
    // Called before each ioctl() to a node, which waits for it, as do others to the same device.
    void (*hook)(void *ctx, unsigned long request);
    void *hook_ctx;
    uint64_t now_us;

    // Faults: at call number `at` of those to nodes (1: the first; 0: never) ...
    unsigned calls, fault_at;
    int fault;              // ... it fails with that error; 0: ...
    const char *fault_dies; // ... the device in that port is pulled just before

    struct base_list devices, files; // usbfs_state.h
    int uevents[2];                  // [0]: the program's socket
    void (*pump)(struct usbfs *);    // takes what the bus has to tell now
};

// Makes the tree; `bus` has nothing yet. What was interposed before belongs to nobody any more.
void usbfs_begin(struct usbfs *k, struct sim_bus *bus);
void usbfs_end(struct usbfs *k); // the bus is left; fails if a node is still open

// What happens at this time: completions, devices that come and go. True: something did.
bool usbfs_run(struct usbfs *k, uint64_t now_us);
uint64_t usbfs_deadline(struct usbfs *k);

// Against another thread's calls, while the test does something to the bus.
void usbfs_lock(void);
void usbfs_unlock(void);

// Of what is plugged into that port now; the driver of its n-th interface.
int usbfs_driver(const struct usbfs *k, const char *busid, unsigned n);
uint8_t usbfs_config(const struct usbfs *k, const char *busid);
unsigned usbfs_open_files(const struct usbfs *k);
