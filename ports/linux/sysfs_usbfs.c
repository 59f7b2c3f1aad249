// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/sysfs_usbfs.h"

#include "ports/linux/sysfs_file.h"

#include <stdio.h>

uint64_t sysfs_usbfs_bytes(const char *root)
{
    char folder[SYSFS_PATH_SIZE];
    int n = snprintf(folder, sizeof folder, "%s/sys/module/usbcore/parameters", root);
    long mib = n < (int)sizeof folder ? sysfs_number(folder, "usbfs_memory_mb") : -1;
    return mib > 0 ? (uint64_t)mib << 20 : UINT64_MAX; // 0 is no limit to the kernel, too
}
