// SPDX-License-Identifier: Apache-2.0
// The C library's heap as the core wants it, and an empty one.
#pragma once

#include "base/base_alloc.h"

#include <stdlib.h>

static inline void *heap_take(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static inline void *heap_refuse(void *ctx, size_t size)
{
    (void)ctx;
    (void)size;
    return NULL;
}

static inline void heap_give(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

static const struct base_alloc heap = {.alloc = heap_take, .free = heap_give};
static const struct base_alloc no_heap = {.alloc = heap_refuse, .free = heap_give};
