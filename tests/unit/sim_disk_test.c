// SPDX-License-Identifier: Apache-2.0
// Bulk-only transport of the simulated disk; sections are those of usbmassbulk 1.0.
#include "tests/unit/bot_rig.h"

#include <stdlib.h>

BOT_TEST(sim_disk_descriptors, bot_begin(b))
{
    const struct sim_device *d = b->rig.sim;
    struct usb_device_descriptor dd;
    CHECK_EQ(usb_device_descriptor_unpack(&dd, (struct base_span){d->desc->device, 18}), BASE_OK);
    CHECK_EQ(dd.idVendor, 0x1209);
    CHECK_EQ(dd.idProduct, 0x0002);
    CHECK_STR(d->desc->strings[dd.iManufacturer - 1], "usbip-esp32p4");
    CHECK_STR(d->desc->strings[dd.iProduct - 1], "Simulated disk");
    CHECK_STR(d->desc->strings[dd.iSerialNumber - 1], "00000000AB12");
    CHECK_EQ(d->speed, USB_SPEED_HIGH);

    const uint8_t *config = d->desc->configs[0];
    CHECK_EQ(rig_check_config(config), 2);
    CHECK_BYTES(config + 9 + 5, ((const uint8_t[]){8, 6, 0x50}), 3);
    const struct usb_endpoint *in = sim_endpoint(d, BOT_IN), *out = sim_endpoint(d, BOT_OUT);
    CHECK(in && out);
    CHECK_EQ(in->type, USB_BULK);
    CHECK_EQ(out->type, USB_BULK);
    CHECK_EQ(in->max_packet_size, 512);
    CHECK_EQ(out->max_packet_size, 512);
}

// --- 6.7, the thirteen cases ---------------------------------------------------------------------

BOT_TEST(sim_disk_case_1_hn_dn, bot_begin(b))
{
    bot_simple(b, bot_test_unit_ready);
    bot_check_passed(b, 0, 0);
    CHECK(!b->csw_stalled);
}

static void check_phase_error(struct bot *b, uint32_t residue)
{
    CHECK_EQ(b->status, BOT_PHASE_ERROR);
    CHECK_EQ(b->residue, residue);
    CHECK_EQ(b->data_actual, 0);
    CHECK_EQ(b->reads + b->writes, 0);
    bot_check_alive(b);
}

BOT_TEST(sim_disk_case_2_hn_di, bot_begin(b))
{
    bot_read(b, bot_read_two, NULL, 0);
    CHECK(!b->csw_stalled);
    check_phase_error(b, 0);
}

BOT_TEST(sim_disk_case_3_hn_do, bot_begin(b))
{
    bot_write(b, bot_write_two, NULL, 0);
    CHECK(!b->csw_stalled);
    check_phase_error(b, 0);
}

