// SPDX-License-Identifier: Apache-2.0
// A host's side of USB Attached SCSI at high speed, on the disk of sim_disk_rig.h.
#pragma once

#include "tests/support/sim_disk_rig.h"

enum { UAS_DATA_IN = 0x81, UAS_DATA_OUT = 0x02, UAS_STATUS = 0x83, UAS_COMMAND = 0x04 };

enum { UAS_SIMPLE = 0, UAS_HEAD_OF_QUEUE = 1, UAS_ORDERED = 2 };

enum { UAS_GOOD = 0x00, UAS_CHECK_CONDITION = 0x02, UAS_TASK_SET_FULL = 0x28 };

enum { UAS_READ_READY = 6, UAS_WRITE_READY = 7 };

enum {
    UAS_ABORT_TASK = 0x01,
    UAS_ABORT_TASK_SET = 0x02,
    UAS_CLEAR_TASK_SET = 0x04,
    UAS_LOGICAL_UNIT_RESET = 0x08,
    UAS_I_T_NEXUS_RESET = 0x10,
    UAS_CLEAR_ACA = 0x40,
    UAS_QUERY_TASK = 0x80,
    UAS_QUERY_TASK_SET = 0x81,
    UAS_QUERY_ASYNC_EVENT = 0x82,
};

enum {
    UAS_COMPLETE = 0x00,
    UAS_INVALID_IU = 0x02,
    UAS_NOT_SUPPORTED = 0x04,
    UAS_SUCCEEDED = 0x08,
    UAS_INCORRECT_LUN = 0x09,
    UAS_OVERLAPPED_TAG = 0x0a,
};

enum { UAS_ROOM = 112 }; // Linux's for a SENSE IU

static inline void uas_select(struct bot *b)
{
    rig_change(&b->rig, USB_SET_INTERFACE, 0, 1);
}

// Without a unit attention; in the alternate setting of UAS.
static inline void uas_begin(struct bot *b)
{
    struct sim_disk_options o = bot_options(b, BOT_BLOCKS);
    o.uas = true;
    bot_begin_with(b, &o);
    uas_select(b);
}

static inline void uas_command_init(uint8_t iu[32], uint16_t tag, const uint8_t cdb[16])
{
    memset(iu, 0, 32);
    iu[0] = 1;
    base_put_be16(iu + 2, tag);
    memcpy(iu + 16, cdb, 16);
}

static inline void uas_send(struct bot *b, const uint8_t *iu, uint32_t size)
{
    CHECK_EQ(rig_write(&b->rig, UAS_COMMAND, iu, size), size);
}

static inline void uas_command_as(struct bot *b, uint16_t tag, uint8_t attribute,
                                  const uint8_t cdb[16])
{
    uint8_t iu[32];
    uas_command_init(iu, tag, cdb);
    iu[4] = attribute;
    uas_send(b, iu, sizeof iu);
}

static inline void uas_command(struct bot *b, uint16_t tag, const uint8_t cdb[16])
{
    uas_command_as(b, tag, UAS_SIMPLE, cdb);
}

// READ (10) and WRITE (10).
static inline void uas_read(struct bot *b, uint16_t tag, uint8_t block, uint8_t count)
{
    uas_command(b, tag, BOT_CDB(0x28, 0, 0, 0, 0, block, 0, 0, count));
}

static inline void uas_write(struct bot *b, uint16_t tag, uint8_t block, uint8_t count)
{
    uas_command(b, tag, BOT_CDB(0x2a, 0, 0, 0, 0, block, 0, 0, count));
}

static inline void uas_function(struct bot *b, uint16_t tag, uint8_t function, uint16_t task_tag)
{
    uint8_t iu[16] = {5, 0, 0, 0, function};
    base_put_be16(iu + 2, tag);
    base_put_be16(iu + 6, task_tag);
    uas_send(b, iu, sizeof iu);
}

// The next IU on the status pipe is exactly this.
static inline void uas_check_iu(struct bot *b, const uint8_t *want, uint32_t size)
{
    uint8_t iu[UAS_ROOM];
    CHECK_EQ(rig_read(&b->rig, UAS_STATUS, iu, sizeof iu), size);
    CHECK_BYTES(iu, want, size);
}

static inline void uas_check_ready(struct bot *b, uint8_t id, uint16_t tag)
{
    uint8_t want[4] = {id};
    base_put_be16(want + 2, tag);
    uas_check_iu(b, want, sizeof want);
}

static inline void uas_check_status(struct bot *b, uint16_t tag, uint8_t status)
{
    uint8_t want[16] = {3, [6] = status};
    base_put_be16(want + 2, tag);
    uas_check_iu(b, want, sizeof want);
}

static inline void uas_check_good(struct bot *b, uint16_t tag)
{
    uas_check_status(b, tag, UAS_GOOD);
}

static inline void uas_check_failed(struct bot *b, uint16_t tag, unsigned sense)
{
    uint8_t want[34] = {3, [6] = UAS_CHECK_CONDITION, [15] = 18, [16] = 0x70, [23] = 10};
    base_put_be16(want + 2, tag);
    want[18] = (uint8_t)(sense >> 16);
    want[28] = (uint8_t)(sense >> 8);
    want[29] = (uint8_t)sense;
    uas_check_iu(b, want, sizeof want);
}

static inline void uas_check_response(struct bot *b, uint16_t tag, uint8_t code)
{
    uint8_t want[8] = {4, [7] = code};
    base_put_be16(want + 2, tag);
    uas_check_iu(b, want, sizeof want);
}

// There is nothing to tell now.
static inline void uas_check_silence(struct bot *b)
{
    CHECK_EQ(rig_read(&b->rig, UAS_STATUS, (uint8_t[UAS_ROOM]){0}, UAS_ROOM), RIG_PENDING);
}

// The data phase of a command that reads `count` blocks from `block` on.
static inline void uas_check_blocks(struct bot *b, uint32_t block, uint32_t count)
{
    static uint8_t data[64 * BOT_BLOCK];
    CHECK(count <= 64);
    CHECK_EQ(rig_read(&b->rig, UAS_DATA_IN, data, count * BOT_BLOCK), count * BOT_BLOCK);
    bot_check_blocks(b, data, block, count);
}

// A whole READ: nothing is left of what was before.
static inline void uas_check_alive(struct bot *b)
{
    uas_read(b, 0x7777, 40, 3);
    uas_check_ready(b, UAS_READ_READY, 0x7777);
    uas_check_blocks(b, 40, 3);
    uas_check_good(b, 0x7777);
    uas_check_silence(b);
}

static inline void uas_check_fails(struct bot *b, const uint8_t cdb[16], unsigned sense)
{
    uas_command(b, 0x6666, cdb);
    uas_check_failed(b, 0x6666, sense);
}

static inline void uas_check_passes(struct bot *b, const uint8_t cdb[16])
{
    uas_command(b, 0x6666, cdb);
    uas_check_good(b, 0x6666);
}
