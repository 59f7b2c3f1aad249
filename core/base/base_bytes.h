// SPDX-License-Identifier: Apache-2.0
// Byte order at named offsets and read-only spans. Pure functions, any thread.
#pragma once

#include <stddef.h>
#include <stdint.h>

// A borrowed run of bytes; `data` may be NULL only when `size` is 0.
struct base_span {
    const uint8_t *data;
    size_t size;
};

// A place for bytes to come from or go to; the layout that readv/writev use, without their header.
struct base_iovec {
    uint8_t *data;
    size_t size;
};

static inline uint16_t base_get_be16(const uint8_t *p)
{
    return (uint16_t)((unsigned)p[0] << 8 | p[1]);
}

static inline uint32_t base_get_be32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static inline uint64_t base_get_be64(const uint8_t *p)
{
    return (uint64_t)base_get_be32(p) << 32 | base_get_be32(p + 4);
}

static inline void base_put_be16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void base_put_be32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static inline void base_put_be64(uint8_t *p, uint64_t v)
{
    base_put_be32(p, (uint32_t)(v >> 32));
    base_put_be32(p + 4, (uint32_t)v);
}

static inline uint16_t base_get_le16(const uint8_t *p)
{
    return (uint16_t)(p[0] | (unsigned)p[1] << 8);
}

static inline uint32_t base_get_le32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline void base_put_le16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
}

static inline void base_put_le32(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)v;
    p[1] = (uint8_t)(v >> 8);
    p[2] = (uint8_t)(v >> 16);
    p[3] = (uint8_t)(v >> 24);
}
