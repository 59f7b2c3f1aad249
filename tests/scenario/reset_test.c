// SPDX-License-Identifier: Apache-2.0
// Resets that an operator wants, and no client: docs/wire.md 3.
#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage.h"
#include "tests/support/stage_backend.h"

enum { MS = 1000, BULK_IN = 1, BULK_OUT = 2, INTR_IN = 3, ISO_IN = 4 };

static enum base_err reset(struct stage *st, const char *busid)
{
    struct registry_device *d = registry_find(server_registry(st->server), busid);
    CHECK(d != NULL);
    return server_reset_device(st->server, d, st->now_us);
}

static unsigned resets(struct stage *st, const char *busid)
{
    return sim_faulty_counters(sim_find(st->bus, busid))->resets;
}

static void expect_outcome(struct stage *st, enum eventlog_reset why)
{
    const struct eventlog_event *e = NULL, *next;
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RESET_DONE), why == 0);
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RESET_FAILED), why != 0);
    for (uint64_t after = 0; (next = eventlog_next(server_eventlog(st->server), after));
         after = next->number)
        if (next->what.type == EVENT_DEVICE_RESET_DONE ||
            next->what.type == EVENT_DEVICE_RESET_FAILED)
            e = next;
    CHECK_STR(e->busid, "1-1");
    if (why)
        CHECK_EQ(e->what.device_reset_failed.reason, why);
}

// --- somebody has it -----------------------------------------------------------------------------

static struct stage_client *attach_with_alternate(struct stage *st)
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_control(c, 1, "\x01\x0b\x01\x00\x01\x00\x00\x00");
    stage_expect_ret(c, 1, false, 0, 0);
    stage_out(c, 2, BULK_OUT, "odd", 3); // the next one would be DATA1
    stage_expect_ret(c, 2, false, 0, 3);
    return c;
}

static void check_works_on(struct stage_client *c)
{
    struct sim_device *d = sim_find(c->stage->bus, "1-1");
    const struct usb_iso_packet packet = {.length = 192};
    stage_out(c, 100, BULK_OUT, "hello", 5);
    stage_expect_ret(c, 100, false, 0, 5);
    CHECK_BYTES(sim_faulty_received(d, BULK_OUT).data.data, "oddhello", 8);
    stage_submit(c, &(struct stage_submit){.seqnum = 101,
                                           .direction = WIRE_DIR_IN,
                                           .ep = ISO_IN,
                                           .length = 192,
                                           .number_of_packets = 1,
                                           .packets = &packet});
    stage_advance(c->stage, 10 * MS);
    stage_expect_ret(c, 101, true, 0, 192);
    (void)stage_take(c, WIRE_ISO_PACKET_SIZE);
    stage_check_alive(c);
}

STAGE_TEST(reset_ends_urbs_in_flight_as_bus_errors, stage_open_d1(st, NULL))
{
    struct stage_client *c = attach_with_alternate(st);
    unsigned before = resets(st, "1-1");
    stage_in(c, 10, BULK_IN, 512);
    stage_in(c, 11, BULK_IN, 512);
    stage_in(c, 12, INTR_IN, 8);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    CHECK_EQ(reset(st, "1-1"), BASE_ERR_BUSY);
    stage_settle(st);
    for (uint32_t n = 10; n <= 12; n++)
        stage_expect_ret(c, n, true, USB_STATUS_PROTOCOL, 0);
    expect_outcome(st, 0);
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RESET), 0); // that is the client's
    CHECK_EQ(resets(st, "1-1"), before + stage_abilities.resets);
    check_works_on(c);
}

