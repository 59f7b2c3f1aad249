// SPDX-License-Identifier: Apache-2.0
#include "session/session_pool.h"
#include "tests/support/check.h"

#include <stdlib.h>

struct heap {
    unsigned blocks, calls;
    uint64_t limit, bytes;
};

static void *get(void *ctx, uint32_t size)
{
    struct heap *h = ctx;
    h->calls++;
    if (h->bytes + size > h->limit)
        return NULL;
    h->bytes += size;
    h->blocks++;
    return malloc(size);
}

static void put(void *ctx, void *p, uint32_t size)
{
    struct heap *h = ctx;
    h->bytes -= size;
    h->blocks--;
    free(p);
}

TEST(session_pool_rounds_to_powers_of_two)
{
    CHECK_EQ(session_pool_rounded(0), 0);
    CHECK_EQ(session_pool_rounded(1), 64);
    CHECK_EQ(session_pool_rounded(64), 64);
    CHECK_EQ(session_pool_rounded(65), 128);
    CHECK_EQ(session_pool_rounded(122880), 131072);
    CHECK_EQ(session_pool_rounded(1048576), 1048576);
    CHECK_EQ(session_pool_rounded(8 * 1024 * 1024 + 1), 8 * 1024 * 1024 + 1);
}

TEST(session_pool_uses_a_buffer_again)
{
    struct heap h = {.limit = 1 << 20};
    struct session_pool pool = {.raw_alloc = get, .raw_free = put, .ctx = &h, .cache_limit = 65536};
    void *a = session_pool_get(&pool, 8192);
    session_pool_put(&pool, a, 8192);
    CHECK_EQ(pool.cached_bytes, 8192);
    CHECK(session_pool_get(&pool, 8192) == a);
    CHECK_EQ(h.calls, 1);
    session_pool_put(&pool, a, 8192);
    session_pool_trim(&pool);
    CHECK_EQ(h.blocks, 0);
    CHECK_EQ(pool.cached_bytes, 0);
}

TEST(session_pool_keeps_no_more_than_its_limit)
{
    struct heap h = {.limit = 1 << 20};
    struct session_pool pool = {.raw_alloc = get, .raw_free = put, .ctx = &h, .cache_limit = 128};
    void *a = session_pool_get(&pool, 128), *b = session_pool_get(&pool, 128);
    session_pool_put(&pool, a, 128);
    session_pool_put(&pool, b, 128);
    CHECK_EQ(h.blocks, 1);
    session_pool_trim(&pool);
}

TEST(session_pool_gives_kept_buffers_up_for_another_class)
{
    struct heap h = {.limit = 8192};
    struct session_pool pool = {.raw_alloc = get, .raw_free = put, .ctx = &h, .cache_limit = 65536};
    void *small = session_pool_get(&pool, 64);
    CHECK(!session_pool_get(&pool, 8192));
    session_pool_put(&pool, small, 64);
    void *large = session_pool_get(&pool, 8192);
    CHECK(large);
    session_pool_put(&pool, large, 8192);
    session_pool_trim(&pool);
    CHECK_EQ(h.blocks, 0);
}
