// SPDX-License-Identifier: Apache-2.0
// Files behind simulated devices. Loop thread; reading and writing wait for the local disk.
//
// They are locked, so that no two devices write to one. A refusal puts a sentence without its full
// stop into `why`, cut to fit: BASE_ERR_NOT_FOUND (no such file, or folder), BASE_ERR_BUSY (another
// device has it), BASE_ERR_INVALID (no regular file), BASE_ERR_IO, BASE_ERR_NOMEM.
//
// `ctx` is the struct eventlog that is told what goes wrong with the file later, each kind of
// trouble once; borrowed for the file's life. NULL: nobody is told.
#pragma once

#include "eventlog/eventlog.h"

#include "sim/device/disk/sim_storage.h"
#include "sim/device/sim_recording.h"

// An image for a disk (sim_files.open_image). What is behind its last whole block stays as
// it is; without a whole block it is BASE_ERR_INVALID.
enum base_err sim_file_image(void *ctx, const char *path, bool read_only,
                             struct sim_storage *storage, char *why, size_t why_size);

// A file to append to, new or with something in it (sim_files.open_recording).
enum base_err sim_file_recording(void *ctx, const char *path, struct sim_recording *recording,
                                 char *why, size_t why_size);