STAGE_TEST(reset_frees_a_stuck_control_endpoint, stage_open_d1(st, NULL))
{
    static const struct sim_faulty_answer never = {.result = SIM_NAK};
    struct stage_client *c = stage_attach(st, "1-1");
    sim_faulty_answer(sim_find(st->bus, "1-1"), 0x40, 1, &never);
    stage_control(c, 1, "\x40\x01\x00\x00\x00\x00\x00\x00");
    stage_control(c, 2, "\x00\x09\x01\x00\x00\x00\x00\x00"); // waits, and is done afterwards
    stage_expect_silence(c);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    stage_settle(st);
    stage_expect_ret(c, 1, false, USB_STATUS_PROTOCOL, 0);
    stage_expect_ret(c, 2, false, 0, 0);
    stage_check_alive(c);
}

// What the client has unlinked is taken back, not failed; what comes during the reset waits for it.
STAGE_TEST(reset_beside_unlinks_and_new_urbs, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    sim_delay_control(st->bus, "1-1", 50 * MS);
    stage_in(c, 10, BULK_IN, 512);
    stage_queue_unlink(c, 11, 10);
    stage_receive(c);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    stage_settle(st);
    stage_expect_unlinked(c, 11, USB_STATUS_CANCELLED);
    stage_out(c, 12, BULK_OUT, "hello", 5);
    stage_out(c, 13, BULK_OUT, "never", 5);
    stage_unlink(c, 14, 13);
    stage_expect_unlinked(c, 14, USB_STATUS_CANCELLED);
    stage_expect_silence(c);
    CHECK_EQ(reset(st, "1-1"), BASE_ERR_BUSY);
    stage_advance(st, 60 * MS);
    stage_expect_ret(c, 12, false, 0, 5);
    expect_outcome(st, 0);
    CHECK_EQ(reset(st, "1-1"), BASE_OK); // and again
    stage_advance(st, 60 * MS);
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RESET_DONE), 2);
}

STAGE_TEST(reset_waits_for_the_client_s_own_change, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    sim_delay_control(st->bus, "1-1", 50 * MS);
    stage_control(c, 1, "\x01\x0b\x01\x00\x01\x00\x00\x00");
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    stage_advance(st, 60 * MS);
    stage_expect_ret(c, 1, false, 0, 0);
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RESET_DONE), 0);
    stage_advance(st, 60 * MS);
    expect_outcome(st, 0);
    sim_delay_control(st->bus, "1-1", 0);
    stage_check_alive(c);
}

// What does not come back cannot be helped: the rest goes on.
STAGE_TEST(reset_gives_up, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    sim_delay_control(st->bus, "1-1", 8000 * MS);
    stage_control(c, 1, "\x01\x0b\x01\x00\x01\x00\x00\x00");
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    stage_advance(st, 4900 * MS);
    CHECK_EQ(stage_count_events(st, EVENT_DEVICE_RESET_FAILED), 0);
    stage_advance(st, 200 * MS);
    expect_outcome(st, EVENT_RESET_STUCK);
    stage_advance(st, 4000 * MS);
    stage_expect_ret(c, 1, false, 0, 0);
    stage_check_alive(c);
}

// The client leaves before the backend has begun, or while it resets.
STAGE_TEST(reset_while_the_session_closes, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    stage_in(c, 10, BULK_IN, 512);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    stage_reset(c);
    expect_outcome(st, EVENT_RESET_SESSION_ENDED);
    stage_check_importable(st, "1-1");
}

STAGE_TEST(reset_goes_on_without_its_session, stage_open_d1(st, NULL))
{
    struct stage_client *c = stage_attach(st, "1-1");
    sim_delay_control(st->bus, "1-1", 50 * MS);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    stage_settle(st);
    stage_reset(c);
    CHECK_EQ(reset(st, "1-1"), BASE_ERR_BUSY);
    stage_advance(st, 60 * MS);
    expect_outcome(st, 0);
    stage_check_importable(st, "1-1");
}

