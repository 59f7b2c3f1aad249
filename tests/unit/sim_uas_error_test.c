// SPDX-License-Identifier: Apache-2.0
// What goes wrong in USB Attached SCSI: bad blocks, data that does not fit its command, IUs and
// tags that are wrong.
#include "tests/unit/uas_rig.h"

enum { SENSE_NO_UNIT = 0x052500, SENSE_DATA_PHASE = 0x0b4b00, SENSE_TOO_MUCH_DATA = 0x0b4b02 };

static const uint8_t test_unit_ready[16] = {0x00};

// --- bad blocks ----------------------------------------------------------------------------------

// The host's transfer ends short, before the next command's data.
BOT_TEST(sim_uas_bad_block_in_a_read, uas_begin(b))
{
    uint8_t data[4 * BOT_BLOCK];
    b->bad_block = 23;
    uas_read(b, 1, 20, 6);
    uas_read(b, 2, 30, 2);
    uas_check_ready(b, UAS_READ_READY, 1);
    uas_check_blocks(b, 20, 2);
    CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, data, sizeof data), 0);
    uas_check_failed(b, 1, SENSE_READ_ERROR);
    uas_check_ready(b, UAS_READ_READY, 2);
    uas_check_blocks(b, 30, 2);
    uas_check_good(b, 2);
}

// The host sends the rest all the same; the next command's data is not mixed up with it.
BOT_TEST(sim_uas_bad_block_in_a_write, uas_begin(b))
{
    uint8_t data[2 * BOT_BLOCK];
    bot_fill(data, sizeof data, 5);
    b->bad_block = 23;
    uas_write(b, 1, 20, 6);
    uas_write(b, 2, 30, 2);
    uas_check_ready(b, UAS_WRITE_READY, 1);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), sizeof data);
    uas_check_failed(b, 1, SENSE_WRITE_ERROR);
    CHECK_EQ(b->writes, 2); // nothing behind the bad one
    uas_check_ready(b, UAS_WRITE_READY, 2);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), sizeof data);
    uas_check_good(b, 2);
    bot_check_blocks(b, data, 30, 2);
}

BOT_TEST(sim_uas_bad_flush, uas_begin(b))
{
    uint8_t data[BOT_BLOCK] = {0};
    b->bad_flush = true;
    uas_command(b, 1, BOT_CDB(0x2a, 0x08, 0, 0, 0, 5, 0, 0, 1)); // WRITE (10) with FUA
    uas_check_ready(b, UAS_WRITE_READY, 1);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), sizeof data);
    uas_check_failed(b, 1, SENSE_WRITE_ERROR);
    uas_check_fails(b, BOT_CDB(0x35), SENSE_WRITE_ERROR); // SYNCHRONIZE CACHE
}

// --- data that does not fit ----------------------------------------------------------------------

static void check_too_little(uint32_t size)
{
    struct bot b;
    uint8_t data[2 * BOT_BLOCK];
    uas_begin(&b);
    bot_fill(data, sizeof data, 5);
    uas_write(&b, 1, 20, 3);
    uas_check_ready(&b, UAS_WRITE_READY, 1);
    CHECK_EQ(rig_write(b.rig.dev, UAS_DATA_OUT, data, size), size);
    uas_check_failed(&b, 1, SENSE_DATA_PHASE);
    bot_check_blocks(&b, data, 20, size / BOT_BLOCK); // what was whole
    uas_check_alive(&b);
    bot_end(&b);
}

TEST(sim_uas_too_little_data)
{
    check_too_little(0);
    check_too_little(100);
    check_too_little(BOT_BLOCK + 511);
}

static void check_too_much(uint32_t size)
{
    struct bot b;
    uint8_t data[3 * BOT_BLOCK];
    uas_begin(&b);
    bot_fill(data, sizeof data, 5);
    uas_write(&b, 1, 20, 1);
    uas_check_ready(&b, UAS_WRITE_READY, 1);
    CHECK_EQ(rig_write(b.rig.dev, UAS_DATA_OUT, data, size), size);
    uas_check_failed(&b, 1, SENSE_TOO_MUCH_DATA);
    bot_check_blocks(&b, data, 20, 1);
    CHECK_EQ(bot_block(&b, 21)[0], 21 * BOT_BLOCK * 7 % 251); // the next block is as it was
    uas_check_alive(&b);
    bot_end(&b);
}

TEST(sim_uas_too_much_data)
{
    check_too_much(BOT_BLOCK + 1);
    check_too_much(2 * BOT_BLOCK);
    check_too_much(3 * BOT_BLOCK);
}

// An error of the medium is worth more to the host than one of its own.
BOT_TEST(sim_uas_too_much_data_for_a_bad_block, uas_begin(b))
{
    uint8_t data[3 * BOT_BLOCK] = {0};
    b->bad_block = 20;
    uas_write(b, 1, 20, 1);
    uas_check_ready(b, UAS_WRITE_READY, 1);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), sizeof data);
    uas_check_failed(b, 1, SENSE_WRITE_ERROR);
}

// --- IUs -----------------------------------------------------------------------------------------

static void check_invalid(const uint8_t *iu, uint32_t size, uint16_t tag)
{
    struct bot b;
    uas_begin(&b);
    uas_send(&b, iu, size);
    uas_check_response(&b, tag, UAS_INVALID_IU);
    uas_check_alive(&b);
    bot_end(&b);
}

