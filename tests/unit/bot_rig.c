// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/bot_rig.h"

#include <stdlib.h>
#include <string.h>

const uint8_t bot_test_unit_ready[16] = {0x00};
const uint8_t bot_read_two[16] = {0x28, 0, 0, 0, 0, 5, 0, 0, 2};
const uint8_t bot_write_two[16] = {0x2a, 0, 0, 0, 0, 5, 0, 0, 2};

static bool bot_bad(const struct bot *b, uint64_t offset, size_t size)
{
    uint64_t bad = (uint64_t)b->bad_block * BOT_BLOCK;
    return b->bad_block != NO_BLOCK && bad >= offset && bad < offset + size;
}

static enum base_err bot_storage_read(void *ctx, uint64_t offset, void *buf, size_t size)
{
    struct bot *b = ctx;
    b->reads++;
    CHECK_EQ(offset % BOT_BLOCK + size % BOT_BLOCK, 0);
    if (bot_bad(b, offset, size))
        return BASE_ERR_IO;
    if (offset + size <= BOT_BYTES)
        memcpy(buf, b->bytes + offset, size);
    else
        memset(buf, 0xcc, size);
    return BASE_OK;
}

static enum base_err bot_storage_write(void *ctx, uint64_t offset, const void *buf, size_t size)
{
    struct bot *b = ctx;
    b->writes++;
    CHECK_EQ(offset % BOT_BLOCK + size % BOT_BLOCK, 0);
    if (bot_bad(b, offset, size))
        return BASE_ERR_IO;
    if (offset + size <= BOT_BYTES)
        memcpy(b->bytes + offset, buf, size);
    return BASE_OK;
}

static enum base_err bot_storage_flush(void *ctx)
{
    struct bot *b = ctx;
    b->flushes++;
    return b->bad_flush ? BASE_ERR_IO : BASE_OK;
}

static void bot_storage_destroy(void *ctx)
{
    struct bot *b = ctx;
    b->destroyed++;
}

struct sim_disk_options bot_options(struct bot *b, uint64_t blocks)
{
    return (struct sim_disk_options){
        .storage = {.read = bot_storage_read,
                    .write = bot_storage_write,
                    .flush = bot_storage_flush,
                    .destroy = bot_storage_destroy,
                    .ctx = b,
                    .size_bytes = blocks * BOT_BLOCK},
        .number = 0xab12,
    };
}

void bot_fill(uint8_t *buf, uint32_t size, uint32_t from)
{
    for (uint32_t i = 0; i < size; i++)
        buf[i] = (uint8_t)((from + i) * 7 % 251);
}

uint8_t *bot_block(const struct bot *b, uint32_t block)
{
    return b->bytes + (size_t)block * BOT_BLOCK;
}

void bot_check_blocks(const struct bot *b, const uint8_t *data, uint32_t block, uint32_t count)
{
    CHECK_BYTES(data, bot_block(b, block), (size_t)count * BOT_BLOCK);
}

void bot_transfer(struct bot *b, uint8_t ep, void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb(&u, b->rig.dev, ep, ep & USB_DIR_IN ? NULL : data, length);
    rig_submit(&u);
    if (ep & USB_DIR_IN && length > 0)
        memcpy(data, u.urb.buffer, length);
    b->data_actual = u.urb.actual_length;
    int result = rig_finish(&u);
    b->data_status = result < 0 || result == RIG_PENDING ? result : USB_STATUS_OK;
}

void bot_clear_halt(struct bot *b, uint8_t ep)
{
    rig_change(b->rig.dev, USB_CLEAR_HALT, 0, ep);
}

void bot_cbw_init(uint8_t cbw[31], const uint8_t *cdb, unsigned size, bool in, uint32_t length)
{
    memset(cbw, 0, 31);
    memcpy(cbw, "USBC", 4);
    base_put_le32(cbw + 4, BOT_TAG);
    base_put_le32(cbw + 8, length);
    cbw[12] = in ? 0x80 : 0;
    cbw[14] = (uint8_t)size;
    memcpy(cbw + 15, cdb, size);
}

void bot_send(struct bot *b, const uint8_t *cdb, unsigned size, bool in, uint32_t length)
{
    uint8_t cbw[31];
    bot_cbw_init(cbw, cdb, size, in, length);
    CHECK_EQ(rig_write(b->rig.dev, BOT_OUT, cbw, sizeof cbw), 31);
}

