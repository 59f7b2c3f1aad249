// SPDX-License-Identifier: Apache-2.0
// Super speed: the disk with `super`, and what USB 3.2 chapter 9 has besides that of USB 2.0.
#include "tests/unit/bot_rig.h"

#include <string.h>

enum { PACKET = 1024, STALL = USB_STATUS_STALL };

static void begin(struct bot *b)
{
    struct sim_disk_options o = bot_options(b, BOT_BLOCKS);
    o.super = true;
    bot_begin_with(b, &o);
}

// --- descriptors ---------------------------------------------------------------------------------

BOT_TEST(sim_super_device_descriptor, begin(b))
{
    static const uint8_t want[] = {18,   1, 0x00, 0x03, 0, 0, 0, 9, 0x09,
                                   0x12, 2, 0,    0x00, 3, 1, 2, 3, 1};
    uint8_t data[18], qualifier[10];
    CHECK_EQ(b->rig.sim->speed, USB_SPEED_SUPER);
    CHECK_EQ(rig_request(b->rig.dev, 0x8006, 0x0100, 0, data, 18), 18);
    CHECK_BYTES(data, want, 18);
    CHECK_EQ(sim_endpoint(b->rig.sim, 0)->max_packet_size, 512); // 2 to the power of 9
    CHECK_EQ(rig_request(b->rig.dev, 0x8006, 0x0600, 0, qualifier, 10), STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x8006, 0x0700, 0, data, 9), STALL);
}

BOT_TEST(sim_super_configuration, begin(b))
{
    static const uint8_t companion[] = {6, 0x30, 15, 0, 0, 0};
    uint8_t config[255];
    CHECK_EQ(rig_request(b->rig.dev, 0x8006, 0x0200, 0, config, sizeof config), 44);
    CHECK_EQ(rig_check_config(config), 2);
    struct usb_walk w;
    struct usb_endpoint ep;
    unsigned endpoints = 0;
    usb_walk_begin(&w, (struct base_span){config, 44}, USB_SPEED_SUPER);
    while (usb_walk_next(&w)) {
        if (!usb_walk_endpoint(&w, &ep))
            continue;
        CHECK_EQ(ep.type, USB_BULK);
        CHECK_EQ(ep.max_packet_size, PACKET);
        CHECK(usb_walk_next(&w));
        CHECK_BYTES(w.descriptor.data, companion, sizeof companion);
        endpoints++;
    }
    CHECK_EQ(endpoints, 2);
}

BOT_TEST(sim_super_bos, begin(b))
{
    static const uint8_t want[22] = {5,  0x0f, 22, 0, 2,       //
                                     7,  0x10, 2,  2, 0, 0, 0, //
                                     10, 0x10, 3,  0, 8, 0, 3, 10, 100, 0};
    uint8_t bos[255];
    CHECK_EQ(rig_request(b->rig.dev, 0x8006, 0x0f00, 0, bos, 5), 5);
    CHECK_EQ(rig_request(b->rig.dev, 0x8006, 0x0f00, 0, bos, sizeof bos), 22);
    CHECK_BYTES(bos, want, 22);
}

TEST(sim_super_is_exported)
{
    struct bot b;
    struct backend_event ev;
    b = (struct bot){.bad_block = NO_BLOCK};
    rig_begin(&b.rig);
    struct sim_disk_options o = bot_options(&b, BOT_BLOCKS);
    o.super = true;
    CHECK_EQ(sim_plug(b.rig.bus, "1-1", sim_disk_create(b.rig.bus, &o)), BASE_OK);
    CHECK(rig_take(&b.rig, &ev));
    CHECK_EQ(ev.info->speed, USB_SPEED_SUPER);
    CHECK_EQ(usb_device_check(ev.info), BASE_OK);
    sim_bus_destroy(b.rig.bus);
}

// --- bulk-only transport in packets of 1024 bytes, which are two blocks --------------------------

BOT_TEST(sim_super_read_and_write, begin(b))
{
    uint8_t data[5 * BOT_BLOCK];
    for (uint8_t count = 1; count <= 5; count++) {
        uint32_t size = count * BOT_BLOCK;
        bot_fill(data, size, 1000u * count);
        bot_write(b, BOT_CDB(0x2a, 0, 0, 0, 0, 8, 0, 0, count), data, size);
        bot_check_passed(b, size, 0);
        bot_check_blocks(b, data, 8, count);
        CHECK_EQ(bot_block(b, 8u + count)[0], (8u + count) * BOT_BLOCK * 7 % 251);
        memset(data, 0, sizeof data);
        bot_check_data(b, BOT_CDB(0x28, 0, 0, 0, 0, 8, 0, 0, count), data, size);
        bot_check_blocks(b, data, 8, count);
        CHECK(!b->csw_stalled);
    }
}

