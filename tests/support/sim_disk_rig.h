// SPDX-License-Identifier: Apache-2.0
// A host's side of bulk-only transport, on a simulated disk whose storage fails when a test wants
// it.
#pragma once

#include "sim/device/disk/sim_disk.h"
#include "tests/support/sim_rig.h"

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

static inline bool bot_bad(const struct bot *b, uint64_t offset, size_t size)
{
    uint64_t bad = (uint64_t)b->bad_block * BOT_BLOCK;
    return b->bad_block != NO_BLOCK && bad >= offset && bad < offset + size;
}

static inline enum base_err bot_storage_read(void *ctx, uint64_t offset, void *buf, size_t size)
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

static inline enum base_err bot_storage_write(void *ctx, uint64_t offset, const void *buf,
                                              size_t size)
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

static inline enum base_err bot_storage_flush(void *ctx)
{
    struct bot *b = ctx;
    b->flushes++;
    return b->bad_flush ? BASE_ERR_IO : BASE_OK;
}

static inline void bot_storage_destroy(void *ctx)
{
    struct bot *b = ctx;
    b->destroyed++;
}

static inline struct sim_disk_options bot_options(struct bot *b, uint64_t blocks)
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

static inline void bot_fill(uint8_t *buf, uint32_t size, uint32_t from)
{
    for (uint32_t i = 0; i < size; i++)
        buf[i] = (uint8_t)((from + i) * 7 % 251);
}

static inline uint8_t *bot_block(const struct bot *b, uint32_t block)
{
    return b->bytes + (size_t)block * BOT_BLOCK;
}

// `data` is what the medium has in `count` blocks from `block` on.
static inline void bot_check_blocks(const struct bot *b, const uint8_t *data, uint32_t block,
                                    uint32_t count)
{
    CHECK_BYTES(data, bot_block(b, block), (size_t)count * BOT_BLOCK);
}

// Both ways: `length` bytes of URB on `ep`.
static inline void bot_transfer(struct bot *b, uint8_t ep, void *data, uint32_t length)
{
    struct rig_urb u;
    rig_urb_init(&b->rig, &u, ep, ep & USB_DIR_IN ? NULL : data, length);
    rig_submit(&b->rig, &u);
    if (ep & USB_DIR_IN && length > 0)
        memcpy(data, u.urb.buffer, length);
    b->data_actual = u.urb.actual_length;
    int result = rig_finish(&b->rig, &u);
    b->data_status = result < 0 || result == RIG_PENDING ? result : USB_STATUS_OK;
}

static inline void bot_clear_halt(struct bot *b, uint8_t ep)
{
    rig_change(&b->rig, USB_CLEAR_HALT, 0, ep);
}

static inline void bot_cbw_init(uint8_t cbw[31], const uint8_t *cdb, unsigned size, bool in,
                                uint32_t length)
{
    memset(cbw, 0, 31);
    memcpy(cbw, "USBC", 4);
    base_put_le32(cbw + 4, BOT_TAG);
    base_put_le32(cbw + 8, length);
    cbw[12] = in ? 0x80 : 0;
    cbw[14] = (uint8_t)size;
    memcpy(cbw + 15, cdb, size);
}

static inline void bot_send(struct bot *b, const uint8_t *cdb, unsigned size, bool in,
                            uint32_t length)
{
    uint8_t cbw[31];
    bot_cbw_init(cbw, cdb, size, in, length);
    CHECK_EQ(rig_write(&b->rig, BOT_OUT, cbw, sizeof cbw), 31);
}

// Reads the CSW, after clearing the halt if there is one (usbmassbulk 1.0, figure 2).
static inline void bot_status(struct bot *b)
{
    uint8_t csw[13] = {0};
    int n = rig_read(&b->rig, BOT_IN, csw, sizeof csw);
    b->csw_stalled = n == USB_STATUS_STALL;
    if (b->csw_stalled) {
        bot_clear_halt(b, BOT_IN);
        n = rig_read(&b->rig, BOT_IN, csw, sizeof csw);
    }
    CHECK_EQ(n, 13);
    CHECK_BYTES(csw, "USBS", 4);
    CHECK_EQ(base_get_le32(csw + 4), BOT_TAG);
    b->residue = base_get_le32(csw + 8);
    b->status = csw[12];
}

