// SPDX-License-Identifier: Apache-2.0
// How much memory the kernel gives to transfers of USB devices, of all programs together. `root` as
// in sysfs_file.h. Any thread.
#pragma once

#include <stdint.h>

// UINT64_MAX: no limit, or none is known.
uint64_t sysfs_usbfs_bytes(const char *root);
