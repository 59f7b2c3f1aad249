// SPDX-License-Identifier: Apache-2.0
// SCSI commands of the simulated disk.
#include "tests/unit/bot_rig.h"

#include <string.h>

static const uint8_t test_unit_ready[16] = {0x00};

// --- who it is -----------------------------------------------------------------------------------

BOT_TEST(sim_disk_scsi_inquiry, bot_begin(b))
{
    uint8_t data[36];
    bot_check_data(b, BOT_CDB(0x12, 0, 0, 0, 36), data, 36);
    CHECK_BYTES(data, ((const uint8_t[]){0, 0x80, 5, 2, 31, 0, 0, 0}), 8);
    CHECK_BYTES(data + 8, "USBIP   Simulated disk  0100", 28);
    bot_check_data(b, BOT_CDB(0x12, 0, 0, 0, 5), data, 5);  // cutting is no error
    bot_check_data(b, BOT_CDB(0x12, 0, 0, 1, 0), data, 36); // 256 bytes: the field has two bytes
    bot_check_fails(b, BOT_CDB(0x12, 0, 0x80, 0, 36), SENSE_BAD_FIELD); // page without EVPD
    bot_check_fails(b, BOT_CDB(0x12, 2, 0, 0, 36), SENSE_BAD_FIELD);
}

BOT_TEST(sim_disk_scsi_inquiry_vital_product_data, bot_begin(b))
{
    static const uint8_t list[] = {0, 0, 0, 3, 0x00, 0x80, 0x83};
    static const uint8_t number[] = {1, 3, 0, 8, 0x30, 0, 0, 0, 0, 0, 0xab, 0x12};
    uint8_t data[56];
    bot_check_data(b, BOT_CDB(0x12, 1, 0, 0, 255), data, 7);
    CHECK_BYTES(data, list, 7);
    bot_check_data(b, BOT_CDB(0x12, 1, 0x80, 0, 255), data, 16);
    CHECK_BYTES(data,
                "\0\x80\0\x0c"
                "00000000AB12",
                16);
    bot_check_data(b, BOT_CDB(0x12, 1, 0x83, 0, 255), data, 56);
    CHECK_BYTES(data,
                "\0\x83\0\x34"
                "\2\1\0\x24"
                "USBIP   Simulated disk  00000000AB12",
                44);
    CHECK_BYTES(data + 44, number, 12);
    bot_check_fails(b, BOT_CDB(0x12, 1, 0xb0, 0, 255), SENSE_BAD_FIELD);
}

BOT_TEST(sim_disk_scsi_report_luns, bot_begin(b))
{
    uint8_t data[16], want[16] = {0, 0, 0, 8};
    bot_check_data(b, BOT_CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16), data, 16);
    CHECK_BYTES(data, want, 16);
    bot_check_data(b, BOT_CDB(0xa0, 0, 2, 0, 0, 0, 0, 0, 1, 0), data, 16);
    CHECK_BYTES(data, want, 16);
    want[3] = 0;
    bot_check_data(b, BOT_CDB(0xa0, 0, 1, 0, 0, 0, 0, 0, 0, 16), data, 8); // well known ones
    CHECK_BYTES(data, want, 8);
    bot_check_fails(b, BOT_CDB(0xa0, 0, 3, 0, 0, 0, 0, 0, 0, 16), SENSE_BAD_FIELD);
    bot_check_fails(b, BOT_CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 15), SENSE_BAD_FIELD);
}

// --- capacity and modes --------------------------------------------------------------------------

BOT_TEST(sim_disk_scsi_read_capacity, bot_begin(b))
{
    static const uint8_t ten[] = {0, 0, 3, 255, 0, 0, 2, 0};
    static const uint8_t sixteen[32] = {0, 0, 0, 0, 0, 0, 3, 255, 0, 0, 2, 0};
    uint8_t data[32];
    bot_check_data(b, BOT_CDB(0x25), data, 8);
    CHECK_BYTES(data, ten, 8);
    bot_check_data(b, BOT_CDB(0x25, 0, 0, 0, 0, 9, 0, 0, 1), data, 8); // PMI
    bot_check_fails(b, BOT_CDB(0x25, 0, 0, 0, 0, 9), SENSE_BAD_FIELD);
    bot_check_data(b, BOT_CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), data, 32);
    CHECK_BYTES(data, sixteen, 32);
    bot_check_data(b, BOT_CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12), data, 12);
    bot_check_fails(b, BOT_CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 32), SENSE_BAD_FIELD);
    const uint8_t partial[16] = {0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 32, 1};
    bot_check_data(b, partial, data, 32);
    bot_check_fails(b, BOT_CDB(0x9e, 0x12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32), SENSE_BAD_FIELD);
}

