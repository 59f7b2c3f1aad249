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

// What a storage can do besides that does not answer at once, because somebody else does its I/O.
// One I/O at a time: while it is under way, every function answers BASE_ERR_AGAIN, and done() of
// listen() is called when to ask again. No buffer of the caller is used after the return.
struct sim_storage_slow {
    // Once: from now on done(owner) after each I/O. Not from inside a function of the storage, and
    // not after destroy().
    void (*listen)(void *ctx, void (*done)(void *owner), void *owner);

    // Whether all that write() has taken is written. BASE_ERR_IO, once: it is not.
    enum base_err (*settle)(void *ctx);

    // Nobody asks any more for what is under way, and how it ends is not told. It still goes first.
    void (*abandon)(void *ctx);
};

// A plain value: whoever has it may copy it, one of them calls destroy(). Offsets and lengths are
// multiples of SIM_STORAGE_BLOCK within size_bytes. BASE_ERR_IO: the medium is bad there.
// BASE_ERR_AGAIN, if `slow` is not NULL: nothing was moved, ask again for the same after done().
struct sim_storage {
    enum base_err (*read)(void *ctx, uint64_t offset, void *buf, size_t size);
    // A slow one has taken a copy when it answers BASE_OK; settle() tells what became of it.
    enum base_err (*write)(void *ctx, uint64_t offset, const void *buf, size_t size);
    enum base_err (*flush)(void *ctx);   // what was written survives a loss of power
    void (*destroy)(void *ctx);          // never waits: what was written by then will be
    const struct sim_storage_slow *slow; // NULL: every answer comes at once
    void *ctx;
    uint64_t size_bytes;
    bool read_only; // write() is never called
};

// Zeroed memory from `alloc`, in one piece. BASE_ERR_NOMEM.
enum base_err sim_storage_ram(struct sim_storage *s, const struct base_alloc *alloc,
                              uint64_t size_bytes);
