// SPDX-License-Identifier: Apache-2.0
// A disk whose storage takes its time: the host waits for it.
#include "tests/unit/slow_rig.h"

SLOW_TEST(sim_disk_slow_read, false)
{
    struct rig_urb data, csw;
    slow_read_two(s, 5);
    slow_submit(s, &data, BOT_IN, NULL, SLOW_TWO);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    CHECK(!data.done);
    CHECK_EQ(rig_deadline(&s->bot.rig), UINT64_MAX); // nobody asks before the storage says so
    slow_finish(s, SLOW_READ);
    rig_check_urb(&data, USB_STATUS_OK, SLOW_TWO);
    bot_check_blocks(&s->bot, data.urb.buffer, 5, 2);
    rig_release(&data);
    slow_check_status(&csw, BOT_PASSED, 0);
}

SLOW_TEST(sim_disk_slow_read_error, false)
{
    struct rig_urb data, csw;
    s->bot.bad_block = 6;
    slow_read_two(s, 5);
    slow_submit(s, &data, BOT_IN, NULL, SLOW_TWO);
    slow_finish(s, SLOW_READ);
    rig_check_urb(&data, USB_STATUS_STALL, 0);
    rig_release(&data);
    bot_clear_halt(&s->bot, BOT_IN);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_check_status(&csw, BOT_FAILED, SLOW_TWO);
    CHECK_EQ(bot_sense(&s->bot), SENSE_READ_ERROR);
}

// The first URB is taken at once, the second has to wait for it, and the status for both.
SLOW_TEST(sim_disk_slow_write, false)
{
    struct rig_urb first, second, csw;
    uint8_t data[SLOW_TWO];
    bot_fill(data, sizeof data, 99);
    slow_write_two(s, 5, 0);
    slow_submit(s, &first, BOT_OUT, data, BOT_BLOCK);
    slow_submit(s, &second, BOT_OUT, data + BOT_BLOCK, BOT_BLOCK);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    rig_check_urb(&first, USB_STATUS_OK, BOT_BLOCK);
    CHECK(!second.done && !csw.done);
    slow_finish(s, SLOW_WRITE);
    rig_check_urb(&second, USB_STATUS_OK, BOT_BLOCK);
    CHECK(!csw.done);
    CHECK_EQ(rig_deadline(&s->bot.rig), UINT64_MAX);
    slow_finish(s, SLOW_WRITE);
    slow_check_status(&csw, BOT_PASSED, 0);
    bot_check_blocks(&s->bot, data, 5, 2);
    rig_release(&first);
    rig_release(&second);
}

SLOW_TEST(sim_disk_slow_write_error, false)
{
    struct rig_urb csw;
    uint8_t data[SLOW_TWO] = {0};
    s->bot.bad_block = 6;
    slow_write_two(s, 5, 0);
    bot_transfer(&s->bot, BOT_OUT, data, SLOW_TWO);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_finish(s, SLOW_WRITE);
    slow_check_status(&csw, BOT_FAILED, 0);
    CHECK_EQ(bot_sense(&s->bot), SENSE_WRITE_ERROR);
    slow_check_alive(s); // it is told once
}

// In the middle of the data the next URB is refused.
SLOW_TEST(sim_disk_slow_write_error_stops_the_data, false)
{
    struct rig_urb second, csw;
    uint8_t data[SLOW_TWO] = {0};
    s->bot.bad_block = 5;
    slow_write_two(s, 5, 0);
    bot_transfer(&s->bot, BOT_OUT, data, BOT_BLOCK);
    slow_submit(s, &second, BOT_OUT, data, BOT_BLOCK);
    slow_finish(s, SLOW_WRITE);
    rig_check_urb(&second, USB_STATUS_STALL, 0);
    rig_release(&second);
    bot_clear_halt(&s->bot, BOT_OUT);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_check_status(&csw, BOT_FAILED, BOT_BLOCK);
    CHECK_EQ(bot_sense(&s->bot), SENSE_WRITE_ERROR);
}

// "Written" means on the medium: SYNCHRONIZE CACHE, FUA, and before the medium is ejected.
SLOW_TEST(sim_disk_slow_flush, false)
{
    static const uint8_t cdbs[][16] = {{0x35}, {0x1b, 0, 0, 0, 0}};
    struct rig_urb csw;
    for (unsigned i = 0; i < sizeof cdbs / sizeof cdbs[0]; i++) {
        bot_send(&s->bot, cdbs[i], bot_cdb_size(cdbs[i][0]), false, 0);
        slow_submit(s, &csw, BOT_IN, NULL, 13);
        CHECK(!csw.done);
        slow_finish(s, SLOW_FLUSH);
        slow_check_status(&csw, BOT_PASSED, 0);
    }
    bot_check_fails(&s->bot, bot_test_unit_ready, SENSE_STOPPED);
    bot_check_passes(&s->bot, BOT_CDB(0x1b, 0, 0, 0, 1));

    uint8_t data[SLOW_TWO] = {0};
    slow_write_two(s, 5, 0x08);
    bot_transfer(&s->bot, BOT_OUT, data, SLOW_TWO);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_finish(s, SLOW_WRITE);
    CHECK(!csw.done);
    slow_finish(s, SLOW_FLUSH);
    slow_check_status(&csw, BOT_PASSED, 0);

    s->bot.bad_flush = true;
    bot_send(&s->bot, BOT_CDB(0x1b, 0, 0, 0, 2), 6, false, 0);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_finish(s, SLOW_FLUSH);
    slow_check_status(&csw, BOT_FAILED, 0);
    CHECK_EQ(bot_sense(&s->bot), SENSE_WRITE_ERROR);
    bot_check_passes(&s->bot, bot_test_unit_ready); // and so it is not ejected
}

