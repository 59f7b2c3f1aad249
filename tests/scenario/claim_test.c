// SPDX-License-Identifier: Apache-2.0
// Imports that wait: for the cleaning after another client, for a slow device, for nothing.
#include "tests/support/stage.h"

enum { MS = 1000, SECOND = 1000 * MS };

STAGE_TEST(claim_import_waits_for_the_cleaning, stage_open_d1(st, NULL))
{
    static const uint8_t busy[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_DEV_BUSY};
    sim_delay_close(st->bus, "1-1", 700 * MS);
    stage_fin(stage_attach(st, "1-1"));
    struct stage_client *first = stage_connect(st), *second = stage_connect(st);
    stage_send_import(first, "1-1");
    stage_send_import(second, "1-1");
    stage_advance(st, 600 * MS);
    stage_expect_silence(first);
    stage_expect_silence(second);
    stage_advance(st, 200 * MS);
    CHECK_EQ(first->in_size, WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE);
    stage_expect_bytes(second, busy, sizeof busy);
}

STAGE_TEST(claim_who_waits_for_the_cleaning_may_leave, stage_open_d1(st, NULL))
{
    sim_delay_close(st->bus, "1-1", 700 * MS);
    stage_fin(stage_attach(st, "1-1"));
    struct stage_client *c = stage_connect(st);
    stage_send_import(c, "1-1");
    stage_fin(c);
    stage_check_importable(st, "1-1");
}

STAGE_TEST(claim_unplug_while_imports_wait, stage_open_d1(st, NULL))
{
    static const uint8_t gone[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_NODEV};
    sim_delay_close(st->bus, "1-1", 700 * MS);
    sim_delay_open(st->bus, "1-2", 700 * MS, BASE_OK);
    stage_fin(stage_attach(st, "1-1"));
    struct stage_client *cleaning = stage_connect(st), *opening = stage_connect(st);
    stage_send_import(cleaning, "1-1");
    stage_send_import(opening, "1-2");
    CHECK_EQ(sim_unplug(st->bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_unplug(st->bus, "1-2"), BASE_OK);
    stage_settle(st);
    stage_expect_bytes(cleaning, gone, sizeof gone);
    stage_expect_bytes(opening, gone, sizeof gone);
}

// A claim that takes longer than anybody waits is answered, and the device is free afterwards.
STAGE_TEST(claim_import_is_answered_whatever_the_device_does, stage_open_d1(st, NULL))
{
    static const uint8_t error[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_DEV_ERR};
    sim_delay_open(st->bus, "1-1", 60u * SECOND, BASE_OK);
    struct stage_client *c = stage_connect(st);
    stage_send_import(c, "1-1");
    stage_advance(st, 7 * SECOND);
    stage_expect_silence(c);
    stage_advance(st, 2 * SECOND);
    stage_expect_bytes(c, error, sizeof error);
    stage_advance(st, 60u * SECOND);
    sim_delay_open(st->bus, "1-1", 0, BASE_OK);
    stage_check_importable(st, "1-1");
}

STAGE_TEST(claim_stop_with_sessions_in_every_phase, stage_open_d1(st, NULL))
{
    sim_delay_open(st->bus, "1-2", 3 * SECOND, BASE_OK);
    struct stage_client *silent = stage_connect(st), *asking = stage_connect(st);
    struct stage_client *working = stage_attach(st, "1-1");
    stage_send_import(asking, "1-2");
    stage_in(working, 1, 1, 512);
    server_stop(st->server, st->now_us);
    stage_settle(st);
    CHECK(stage_closed(silent) && stage_closed(asking) && stage_closed(working));
    CHECK(!stage_connect(st));          // nobody new
    CHECK(!server_stopped(st->server)); // 1-2 is still being opened
    stage_advance(st, 4 * SECOND);
    CHECK(server_stopped(st->server));
    CHECK_EQ(stage_count_events(st, EVENT_CONNECTION_REFUSED), 1);
}
