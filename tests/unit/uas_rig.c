// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/uas_rig.h"

#include <string.h>

void uas_select(struct bot *b)
{
    rig_change(b->rig.dev, USB_SET_INTERFACE, 0, 1);
}

void uas_begin(struct bot *b)
{
    struct sim_disk_options o = bot_options(b, BOT_BLOCKS);
    o.uas = true;
    bot_begin_with(b, &o);
    uas_select(b);
}

void uas_command_init(uint8_t iu[32], uint16_t tag, const uint8_t cdb[16])
{
    memset(iu, 0, 32);
    iu[0] = 1;
    base_put_be16(iu + 2, tag);
    memcpy(iu + 16, cdb, 16);
}

void uas_send(struct bot *b, const uint8_t *iu, uint32_t size)
{
    CHECK_EQ(rig_write(b->rig.dev, UAS_COMMAND, iu, size), size);
}

void uas_command_as(struct bot *b, uint16_t tag, uint8_t attribute, const uint8_t cdb[16])
{
    uint8_t iu[32];
    uas_command_init(iu, tag, cdb);
    iu[4] = attribute;
    uas_send(b, iu, sizeof iu);
}

void uas_command(struct bot *b, uint16_t tag, const uint8_t cdb[16])
{
    uas_command_as(b, tag, UAS_SIMPLE, cdb);
}

void uas_read(struct bot *b, uint16_t tag, uint8_t block, uint8_t count)
{
    uas_command(b, tag, BOT_CDB(0x28, 0, 0, 0, 0, block, 0, 0, count));
}

void uas_write(struct bot *b, uint16_t tag, uint8_t block, uint8_t count)
{
    uas_command(b, tag, BOT_CDB(0x2a, 0, 0, 0, 0, block, 0, 0, count));
}

void uas_function(struct bot *b, uint16_t tag, uint8_t function, uint16_t task_tag)
{
    uint8_t iu[16] = {5, 0, 0, 0, function};
    base_put_be16(iu + 2, tag);
    base_put_be16(iu + 6, task_tag);
    uas_send(b, iu, sizeof iu);
}

void uas_check_iu(struct bot *b, const uint8_t *want, uint32_t size)
{
    uint8_t iu[UAS_ROOM];
    CHECK_EQ(rig_read(b->rig.dev, UAS_STATUS, iu, sizeof iu), size);
    CHECK_BYTES(iu, want, size);
}

void uas_check_ready(struct bot *b, uint8_t id, uint16_t tag)
{
    uint8_t want[4] = {id};
    base_put_be16(want + 2, tag);
    uas_check_iu(b, want, sizeof want);
}

void uas_check_status(struct bot *b, uint16_t tag, uint8_t status)
{
    uint8_t want[16] = {3, [6] = status};
    base_put_be16(want + 2, tag);
    uas_check_iu(b, want, sizeof want);
}

void uas_check_good(struct bot *b, uint16_t tag)
{
    uas_check_status(b, tag, UAS_GOOD);
}

void uas_check_failed(struct bot *b, uint16_t tag, unsigned sense)
{
    uint8_t want[34] = {3, [6] = UAS_CHECK_CONDITION, [15] = 18, [16] = 0x70, [23] = 10};
    base_put_be16(want + 2, tag);
    want[18] = (uint8_t)(sense >> 16);
    want[28] = (uint8_t)(sense >> 8);
    want[29] = (uint8_t)sense;
    uas_check_iu(b, want, sizeof want);
}

void uas_check_response(struct bot *b, uint16_t tag, uint8_t code)
{
    uint8_t want[8] = {4, [7] = code};
    base_put_be16(want + 2, tag);
    uas_check_iu(b, want, sizeof want);
}

void uas_check_silence(struct bot *b)
{
    CHECK_EQ(rig_read(b->rig.dev, UAS_STATUS, (uint8_t[UAS_ROOM]){0}, UAS_ROOM), RIG_PENDING);
}

void uas_check_blocks(struct bot *b, uint32_t block, uint32_t count)
{
    static uint8_t data[64 * BOT_BLOCK];
    CHECK(count <= 64);
    CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, data, count * BOT_BLOCK), count * BOT_BLOCK);
    bot_check_blocks(b, data, block, count);
}

void uas_check_alive(struct bot *b)
{
    uas_read(b, 0x7777, 40, 3);
    uas_check_ready(b, UAS_READ_READY, 0x7777);
    uas_check_blocks(b, 40, 3);
    uas_check_good(b, 0x7777);
    uas_check_silence(b);
}

void uas_check_fails(struct bot *b, const uint8_t cdb[16], unsigned sense)
{
    uas_command(b, 0x6666, cdb);
    uas_check_failed(b, 0x6666, sense);
}

void uas_check_passes(struct bot *b, const uint8_t cdb[16])
{
    uas_command(b, 0x6666, cdb);
    uas_check_good(b, 0x6666);
}
