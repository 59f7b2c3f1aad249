// SPDX-License-Identifier: Apache-2.0
// String descriptors of a device, which the kernel has read when it configured it: none is asked
// for here. `folder` is the device's. Any thread.
#pragma once

#include "usb/usb_device.h"

// The device's string in that file, cut between characters; "" if it has none.
void sysfs_string(const char *folder, const char *name, char out[USB_NAME_SIZE]);

// Those that name the active configuration and its interfaces as they are set now; others the
// kernel does not know. Returns how many, at most `max`.
unsigned sysfs_strings(const char *folder, const struct usb_device_info *info,
                       struct usb_string *out, unsigned max);
