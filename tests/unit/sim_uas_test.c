// SPDX-License-Identifier: Apache-2.0
// USB Attached SCSI of the simulated disk: commands and their data. Task management is in
// sim_uas_task_test.c.
#include "tests/unit/uas_rig.h"

#include <stdlib.h>

static const uint8_t test_unit_ready[16] = {0x00};
static const uint8_t eject[16] = {0x1b, 0, 0, 0, 2};

// --- what it says about itself -------------------------------------------------------------------

BOT_TEST(sim_uas_descriptors, uas_begin(b))
{
    static const uint8_t pipes[4][2] = {
        {UAS_COMMAND, 1}, {UAS_STATUS, 2}, {UAS_DATA_IN, 3}, {UAS_DATA_OUT, 4}};
    CHECK_EQ(b->rig.sim->speed, USB_SPEED_HIGH);
    const uint8_t *config = b->rig.sim->desc->configs[0];
    CHECK_EQ(rig_check_config(config), 2 + 4);
    struct usb_walk w;
    struct usb_endpoint ep;
    unsigned n = 0;
    usb_walk_begin(&w, (struct base_span){config, base_get_le16(config + 2)}, USB_SPEED_HIGH);
    while (usb_walk_next(&w)) {
        if (usb_walk_interface(&w))
            CHECK_EQ(w.interface.bInterfaceProtocol,
                     w.interface.bAlternateSetting == 1 ? 0x62 : 0x50);
        if (!usb_walk_endpoint(&w, &ep) || w.interface.bAlternateSetting != 1)
            continue;
        CHECK_EQ(ep.address, pipes[n][0]);
        CHECK_EQ(ep.type, USB_BULK);
        CHECK_EQ(ep.max_packet_size, 512);
        CHECK(usb_walk_next(&w)); // its pipe usage
        CHECK_BYTES(w.descriptor.data, ((const uint8_t[]){4, 0x24, pipes[n][1], 0}), 4);
        n++;
    }
    CHECK_EQ(n, 4);
}

// The class's requests are those of bulk-only transport.
BOT_TEST(sim_uas_requests, uas_begin(b))
{
    uint8_t lun;
    CHECK_EQ(rig_request(b->rig.dev, 0xa1fe, 0, 0, &lun, 1), USB_STATUS_STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 0, NULL, 0), USB_STATUS_STALL);
    rig_change(b->rig.dev, USB_SET_INTERFACE, 0, 0);
    CHECK_EQ(rig_request(b->rig.dev, 0xa1fe, 0, 0, &lun, 1), 1);
    CHECK_EQ(rig_request(b->rig.dev, 0x21ff, 0, 0, NULL, 0), 0);
    bot_check_passes(b, test_unit_ready);
}

// --- commands ------------------------------------------------------------------------------------

BOT_TEST(sim_uas_command_without_data, uas_begin(b))
{
    uas_check_silence(b);
    uas_command(b, 1, test_unit_ready);
    uas_check_good(b, 1);
    uas_command(b, 0xfffd, test_unit_ready);
    uas_check_good(b, 0xfffd);
    uas_check_silence(b);
}

// The sense data comes with the status and is not kept.
BOT_TEST(sim_uas_command_that_fails, uas_begin(b))
{
    uint8_t sense[18];
    uas_check_passes(b, eject);
    uas_check_fails(b, test_unit_ready, SENSE_NO_MEDIUM);
    uas_command(b, 3, BOT_CDB(0x03, 0, 0, 0, 18));
    uas_check_ready(b, UAS_READ_READY, 3);
    CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, sense, sizeof sense), sizeof sense);
    CHECK_EQ(sense[2], 0);
    uas_check_good(b, 3);
    uas_check_fails(b, BOT_CDB(0xff), SENSE_BAD_OPCODE);
    uas_check_fails(b, BOT_CDB(0x28, 0, 0, 0, 3, 255, 0, 0, 2), SENSE_NO_MEDIUM);
}