TEST(sim_uas_invalid_ius)
{
    static const uint8_t unknown[] = {0, 2, 3, 4, 6, 7, 8, 0xff};
    uint8_t iu[600] = {0};
    base_put_be16(iu + 2, 0x1234);
    for (unsigned i = 0; i < sizeof unknown; i++) {
        iu[0] = unknown[i];
        check_invalid(iu, 32, 0x1234);
    }
    iu[0] = 1;
    check_invalid(iu, 31, 0x1234);
    check_invalid(iu, 33, 0x1234);
    check_invalid(iu, 36, 0x1234);
    check_invalid(iu, 16, 0x1234);
    check_invalid(iu, 4, 0x1234);
    check_invalid(iu, 512, 0x1234);
    check_invalid(iu, 600, 0x1234);
    check_invalid(iu, 3, 0); // too short for a tag
    check_invalid(iu, 0, 0);
    iu[6] = 2 << 2; // two more doublewords of CDB
    check_invalid(iu, 32, 0x1234);
    check_invalid(iu, 36, 0x1234);
    iu[6] = 0;
    iu[0] = 5;
    check_invalid(iu, 15, 0x1234);
    check_invalid(iu, 17, 0x1234);
    check_invalid(iu, 32, 0x1234);
}

BOT_TEST(sim_uas_long_command_block, uas_begin(b))
{
    uint8_t iu[32 + 252] = {1, [3] = 9, [6] = 2 << 2};
    uas_send(b, iu, 40);
    uas_check_good(b, 9); // TEST UNIT READY, with something behind it
    iu[6] = 0xfc;
    iu[16] = 0x7f; // an operation code of variable length
    uas_send(b, iu, sizeof iu);
    uas_check_failed(b, 9, SENSE_BAD_OPCODE);
}

TEST(sim_uas_other_units)
{
    for (unsigned at = 8; at < 16; at++) {
        struct bot b;
        uint8_t iu[32], data[36];
        uas_begin(&b);
        uas_command_init(iu, 1, test_unit_ready);
        iu[at] = 1;
        uas_send(&b, iu, sizeof iu);
        uas_check_failed(&b, 1, SENSE_NO_UNIT);
        uas_command_init(iu, 2, BOT_CDB(0x12, 0, 0, 0, 36));
        iu[at] = 1;
        uas_send(&b, iu, sizeof iu);
        uas_check_ready(&b, UAS_READ_READY, 2);
        CHECK_EQ(rig_read(b.rig.dev, UAS_DATA_IN, data, sizeof data), sizeof data);
        CHECK_EQ(data[0], 0x7f);
        uas_check_good(&b, 2);
        uas_check_alive(&b);
        bot_end(&b);
    }
}

// --- tags ----------------------------------------------------------------------------------------

// Whatever was going on is over, without a status.
static void check_overlapped(struct bot *b, uint16_t tag)
{
    uas_check_response(b, tag, UAS_OVERLAPPED_TAG);
    uas_check_silence(b);
    uas_check_alive(b);
    bot_end(b);
}

TEST(sim_uas_tag_of_the_running_command)
{
    struct bot b;
    uas_begin(&b);
    uas_read(&b, 1, 20, 2);
    uas_read(&b, 2, 30, 2);
    uas_check_ready(&b, UAS_READ_READY, 1);
    uas_check_blocks(&b, 20, 1);
    uas_command(&b, 1, test_unit_ready);
    CHECK_EQ(rig_read(b.rig.dev, UAS_DATA_IN, (uint8_t[512]){0}, 512), RIG_PENDING);
    check_overlapped(&b, 1);
}

TEST(sim_uas_tag_of_a_command_before_its_ready)
{
    struct bot b;
    uas_begin(&b);
    uas_write(&b, 1, 20, 2);
    uas_write(&b, 1, 20, 2);
    check_overlapped(&b, 1);
}

TEST(sim_uas_tag_of_a_waiting_command)
{
    struct bot b;
    uas_begin(&b);
    uas_read(&b, 1, 20, 2);
    uas_read(&b, 2, 30, 2);
    uas_check_ready(&b, UAS_READ_READY, 1);
    uas_read(&b, 2, 30, 2);
    check_overlapped(&b, 2);
}

TEST(sim_uas_tag_of_a_status_not_yet_taken)
{
    struct bot b;
    uas_begin(&b);
    uas_command(&b, 1, test_unit_ready);
    uas_command(&b, 1, test_unit_ready);
    check_overlapped(&b, 1);
}

TEST(sim_uas_tag_of_a_command_for_a_function)
{
    struct bot b;
    uas_begin(&b);
    uas_read(&b, 1, 20, 2);
    uas_check_ready(&b, UAS_READ_READY, 1);
    uas_function(&b, 1, UAS_QUERY_TASK, 1);
    check_overlapped(&b, 1);
}

TEST(sim_uas_tag_of_a_function_for_a_command)
{
    struct bot b;
    uas_begin(&b);
    uas_function(&b, 1, UAS_QUERY_TASK_SET, 0);
    uas_command(&b, 1, test_unit_ready);
    uas_check_response(&b, 1, UAS_COMPLETE); // functions are not undone
    check_overlapped(&b, 1);
}