BOT_TEST(sim_disk_case_4_hi_dn, bot_begin(b))
{
    uint8_t data[64];
    bot_read(b, bot_test_unit_ready, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    bot_check_passed(b, 0, sizeof data);
    bot_check_alive(b);
}

// A short packet ends the data, and the pipe is halted all the same.
BOT_TEST(sim_disk_case_5_hi_more_than_di_short_packet, bot_begin(b))
{
    uint8_t data[96];
    bot_read(b, BOT_CDB(0x12, 0, 0, 0, 96), data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_OK);
    CHECK(b->csw_stalled);
    bot_check_passed(b, 36, 60);
    bot_check_alive(b);
}

BOT_TEST(sim_disk_case_5_hi_more_than_di_full_packets, bot_begin(b))
{
    uint8_t data[4 * BOT_BLOCK];
    bot_read(b, bot_read_two, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    CHECK(!b->csw_stalled);
    bot_check_passed(b, 2 * BOT_BLOCK, 2 * BOT_BLOCK);
    bot_check_blocks(b, data, 5, 2);
    bot_check_alive(b);
}

BOT_TEST(sim_disk_case_6_hi_di, bot_begin(b))
{
    bot_check_alive(b);
}

BOT_TEST(sim_disk_case_7_hi_less_than_di, bot_begin(b))
{
    uint8_t data[BOT_BLOCK];
    bot_read(b, bot_read_two, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    check_phase_error(b, sizeof data);
}

BOT_TEST(sim_disk_case_8_hi_do, bot_begin(b))
{
    uint8_t data[2 * BOT_BLOCK];
    bot_read(b, bot_write_two, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    check_phase_error(b, sizeof data);
}

BOT_TEST(sim_disk_case_9_ho_dn, bot_begin(b))
{
    uint8_t data[2 * BOT_BLOCK] = {0};
    bot_write(b, bot_test_unit_ready, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    bot_check_passed(b, 0, sizeof data);
    bot_check_alive(b);
}

BOT_TEST(sim_disk_case_10_ho_di, bot_begin(b))
{
    uint8_t data[2 * BOT_BLOCK] = {0};
    bot_write(b, bot_read_two, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    check_phase_error(b, sizeof data);
}

BOT_TEST(sim_disk_case_11_ho_more_than_do, bot_begin(b))
{
    uint8_t data[4 * BOT_BLOCK];
    bot_fill(data, sizeof data, 99);
    bot_write(b, bot_write_two, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    bot_check_passed(b, 2 * BOT_BLOCK, 2 * BOT_BLOCK);
    bot_check_blocks(b, data, 5, 2);
    CHECK_EQ(bot_block(b, 7)[0], 7 * BOT_BLOCK * 7 % 251); // the next block is as it was
    bot_check_alive(b);
}

BOT_TEST(sim_disk_case_12_ho_do, bot_begin(b))
{
    uint8_t data[2 * BOT_BLOCK];
    bot_fill(data, sizeof data, 33);
    bot_write(b, bot_write_two, data, sizeof data);
    bot_check_passed(b, sizeof data, 0);
    bot_check_blocks(b, data, 5, 2);
    bot_check_alive(b);
}

BOT_TEST(sim_disk_case_13_ho_less_than_do, bot_begin(b))
{
    uint8_t data[BOT_BLOCK] = {0};
    bot_write(b, bot_write_two, data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_STALL);
    check_phase_error(b, sizeof data);
}

// --- data in pieces ------------------------------------------------------------------------------

BOT_TEST(sim_disk_data_in_several_urbs, bot_begin(b))
{
    enum { FIRST = 3 * BOT_BLOCK, ALL = 240 * BOT_BLOCK };
    uint8_t *data = malloc(ALL);
    CHECK(data);
    bot_send(b, BOT_CDB(0x28, 0, 0, 0, 0, 9, 0, 0, 240), 10, true, ALL);
    bot_transfer(b, BOT_IN, data, FIRST);
    bot_transfer(b, BOT_IN, data + FIRST, ALL - FIRST);
    bot_status(b);
    bot_check_passed(b, ALL - FIRST, 0);
    bot_check_blocks(b, data, 9, 240);
    CHECK_EQ(b->reads, 2); // straight into the URB, in one piece each

    bot_fill(data, ALL, 5);
    bot_send(b, BOT_CDB(0x2a, 0, 0, 0, 0, 9, 0, 0, 240), 10, false, ALL);
    bot_transfer(b, BOT_OUT, data, FIRST);
    CHECK_EQ(rig_read(b->rig.dev, BOT_IN, (uint8_t[13]){0}, 13), RIG_PENDING); // no status yet
    bot_transfer(b, BOT_OUT, data + FIRST, ALL - FIRST);
    bot_status(b);
    bot_check_passed(b, ALL - FIRST, 0);
    bot_check_blocks(b, data, 9, 240);
    CHECK_EQ(b->writes, 2);
    free(data);
}

BOT_TEST(sim_disk_waits_in_both_directions, bot_begin(b))
{
    uint8_t cbw[31], csw[13];
    struct rig_urb status, next;
    rig_urb(&status, b->rig.dev, BOT_IN, NULL, sizeof csw);
    rig_submit(&status); // nothing to tell before a command
    CHECK(!status.done);
    bot_send(b, bot_test_unit_ready, 6, false, 0);
    CHECK(status.done);
    CHECK_EQ(status.urb.buffer[12], BOT_PASSED);
    CHECK_EQ(rig_finish(&status), 13);

    bot_send(b, bot_test_unit_ready, 6, false, 0);
    bot_cbw_init(cbw, bot_test_unit_ready, 6, false, 0);
    rig_urb(&next, b->rig.dev, BOT_OUT, cbw, sizeof cbw);
    rig_submit(&next); // no second command before the first one's status
    CHECK(!next.done);
    bot_status(b);
    CHECK(next.done);
    CHECK_EQ(rig_finish(&next), 31);
    bot_status(b);
}

// A host that sends less than it announced has lost its place.
BOT_TEST(sim_disk_short_data_out_is_a_phase_error, bot_begin(b))
{
    uint8_t data[BOT_BLOCK + 100];
    bot_fill(data, sizeof data, 77);
    bot_send(b, bot_write_two, 10, false, 2 * BOT_BLOCK);
    bot_transfer(b, BOT_OUT, data, sizeof data);
    CHECK_EQ(b->data_actual, sizeof data);
    bot_status(b);
    CHECK_EQ(b->status, BOT_PHASE_ERROR);
    CHECK_EQ(b->residue, BOT_BLOCK);
    bot_check_blocks(b, data, 5, 1);
    bot_clear_halt(b, BOT_OUT);

    bot_send(b, bot_write_two, 10, false, 2 * BOT_BLOCK);
    bot_transfer(b, BOT_OUT, NULL, 0); // a zero-length packet is short, too
    bot_status(b);
    CHECK_EQ(b->status, BOT_PHASE_ERROR);
    CHECK_EQ(b->residue, 2 * BOT_BLOCK);
    bot_clear_halt(b, BOT_OUT);
    bot_check_alive(b);
}

// --- life ----------------------------------------------------------------------------------------

BOT_TEST(sim_disk_keeps_its_content_when_pulled, bot_begin(b))
{
    uint8_t data[2 * BOT_BLOCK];
    bot_fill(data, sizeof data, 44);
    bot_write(b, bot_write_two, data, sizeof data);
    bot_send(b, bot_read_two, 10, true, 2 * BOT_BLOCK); // pulled in the middle of a command
    CHECK_EQ(sim_unplug(b->rig.bus, "1-1"), BASE_OK);
    rig_settle(&b->rig);
    CHECK_EQ(sim_replug(b->rig.bus, "1-1"), BASE_OK);
    rig_settle(&b->rig);
    rig_queue_open(b->rig.dev);
    rig_settle(&b->rig);
    bot_simple(b, bot_test_unit_ready);
    bot_check_failed(b, 0x062900);
    bot_check_alive(b);
    bot_check_blocks(b, data, 5, 2);
}

TEST(sim_disk_two_buses_share_nothing)
{
    struct bot a, b;
    uint8_t data[2 * BOT_BLOCK];
    bot_begin(&a);
    bot_begin(&b);
    bot_fill(data, sizeof data, 1000);
    bot_send(&a, bot_read_two, 10, true, sizeof data); // a is in the middle of a command
    bot_write(&b, bot_write_two, data, sizeof data);
    bot_simple(&b, BOT_CDB(0x1b, 0, 0, 0, 2)); // eject
    bot_transfer(&a, BOT_IN, data, sizeof data);
    bot_status(&a);
    bot_check_passed(&a, sizeof data, 0);
    bot_check_blocks(&a, data, 5, 2);
    bot_simple(&a, bot_test_unit_ready);
    CHECK_EQ(a.status, BOT_PASSED);
    bot_simple(&b, bot_test_unit_ready);
    CHECK_EQ(b.status, BOT_FAILED);
    bot_end(&a);
    bot_end(&b);
}

TEST(sim_disk_without_memory)
{
    struct bot b = {.bad_block = NO_BLOCK};
    struct sim_disk_options o = bot_options(&b, BOT_BLOCKS);
    rig_begin(&b.rig);
    b.rig.heap.fail_at = 1;
    CHECK(!sim_disk_create(b.rig.bus, &o));
    CHECK_EQ(b.destroyed, 0); // the storage is still the caller's
    rig_end(&b.rig);
}
