// SPDX-License-Identifier: Apache-2.0
// URB payload memory: one backend's buffers in size classes (powers of two), counted against the
// server's budget. Freed buffers are kept for the next URB of that class, so a steady stream
// allocates nothing. Loop thread.
#pragma once

#include "base/base_alloc.h"
#include "base/base_list.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    SESSION_POOL_SMALLEST_SHIFT = 6, // 64 bytes
    SESSION_POOL_CLASSES = 18,       // 64 B .. 8 MiB
};

// All sessions' payload bytes together. Part of them is reserved: each imported session can always
// have `reserve per session` bytes, whatever the others do.
struct session_budget {
    uint64_t total;            // bytes allowed
    uint64_t in_use;           // bytes in URBs now, in whole size classes
    uint64_t reserved;         // bytes of reserves not yet used by their sessions
    struct base_list starving; // sessions that give notice when something comes free
    bool wanted;               // what others have was wanted since the server looked last
    uint64_t hope_us;          // until then it may come free, because silent peers are probed
};

struct session_pool {
    void *(*raw_alloc)(void *ctx, uint32_t size);
    void (*raw_free)(void *ctx, void *p, uint32_t size);
    void *ctx;
    struct session_pool_node *cached[SESSION_POOL_CLASSES];
    uint64_t cached_bytes;
    uint64_t cache_limit; // free buffers kept at most, bytes
};

// More may fit now: the sessions that wait for room give notice.
void session_budget_grew(struct session_budget *b);

// Bytes that a request of `size` really takes; 0 for 0.
uint32_t session_pool_rounded(uint32_t size);

// A buffer of `rounded` > 0 bytes (as session_pool_rounded gives them), or NULL. Not zeroed.
void *session_pool_get(struct session_pool *pool, uint32_t rounded);
void session_pool_put(struct session_pool *pool, void *p, uint32_t rounded);

// Gives all kept buffers back to the backend.
void session_pool_trim(struct session_pool *pool);
