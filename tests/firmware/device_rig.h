// SPDX-License-Identifier: Apache-2.0
// The chip's backend on the double of its library, with all turns on one thread and time that moves
// when the test says so.
#pragma once

#include "device_usb_host.h"
#include "tests/firmware/usb_host_double.h"

struct device_rig {
    struct device_usb_host *host;
    struct usb_host_double_config library;
    void (*wake)(void);
    struct eventlog *log;
};

// `wake`: the backend has something for the loop.
void device_rig_begin(struct device_rig *r, const struct usb_host_double_config *library,
                      void (*wake)(void));

// The server that used the backend is gone. Fails if anything is left.
void device_rig_end(struct device_rig *r);

// How often the event log has that type; `last` (may be NULL) is the newest of them.
unsigned device_rig_events(const struct device_rig *r, enum eventlog_type type,
                           struct eventlog_event *last);

// Calls of device_usb_host_speed_full_only() so far.
unsigned device_rig_speed_checks(void);

// Turns of both tasks until nothing is left to do now.
void device_rig_settle(struct device_rig *r);
uint64_t device_rig_deadline(struct device_rig *r);
