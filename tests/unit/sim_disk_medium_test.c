// SPDX-License-Identifier: Apache-2.0
// SCSI commands of the simulated disk that reach the medium.
#include "tests/unit/bot_rig.h"

#include <stdlib.h>

static const uint8_t test_unit_ready[16] = {0x00};

// --- reading and writing -------------------------------------------------------------------------

static void check_read(struct bot *b, const uint8_t cdb[16], uint32_t block, uint32_t count)
{
    uint8_t *data = malloc((size_t)count * BOT_BLOCK);
    CHECK(data);
    bot_check_data(b, cdb, data, count * BOT_BLOCK);
    bot_check_blocks(b, data, block, count);
    free(data);
}

BOT_TEST(sim_disk_scsi_read, bot_begin(b))
{
    check_read(b, BOT_CDB(0x08, 0, 1, 2, 3), 258, 3);
    check_read(b, BOT_CDB(0x08, 0, 1, 2, 0), 258, 256); // 0 is 256, in 6 bytes only
    check_read(b, BOT_CDB(0x28, 0, 0, 0, 1, 2, 0, 0, 3), 258, 3);
    check_read(b, BOT_CDB(0x28, 0, 0, 0, 1, 2, 0, 1, 1), 258, 257);
    check_read(b, BOT_CDB(0x88, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 1, 1), 258, 257);
    check_read(b, BOT_CDB(0x28, 0x08, 0, 0, 3, 255, 0, 0, 1), 1023, 1); // FUA, last block
    bot_check_passes(b, BOT_CDB(0x28, 0, 0, 0, 1, 2, 0, 0, 0));
    bot_check_passes(b, BOT_CDB(0x88, 0, 0, 0, 0, 0, 0, 0, 1, 2));
}

static void check_write(struct bot *b, const uint8_t cdb[16], uint32_t block, uint32_t count)
{
    uint8_t *data = malloc((size_t)count * BOT_BLOCK);
    CHECK(data);
    bot_fill(data, count * BOT_BLOCK, block + count + cdb[0]);
    bot_fill(b->bytes, BOT_BYTES, 0);
    bot_write(b, cdb, data, count * BOT_BLOCK);
    bot_check_passed(b, count * BOT_BLOCK, 0);
    bot_check_blocks(b, data, block, count);
    // Its neighbours are as they were.
    bot_fill(data, BOT_BLOCK, (block - 1) * BOT_BLOCK);
    bot_check_blocks(b, data, block - 1, 1);
    bot_fill(data, BOT_BLOCK, (block + count) * BOT_BLOCK);
    bot_check_blocks(b, data, block + count, 1);
    free(data);
}

BOT_TEST(sim_disk_scsi_write, bot_begin(b))
{
    check_write(b, BOT_CDB(0x0a, 0, 1, 2, 3), 258, 3);
    check_write(b, BOT_CDB(0x0a, 0x00, 1, 2, 0), 258, 256);
    check_write(b, BOT_CDB(0x2a, 0, 0, 0, 1, 2, 0, 1, 1), 258, 257);
    check_write(b, BOT_CDB(0x8a, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 1, 1), 258, 257);
    CHECK_EQ(b->flushes, 0);
    check_write(b, BOT_CDB(0x2a, 0x08, 0, 0, 1, 2, 0, 0, 3), 258, 3); // FUA
    check_write(b, BOT_CDB(0x8a, 0x08, 0, 0, 0, 0, 0, 0, 1, 2, 0, 0, 0, 3), 258, 3);
    CHECK_EQ(b->flushes, 2);
    bot_check_passes(b, BOT_CDB(0x2a, 0, 0, 0, 1, 2, 0, 0, 0));
}

// The 21 bits of an address in 6 bytes begin where the others have their flags.
BOT_TEST(sim_disk_scsi_address_of_6_bytes, bot_begin_sized(b, 0x1f0000, false))
{
    uint8_t data[BOT_BLOCK];
    bot_check_data(b, BOT_CDB(0x08, 0x08, 0, 0, 1), data, BOT_BLOCK);
    CHECK_EQ(data[0], 0xcc);
    bot_write(b, BOT_CDB(0x0a, 0x08, 0, 0, 1), data, BOT_BLOCK);
    bot_check_passed(b, BOT_BLOCK, 0);
    bot_check_fails(b, BOT_CDB(0x08, 0x1f, 0, 0, 1), SENSE_OUT_OF_RANGE);
    CHECK_EQ(b->flushes, 0);
}

