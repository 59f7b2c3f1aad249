// SPDX-License-Identifier: Apache-2.0
// A command is taken back, reset or unplugged while the disk's storage is at work for it: that is
// none of the next command's business.
#include "tests/unit/slow_rig.h"

// The host takes its URB back and asks again, for less.
SLOW_TEST(sim_disk_slow_unlink_read, false)
{
    struct rig_urb data, csw;
    slow_read_two(s, 5);
    slow_submit(s, &data, BOT_IN, NULL, SLOW_TWO);
    rig_cancel(&data);
    rig_check_urb(&data, USB_STATUS_CANCELLED, 0);
    rig_release(&data);
    slow_finish(s, SLOW_READ);
    for (uint8_t block = 5; block < 7; block++) {
        slow_submit(s, &data, BOT_IN, NULL, BOT_BLOCK);
        if (!data.done)
            slow_finish(s, SLOW_READ);
        rig_check_urb(&data, USB_STATUS_OK, BOT_BLOCK);
        bot_check_blocks(&s->bot, data.urb.buffer, block, 1);
        rig_release(&data);
    }
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_check_status(&csw, BOT_PASSED, 0);
}

// Data that was not taken is not written: in its place goes what the host sends then.
SLOW_TEST(sim_disk_slow_unlink_write, false)
{
    struct rig_urb second;
    uint8_t data[SLOW_TWO], other[BOT_BLOCK];
    bot_fill(data, sizeof data, 99);
    bot_fill(other, sizeof other, 7);
    slow_write_two(s, 5, 0);
    bot_transfer(&s->bot, BOT_OUT, data, BOT_BLOCK);
    slow_submit(s, &second, BOT_OUT, data + BOT_BLOCK, BOT_BLOCK);
    rig_cancel(&second);
    rig_check_urb(&second, USB_STATUS_CANCELLED, 0);
    rig_release(&second);
    slow_finish(s, SLOW_WRITE);
    bot_transfer(&s->bot, BOT_OUT, other, BOT_BLOCK);
    slow_finish(s, SLOW_WRITE);
    bot_status(&s->bot);
    CHECK_EQ(s->bot.status, BOT_PASSED);
    bot_check_blocks(&s->bot, data, 5, 1);
    bot_check_blocks(&s->bot, other, 6, 1);
}

static void reset_port(struct slow *s)
{
    rig_change(s->bot.rig.dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(bot_sense(&s->bot), SENSE_POWER_ON);
}

static void reset_transport(struct slow *s)
{
    CHECK_EQ(rig_request(s->bot.rig.dev, 0x21ff, 0, 0, NULL, 0), 0);
}

// The command before was reset in the middle: this one waits for its I/O, and has its own data.
static void check_read_waits(struct slow *s, enum slow_job before)
{
    struct rig_urb data, csw;
    slow_read_two(s, 40);
    slow_submit(s, &data, BOT_IN, NULL, SLOW_TWO);
    CHECK(!data.done);
    slow_finish(s, before);
    CHECK(!data.done);
    slow_finish(s, SLOW_READ);
    rig_check_urb(&data, USB_STATUS_OK, SLOW_TWO);
    bot_check_blocks(&s->bot, data.urb.buffer, 40, 2);
    rig_release(&data);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_check_status(&csw, BOT_PASSED, 0);
    slow_check_alive(s);
}

static void check_reset_of_read(struct slow *s, void (*reset)(struct slow *s))
{
    struct rig_urb data;
    slow_read_two(s, 5);
    slow_submit(s, &data, BOT_IN, NULL, SLOW_TWO);
    rig_cancel(&data);
    rig_release(&data);
    reset(s);
    check_read_waits(s, SLOW_READ);
}

SLOW_TEST(sim_disk_slow_reset_of_read, false)
{
    check_reset_of_read(s, reset_port);
    check_reset_of_read(s, reset_transport);
}

// A write that was under way still goes first, and its failure is not told to a later command.
static void check_reset_of_write(struct slow *s, void (*reset)(struct slow *s))
{
    uint8_t data[SLOW_TWO];
    bot_fill(data, sizeof data, 3);
    slow_write_two(s, 5, 0);
    bot_transfer(&s->bot, BOT_OUT, data, SLOW_TWO);
    reset(s);
    s->bot.bad_block = 5;
    slow_write_two(s, 40, 0);
    struct rig_urb out, csw;
    slow_submit(s, &out, BOT_OUT, bot_block(&s->bot, 40), SLOW_TWO);
    CHECK(!out.done);
    slow_finish(s, SLOW_WRITE);
    rig_check_urb(&out, USB_STATUS_OK, SLOW_TWO);
    rig_release(&out);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_finish(s, SLOW_WRITE);
    slow_check_status(&csw, BOT_PASSED, 0);
    s->bot.bad_block = NO_BLOCK;
    slow_check_alive(s);
}

SLOW_TEST(sim_disk_slow_reset_of_write, false)
{
    check_reset_of_write(s, reset_port);
    check_reset_of_write(s, reset_transport);
}

// A command without data is none of an earlier one's failure either.
SLOW_TEST(sim_disk_slow_reset_of_flush, false)
{
    s->bot.bad_flush = true;
    bot_send(&s->bot, BOT_CDB(0x35), 10, false, 0);
    CHECK_EQ(rig_read(s->bot.rig.dev, BOT_IN, (uint8_t[13]){0}, 13), RIG_PENDING);
    reset_transport(s);
    struct rig_urb csw;
    bot_send(&s->bot, BOT_CDB(0x35), 10, false, 0);
    slow_submit(s, &csw, BOT_IN, NULL, 13);
    slow_finish(s, SLOW_FLUSH);
    CHECK(!csw.done);
    s->bot.bad_flush = false;
    slow_finish(s, SLOW_FLUSH);
    slow_check_status(&csw, BOT_PASSED, 0);
}

SLOW_TEST(sim_disk_slow_unplug, false)
{
    struct rig_urb data;
    slow_read_two(s, 5);
    slow_submit(s, &data, BOT_IN, NULL, SLOW_TWO);
    CHECK_EQ(sim_unplug(s->bot.rig.bus, "1-1"), BASE_OK);
    rig_settle(&s->bot.rig);
    rig_check_urb(&data, USB_STATUS_NO_DEVICE, 0);
    rig_release(&data);
    slow_finish(s, SLOW_READ); // nobody is there
    CHECK_EQ(sim_replug(s->bot.rig.bus, "1-1"), BASE_OK);
    rig_settle(&s->bot.rig);
    CHECK_EQ(rig_open(s->bot.rig.dev), BASE_OK);
    CHECK_EQ(bot_sense(&s->bot), SENSE_POWER_ON);
    slow_check_alive(s);
}

// The device goes, its storage with it: bot_end() has the rest.
SLOW_TEST(sim_disk_slow_destroyed, false)
{
    uint8_t data[SLOW_TWO] = {0};
    slow_write_two(s, 5, 0);
    bot_transfer(&s->bot, BOT_OUT, data, SLOW_TWO);
    CHECK_EQ(s->job, SLOW_WRITE);
}