// A whole command as a host does it.
static inline void bot_command(struct bot *b, const uint8_t *cdb, unsigned size, bool in,
                               void *data, uint32_t length)
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

// A command without data, by its CDB; the size goes by the operation code.
static inline unsigned bot_cdb_size(uint8_t opcode)
{
    static const uint8_t sizes[8] = {6, 10, 10, 16, 16, 12, 16, 16};
    return sizes[opcode >> 5];
}

#define BOT_CDB(...) ((const uint8_t[16]){__VA_ARGS__})

static inline void bot_simple(struct bot *b, const uint8_t cdb[16])
{
    bot_command(b, cdb, bot_cdb_size(cdb[0]), false, NULL, 0);
}

static inline void bot_read(struct bot *b, const uint8_t cdb[16], void *data, uint32_t length)
{
    bot_command(b, cdb, bot_cdb_size(cdb[0]), true, data, length);
}

static inline void bot_write(struct bot *b, const uint8_t cdb[16], void *data, uint32_t length)
{
    bot_command(b, cdb, bot_cdb_size(cdb[0]), false, data, length);
}

// Key << 16 | code << 8 | qualifier.
static inline unsigned bot_sense(struct bot *b)
{
    uint8_t p[18];
    bot_read(b, BOT_CDB(0x03, 0, 0, 0, 18), p, sizeof p);
    CHECK_EQ(b->status, BOT_PASSED);
    CHECK_EQ(b->data_actual, 18);
    CHECK_EQ(p[0], 0x70);
    CHECK_EQ(p[7], 10);
    return (unsigned)p[2] << 16 | (unsigned)p[12] << 8 | p[13];
}

// The command just done has failed with that sense data.
static inline void bot_check_failed(struct bot *b, unsigned sense)
{
    CHECK_EQ(b->status, BOT_FAILED);
    CHECK_EQ(bot_sense(b), sense);
}

static inline void bot_check_passed(const struct bot *b, uint32_t actual, uint32_t residue)
{
    CHECK_EQ(b->status, BOT_PASSED);
    CHECK_EQ(b->data_actual, actual);
    CHECK_EQ(b->residue, residue);
}

static inline void bot_check_fails(struct bot *b, const uint8_t cdb[16], unsigned sense)
{
    bot_simple(b, cdb);
    bot_check_failed(b, sense);
}

static inline void bot_check_passes(struct bot *b, const uint8_t cdb[16])
{
    bot_simple(b, cdb);
    bot_check_passed(b, 0, 0);
}

// Reads `size` bytes of data, which are all that there are.
static inline void bot_check_data(struct bot *b, const uint8_t cdb[16], uint8_t *data,
                                  uint32_t size)
{
    bot_read(b, cdb, data, size);
    bot_check_passed(b, size, 0);
}

static inline void bot_begin_with(struct bot *b, const struct sim_disk_options *o)
{
    *b = (struct bot){.bad_block = NO_BLOCK};
    rig_begin(&b->rig);
    b->bytes = malloc(BOT_BYTES);
    CHECK(b->bytes);
    bot_fill(b->bytes, BOT_BYTES, 0);
    rig_start(&b->rig, sim_disk_create(b->rig.bus, o), 1);
    CHECK_EQ(bot_sense(b), SENSE_POWER_ON); // takes the unit attention away
}

static inline void bot_begin_sized(struct bot *b, uint64_t blocks, bool read_only)
{
    struct sim_disk_options o = bot_options(b, blocks);
    o.storage.read_only = read_only;
    bot_begin_with(b, &o);
}

static inline void bot_begin(struct bot *b)
{
    bot_begin_sized(b, BOT_BLOCKS, false);
}

static inline void bot_end(struct bot *b)
{
    rig_end(&b->rig);
    CHECK_EQ(b->destroyed, 1);
    free(b->bytes);
}
