// SPDX-License-Identifier: Apache-2.0
// A FAT file system for a simulated disk: no partition table, the label "USBIP DISK" and one file,
// README.TXT. Loop thread.
#pragma once

#include "sim_storage.h"

// Writes FAT12 or FAT16, whichever is right for the size (more than 4 GiB are left unused). Nothing
// is allocated. BASE_ERR_INVALID: smaller than 64 KiB; BASE_ERR_IO.
enum base_err sim_disk_fat_format(const struct sim_storage *s, uint32_t volume_id);