SLOW_TEST(sim_disk_slow_verify, false)
{
    struct rig_urb csw;
    bot_send(&s->bot, BOT_CDB(0x2f, 0, 0, 0, 0, 5, 0, 0, 3), 10, false, 0);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    for (unsigned i = 0; i < 3; i++) {
        CHECK(!csw.done);
        slow_finish(s, SLOW_READ);
    }
    slow_check_status(&csw, BOT_PASSED, 0);
}

// --- UAS -----------------------------------------------------------------------------------------

SLOW_TEST(sim_disk_slow_uas, true)
{
    struct rig_urb data, iu;
    uint8_t two[SLOW_TWO];
    bot_fill(two, sizeof two, 50);
    uas_read(&s->bot, 1, 40, 2);
    uas_write(&s->bot, 2, 5, 2);
    uas_command(&s->bot, 3, BOT_CDB(0x35));
    uas_command(&s->bot, 4, bot_test_unit_ready);
    uas_check_ready(&s->bot, UAS_READ_READY, 1);
    slow_submit(s, &data, UAS_DATA_IN, NULL, SLOW_TWO);
    uas_check_silence(&s->bot);
    slow_finish(s, SLOW_READ);
    rig_check_urb(&data, USB_STATUS_OK, SLOW_TWO);
    bot_check_blocks(&s->bot, data.urb.buffer, 40, 2);
    rig_release(&data);
    uas_check_good(&s->bot, 1);
    uas_check_ready(&s->bot, UAS_WRITE_READY, 2);
    CHECK_EQ(rig_write(s->bot.rig.dev, UAS_DATA_OUT, two, SLOW_TWO), SLOW_TWO);
    slow_submit(s, &iu, UAS_STATUS, NULL, UAS_ROOM);
    CHECK(!iu.done);
    CHECK_EQ(rig_deadline(&s->bot.rig), UINT64_MAX);
    slow_finish(s, SLOW_WRITE);
    rig_check_urb(&iu, USB_STATUS_OK, 16);
    rig_release(&iu);
    bot_check_blocks(&s->bot, two, 5, 2);
    uas_check_silence(&s->bot); // the flush
    slow_finish(s, SLOW_FLUSH);
    uas_check_good(&s->bot, 3);
    uas_check_good(&s->bot, 4);
}

// Its I/O is under way when a command is aborted; those behind it go on when that is over.
SLOW_TEST(sim_disk_slow_uas_abort, true)
{
    struct rig_urb data;
    uas_read(&s->bot, 1, 5, 2);
    uas_read(&s->bot, 2, 40, 2);
    uas_check_ready(&s->bot, UAS_READ_READY, 1);
    slow_submit(s, &data, UAS_DATA_IN, NULL, SLOW_TWO);
    uas_function(&s->bot, 9, UAS_ABORT_TASK, 1);
    rig_cancel(&data);
    rig_release(&data);
    uas_check_response(&s->bot, 9, UAS_COMPLETE);
    uas_check_ready(&s->bot, UAS_READ_READY, 2);
    slow_submit(s, &data, UAS_DATA_IN, NULL, SLOW_TWO);
    slow_finish(s, SLOW_READ); // of the first
    CHECK(!data.done);
    slow_finish(s, SLOW_READ);
    rig_check_urb(&data, USB_STATUS_OK, SLOW_TWO);
    bot_check_blocks(&s->bot, data.urb.buffer, 40, 2);
    rig_release(&data);
    uas_check_good(&s->bot, 2);
    uas_check_silence(&s->bot);
}

SLOW_TEST(sim_disk_slow_uas_write_error, true)
{
    struct rig_urb second;
    uint8_t two[SLOW_TWO] = {0};
    s->bot.bad_block = 5;
    uas_write(&s->bot, 1, 5, 2);
    uas_check_ready(&s->bot, UAS_WRITE_READY, 1);
    CHECK_EQ(rig_write(s->bot.rig.dev, UAS_DATA_OUT, two, BOT_BLOCK), BOT_BLOCK);
    slow_submit(s, &second, UAS_DATA_OUT, two, BOT_BLOCK);
    CHECK(!second.done);
    slow_finish(s, SLOW_WRITE);
    rig_check_urb(&second, USB_STATUS_OK, BOT_BLOCK); // as announced, but not written
    rig_release(&second);
    uas_check_failed(&s->bot, 1, SENSE_WRITE_ERROR);
}