static void check_pulled(struct stage *st, bool begun, bool attached)
{
    struct stage_client *c = attached ? stage_attach(st, "1-1") : NULL;
    sim_delay_control(st->bus, "1-1", 50 * MS);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    if (begun)
        stage_settle(st);
    CHECK_EQ(sim_unplug(st->bus, "1-1"), BASE_OK);
    stage_settle(st);
    expect_outcome(st, EVENT_RESET_UNPLUGGED);
    CHECK(!c || stage_closed(c));
    stage_replug(st, "1-1");
    stage_check_importable(st, "1-1");
}

STAGE_TEST(reset_pulled_before, stage_open_d1(st, NULL))
{
    check_pulled(st, false, true);
}

STAGE_TEST(reset_pulled_meanwhile, stage_open_d1(st, NULL))
{
    check_pulled(st, true, true);
}

// --- nobody has it -------------------------------------------------------------------------------

STAGE_TEST(reset_of_a_free_device, stage_open_d1(st, NULL))
{
    unsigned before = resets(st, "1-1");
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    CHECK_EQ(reset(st, "1-1"), BASE_ERR_BUSY);
    struct stage_client *c = stage_connect(st);
    stage_import(c, "1-1"); // waits for it
    expect_outcome(st, 0);
    CHECK(!stage_abilities.resets || resets(st, "1-1") > before);
    stage_check_alive(c);
}

STAGE_TEST(reset_of_a_free_device_that_is_pulled, stage_open_d1(st, NULL))
{
    check_pulled(st, false, false);
}

STAGE_TEST(reset_of_a_free_device_pulled_meanwhile, stage_open_d1(st, NULL))
{
    check_pulled(st, true, false);
}

static void check_not_opened(struct stage *st, enum base_err result, enum eventlog_reset why)
{
    sim_delay_open(st->bus, "1-1", 0, result);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    stage_settle(st);
    expect_outcome(st, why);
    sim_delay_open(st->bus, "1-1", 0, BASE_OK);
    stage_check_importable(st, "1-1");
}

STAGE_TEST(reset_of_a_device_that_the_host_uses, stage_open_d1(st, NULL))
{
    check_not_opened(st, BASE_ERR_BUSY, EVENT_RESET_BUSY);
}

STAGE_TEST(reset_of_a_device_that_does_not_open, stage_open_d1(st, NULL))
{
    check_not_opened(st, BASE_ERR_IO, EVENT_RESET_NOT_OPENED);
}

// Who waits for a device hears at once when it cannot be had.
STAGE_TEST(reset_that_fails_serves_those_who_wait, stage_open_d1(st, NULL))
{
    static const uint8_t error[] = {0x01, 0x11, 0x00, 0x03, 0, 0, 0, WIRE_ST_DEV_BUSY};
    sim_delay_open(st->bus, "1-1", 50 * MS, BASE_ERR_BUSY);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    struct stage_client *c = stage_connect(st);
    stage_send_import(c, "1-1");
    stage_expect_silence(c);
    stage_advance(st, 120 * MS);
    stage_expect_bytes(c, error, sizeof error);
}

STAGE_TEST(reset_not_while_it_is_opened_or_cleaned, stage_open_d1(st, NULL))
{
    sim_delay_open(st->bus, "1-1", 50 * MS, BASE_OK);
    sim_delay_close(st->bus, "1-1", 50 * MS);
    struct stage_client *c = stage_connect(st);
    stage_send_import(c, "1-1");
    CHECK_EQ(reset(st, "1-1"), BASE_ERR_BUSY);
    stage_advance(st, 60 * MS);
    stage_reset(c);
    CHECK_EQ(reset(st, "1-1"), BASE_ERR_BUSY);
    stage_advance(st, 60 * MS);
    CHECK_EQ(reset(st, "1-1"), BASE_OK);
    server_stop(st->server, st->now_us); // waits for it
    CHECK(!server_stopped(st->server));
    stage_advance(st, 200 * MS);
    CHECK(server_stopped(st->server));
    CHECK_EQ(reset(st, "1-1"), BASE_ERR_BUSY);
}
