// SPDX-License-Identifier: Apache-2.0
// Where a simulated device keeps what it receives: a file of the port that only grows
// (ports/linux/sim_file.h). Loop thread.
#pragma once

#include "base/base_err.h"

#include <stddef.h>

// A plain value: whoever has it may copy it, one of them calls destroy().
struct sim_recording {
    enum base_err (*append)(void *ctx, const void *bytes, size_t size); // BASE_ERR_IO: not all
    void (*destroy)(void *ctx); // NULL: there is no recording
    void *ctx;
};