// usbmassbulk 6.7, case 5: a short packet ends the data, or a STALL does.
BOT_TEST(sim_super_host_reads_more, begin(b))
{
    uint8_t data[4 * BOT_BLOCK];
    bot_read(b, BOT_CDB(0x28, 0, 0, 0, 0, 8, 0, 0, 3), data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_OK);
    CHECK(b->csw_stalled);
    bot_check_passed(b, 3 * BOT_BLOCK, BOT_BLOCK);
    bot_read(b, BOT_CDB(0x28, 0, 0, 0, 0, 8, 0, 0, 2), data, sizeof data);
    CHECK_EQ(b->data_status, STALL);
    bot_check_passed(b, 2 * BOT_BLOCK, 2 * BOT_BLOCK);
}

// Case 11: the packet in which the command's data ends is taken as a whole.
BOT_TEST(sim_super_host_writes_more, begin(b))
{
    uint8_t data[4 * BOT_BLOCK];
    bot_fill(data, sizeof data, 77);
    bot_write(b, BOT_CDB(0x2a, 0, 0, 0, 0, 8, 0, 0, 1), data, sizeof data);
    CHECK_EQ(b->data_status, STALL);
    bot_check_passed(b, PACKET, 3 * BOT_BLOCK);
    bot_check_blocks(b, data, 8, 1);
    CHECK_EQ(bot_block(b, 9)[0], 9 * BOT_BLOCK * 7 % 251);
    bot_write(b, BOT_CDB(0x2a, 0, 0, 0, 0, 8, 0, 0, 3), data, sizeof data);
    CHECK_EQ(b->data_status, USB_STATUS_OK); // the last packet, too
    bot_check_passed(b, 4 * BOT_BLOCK, BOT_BLOCK);
    bot_clear_halt(b, BOT_OUT); // says that it wants no more
    bot_check_passes(b, BOT_CDB(0x00));
}

BOT_TEST(sim_super_short_packet_in_a_write, begin(b))
{
    uint8_t data[4 * BOT_BLOCK];
    bot_fill(data, sizeof data, 77);
    bot_send(b, BOT_CDB(0x2a, 0, 0, 0, 0, 8, 0, 0, 4), 10, false, sizeof data);
    bot_transfer(b, BOT_OUT, data, PACKET);
    CHECK_EQ(rig_read(b->rig.dev, BOT_IN, (uint8_t[13]){0}, 13), RIG_PENDING); // no status yet
    bot_transfer(b, BOT_OUT, data + PACKET, BOT_BLOCK);                        // half a packet
    bot_status(b);
    CHECK_EQ(b->status, BOT_PHASE_ERROR);
    CHECK_EQ(b->residue, BOT_BLOCK);
    bot_check_blocks(b, data, 8, 3);
}

BOT_TEST(sim_super_invalid_command, begin(b))
{
    struct rig_urb u;
    uint8_t cbw[2 * PACKET] = "not a CBW";
    rig_urb(&u, b->rig.dev, BOT_OUT, cbw, sizeof cbw);
    rig_submit(&u);
    CHECK_EQ(u.urb.actual_length, PACKET); // then halted
    CHECK_EQ(rig_finish(&u), STALL);
}

// --- requests ------------------------------------------------------------------------------------

enum { SET_FEATURE = 0x0003, CLEAR_FEATURE = 0x0001, SET_SEL = 0x0030, SET_ISOCH_DELAY = 0x0031 };
enum { U1_ENABLE = 48, U2_ENABLE = 49, LTM_ENABLE = 50, REMOTE_WAKEUP = 1 };

static int feature(struct bot *b, unsigned request, unsigned value)
{
    return rig_request(b->rig.dev, request, value, 0, NULL, 0);
}

static unsigned status_of(struct bot *b, unsigned request)
{
    uint8_t status[2];
    CHECK_EQ(rig_request(b->rig.dev, request, 0, 0, status, 2), 2);
    return base_get_le16(status);
}

