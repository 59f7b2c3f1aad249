// SPDX-License-Identifier: Apache-2.0
// Changes of pipes: what they end, what waits for them, and what happens while they take their
// time.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"

enum { IN = WIRE_DIR_IN, MS = 1000, SECOND = 1000 * MS };

static const uint8_t data[512];
static const char set_alternate[] = "\x01\x0b\x01\x00\x01\x00\x00\x00"; // interface 1, setting 1
static const char set_config[] = "\x00\x09\x01\x00\x00\x00\x00\x00";

STAGE_TEST(change_set_interface_ends_only_what_it_changes, stage_open_d1(st, NULL))
{
    static const struct usb_iso_packet packet = {0, 192, 0, 0};
    struct sim_device *d = sim_find(st->bus, "1-1");
    struct stage_client *c = stage_attach(st, "1-1");
    stage_control(c, 1, set_alternate);
    stage_expect_ret(c, 1, false, 0, 0);
    stage_in(c, 2, 1, 512); // interface 0
    for (uint32_t n = 3; n <= 5; n++)
        stage_submit(c, &(struct stage_submit){n, IN, 4, .length = 192, .number_of_packets = 1,
                                               .packets = &packet});
    stage_control(c, 6,
                  "\x01\x0b\x00\x00\x01\x00\x00\x00"); // back to setting 0, frames still to come
    for (uint32_t n = 3; n <= 5; n++) {
        stage_expect_ret(c, n, true, USB_STATUS_SHUTDOWN, 0);
        stage_take(c, WIRE_ISO_PACKET_SIZE);
    }
    stage_expect_ret(c, 6, false, 0, 0);
    CHECK_EQ(sim_faulty_give(d, 0x81, "ok", 2), BASE_OK);
    stage_settle(st);
    stage_expect_ret(c, 2, true, 0, 2);
}

STAGE_TEST(change_set_configuration_ends_all_but_control, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_in(c, 1, 1, 512);
    stage_in(c, 2, 3, 8);
    stage_control(c, 3, set_config);
    stage_expect_ret(c, 1, true, USB_STATUS_SHUTDOWN, 0);
    stage_expect_ret(c, 2, true, USB_STATUS_SHUTDOWN, 0);
    stage_expect_ret(c, 3, false, 0, 0);
    stage_check_alive(c);
}

STAGE_TEST(change_waits_for_the_control_request_before_it, stage_open_d1(st, NULL))
{
    const struct sim_faulty_answer slow = {.data = "slow", .size = 4, .delay_us = 4500 * MS};
    struct stage_client *c = stage_attach(st, "1-1");
    sim_faulty_answer(sim_find(st->bus, "1-1"), 0xc0, 0x55, &slow);
    stage_submit(c, &(struct stage_submit){1, IN, 0, .length = 4,
                                           .setup = "\xc0\x55\x00\x00\x00\x00\x04\x00"});
    stage_out(c, 2, 2, data, 512); // another endpoint, before the change: not delayed
    stage_expect_ret(c, 2, false, 0, 512);
    stage_control(c, 3, set_alternate);
    stage_out(c, 4, 2, data, 512); // behind the change: waits for it
    stage_advance(st, 4 * SECOND);
    stage_expect_silence(c);
    stage_advance(st, SECOND);
    stage_expect_ret(c, 1, true, 0, 4);
    stage_expect_ret(c, 3, false, 0, 0);
    stage_expect_ret(c, 4, false, 0, 512);
}

STAGE_TEST(change_unlink_of_a_slow_pipe_change_is_answered, stage_open_d1(st, NULL))
{
    sim_delay_control(st->bus, "1-1", 5 * SECOND);
    struct stage_client *c = stage_attach(st, "1-1");
    stage_control(c, 1, set_alternate);
    stage_unlink(c, 2, 1);
    stage_advance(st, 99 * MS);
    stage_expect_silence(c);
    stage_advance(st, 1 * MS);
    stage_expect_unlinked(c, 2, USB_STATUS_CANCELLED);
    stage_out(c, 3, 2, data, 512);      // still behind the change
    stage_control(c, 1, set_alternate); // the seqnum may come again
    stage_advance(st, 4800 * MS);
    stage_expect_silence(c);
    stage_advance(st, 200 * MS);
    stage_expect_ret(c, 3, false, 0, 512);
    stage_advance(st, 5 * SECOND);
    stage_expect_ret(c, 1, false, 0, 0);
    sim_delay_control(st->bus, "1-1", 0);
}

STAGE_TEST(change_client_leaves_during_a_slow_pipe_change, stage_open_d1(st, NULL))
{
    sim_delay_control(st->bus, "1-1", 500 * MS);
    struct stage_client *c = stage_attach(st, "1-1");
    stage_control(c, 1, set_alternate);
    stage_fin(c);
    sim_delay_control(st->bus, "1-1", 0);
    stage_check_importable(st, "1-1");
}

STAGE_TEST(change_unplug_during_a_slow_pipe_change, stage_open_d1(st, NULL))
{
    sim_delay_control(st->bus, "1-1", 500 * MS);
    struct stage_client *c = stage_attach(st, "1-1");
    stage_control(c, 1, set_alternate);
    stage_unlink(c, 2, 1);
    CHECK_EQ(sim_unplug(st->bus, "1-1"), BASE_OK);
    stage_settle(st);
    CHECK(stage_closed(c));
    sim_delay_control(st->bus, "1-1", 0);
    CHECK_EQ(sim_replug(st->bus, "1-1"), BASE_OK);
    stage_check_importable(st, "1-1");
}
