// SPDX-License-Identifier: Apache-2.0
// Where a simulated disk keeps its blocks: memory (here), a file (ports/linux/sim_file.h).
// Loop thread.
#pragma once

#include "base/base_alloc.h"
#include "base/base_err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIM_STORAGE_BLOCK = 512 }; // bytes; every size is a multiple of it

// A plain value: whoever has it may copy it, one of them calls destroy(). Offsets and lengths are
// multiples of SIM_STORAGE_BLOCK within size_bytes. BASE_ERR_IO: the medium is bad there.
struct sim_storage {
    enum base_err (*read)(void *ctx, uint64_t offset, void *buf, size_t size);
    enum base_err (*write)(void *ctx, uint64_t offset, const void *buf, size_t size);
    enum base_err (*flush)(void *ctx); // what was written survives a loss of power
    void (*destroy)(void *ctx);
    void *ctx;
    uint64_t size_bytes;
    bool read_only; // write() is never called
};

// Zeroed memory from `alloc`, in one piece. BASE_ERR_NOMEM.
enum base_err sim_storage_ram(struct sim_storage *s, const struct base_alloc *alloc,
                              uint64_t size_bytes);
