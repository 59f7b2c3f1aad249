// SPDX-License-Identifier: Apache-2.0
// The C library's heap as the core wants it: as it is, empty, and one that counts and can end.
#pragma once

#include "base/base_alloc.h"

#include <stdbool.h>
#include <stdint.h>

extern const struct base_alloc heap, no_heap;

struct heap_meter {
    struct base_alloc alloc;         // for the core
    uint64_t calls;                  // so far
    uint64_t blocks;                 // allocated now
    uint64_t live_bytes, peak_bytes; // requested bytes now, and at most
    uint64_t fail_at;                // this call fails (1: the first), 0: none
    bool fail_once;                  // only that one; else all from it on
};

// `m` stays where it is as long as it is used.
void heap_meter_begin(struct heap_meter *m);
