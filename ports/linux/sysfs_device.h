// SPDX-License-Identifier: Apache-2.0
// What the kernel says about a USB device in /sys/bus/usb/devices: all that the core wants to know,
// without a request to the device. `root` as in sysfs_file.h. Any thread.
//
// The kernel locks a device while it enumerates or configures it, and some files wait for that
// lock. A device that came from this server over USB/IP is configured by requests to this server:
// whoever waits for its lock here waits for himself. Only names are read under it, and not of such
// devices.
#pragma once

#include "base/base_err.h"
#include "usb/usb_device.h"

#include <stdbool.h>
#include <stdint.h>

// Tells two devices apart that were in the same port one after the other.
struct sysfs_identity {
    uint64_t folder; // inode: no two have the same
    uint8_t devnum;
    uint8_t active_config; // 0: none (yet)
};

// Is it the name of a device there, and no root hub or interface?
bool sysfs_device_is_busid(const char *name);

// False: it is not there (any more).
bool sysfs_device_identity(const char *root, const char *busid, struct sysfs_identity *id);

// Fills in all of `info` but the obstacle. The descriptors are put into memory of their own, which
// the caller frees. BASE_ERR_GONE: it is not there (any more); BASE_ERR_NOMEM.
enum base_err sysfs_device_read(const char *root, const char *busid, struct usb_device_info *info,
                                uint8_t **descriptors);

// The device's folder without symbolic links. False: it is not there.
bool sysfs_device_folder(const char *root, const char *busid, char *out, size_t size);

enum usb_speed sysfs_device_speed(const char *folder);

// Did the device with that folder come over USB/IP?
bool sysfs_device_is_vhci(const char *folder);
