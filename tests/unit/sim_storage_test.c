// SPDX-License-Identifier: Apache-2.0
#include "sim/device/disk/sim_storage.h"

#include "tests/support/rig.h"

#include <string.h>

enum { BLOCK = 512, LAST = 4 * BLOCK, SIZE = 5 * BLOCK };

RIG_TEST(sim_storage_ram_keeps_what_is_written, rig_begin(r))
{
    struct sim_storage s;
    uint8_t out[3 * BLOCK], in[SIZE], zeros[BLOCK] = {0};
    CHECK_EQ(sim_storage_ram(&s, &r->heap.alloc, SIZE), BASE_OK);
    CHECK_EQ(r->heap.blocks, 2); // the bus, and all of the storage in one piece
    CHECK_EQ(s.size_bytes, SIZE);
    CHECK(!s.read_only);
    memset(out, 0xab, sizeof out);
    CHECK_EQ(s.write(s.ctx, BLOCK, out, sizeof out), BASE_OK);
    CHECK_EQ(s.flush(s.ctx), BASE_OK);
    CHECK_EQ(s.read(s.ctx, 0, in, sizeof in), BASE_OK);
    CHECK_BYTES(in, zeros, BLOCK);
    CHECK_BYTES(in + BLOCK, out, sizeof out);
    CHECK_BYTES(in + LAST, zeros, BLOCK);
    CHECK_EQ(s.read(s.ctx, LAST, in, BLOCK), BASE_OK);
    CHECK_BYTES(in, zeros, BLOCK);
    s.destroy(s.ctx);
}

RIG_TEST(sim_storage_ram_without_memory, rig_begin(r))
{
    struct sim_storage s;
    r->heap.fail_at = 1;
    CHECK_EQ(sim_storage_ram(&s, &r->heap.alloc, BLOCK), BASE_ERR_NOMEM);
    r->heap.fail_at = 0;
    CHECK_EQ(sim_storage_ram(&s, &r->heap.alloc, UINT64_MAX), BASE_ERR_NOMEM); // no wrap-around
    CHECK_EQ(sim_storage_ram(&s, &r->heap.alloc, SIZE_MAX), BASE_ERR_NOMEM);
}