// More blocks than 32 bits can count.
BOT_TEST(sim_disk_scsi_huge_medium, bot_begin_sized(b, 0x1000000005, false))
{
    static const uint8_t ten[] = {255, 255, 255, 255, 0, 0, 2, 0};
    static const uint8_t sixteen[] = {0, 0, 0, 0x10, 0, 0, 0, 4, 0, 0, 2, 0};
    uint8_t data[BOT_BLOCK];
    bot_check_data(b, BOT_CDB(0x25), data, 8);
    CHECK_BYTES(data, ten, 8);
    bot_check_data(b, BOT_CDB(0x23, 0, 0, 0, 0, 0, 0, 0, 12), data, 12);
    CHECK_BYTES(data + 4, ten, 4);
    bot_check_data(b, BOT_CDB(0x9e, 0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12), data, 12);
    CHECK_BYTES(data, sixteen, 12);
    const uint8_t last[16] = {0x88, 0, 0, 0, 0, 0x10, 0, 0, 0, 4, 0, 0, 0, 1};
    const uint8_t behind[16] = {0x88, 0, 0, 0, 0, 0x10, 0, 0, 0, 4, 0, 0, 0, 2};
    bot_check_data(b, last, data, BOT_BLOCK);
    CHECK_EQ(data[0], 0xcc);
    bot_check_fails(b, behind, SENSE_OUT_OF_RANGE);
}

BOT_TEST(sim_disk_scsi_read_format_capacities, bot_begin(b))
{
    static const uint8_t loaded[] = {0, 0, 0, 8, 0, 0, 4, 0, 2, 0, 2, 0};
    uint8_t data[12];
    bot_check_data(b, BOT_CDB(0x23, 0, 0, 0, 0, 0, 0, 0, 252), data, 12);
    CHECK_BYTES(data, loaded, 12);
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 2)); // eject
    bot_check_data(b, BOT_CDB(0x23, 0, 0, 0, 0, 0, 0, 0, 12), data, 12);
    CHECK_EQ(data[8], 3);
}

BOT_TEST(sim_disk_scsi_mode_sense, bot_begin(b))
{
    static const uint8_t six[24] = {23, 0, 0x10, 0, 8, 18, 4};
    static const uint8_t ten[28] = {0, 26, 0, 0x10, 0, 0, 0, 0, 8, 18, 4};
    uint8_t data[28];
    bot_check_data(b, BOT_CDB(0x1a, 0, 0x3f, 0, 192), data, 24);
    CHECK_BYTES(data, six, 24);
    bot_check_data(b, BOT_CDB(0x1a, 8, 0x08, 0, 4), data, 4);
    bot_check_data(b, BOT_CDB(0x5a, 0, 0x08, 0, 0, 0, 0, 1, 0), data, 28);
    CHECK_BYTES(data, ten, 28);
    bot_check_data(b, BOT_CDB(0x1a, 0, 0x7f, 0xff, 192), data, 24); // nothing can be changed
    CHECK_EQ(data[6], 0);
    bot_check_data(b, BOT_CDB(0x1a, 0, 0x88, 0, 192), data, 24); // default
    CHECK_EQ(data[6], 4);
    bot_check_fails(b, BOT_CDB(0x1a, 0, 0xc8, 0, 192), SENSE_NOT_SAVED);
    bot_check_fails(b, BOT_CDB(0x1a, 0, 0x1c, 0, 192), SENSE_BAD_FIELD);
    bot_check_fails(b, BOT_CDB(0x5a, 0, 0x08, 1, 0, 0, 0, 0, 192), SENSE_BAD_FIELD);
}

// --- sense data and unit attention ---------------------------------------------------------------

