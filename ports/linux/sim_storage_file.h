// SPDX-License-Identifier: Apache-2.0
// Image files behind simulated disks. Loop thread; reading and writing wait for the local disk.
#pragma once

#include "sim/device/disk/sim_storage.h"

// Opens an image for a disk (sim_set_environment.open_file; `ctx` is not used). The file is locked,
// so that no two disks write to it; what is behind its last whole block stays as it is. A refusal
// puts a sentence without its full stop into `why`, cut to fit: BASE_ERR_NOT_FOUND,
// BASE_ERR_BUSY (another disk has it), BASE_ERR_INVALID (no regular file, or no whole block),
// BASE_ERR_IO, BASE_ERR_NOMEM.
enum base_err sim_storage_file(void *ctx, const char *path, bool read_only,
                               struct sim_storage *storage, char *why, size_t why_size);
