// SPDX-License-Identifier: Apache-2.0
#include "session/session_pool.h"

#include <stddef.h>

// A kept buffer holds the link to the next one of its class in its own first bytes.
struct session_pool_node {
    struct session_pool_node *next;
};

static unsigned class_of(uint32_t rounded)
{
    unsigned c = 0;
    while (c < SESSION_POOL_CLASSES && 1u << (SESSION_POOL_SMALLEST_SHIFT + c) < rounded)
        c++;
    return c;
}

// Without a loop: it is asked several times for each URB.
uint32_t session_pool_rounded(uint32_t size)
{
    const uint32_t largest = 1u << (SESSION_POOL_SMALLEST_SHIFT + SESSION_POOL_CLASSES - 1);
    if (size == 0 || size > largest)
        return size; // larger than every class: taken as it is, never kept
    uint32_t ones = (size - 1) | ((1u << SESSION_POOL_SMALLEST_SHIFT) - 1);
    ones |= ones >> 1;
    ones |= ones >> 2;
    ones |= ones >> 4;
    ones |= ones >> 8;
    ones |= ones >> 16;
    return ones + 1;
}

void *session_pool_get(struct session_pool *pool, uint32_t rounded)
{
    unsigned c = class_of(rounded);
    if (c < SESSION_POOL_CLASSES && pool->cached[c]) {
        struct session_pool_node *node = pool->cached[c];
        pool->cached[c] = node->next;
        pool->cached_bytes -= rounded;
        return node;
    }
    void *p = pool->raw_alloc(pool->ctx, rounded);
    if (!p && pool->cached_bytes > 0) {
        session_pool_trim(pool);
        p = pool->raw_alloc(pool->ctx, rounded);
    }
    return p;
}

void session_pool_put(struct session_pool *pool, void *p, uint32_t rounded)
{
    unsigned c = class_of(rounded);
    if (c == SESSION_POOL_CLASSES || pool->cached_bytes + rounded > pool->cache_limit) {
        pool->raw_free(pool->ctx, p, rounded);
        return;
    }
    struct session_pool_node *node = p;
    node->next = pool->cached[c];
    pool->cached[c] = node;
    pool->cached_bytes += rounded;
}

void session_pool_trim(struct session_pool *pool)
{
    for (unsigned c = 0; c < SESSION_POOL_CLASSES; c++) {
        while (pool->cached[c]) {
            struct session_pool_node *node = pool->cached[c];
            pool->cached[c] = node->next;
            pool->raw_free(pool->ctx, node, (uint32_t)1 << (SESSION_POOL_SMALLEST_SHIFT + c));
        }
    }
    pool->cached_bytes = 0;
}
