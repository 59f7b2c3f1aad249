// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_storage.h"

#include "tests/support/sim_rig.h"

TEST(sim_storage_ram_keeps_what_is_written)
{
    struct rig r;
    struct sim_storage s;
    uint8_t out[3 * 512], in[5 * 512], zeros[512] = {0};
    rig_begin(&r);
    CHECK_EQ(sim_storage_ram(&s, &r.alloc, 5 * 512), BASE_OK);
    CHECK_EQ(r.blocks, 2); // the bus, and all of the storage in one piece
    CHECK_EQ(s.size_bytes, 5 * 512);
    CHECK(!s.read_only);
    memset(out, 0xab, sizeof out);
    CHECK_EQ(s.write(s.ctx, 512, out, sizeof out), BASE_OK);
    CHECK_EQ(s.flush(s.ctx), BASE_OK);
    CHECK_EQ(s.read(s.ctx, 0, in, sizeof in), BASE_OK);
    CHECK_BYTES(in, zeros, 512);
    CHECK_BYTES(in + 512, out, sizeof out);
    CHECK_BYTES(in + 4 * 512, zeros, 512);
    CHECK_EQ(s.read(s.ctx, 4 * 512, in, 512), BASE_OK);
    CHECK_BYTES(in, zeros, 512);
    s.destroy(s.ctx);
    sim_bus_destroy(r.bus);
    CHECK_EQ(r.blocks, 0);
}

TEST(sim_storage_ram_without_memory)
{
    struct rig r;
    struct sim_storage s;
    rig_begin(&r);
    r.out_of_memory = true;
    CHECK_EQ(sim_storage_ram(&s, &r.alloc, 512), BASE_ERR_NOMEM);
    r.out_of_memory = false;
    CHECK_EQ(sim_storage_ram(&s, &r.alloc, UINT64_MAX), BASE_ERR_NOMEM); // no wrap-around
    CHECK_EQ(sim_storage_ram(&s, &r.alloc, SIZE_MAX), BASE_ERR_NOMEM);
    sim_bus_destroy(r.bus);
    CHECK_EQ(r.blocks, 0);
}
