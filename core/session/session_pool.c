// SPDX-License-Identifier: Apache-2.0
#include "session/session_pool.h"

#include <stddef.h>

// A kept buffer holds the link to the next one of its class in its own first bytes.
struct session_pool_node {
    struct session_pool_node *next;
};

static unsigned class_of(uint32_t size)
{
    unsigned c = 0;
    while (c < SESSION_POOL_CLASSES && (uint64_t)1 << (SESSION_POOL_SMALLEST_SHIFT + c) < size)
        c++;
    return c;
}

uint32_t session_pool_rounded(uint32_t size)
{
    unsigned c = class_of(size);
    if (size == 0 || c == SESSION_POOL_CLASSES)
        return size; // larger than every class: taken as it is, never kept
    return (uint32_t)1 << (SESSION_POOL_SMALLEST_SHIFT + c);
}

void *session_pool_get(struct session_pool *pool, uint32_t size)
{
    unsigned c = class_of(size);
    uint32_t rounded = session_pool_rounded(size);
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

void session_pool_put(struct session_pool *pool, void *p, uint32_t size)
{
    unsigned c = class_of(size);
    uint32_t rounded = session_pool_rounded(size);
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
