// SPDX-License-Identifier: Apache-2.0
// A made /sys, /proc and /dev in a folder of its own, for what reads the kernel's under a root
// (ports/linux/sysfs_file.h). Paths begin with a slash and stand under that root.
#pragma once

#include "usb/usb_device.h"

struct sysfs_tree {
    char root[64];
};

void sysfs_tree_make(struct sysfs_tree *t);
void sysfs_tree_remove(struct sysfs_tree *t);

// Writes a file, with the folders on its way; `text` as with printf.
void sysfs_tree_put(const struct sysfs_tree *t, const char *path, const char *text, ...)
    __attribute__((format(printf, 3, 4)));
void sysfs_tree_bytes(const struct sysfs_tree *t, const char *path, const void *bytes, size_t size);

// A symbolic link at `path` to the folder `to`, both in the tree.
void sysfs_tree_link(const struct sysfs_tree *t, const char *path, const char *to);

void sysfs_tree_delete(const struct sysfs_tree *t, const char *path); // with what is below it

// A device as the kernel shows it, at /sys/devices/pci0000:00/0000:00:01.0/usbN/..., which the link
// in /sys/bus/usb/devices leads to. Interfaces and what is below them are the test's.
void sysfs_tree_device(const struct sysfs_tree *t, const struct usb_device_info *info);
void sysfs_tree_device_gone(const struct sysfs_tree *t, const char *busid);

// Where the device's folder is; valid until the next call.
const char *sysfs_tree_folder(const char *busid);
