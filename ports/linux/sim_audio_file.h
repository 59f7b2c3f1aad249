// SPDX-License-Identifier: Apache-2.0
// Files that keep what simulated headsets play. Loop thread; writing waits for the local disk.
#pragma once

#include "sim/device/audio/sim_audio.h"

// Opens a file to append to, new or with something in it (sim_set_environment.open_record; `ctx` is
// not used). It is locked, so that no two headsets write to it. A refusal puts a sentence without
// its full stop into `why`, cut to fit: BASE_ERR_NOT_FOUND (no such folder), BASE_ERR_BUSY (another
// headset has it), BASE_ERR_INVALID (no regular file), BASE_ERR_IO, BASE_ERR_NOMEM.
enum base_err sim_audio_file(void *ctx, const char *path, struct sim_audio_recorder *recorder,
                             char *why, size_t why_size);