BOT_TEST(sim_uas_read, uas_begin(b))
{
    uas_read(b, 9, 20, 5);
    CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, (uint8_t[512]){0}, 512),
             RIG_PENDING); // not announced
    uas_check_ready(b, UAS_READ_READY, 9);
    uas_check_silence(b); // no status before the data
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, (uint8_t[512]){0}, 512), RIG_PENDING);
    uas_check_blocks(b, 20, 2);
    uas_check_silence(b);
    uas_check_blocks(b, 22, 3);
    uas_check_good(b, 9);
    CHECK_EQ(b->reads, 2); // straight into the URB, in one piece each
    CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, (uint8_t[512]){0}, 512), RIG_PENDING);
}

BOT_TEST(sim_uas_write, uas_begin(b))
{
    uint8_t data[5 * BOT_BLOCK];
    bot_fill(data, sizeof data, 99);
    uas_write(b, 9, 20, 5);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, 512), RIG_PENDING);
    uas_check_ready(b, UAS_WRITE_READY, 9);
    uas_check_silence(b);
    CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, data, 512), RIG_PENDING);
    bot_fill(data, sizeof data, 99);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, 2 * BOT_BLOCK), 2 * BOT_BLOCK);
    uas_check_silence(b);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data + 2 * BOT_BLOCK, 3 * BOT_BLOCK),
             3 * BOT_BLOCK);
    uas_check_good(b, 9);
    bot_check_blocks(b, data, 20, 5);
    uas_check_alive(b);
}

BOT_TEST(sim_uas_data_shorter_than_the_transfer, uas_begin(b))
{
    uint8_t data[512];
    uas_command(b, 4, BOT_CDB(0x12, 0, 0, 2, 0)); // INQUIRY, room for 512 bytes
    uas_check_ready(b, UAS_READ_READY, 4);
    CHECK_EQ(rig_read(b->rig.dev, UAS_DATA_IN, data, sizeof data), 36);
    CHECK_BYTES(data + 8, "USBIP   Simulated disk  0100", 28);
    uas_check_good(b, 4);
}

// A host may ask for data before it has read that it comes.
BOT_TEST(sim_uas_data_urbs_that_wait, uas_begin(b))
{
    struct rig_urb u;
    uint8_t data[BOT_BLOCK];
    rig_urb(&u, b->rig.dev, UAS_DATA_IN, NULL, BOT_BLOCK);
    rig_submit(&u);
    uas_read(b, 1, 20, 1);
    CHECK(!u.done);
    uas_check_ready(b, UAS_READ_READY, 1);
    CHECK(u.done);
    bot_check_blocks(b, u.urb.buffer, 20, 1);
    CHECK_EQ(rig_finish(&u), BOT_BLOCK);
    uas_check_good(b, 1);
    bot_fill(data, sizeof data, 321);
    rig_urb(&u, b->rig.dev, UAS_DATA_OUT, data, sizeof data);
    rig_submit(&u);
    uas_write(b, 2, 20, 1);
    CHECK(!u.done);
    uas_check_ready(b, UAS_WRITE_READY, 2);
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), BOT_BLOCK);
    uas_check_good(b, 2);
    bot_check_blocks(b, data, 20, 1);
}

// VERIFY of 512 KiB takes two goes with a pause between them.
static const uint8_t verify_all[16] = {0x2f, 0, 0, 0, 0, 0, 0, 4, 0};

BOT_TEST(sim_uas_verify_takes_its_time, uas_begin(b))
{
    struct rig_urb status;
    rig_urb(&status, b->rig.dev, UAS_STATUS, NULL, UAS_ROOM);
    rig_submit(&status);
    uas_command(b, 1, verify_all);
    CHECK(!status.done);
    CHECK(b->reads < BOT_BLOCKS);
    rig_advance(&b->rig, 10000);
    CHECK(status.done);
    CHECK_EQ(b->reads, BOT_BLOCKS);
    CHECK_EQ(status.urb.buffer[6], UAS_GOOD);
    CHECK_EQ(rig_finish(&status), 16);
}

BOT_TEST(sim_uas_verify_and_a_question, uas_begin(b))
{
    uas_command(b, 1, verify_all);
    uas_function(b, 2, UAS_QUERY_TASK, 1);
    uas_check_response(b, 2, UAS_SUCCEEDED);
    rig_advance(&b->rig, 10000);
    uas_check_good(b, 1);
}