TEST(sim_disk_scsi_out_of_range)
{
    static const uint8_t cdbs[][16] = {
        {0x08, 0, 4, 0, 1},                            // first block behind the end
        {0x0a, 0, 3, 255, 2},                          // over the end
        {0x28, 0, 0, 0, 4, 0, 0, 0, 0},                // none, behind the end
        {0x28, 0, 0, 0, 3, 255, 0, 0, 2},              //
        {0x2a, 0, 255, 255, 255, 255, 0, 255, 255},    //
        {0x2f, 0, 0, 0, 3, 255, 0, 0, 2},              // VERIFY
        {0x35, 0, 0, 0, 3, 255, 0, 0, 2},              // SYNCHRONIZE CACHE
        {0x88, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1}, //
        {0x88, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}, // bits above the 32nd
        {0x88, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}, // sum overflows
        {0x8a, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2},         // sum is 1
        {0x8a, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, // 512 times that overflows to 0
        {0x8f, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2},
        {0x91, 0, 255, 255, 255, 255, 255, 255, 255, 255, 0, 0, 0, 2},
        {0x88, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255},
    };
    struct bot b;
    bot_begin(&b);
    for (unsigned i = 0; i < sizeof cdbs / sizeof cdbs[0]; i++)
        bot_check_fails(&b, cdbs[i], SENSE_OUT_OF_RANGE);
    CHECK_EQ(b.reads + b.writes + b.flushes, 0);

    uint8_t data[2 * BOT_BLOCK]; // the data stage is ended at once
    bot_read(&b, cdbs[3], data, sizeof data);
    CHECK_EQ(b.data_status, USB_STATUS_STALL);
    CHECK_EQ(b.residue, sizeof data);
    bot_check_failed(&b, SENSE_OUT_OF_RANGE);
    bot_write(&b, cdbs[1], data, sizeof data);
    CHECK_EQ(b.data_status, USB_STATUS_STALL);
    CHECK_EQ(b.residue, sizeof data);
    bot_check_failed(&b, SENSE_OUT_OF_RANGE);
    bot_end(&b);
}

BOT_TEST(sim_disk_scsi_read_only, bot_begin_sized(b, BOT_BLOCKS, true))
{
    uint8_t data[2 * BOT_BLOCK] = {0};
    bot_check_data(b, BOT_CDB(0x1a, 0, 0x3f, 0, 4), data, 4);
    CHECK_EQ(data[2], 0x90);
    bot_check_data(b, BOT_CDB(0x5a, 0, 0x3f, 0, 0, 0, 0, 0, 8), data, 8);
    CHECK_EQ(data[3], 0x90);
    bot_write(b, BOT_CDB(0x2a, 0, 0, 0, 0, 5, 0, 0, 2), data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    CHECK_EQ(b->residue, sizeof data);
    bot_check_failed(b, SENSE_WRITE_PROTECTED);
    bot_check_fails(b, BOT_CDB(0x0a, 0, 0, 5, 1), SENSE_WRITE_PROTECTED);
    bot_check_fails(b, BOT_CDB(0x8a, 0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1), SENSE_WRITE_PROTECTED);
    CHECK_EQ(b->writes, 0);
    check_read(b, BOT_CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 2), 5, 2);
    bot_check_passes(b, BOT_CDB(0x35));
    CHECK_EQ(b->flushes, 0); // nothing to flush
}

// --- a bad medium --------------------------------------------------------------------------------

enum { HALF = 4 * BOT_BLOCK };

BOT_TEST(sim_disk_scsi_read_error, bot_begin(b))
{
    uint8_t data[2 * HALF];
    b->bad_block = 14;
    bot_read(b, BOT_CDB(0x28, 0, 0, 0, 0, 10, 0, 0, 8), data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    CHECK_EQ(b->residue, sizeof data);
    bot_check_failed(b, SENSE_READ_ERROR);

    bot_send(b, BOT_CDB(0x28, 0, 0, 0, 0, 10, 0, 0, 8), 10, true, sizeof data);
    bot_transfer(b, BOT_IN, data, HALF); // the good part
    CHECK_EQ(b->data_status, USB_STATUS_OK);
    bot_transfer(b, BOT_IN, data + HALF, HALF);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    bot_clear_halt(b, BOT_IN);
    bot_status(b);
    CHECK_EQ(b->residue, HALF);
    bot_check_failed(b, SENSE_READ_ERROR);
    check_read(b, BOT_CDB(0x28, 0, 0, 0, 0, 15, 0, 0, 8), 15, 8);
}

BOT_TEST(sim_disk_scsi_write_error, bot_begin(b))
{
    uint8_t data[2 * HALF];
    bot_fill(data, sizeof data, 123);
    b->bad_block = 14;
    bot_send(b, BOT_CDB(0x2a, 0, 0, 0, 0, 10, 0, 0, 8), 10, false, sizeof data);
    bot_transfer(b, BOT_OUT, data, HALF);
    CHECK_EQ(b->data_status, USB_STATUS_OK);
    bot_transfer(b, BOT_OUT, data + HALF, HALF);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    bot_clear_halt(b, BOT_OUT);
    bot_status(b);
    CHECK_EQ(b->residue, HALF);
    bot_check_failed(b, SENSE_WRITE_ERROR);
    bot_check_blocks(b, data, 10, 4);
}

BOT_TEST(sim_disk_scsi_flush_error, bot_begin(b))
{
    uint8_t data[BOT_BLOCK] = {0};
    b->bad_flush = true;
    bot_check_fails(b, BOT_CDB(0x35), SENSE_WRITE_ERROR);
    bot_check_fails(b, BOT_CDB(0x91), SENSE_WRITE_ERROR);
    bot_write(b, BOT_CDB(0x2a, 0x08, 0, 0, 0, 5, 0, 0, 1), data, sizeof data);
    CHECK_EQ(b->residue, 0);
    bot_check_failed(b, SENSE_WRITE_ERROR);
    bot_check_fails(b, BOT_CDB(0x1b, 0, 0, 0, 2), SENSE_WRITE_ERROR); // and so it is not ejected
    bot_check_passes(b, test_unit_ready);
}

BOT_TEST(sim_disk_scsi_write_through_flushes_once, bot_begin(b))
{
    uint8_t data[2 * HALF] = {0};
    bot_send(b, BOT_CDB(0x2a, 0x08, 0, 0, 0, 10, 0, 0, 8), 10, false, sizeof data);
    bot_transfer(b, BOT_OUT, data, HALF);
    CHECK_EQ(b->flushes, 0);
    bot_transfer(b, BOT_OUT, data + HALF, HALF);
    CHECK_EQ(b->flushes, 1); // before the status is passed
    bot_status(b);
    CHECK_EQ(b->status, BOT_PASSED);
    bot_write(b, BOT_CDB(0x2a, 0, 0, 0, 0, 10, 0, 0, 8), data, sizeof data);
    CHECK_EQ(b->flushes, 1); // of that one command only
}

BOT_TEST(sim_disk_scsi_synchronize_cache, bot_begin(b))
{
    bot_check_passes(b, BOT_CDB(0x35)); // all
    bot_check_passes(b, BOT_CDB(0x35, 2, 0, 0, 3, 255, 0, 0, 1));
    bot_check_passes(b, BOT_CDB(0x91, 0, 0, 0, 0, 0, 0, 0, 3, 255, 0, 0, 0, 1));
    CHECK_EQ(b->flushes, 3);
}

// A long VERIFY is done in slices, between which everybody else has a turn.
static void verify(struct bot *b, const uint8_t cdb[16], unsigned pauses)
{
    struct rig_urb csw;
    b->data_actual = 0;
    bot_send(b, cdb, bot_cdb_size(cdb[0]), false, 0);
    rig_urb(&csw, b->rig.dev, BOT_IN, NULL, 13);
    rig_submit(&csw);
    for (unsigned i = 0; i < pauses; i++) {
        CHECK(!csw.done);
        rig_advance(&b->rig, 1000);
    }
    CHECK(csw.done);
    b->status = csw.urb.buffer[12];
    b->residue = base_get_le32(csw.urb.buffer + 8);
    CHECK_EQ(rig_finish(&csw), 13);
}

BOT_TEST(sim_disk_scsi_verify, bot_begin(b))
{
    verify(b, BOT_CDB(0x2f, 0, 0, 0, 0, 9, 0, 0, 6), 0);
    bot_check_passed(b, 0, 0);
    CHECK_EQ(b->reads, 6);
    verify(b, BOT_CDB(0x2f, 0, 0, 0, 0, 0, 0, 4, 0), 1); // 512 KiB
    bot_check_passed(b, 0, 0);
    CHECK_EQ(b->reads, 6 + 1024);
    b->bad_block = 700;
    verify(b, BOT_CDB(0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0), 1);
    CHECK_EQ(b->residue, 0);
    bot_check_failed(b, SENSE_READ_ERROR);
    CHECK_EQ(b->reads, 6 + 1024 + 701);
    verify(b, BOT_CDB(0x8f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 188), 1); // up to 699
    bot_check_passed(b, 0, 0);
    verify(b, BOT_CDB(0x2f, 0, 0, 0, 2, 188, 0, 0, 0), 0); // none
    bot_check_passed(b, 0, 0);
    bot_check_fails(b, BOT_CDB(0x2f, 0x02, 0, 0, 0, 9, 0, 0, 1), SENSE_BAD_FIELD); // BYTCHK
}

// --- medium --------------------------------------------------------------------------------------

static void check_not_ready(struct bot *b, unsigned sense)
{
    static const uint8_t cdbs[][16] = {
        {0x00},
        {0x08, 0, 0, 0, 1},
        {0x0a, 0, 0, 0, 1},
        {0x25},
        {0x28},
        {0x2a},
        {0x2f},
        {0x35},
        {0x88},
        {0x8a},
        {0x8f},
        {0x91},
        {0x9e, 0x10},
    };
    for (unsigned i = 0; i < sizeof cdbs / sizeof cdbs[0]; i++)
        bot_check_fails(b, cdbs[i], sense);
}

BOT_TEST(sim_disk_scsi_eject_and_load, bot_begin(b))
{
    uint8_t data[36];
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 2));
    CHECK_EQ(b->flushes, 1);
    check_not_ready(b, SENSE_NO_MEDIUM);
    bot_check_data(b, BOT_CDB(0x12, 0, 0, 0, 36), data, 36);
    bot_check_data(b, BOT_CDB(0x1a, 0, 0x3f, 0, 24), data, 24);
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 0)); // nothing to stop
    bot_check_fails(b, BOT_CDB(0x1b, 0, 0, 0, 1), SENSE_NO_MEDIUM);
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 3));
    check_read(b, BOT_CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 2), 5, 2);
}

BOT_TEST(sim_disk_scsi_stop_and_start, bot_begin(b))
{
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 0));
    CHECK_EQ(b->flushes, 1);
    check_not_ready(b, SENSE_STOPPED);
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 1));
    bot_check_passes(b, test_unit_ready);
    bot_check_fails(b, BOT_CDB(0x1b, 0, 0, 0, 0x20), SENSE_BAD_FIELD); // power conditions
}

BOT_TEST(sim_disk_scsi_prevent_allow, bot_begin(b))
{
    bot_check_passes(b, BOT_CDB(0x1e, 0, 0, 0, 1));
    bot_check_fails(b, BOT_CDB(0x1b, 0, 0, 0, 2), SENSE_LOCKED);
    bot_check_passes(b, test_unit_ready);
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 0)); // stopping is not ejecting
    bot_check_passes(b, BOT_CDB(0x1e, 0, 0, 0, 0));
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 2));
    bot_check_fails(b, test_unit_ready, SENSE_NO_MEDIUM);
    bot_check_passes(b, BOT_CDB(0x1e, 0, 0, 0, 1));
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 2)); // there is nothing to keep in
    bot_check_fails(b, BOT_CDB(0x1e, 0, 0, 0, 2), SENSE_BAD_FIELD);
}