BOT_TEST(sim_disk_scsi_sense_is_kept_for_one_command, bot_begin(b))
{
    uint8_t data[18] = {0};
    CHECK_EQ(bot_sense(b), SENSE_NONE);
    bot_check_fails(b, BOT_CDB(0xff), SENSE_BAD_OPCODE);
    CHECK_EQ(bot_sense(b), SENSE_NONE); // reported once
    bot_simple(b, BOT_CDB(0xff));
    CHECK_EQ(b->status, BOT_FAILED);
    bot_check_passes(b, test_unit_ready);
    CHECK_EQ(bot_sense(b), SENSE_NONE); // another command came in between
    bot_simple(b, BOT_CDB(0xff));
    bot_check_data(b, BOT_CDB(0x03, 0, 0, 0, 4), data, 4); // cut, but reported
    CHECK_EQ(data[2], 5);
    CHECK_EQ(bot_sense(b), SENSE_NONE);
}

BOT_TEST(sim_disk_scsi_unknown_commands, bot_begin(b))
{
    static const uint8_t known[] = {0x00, 0x03, 0x08, 0x0a, 0x12, 0x1a, 0x1b,
                                    0x1e, 0x23, 0x25, 0x28, 0x2a, 0x2f, 0x35,
                                    0x5a, 0x88, 0x8a, 0x8f, 0x91, 0x9e, 0xa0};
    uint8_t data[BOT_BLOCK] = {0};
    for (unsigned opcode = 0; opcode < 256; opcode++) {
        uint8_t cdb[16] = {(uint8_t)opcode};
        if (memchr(known, (int)opcode, sizeof known))
            continue;
        bot_command(b, cdb, 16, false, NULL, 0);
        bot_check_failed(b, SENSE_BAD_OPCODE);
    }
    bot_command(b, BOT_CDB(0x04), 6, false, data, sizeof data); // FORMAT UNIT, with data
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    CHECK_EQ(b->residue, sizeof data);
    bot_check_failed(b, SENSE_BAD_OPCODE);
}

BOT_TEST(sim_disk_scsi_command_block_too_short, bot_begin(b))
{
    bot_command(b, BOT_CDB(0x28), 6, false, NULL, 0);
    bot_check_failed(b, SENSE_BAD_FIELD);
    bot_command(b, BOT_CDB(0x00), 12, false, NULL, 0); // longer is no harm
    CHECK_EQ(b->status, BOT_PASSED);
}

BOT_TEST(sim_disk_scsi_protection_information, bot_begin(b))
{
    bot_check_fails(b, BOT_CDB(0x28, 0x20, 0, 0, 0, 5, 0, 0, 1), SENSE_BAD_FIELD);
    bot_check_fails(b, BOT_CDB(0x8a, 0xe0, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 1), SENSE_BAD_FIELD);
    bot_check_fails(b, BOT_CDB(0x2f, 0x40, 0, 0, 0, 5, 0, 0, 1), SENSE_BAD_FIELD);
}

BOT_TEST(sim_disk_scsi_unit_attention, bot_begin(b))
{
    uint8_t data[36];
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 2));
    bot_check_passes(b, BOT_CDB(0x1e, 0, 0, 0, 1));
    rig_change(b->rig.dev, USB_RESET_DEVICE, 0, 0);
    bot_check_data(b, BOT_CDB(0x12, 0, 0, 0, 36), data, 36); // these do not report it
    bot_check_data(b, BOT_CDB(0xa0, 0, 0, 0, 0, 0, 0, 0, 0, 16), data, 16);
    bot_check_fails(b, test_unit_ready, SENSE_POWER_ON);
    bot_check_passes(b, test_unit_ready); // once; and the medium is loaded as after power-on
    bot_check_passes(b, BOT_CDB(0x1b, 0, 0, 0, 2)); // not locked either

    rig_change(b->rig.dev, USB_RESET_DEVICE, 0, 0);
    bot_check_fails(b, BOT_CDB(0xff), SENSE_POWER_ON); // goes before all other errors
    bot_check_fails(b, BOT_CDB(0xff), SENSE_BAD_OPCODE);

    rig_change(b->rig.dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(bot_sense(b), SENSE_POWER_ON); // asked for, it counts as reported
    bot_check_passes(b, test_unit_ready);

    rig_change(b->rig.dev, USB_RESET_DEVICE, 0, 0);
    bot_check_fails(b, BOT_CDB(0x12, 2), SENSE_BAD_FIELD); // sense data comes first
    CHECK_EQ(bot_sense(b), SENSE_POWER_ON);
}
