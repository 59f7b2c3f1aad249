// SPDX-License-Identifier: Apache-2.0
// The rig (tests/support/rig.h) with the libusb backend on the kernel of tests.
#pragma once

#include "tests/support/rig.h"
#include "tests/usbfs/usbfs_host.h"

struct usbfs_rig {
    struct rig r; // first
    struct usbfs_host host;
};

void usbfs_rig_begin(struct usbfs_rig *u);
void usbfs_rig_begin_d1(struct usbfs_rig *u); // D1 in 1-1, opened
void usbfs_rig_end(struct usbfs_rig *u);      // nothing may be left

#define USBFS_TEST(id, begin) TEST_WITH(id, struct usbfs_rig, u, begin(u), usbfs_rig_end(u))

// Settles as the rig does, then fails unless the last event's text has these words.
void usbfs_rig_check_event(struct usbfs_rig *u, const char *words);
unsigned usbfs_rig_events(struct usbfs_rig *u, enum eventlog_type type);
