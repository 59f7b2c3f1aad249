// SPDX-License-Identifier: Apache-2.0
// Files behind simulated devices. Loop thread; all I/O is done by a thread of each file
// (file_thread.h), so that a file system that does not answer stops its own device only. Only
// opening is waited for, for a while.
//
// They are locked, so that no two devices write to one. A refusal puts a sentence without its full
// stop into `why`, cut to fit: BASE_ERR_NOT_FOUND (no such file, or folder), BASE_ERR_BUSY (another
// device has it), BASE_ERR_INVALID (no regular file), BASE_ERR_IO, BASE_ERR_NOMEM. `ctx` is a
// struct sim_file_port, whose content is borrowed for the file's life.
#pragma once

#include "eventlog/eventlog.h"

#include "ports/linux/file_thread.h"
#include "sim/device/disk/sim_storage.h"
#include "sim/device/sim_recording.h"

struct sim_file_port {
    struct file_threads *threads;
    struct eventlog *log; // is told what goes wrong with a file, each kind of trouble once
};

// An image for a disk (sim_files.open_image). What is behind its last whole block stays as
// it is; without a whole block it is BASE_ERR_INVALID.
enum base_err sim_file_image(void *ctx, const char *path, bool read_only,
                             struct sim_storage *storage, char *why, size_t why_size);

// A file to append to, new or with something in it (sim_files.open_recording). About 1 MiB waits
// for a slow disk.
enum base_err sim_file_recording(void *ctx, const char *path, struct sim_recording *recording,
                                 char *why, size_t why_size);
