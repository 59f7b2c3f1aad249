// SPDX-License-Identifier: Apache-2.0
// Invalid commands, halts and resets of the simulated disk; sections are those of usbmassbulk 1.0.
#include "tests/unit/bot_rig.h"

// --- 5.3.4, 6.6.1: invalid commands and reset recovery -------------------------------------------

static void check_both_halted(struct bot *b)
{
    uint8_t packet[31];
    bot_cbw_init(packet, bot_test_unit_ready, 6, false, 0);
    CHECK_EQ(rig_write(b->rig.dev, BOT_OUT, packet, sizeof packet), USB_STATUS_STALL);
    CHECK_EQ(rig_read(b->rig.dev, BOT_IN, packet, 13), USB_STATUS_STALL);
}

static void check_recovery(struct bot *b)
{
    check_both_halted(b);
    bot_clear_halt(b, BOT_IN); // too early: halted until the reset
    bot_clear_halt(b, BOT_OUT);
    check_both_halted(b);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 0, NULL, 0), 0);
    check_both_halted(b); // 3.1: the reset keeps the halts
    bot_clear_halt(b, BOT_IN);
    bot_clear_halt(b, BOT_OUT);
    bot_check_alive(b);
}

static void check_invalid_cbw(unsigned at, uint8_t value)
{
    struct bot b;
    uint8_t cbw[31];
    bot_begin(&b);
    bot_cbw_init(cbw, bot_test_unit_ready, 6, false, 0);
    cbw[at] = value;
    CHECK_EQ(rig_write(b.rig.dev, BOT_OUT, cbw, sizeof cbw), sizeof cbw);
    check_recovery(&b);
    bot_end(&b);
}

TEST(sim_disk_cbw_signature)
{
    check_invalid_cbw(0, 'u');
    check_invalid_cbw(3, 'S');
}

TEST(sim_disk_cbw_lun)
{
    check_invalid_cbw(13, 1);
    check_invalid_cbw(13, 0x10);
}

TEST(sim_disk_cbw_command_length)
{
    check_invalid_cbw(14, 0);
    check_invalid_cbw(14, 17);
    check_invalid_cbw(14, 0x26);
}

TEST(sim_disk_cbw_reserved_flags)
{
    check_invalid_cbw(12, 0x01);
    check_invalid_cbw(12, 0x40);
}

TEST(sim_disk_cbw_size)
{
    static const uint32_t sizes[] = {0, 1, 13, 30, 32, 511, 512};
    uint8_t cbw[512] = {0};
    bot_cbw_init(cbw, bot_test_unit_ready, 6, false, 0);
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bot b;
        bot_begin(&b);
        CHECK_EQ(rig_write(b.rig.dev, BOT_OUT, cbw, sizes[i]), sizes[i]);
        check_recovery(&b);
        bot_end(&b);
    }
}

// The first packet is taken, the second one finds the endpoint halted.
BOT_TEST(sim_disk_cbw_longer_than_a_packet, bot_begin(b))
{
    uint8_t cbw[600] = {0};
    bot_cbw_init(cbw, bot_test_unit_ready, 6, false, 0);
    bot_transfer(b, BOT_OUT, cbw, sizeof cbw);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    CHECK_EQ(b->data_actual, 512);
    check_recovery(b);
}

// A zero-length packet behind the data looks like a command.
BOT_TEST(sim_disk_zero_packet_after_data_is_invalid, bot_begin(b))
{
    uint8_t data[2 * BOT_BLOCK] = {0};
    bot_write(b, bot_write_two, data, sizeof data);
    bot_check_passed(b, sizeof data, 0);
    CHECK_EQ(rig_write(b->rig.dev, BOT_OUT, NULL, 0), 0);
    check_recovery(b);
}

// The endpoints are halted from the bad command on, not from the next transfer on.
BOT_TEST(sim_disk_reset_keeps_halts_that_nobody_saw, bot_begin(b))
{
    CHECK_EQ(rig_write(b->rig.dev, BOT_OUT, "junk", 4), 4);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 0, NULL, 0), 0);
    check_both_halted(b);
    bot_clear_halt(b, BOT_IN);
    bot_clear_halt(b, BOT_OUT);
    bot_check_alive(b);
}

BOT_TEST(sim_disk_reset_in_the_middle, bot_begin(b))
{
    uint8_t data[2 * BOT_BLOCK] = {0};
    bot_send(b, bot_read_two, 10, true, 2 * BOT_BLOCK);
    bot_transfer(b, BOT_IN, data, BOT_BLOCK);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 0, NULL, 0), 0);
    bot_check_alive(b);
    bot_send(b, bot_write_two, 10, false, 2 * BOT_BLOCK);
    bot_transfer(b, BOT_OUT, data, BOT_BLOCK);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 0, NULL, 0), 0);
    bot_check_alive(b);
    CHECK_EQ(bot_sense(b), 0); // no unit attention: the medium cannot have changed
}

// SET_CONFIGURATION, SET_INTERFACE and a bus reset end halts and the need of a class reset.
BOT_TEST(sim_disk_configuration_starts_over, bot_begin(b))
{
    for (unsigned way = 0; way < 3; way++) {
        CHECK_EQ(rig_write(b->rig.dev, BOT_OUT, "junk", 4), 4);
        check_both_halted(b);
        if (way == 0)
            rig_change(b->rig.dev, USB_SET_CONFIGURATION, 0, 1);
        else if (way == 1)
            rig_change(b->rig.dev, USB_SET_INTERFACE, 0, 0);
        else
            rig_change(b->rig.dev, USB_RESET_DEVICE, 0, 0);
        CHECK_EQ(bot_sense(b), way == 2 ? 0x062900 : 0);
        bot_check_alive(b);
    }
}

BOT_TEST(sim_disk_class_requests, bot_begin(b))
{
    uint8_t lun[4] = {0xee};
    CHECK_EQ(rig_request(b->rig.dev, 0xa1fe, 0, 0, lun, 1), 1);
    CHECK_EQ(lun[0], 0);
    CHECK_EQ(rig_request(b->rig.dev, 0xa1fe, 0, 0, lun, 2), USB_STATUS_STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0xa1fe, 1, 0, lun, 1), USB_STATUS_STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0xa1fe, 0, 1, lun, 1), USB_STATUS_STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x21fe, 0, 0, lun, 1), USB_STATUS_STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 0, lun, 1), USB_STATUS_STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 1, NULL, 0), USB_STATUS_STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 1, 0, NULL, 0), USB_STATUS_STALL);
    rig_change(b->rig.dev, USB_SET_CONFIGURATION, 0, 0);
    CHECK_EQ(rig_request(b->rig.dev, 0xa1fe, 0, 0, lun, 1), USB_STATUS_STALL);
}
