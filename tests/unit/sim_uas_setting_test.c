// SPDX-License-Identifier: Apache-2.0
// USB Attached SCSI when settings change in the middle: alternate settings, configuration, resets.
#include "tests/unit/uas_rig.h"

static const uint8_t test_unit_ready[16] = {0x00};

enum change { ALTERNATE_AGAIN, OTHER_ALTERNATE, CONFIGURATION, BUS_RESET, PULLED, CLOSED };

static void reopen(struct bot *b)
{
    b->rig.dev->opened = 0;
    rig_queue_open(b->rig.dev);
    rig_settle(&b->rig);
    CHECK_EQ(b->rig.dev->opened, 1);
}

static void change(struct bot *b, enum change how)
{
    struct rig *r = &b->rig;
    if (how == OTHER_ALTERNATE)
        rig_change(r->dev, USB_SET_INTERFACE, 0, 0);
    if (how == CONFIGURATION)
        rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    if (how == BUS_RESET)
        rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    if (how == PULLED) {
        CHECK_EQ(sim_unplug(r->bus, "1-1"), BASE_OK);
        rig_settle(r);
        CHECK_EQ(sim_replug(r->bus, "1-1"), BASE_OK);
        rig_settle(r);
        reopen(b);
    }
    if (how == CLOSED) {
        rig_queue_close(r->dev);
        rig_settle(r);
        reopen(b);
    }
    uas_select(b);
}

static void check_change(enum change how)
{
    struct bot b;
    uas_begin(&b);
    uas_read(&b, 1, 20, 4);
    uas_write(&b, 2, 30, 2);
    uas_function(&b, 3, UAS_QUERY_TASK, 1);
    uas_check_ready(&b, UAS_READ_READY, 1);
    uas_check_blocks(&b, 20, 1);
    change(&b, how);
    uas_check_silence(&b);
    CHECK_EQ(rig_read(b.rig.dev, UAS_DATA_IN, (uint8_t[512]){0}, 512), RIG_PENDING);
    uas_function(&b, 1, UAS_QUERY_TASK_SET, 0); // a tag from before
    uas_check_response(&b, 1, UAS_COMPLETE);
    if (how >= BUS_RESET)
        uas_check_fails(&b, test_unit_ready, SENSE_POWER_ON);
    uas_check_alive(&b);
    bot_end(&b);
}

TEST(sim_uas_set_interface_in_the_middle)
{
    check_change(ALTERNATE_AGAIN);
    check_change(OTHER_ALTERNATE);
}

TEST(sim_uas_set_configuration_in_the_middle)
{
    check_change(CONFIGURATION);
}

TEST(sim_uas_reset_in_the_middle)
{
    check_change(BUS_RESET);
    check_change(PULLED);
    check_change(CLOSED);
}

// URBs that wait are asked again under the new setting.
BOT_TEST(sim_uas_bulk_only_again, uas_begin(b))
{
    uint8_t data[2 * BOT_BLOCK];
    uas_read(b, 1, 20, 4);
    uas_check_ready(b, UAS_READ_READY, 1);
    rig_change(b->rig.dev, USB_SET_INTERFACE, 0, 0);
    CHECK(!sim_endpoint(b->rig.sim, UAS_STATUS) && !sim_endpoint(b->rig.sim, UAS_COMMAND));
    bot_read(b, BOT_CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 2), data, sizeof data);
    bot_check_passed(b, sizeof data, 0);
    bot_check_blocks(b, data, 5, 2);
    bot_send(b, BOT_CDB(0x28, 0, 0, 0, 0, 5, 0, 0, 2), 10, true, sizeof data);
    uas_select(b); // in the middle of that command
    uas_check_alive(b);
    rig_change(b->rig.dev, USB_SET_INTERFACE, 0, 0);
    bot_check_passes(b, test_unit_ready);
}

// Sense data that nobody has asked for in bulk-only transport does not come with another status.
BOT_TEST(sim_uas_sense_of_the_other_transport, uas_begin(b))
{
    uint8_t iu[32], data[36];
    for (uint8_t lun = 0; lun < 2; lun++) {
        rig_change(b->rig.dev, USB_SET_INTERFACE, 0, 0);
        bot_simple(b, BOT_CDB(0xff));
        CHECK_EQ(b->status, BOT_FAILED);
        uas_select(b);
        uas_command_init(iu, 1, BOT_CDB(0x12, 0, 0, 0, 36));
        iu[9] = lun;
        uas_send(b, iu, sizeof iu);
        uas_check_ready(b, UAS_READ_READY, 1);
        CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, data, sizeof data), sizeof data);
        uas_check_good(b, 1);
    }
}

// A halt that the host has set is cleared like any other.
BOT_TEST(sim_uas_halted_endpoints, uas_begin(b))
{
    uint8_t iu[32];
    uas_command_init(iu, 1, test_unit_ready);
    CHECK_EQ(rig_request(b->rig.dev, 0x0203, 0, UAS_COMMAND, NULL, 0), 0);
    CHECK_EQ(rig_request(b->rig.dev, 0x0203, 0, UAS_STATUS, NULL, 0), 0);
    CHECK_EQ(rig_write(b->rig.dev, UAS_COMMAND, iu, sizeof iu), USB_STATUS_STALL);
    bot_clear_halt(b, UAS_COMMAND);
    uas_send(b, iu, sizeof iu);
    CHECK_EQ(rig_read(b->rig.dev, UAS_STATUS, iu, sizeof iu), USB_STATUS_STALL);
    bot_clear_halt(b, UAS_STATUS);
    uas_check_good(b, 1);
}
