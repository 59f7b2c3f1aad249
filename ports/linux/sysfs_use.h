// SPDX-License-Identifier: Apache-2.0
// Whether this host uses a USB device itself, so that exporting it would take away what somebody
// needs: from /sys and /proc alone, without asking the device. `root` as in sysfs_file.h. Any
// thread.
#pragma once

#include "usb/usb_device.h"

// USB_OBSTACLE_NONE: it may be exported, as far as can be seen. Hubs are not its matter.
enum usb_obstacle sysfs_use(const char *root, const char *busid);