void bot_status(struct bot *b)
{
    uint8_t csw[13] = {0};
    int n = rig_read(b->rig.dev, BOT_IN, csw, sizeof csw);
    b->csw_stalled = n == USB_STATUS_STALL;
    if (b->csw_stalled) {
        bot_clear_halt(b, BOT_IN);
        n = rig_read(b->rig.dev, BOT_IN, csw, sizeof csw);
    }
    CHECK_EQ(n, 13);
    CHECK_BYTES(csw, "USBS", 4);
    CHECK_EQ(base_get_le32(csw + 4), BOT_TAG);
    b->residue = base_get_le32(csw + 8);
    b->status = csw[12];
}

void bot_command(struct bot *b, const uint8_t *cdb, unsigned size, bool in, void *data,
                 uint32_t length)
{
    b->data_status = USB_STATUS_OK;
    b->data_actual = 0;
    bot_send(b, cdb, size, in, length);
    if (length > 0)
        bot_transfer(b, in ? BOT_IN : BOT_OUT, data, length);
    if (b->data_status == USB_STATUS_STALL)
        bot_clear_halt(b, in ? BOT_IN : BOT_OUT);
    bot_status(b);
}

unsigned bot_cdb_size(uint8_t opcode)
{
    static const uint8_t sizes[8] = {6, 10, 10, 16, 16, 12, 16, 16};
    return sizes[opcode >> 5];
}

void bot_simple(struct bot *b, const uint8_t cdb[16])
{
    bot_command(b, cdb, bot_cdb_size(cdb[0]), false, NULL, 0);
}

void bot_read(struct bot *b, const uint8_t cdb[16], void *data, uint32_t length)
{
    bot_command(b, cdb, bot_cdb_size(cdb[0]), true, data, length);
}

void bot_write(struct bot *b, const uint8_t cdb[16], void *data, uint32_t length)
{
    bot_command(b, cdb, bot_cdb_size(cdb[0]), false, data, length);
}

unsigned bot_sense(struct bot *b)
{
    uint8_t p[18];
    bot_read(b, BOT_CDB(0x03, 0, 0, 0, 18), p, sizeof p);
    CHECK_EQ(b->status, BOT_PASSED);
    CHECK_EQ(b->data_actual, 18);
    CHECK_EQ(p[0], 0x70);
    CHECK_EQ(p[7], 10);
    return (unsigned)p[2] << 16 | (unsigned)p[12] << 8 | p[13];
}

void bot_check_failed(struct bot *b, unsigned sense)
{
    CHECK_EQ(b->status, BOT_FAILED);
    CHECK_EQ(bot_sense(b), sense);
}

void bot_check_passed(const struct bot *b, uint32_t actual, uint32_t residue)
{
    CHECK_EQ(b->status, BOT_PASSED);
    CHECK_EQ(b->data_actual, actual);
    CHECK_EQ(b->residue, residue);
}

void bot_check_fails(struct bot *b, const uint8_t cdb[16], unsigned sense)
{
    bot_simple(b, cdb);
    bot_check_failed(b, sense);
}

void bot_check_passes(struct bot *b, const uint8_t cdb[16])
{
    bot_simple(b, cdb);
    bot_check_passed(b, 0, 0);
}

void bot_check_data(struct bot *b, const uint8_t cdb[16], uint8_t *data, uint32_t size)
{
    bot_read(b, cdb, data, size);
    bot_check_passed(b, size, 0);
}

void bot_begin_with(struct bot *b, const struct sim_disk_options *o)
{
    *b = (struct bot){.bad_block = NO_BLOCK};
    rig_begin(&b->rig);
    b->bytes = malloc(BOT_BYTES);
    CHECK(b->bytes);
    bot_fill(b->bytes, BOT_BYTES, 0);
    rig_start(&b->rig, sim_disk_create(b->rig.bus, o), 1);
    CHECK_EQ(bot_sense(b), SENSE_POWER_ON); // takes the unit attention away
}

void bot_begin_sized(struct bot *b, uint64_t blocks, bool read_only)
{
    struct sim_disk_options o = bot_options(b, blocks);
    o.storage.read_only = read_only;
    bot_begin_with(b, &o);
}

void bot_begin(struct bot *b)
{
    bot_begin_sized(b, BOT_BLOCKS, false);
}

void bot_end(struct bot *b)
{
    rig_end(&b->rig);
    CHECK_EQ(b->destroyed, 1);
    free(b->bytes);
}

void bot_check_alive(struct bot *b)
{
    uint8_t data[2 * BOT_BLOCK];
    bot_read(b, bot_read_two, data, sizeof data);
    bot_check_passed(b, sizeof data, 0);
    CHECK(!b->csw_stalled);
    bot_check_blocks(b, data, 5, 2);
}
