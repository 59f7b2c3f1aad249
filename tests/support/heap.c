// SPDX-License-Identifier: Apache-2.0
#include "tests/support/heap.h"

#include <stdlib.h>

static void *heap_take(void *ctx, size_t size)
{
    (void)ctx;
    return calloc(1, size);
}

static void *heap_refuse(void *ctx, size_t size)
{
    (void)ctx;
    (void)size;
    return NULL;
}

static void heap_give(void *ctx, void *p)
{
    (void)ctx;
    free(p);
}

const struct base_alloc heap = {.alloc = heap_take, .free = heap_give};
const struct base_alloc no_heap = {.alloc = heap_refuse, .free = heap_give};

// Each block is preceded by its size, to know what is alive.
union block {
    size_t size;
    max_align_t align;
};

static void *meter_alloc(void *ctx, size_t size)
{
    struct heap_meter *m = ctx;
    uint64_t n = ++m->calls;
    if (m->fail_at != 0 && (n == m->fail_at || (n > m->fail_at && !m->fail_once)))
        return NULL;
    union block *b = calloc(1, sizeof *b + size);
    if (!b)
        return NULL;
    b->size = size;
    m->blocks++;
    m->live_bytes += size;
    if (m->live_bytes > m->peak_bytes)
        m->peak_bytes = m->live_bytes;
    return b + 1;
}

static void meter_free(void *ctx, void *p)
{
    struct heap_meter *m = ctx;
    if (!p)
        return;
    union block *b = (union block *)p - 1;
    m->blocks--;
    m->live_bytes -= b->size;
    free(b);
}

void heap_meter_begin(struct heap_meter *m)
{
    *m = (struct heap_meter){.alloc = {meter_alloc, meter_free, m}};
}