// --- order ---------------------------------------------------------------------------------------

BOT_TEST(sim_uas_commands_are_executed_in_order, uas_begin(b))
{
    uas_read(b, 5, 10, 2);
    uas_command(b, 3, test_unit_ready);
    uas_read(b, 4, 30, 1);
    uas_command(b, 1, test_unit_ready);
    uas_check_ready(b, UAS_READ_READY, 5);
    uas_check_silence(b);
    uas_check_blocks(b, 10, 2);
    uas_check_good(b, 5);
    uas_check_good(b, 3);
    uas_check_ready(b, UAS_READ_READY, 4);
    uas_check_silence(b);
    uas_check_blocks(b, 30, 1);
    uas_check_good(b, 4);
    uas_check_good(b, 1);
    uas_check_silence(b);
}

// Data moves in the order of the READY IUs, which is not that of the commands.
BOT_TEST(sim_uas_head_of_queue_goes_first, uas_begin(b))
{
    uint8_t data[BOT_BLOCK];
    bot_fill(data, sizeof data, 4711);
    uas_read(b, 1, 10, 1);
    uas_write(b, 2, 50, 1);
    uas_command_as(b, 3, UAS_ORDERED, BOT_CDB(0x28, 0, 0, 0, 0, 50, 0, 0, 1));
    uas_command_as(b, 4, 5 << 3 | UAS_HEAD_OF_QUEUE, BOT_CDB(0x28, 0, 0, 0, 0, 20, 0, 0, 1));
    uas_check_ready(b, UAS_READ_READY, 1);
    uas_check_blocks(b, 10, 1);
    uas_check_good(b, 1);
    uas_check_ready(b, UAS_READ_READY, 4);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), RIG_PENDING); // too early
    uas_check_blocks(b, 20, 1);
    uas_check_good(b, 4);
    uas_check_ready(b, UAS_WRITE_READY, 2);
    CHECK_EQ(rig_write(b->rig.dev, UAS_DATA_OUT, data, sizeof data), sizeof data);
    uas_check_good(b, 2);
    uas_check_ready(b, UAS_READ_READY, 3);
    bot_check_blocks(b, data, 50, 1);
    uas_check_blocks(b, 50, 1);
    uas_check_good(b, 3);
    uas_check_silence(b);
}

// --- many commands at a time ---------------------------------------------------------------------

enum { MANY = 30, MANY_BLOCKS = 3, MANY_BYTES = MANY_BLOCKS * BOT_BLOCK };

struct many { // what Linux's driver has for each command
    struct rig_urb command, status, data;
    bool reads;
    bool has_data, has_status;
};

static void many_start(struct bot *b, struct many *m, unsigned i)
{
    uint8_t iu[32], opcode = m->reads ? 0x28 : 0x2a;
    uas_command_init(iu, (uint16_t)(i + 1),
                     BOT_CDB(opcode, 0, 0, 0, 0, (uint8_t)(i * MANY_BLOCKS), 0, 0, MANY_BLOCKS));
    rig_urb(&m->status, b->rig.dev, UAS_STATUS, NULL, UAS_ROOM);
    rig_queue_submit(&m->status);
    rig_urb(&m->command, b->rig.dev, UAS_COMMAND, iu, sizeof iu);
    rig_queue_submit(&m->command);
}

static void many_transfer(struct bot *b, struct many *m, unsigned i)
{
    uint8_t data[MANY_BYTES];
    bot_fill(data, sizeof data, 1000 + i);
    CHECK(!m->has_data);
    m->has_data = true;
    rig_urb(&m->data, b->rig.dev, m->reads ? UAS_DATA_IN : UAS_DATA_OUT, m->reads ? NULL : data,
            MANY_BYTES);
    rig_queue_submit(&m->data);
}

