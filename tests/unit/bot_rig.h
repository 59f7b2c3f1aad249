// SPDX-License-Identifier: Apache-2.0
// A host's side of bulk-only transport, on a simulated disk whose storage fails when a test wants
// it.
#pragma once

#include "sim/device/disk/sim_disk.h"
#include "tests/support/rig.h"

enum {
    BOT_IN = 0x81,
    BOT_OUT = 0x02,
    BOT_BLOCK = 512,
    BOT_BLOCKS = 1024,
    BOT_BYTES = BOT_BLOCKS * BOT_BLOCK,
    BOT_TAG = 0x81a2b3c4,
    BOT_PASSED = 0,
    BOT_FAILED = 1,
    BOT_PHASE_ERROR = 2,
};

enum { NO_BLOCK = UINT32_MAX };

enum {
    SENSE_NONE = 0,
    SENSE_STOPPED = 0x020402,
    SENSE_NO_MEDIUM = 0x023a00,
    SENSE_WRITE_ERROR = 0x030c00,
    SENSE_READ_ERROR = 0x031100,
    SENSE_BAD_OPCODE = 0x052000,
    SENSE_OUT_OF_RANGE = 0x052100,
    SENSE_BAD_FIELD = 0x052400,
    SENSE_NOT_SAVED = 0x053900,
    SENSE_LOCKED = 0x055302,
    SENSE_POWER_ON = 0x062900,
    SENSE_WRITE_PROTECTED = 0x072700,
};

struct bot {
    struct rig rig;

    // The storage.
    uint8_t *bytes;     // BOT_BLOCKS; all blocks behind them are holes
    uint32_t bad_block; // cannot be read or written
    bool bad_flush;
    unsigned flushes, destroyed, reads, writes;

    // What came of the last command.
    int data_status;      // enum usb_status of the data stage
    uint32_t data_actual; // its bytes
    bool csw_stalled;     // IN was halted before the CSW
    uint8_t status;
    uint32_t residue;
};

struct sim_disk_options bot_options(struct bot *b, uint64_t blocks);
void bot_fill(uint8_t *buf, uint32_t size, uint32_t from);
uint8_t *bot_block(const struct bot *b, uint32_t block);

// `data` is what the medium has in `count` blocks from `block` on.
void bot_check_blocks(const struct bot *b, const uint8_t *data, uint32_t block, uint32_t count);

// Both ways: `length` bytes of URB on `ep`.
void bot_transfer(struct bot *b, uint8_t ep, void *data, uint32_t length);
void bot_clear_halt(struct bot *b, uint8_t ep);
void bot_cbw_init(uint8_t cbw[31], const uint8_t *cdb, unsigned size, bool in, uint32_t length);
void bot_send(struct bot *b, const uint8_t *cdb, unsigned size, bool in, uint32_t length);

// Reads the CSW, after clearing the halt if there is one (usbmassbulk 1.0, figure 2).
void bot_status(struct bot *b);

// A whole command as a host does it.
void bot_command(struct bot *b, const uint8_t *cdb, unsigned size, bool in, void *data,
                 uint32_t length);

// A command without data, by its CDB; the size goes by the operation code.
unsigned bot_cdb_size(uint8_t opcode);

#define BOT_CDB(...) ((const uint8_t[16]){__VA_ARGS__})
extern const uint8_t bot_test_unit_ready[16], bot_read_two[16], bot_write_two[16]; // blocks 5, 6

void bot_simple(struct bot *b, const uint8_t cdb[16]);
void bot_read(struct bot *b, const uint8_t cdb[16], void *data, uint32_t length);
void bot_write(struct bot *b, const uint8_t cdb[16], void *data, uint32_t length);

// Key << 16 | code << 8 | qualifier.
unsigned bot_sense(struct bot *b);

// The command just done has failed with that sense data.
void bot_check_failed(struct bot *b, unsigned sense);
void bot_check_passed(const struct bot *b, uint32_t actual, uint32_t residue);
void bot_check_fails(struct bot *b, const uint8_t cdb[16], unsigned sense);
void bot_check_passes(struct bot *b, const uint8_t cdb[16]);

// Reads `size` bytes of data, which are all that there are.
void bot_check_data(struct bot *b, const uint8_t cdb[16], uint8_t *data, uint32_t size);
// The disk takes commands: nothing is left of what was before.
void bot_check_alive(struct bot *b);

void bot_begin_with(struct bot *b, const struct sim_disk_options *o);
void bot_begin_sized(struct bot *b, uint64_t blocks, bool read_only);
void bot_begin(struct bot *b);
void bot_end(struct bot *b);

// A test with a disk `b` that `begin` begins.
#define BOT_TEST(id, begin) TEST_WITH(id, struct bot, b, begin, bot_end(b))