BOT_TEST(sim_super_exit_latencies, begin(b))
{
    uint8_t sel[7] = {1, 2, 3, 0, 4, 0};
    CHECK_EQ(rig_request(b->rig.dev, SET_SEL, 0, 0, sel, 6), 6);
    CHECK_EQ(rig_request(b->rig.dev, SET_SEL, 0, 0, sel, 5), STALL);
    CHECK_EQ(rig_request(b->rig.dev, SET_SEL, 0, 0, sel, 7), STALL);
    CHECK_EQ(rig_request(b->rig.dev, SET_SEL, 1, 0, sel, 6), STALL);
    CHECK_EQ(rig_request(b->rig.dev, SET_SEL, 0, 1, sel, 6), STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x8030, 0, 0, sel, 6), STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x0130, 0, 0, sel, 6), STALL);
    CHECK_EQ(rig_request(b->rig.dev, SET_ISOCH_DELAY, 0x1234, 0, NULL, 0), 0);
    CHECK_EQ(rig_request(b->rig.dev, SET_ISOCH_DELAY, 0, 1, NULL, 0), STALL);
    CHECK_EQ(rig_request(b->rig.dev, SET_ISOCH_DELAY, 0, 0, sel, 1), STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x0132, 0, 0, NULL, 0), STALL);
}

BOT_TEST(sim_super_link_states, begin(b))
{
    CHECK_EQ(status_of(b, 0x8000), 0);
    CHECK_EQ(feature(b, SET_FEATURE, U1_ENABLE), 0);
    CHECK_EQ(status_of(b, 0x8000), 1 << 2);
    CHECK_EQ(feature(b, SET_FEATURE, U2_ENABLE), 0);
    CHECK_EQ(status_of(b, 0x8000), 3 << 2);
    CHECK_EQ(feature(b, CLEAR_FEATURE, U1_ENABLE), 0);
    CHECK_EQ(status_of(b, 0x8000), 1 << 3);
    CHECK_EQ(feature(b, SET_FEATURE, LTM_ENABLE), STALL);
    CHECK_EQ(feature(b, SET_FEATURE, U1_ENABLE - 1), STALL);
    CHECK_EQ(feature(b, SET_FEATURE, REMOTE_WAKEUP), STALL);
    CHECK_EQ(rig_request(b->rig.dev, SET_FEATURE, U1_ENABLE, 1, NULL, 0), STALL);
    CHECK_EQ(status_of(b, 0x8000), 1 << 3);
    rig_change(b->rig.dev, USB_SET_CONFIGURATION, 0, 1); // ends it
    CHECK_EQ(status_of(b, 0x8000), 0);
    CHECK_EQ(feature(b, SET_FEATURE, U1_ENABLE), 0);
    rig_change(b->rig.dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(status_of(b, 0x8000), 0);
    rig_change(b->rig.dev, USB_SET_CONFIGURATION, 0, 0);
    CHECK_EQ(feature(b, SET_FEATURE, U1_ENABLE), STALL); // not before it is configured
}

BOT_TEST(sim_super_function_suspend, begin(b))
{
    CHECK_EQ(rig_request(b->rig.dev, 0x0103, 0, 0, NULL, 0), 0);
    CHECK_EQ(rig_request(b->rig.dev, 0x0103, 0, 0x0100, NULL, 0), 0);
    CHECK_EQ(rig_request(b->rig.dev, 0x0103, 0, 0x0200, NULL, 0), STALL); // cannot wake the host
    CHECK_EQ(rig_request(b->rig.dev, 0x0103, 0, 1, NULL, 0), STALL);      // no such interface
    CHECK_EQ(rig_request(b->rig.dev, 0x0103, 1, 0, NULL, 0), STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x0101, 0, 0, NULL, 0), 0);
    CHECK_EQ(status_of(b, 0x8100), 0);
    bot_check_passes(b, BOT_CDB(0x00));
}

// None of it exists at high speed.
BOT_TEST(sim_super_requests_at_high_speed, bot_begin(b))
{
    uint8_t sel[6] = {0};
    CHECK_EQ(rig_request(b->rig.dev, SET_SEL, 0, 0, sel, 6), STALL);
    CHECK_EQ(rig_request(b->rig.dev, SET_ISOCH_DELAY, 0, 0, NULL, 0), STALL);
    CHECK_EQ(feature(b, SET_FEATURE, U1_ENABLE), STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x0103, 0, 0, NULL, 0), STALL);
    CHECK_EQ(rig_request(b->rig.dev, 0x8006, 0x0f00, 0, sel, 5), STALL); // no BOS
    CHECK_EQ(sim_endpoint(b->rig.sim, 0)->max_packet_size, 64);
}
