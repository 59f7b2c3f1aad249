// SPDX-License-Identifier: Apache-2.0
// Where the core gets memory from. The port fills it in; tests let the n-th call fail.
#pragma once

#include <stddef.h>

struct base_alloc {
    // Zeroed memory aligned for any object, or NULL. Called on the loop thread only, never on the
    // hot path (once a session is imported, moving URBs allocates nothing).
    void *(*alloc)(void *ctx, size_t size);
    void (*free)(void *ctx, void *p); // p may be NULL
    void *ctx;
};

static inline void *base_alloc(const struct base_alloc *a, size_t size)
{
    return a->alloc(a->ctx, size);
}

static inline void base_free(const struct base_alloc *a, void *p)
{
    a->free(a->ctx, p);
}
