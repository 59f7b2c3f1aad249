// SPDX-License-Identifier: Apache-2.0
// A double of the ESP-IDF USB host library (espressif/usb 1.5.0, both root ports of the ESP32-P4)
// for tests without a chip. It behaves as the library does (docs/esp-usb-host.md 7), its buses
// are simulated ones, and what would crash, hang or corrupt the library is a failure with a reason.
//
// One instance, as of the library. Thread: any; everything is under one lock. With `threads` the
// library's waiting calls wait on the real clock, otherwise they never wait and time is the test's.
// Whoever changes a simulated bus while other threads run holds the lock.
#pragma once

#include "sim/bus/sim_bus.h"

#include <stdbool.h>
#include <stdint.h>

enum { USB_HOST_DOUBLE_PORTS = 2 }; // 0: high speed, 1: full speed

struct usb_host_double_config {
    // Root port n of the library is the port "BUS-1" of bus n. NULL: nothing ever comes there.
    struct sim_bus *bus[USB_HOST_DOUBLE_PORTS];
    unsigned channels[USB_HOST_DOUBLE_PORTS];    // 0: as the chip, 16 and 8
    unsigned packets_max[USB_HOST_DOUBLE_PORTS]; // of one transfer; 0: 127, as every revision has
    uint64_t (*now_us)(void *ctx);
    void *ctx;
    bool threads;
    uint32_t
        count_late_us; // threads: so long a client has its control transfer before it is counted

    // Transfers to a device that was pulled from a hub see three bus errors before the hub tells.
    bool errors_before_gone;
    // After a STALL or an error of endpoint 0, the next control transfer is refused once, as when
    // the client is faster than the daemon (docs/esp-usb-host.md 3.7).
    bool control_refused_after_error;
};

// The simulated buses are the double's from here to the end. Fails if it has begun already.
void usb_host_double_begin(const struct usb_host_double_config *config);

// Fails if the library is still installed or a transfer was not freed.
void usb_host_double_end(void);

// Forgets everything, whatever state it is in: after a test that has failed half-way.
void usb_host_double_reset(void);

// Called with the reason in place of abort(), without the lock; must not return.
void usb_host_double_on_failure(void (*hook)(const char *reason));

// --- time ----------------------------------------------------------------------------------------

// Nothing to do for either turn at this time.
bool usb_host_double_idle(void);
// When something may happen on the buses; UINT64_MAX: never, unless somebody asks for something.
uint64_t usb_host_double_next_deadline(void);

void usb_host_double_lock(void);
void usb_host_double_unlock(void); // and whoever waits looks again

// What the controller's register says: something is plugged into that root port, whatever the
// library makes of it.
bool usb_host_double_connected(unsigned port);
unsigned usb_host_double_packets_max(unsigned port);

// --- what a test may break -----------------------------------------------------------------------

// Called with the lock each time an interrupt could come: at every call of the library and every
// step of an enumeration, with how often it was called before. It may plug and pull.
void usb_host_double_at_step(void (*hook)(void *ctx, unsigned step), void *ctx);

// The n-th allocation from now on fails, and all after it (1: the first). 0: none.
void usb_host_double_fail_alloc(unsigned n);

// --- what it has seen ----------------------------------------------------------------------------

struct usb_host_double_counts {
    unsigned transfers;                       // allocated now
    unsigned allocs;                          // by the library since begin
    unsigned submitted;                       // since begin
    unsigned submitted_max;                   // most in flight at one time on one endpoint
    unsigned events_dropped;                  // a client's queue was full
    unsigned slow_releases;                   // that slept for 10 ticks, see release()
    unsigned channels[USB_HOST_DOUBLE_PORTS]; // in use now
    unsigned devices;
    uint32_t longest_bytes; // num_bytes of the longest transfer submitted
};
struct usb_host_double_counts usb_host_double_counts(void);
