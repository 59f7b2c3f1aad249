// SPDX-License-Identifier: Apache-2.0
#include "sim_storage.h"

#include <assert.h>
#include <string.h>

struct storage_ram {
    const struct base_alloc *alloc;
    uint64_t size;
    uint8_t bytes[];
};

static enum base_err ram_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    const struct storage_ram *ram = ctx;
    assert(offset <= ram->size && size <= ram->size - offset);
    memcpy(buf, ram->bytes + (size_t)offset, size);
    return BASE_OK;
}

static enum base_err ram_write(void *ctx, uint64_t offset, const void *buf, size_t size)
{
    struct storage_ram *ram = ctx;
    assert(offset <= ram->size && size <= ram->size - offset);
    memcpy(ram->bytes + (size_t)offset, buf, size);
    return BASE_OK;
}

static enum base_err ram_flush(void *ctx)
{
    (void)ctx;
    return BASE_OK;
}

static void ram_destroy(void *ctx)
{
    struct storage_ram *ram = ctx;
    base_free(ram->alloc, ram);
}

enum base_err sim_storage_ram(struct sim_storage *s, const struct base_alloc *alloc,
                              uint64_t size_bytes)
{
    if (size_bytes > SIZE_MAX - sizeof(struct storage_ram))
        return BASE_ERR_NOMEM;
    struct storage_ram *ram = base_alloc(alloc, sizeof *ram + (size_t)size_bytes);
    if (!ram)
        return BASE_ERR_NOMEM;
    ram->alloc = alloc;
    ram->size = size_bytes;
    *s = (struct sim_storage){
        .read = ram_read,
        .write = ram_write,
        .flush = ram_flush,
        .destroy = ram_destroy,
        .ctx = ram,
        .size_bytes = size_bytes,
    };
    return BASE_OK;
}
