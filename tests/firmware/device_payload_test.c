// SPDX-License-Identifier: Apache-2.0
// Where the payload of URBs goes: clients decide how much of it there is.
#include "device_parts.h"
#include "idf_double.h"
#include "tests/support/check.h"

enum { SHORT = DEVICE_SMALL_PAYLOAD, LONG = DEVICE_SMALL_PAYLOAD + 1, LARGE_BYTES = 1 << 20 };

static void limits(size_t internal, size_t psram)
{
    idf_double_limit_heap(IDF_HEAP_INTERNAL, internal);
    idf_double_limit_heap(IDF_HEAP_SPIRAM, psram);
}

// The heap that a payload of that size comes from; IDF_HEAPS: none has room.
static enum idf_heap heap_of(uint32_t size)
{
    size_t before = idf_double_heap_in_use(IDF_HEAP_INTERNAL);
    void *p = device_payload_alloc(NULL, size);
    if (!p)
        return IDF_HEAPS;
    bool internal = idf_double_heap_in_use(IDF_HEAP_INTERNAL) > before;
    device_payload_free(NULL, p, size);
    CHECK_EQ(idf_double_heap_in_use(IDF_HEAP_INTERNAL), before);
    return internal ? IDF_HEAP_INTERNAL : IDF_HEAP_SPIRAM;
}

TEST(device_payload_short_is_internal_and_long_is_not)
{
    limits(LARGE_BYTES, LARGE_BYTES);
    CHECK_EQ(heap_of(SHORT), IDF_HEAP_INTERNAL);
    CHECK_EQ(heap_of(LONG), IDF_HEAP_SPIRAM);
    limits(SIZE_MAX, SIZE_MAX);
}

// 64 URBs of 512 bytes on each of 8 devices would be 256 KiB, half of what there is.
TEST(device_payload_leaves_internal_memory_to_others)
{
    void *taken[64];
    unsigned n = 0;
    limits(DEVICE_INTERNAL_RESERVE + 16 * 1024, LARGE_BYTES);
    while (n < 64 && (taken[n] = device_payload_alloc(NULL, SHORT)))
        n++;
    CHECK_EQ(n, 64);
    CHECK(idf_double_heap_in_use(IDF_HEAP_INTERNAL) <= 16 * 1024);
    CHECK(idf_double_heap_in_use(IDF_HEAP_SPIRAM) > 0);
    while (n > 0)
        device_payload_free(NULL, taken[--n], SHORT);
    limits(SIZE_MAX, SIZE_MAX);
}

TEST(device_payload_long_never_takes_internal_memory)
{
    limits(LARGE_BYTES, 0);
    CHECK_EQ(heap_of(LONG), IDF_HEAPS);
    CHECK_EQ(heap_of(SHORT), IDF_HEAP_INTERNAL);
    limits(SIZE_MAX, SIZE_MAX);
}