// Looks at what a status URB has brought and submits it again for the command that it tells of, if
// that still needs its status.
static void many_look(struct bot *b, struct many *all, struct many *m)
{
    const uint8_t *iu = m->status.urb.buffer;
    unsigned i = base_get_be16(iu + 2) - 1u;
    CHECK_EQ(m->status.urb.status, USB_STATUS_OK);
    CHECK(i < MANY);
    if (iu[0] == 3) {
        CHECK_EQ(iu[6], UAS_GOOD);
        CHECK(all[i].data.done && !all[i].has_status);
        all[i].has_status = true;
        return;
    }
    CHECK_EQ(iu[0], all[i].reads ? UAS_READ_READY : UAS_WRITE_READY);
    m->status.done = false;
    rig_queue_submit(&m->status);
    many_transfer(b, &all[i], i);
}

static void many_finish(struct bot *b, struct many *m, unsigned i)
{
    uint8_t data[MANY_BYTES];
    bot_fill(data, sizeof data, 1000 + i);
    CHECK(m->has_status && m->data.done);
    if (m->reads)
        bot_check_blocks(b, m->data.urb.buffer, i * MANY_BLOCKS, MANY_BLOCKS);
    else
        bot_check_blocks(b, data, i * MANY_BLOCKS, MANY_BLOCKS);
    CHECK_EQ(rig_finish(&m->data), MANY_BYTES);
    CHECK_EQ(rig_finish(&m->command), 32);
    CHECK(rig_finish(&m->status) > 0);
}

TEST(sim_uas_thirty_commands_in_flight)
{
    struct bot b;
    struct many *all = calloc(MANY, sizeof *all);
    unsigned looked = 0;
    CHECK(all);
    uas_begin(&b);
    for (unsigned i = 0; i < MANY; i++) {
        all[i].reads = i % 3 != 0;
        many_start(&b, &all[i], i);
    }
    for (bool moved = true; moved;) {
        moved = false;
        rig_settle(&b.rig);
        for (unsigned i = 0; i < MANY; i++) {
            if (!all[i].status.done || looked & 1u << i)
                continue;
            looked |= 1u << i;
            many_look(&b, all, &all[i]);
            if (!all[i].status.done)
                looked &= ~(1u << i);
            moved = true;
        }
    }
    for (unsigned i = 0; i < MANY; i++)
        many_finish(&b, &all[i], i);
    uas_check_silence(&b);
    free(all);
    bot_end(&b);
}

BOT_TEST(sim_uas_task_set_full, uas_begin(b))
{
    for (uint8_t tag = 1; tag <= 32; tag++)
        uas_read(b, tag, tag, 1);
    uas_read(b, 33, 33, 1);
    uas_function(b, 100, UAS_QUERY_TASK, 32);
    uas_function(b, 101, UAS_QUERY_TASK, 33);
    uas_check_ready(b, UAS_READ_READY, 1);
    uas_check_status(b, 33, UAS_TASK_SET_FULL);
    uas_check_response(b, 100, UAS_SUCCEEDED);
    uas_check_response(b, 101, UAS_COMPLETE); // never was in the task set
    for (uint8_t tag = 1; tag <= 32; tag++) {
        if (tag > 1)
            uas_check_ready(b, UAS_READ_READY, tag);
        uas_check_blocks(b, tag, 1);
        uas_check_good(b, tag);
    }
    uas_check_alive(b);
}

// A host that does not read status is not listened to any more, until it does.
BOT_TEST(sim_uas_command_pipe_waits_for_the_status_pipe, uas_begin(b))
{
    struct rig_urb u;
    uint8_t iu[32];
    for (uint16_t tag = 1; tag <= 40; tag++)
        uas_function(b, tag, UAS_QUERY_TASK_SET, 0);
    uas_command_init(iu, 41, test_unit_ready);
    rig_urb(&u, b->rig.dev, UAS_COMMAND, iu, sizeof iu);
    rig_submit(&u);
    CHECK(!u.done);
    uas_check_response(b, 1, UAS_COMPLETE);
    CHECK(u.done);
    CHECK_EQ(rig_finish(&u), 32);
    for (uint16_t tag = 2; tag <= 40; tag++)
        uas_check_response(b, tag, UAS_COMPLETE);
    uas_check_good(b, 41);
}
