// SPDX-License-Identifier: Apache-2.0
// The life of a session, from a list to the next client, on simulated devices.
#include "sim/device/sim_zero.h"
#include "tests/support/stage.h"

static void open_with_zero(struct stage *st)
{
    CHECK(stage_open(st, NULL));
    stage_plug(st, "1-3", sim_zero_create(st->bus, USB_SPEED_HIGH));
}

STAGE_TEST(life_list_import_transfer_detach, open_with_zero(st))
{
    static const uint8_t list[] = {0x01, 0x11, 0x80, 0x05, 0, 0, 0, 0};
    static const uint8_t head[] = {0x01, 0x11, 0x00, 0x05, 0, 0, 0, 0, 0, 0, 0, 1};
    struct stage_client *c = stage_connect(st);
    stage_send(c, list, sizeof list);
    stage_expect_bytes(c, head, sizeof head);
    struct wire_device d;
    wire_device_unpack(&d, stage_take(c, WIRE_DEVICE_SIZE));
    CHECK_STR(d.busid, "1-3");
    CHECK_EQ(d.idVendor, 0x0525);
    stage_take(c, d.bNumInterfaces * WIRE_INTERFACE_SIZE);
    stage_expect_silence(c);
    stage_import(c, "1-3");
    stage_check_alive(c);
    static uint8_t data[65536];
    stage_out(c, 7, 1, data, sizeof data);
    stage_expect_ret(c, 7, false, 0, sizeof data);
    stage_in(c, 8, 1, 65536);
    CHECK_BYTES(stage_expect_ret(c, 8, true, 0, 65536), data, sizeof data);
    stage_fin(c);
    CHECK(stage_closed(c));
    stage_check_importable(st, "1-3");
}

static void check_language(struct stage *st, const char *bytes, size_t size,
                           enum eventlog_protocol language)
{
    const struct eventlog_event *e = NULL, *next;
    struct stage_client *c = stage_connect(st);
    stage_send(c, bytes, size);
    stage_expect_bytes(c, "\x01\x11", 2);
    CHECK(stage_closed(c));
    for (uint64_t after = 0; (next = eventlog_next(server_eventlog(st->server), after));
         after = next->number)
        if (next->what.type == EVENT_STRANGER)
            e = next;
    CHECK(e != NULL);
    CHECK_EQ(e->what.stranger.error, language);
    CHECK_EQ(eventlog_level(e), EVENTLOG_WARNING);
    stage_advance(st, 600000000); // until it is told again
}

static uint64_t protocol_errors(const struct stage *st)
{
    struct server_totals totals;
    server_totals(st->server, &totals);
    return totals.protocol_errors;
}

STAGE_TEST(life_protocol_errors_are_counted, stage_open_d1(st, NULL))
{
    struct stage_client *quiet = stage_connect(st);
    stage_fin(quiet);
    CHECK(stage_closed(quiet));
    CHECK_EQ(protocol_errors(st), 0);
    for (unsigned n = 1; n <= 2; n++) {
        struct stage_client *c = stage_connect(st);
        stage_send(c, "GET / HTTP/1.1\r\n\r\n", 18);
        CHECK_EQ(protocol_errors(st), n); // at once
        stage_expect_bytes(c, "\x01\x11", 2);
        stage_fin(c);
        CHECK(stage_closed(c));
        CHECK_EQ(protocol_errors(st), n); // and when the session is gone
    }
}

// Whoever looks into the log sees that a browser has the wrong port.
STAGE_TEST(life_other_protocols_are_named, stage_open_d1(st, NULL))
{
    check_language(st, "GET / HTTP/1.1\r\n\r\n", 18, EVENT_SPEAKS_HTTP);
    check_language(st, "POST /api", 9, EVENT_SPEAKS_HTTP);
    check_language(st, "OPTIONS *", 9, EVENT_SPEAKS_HTTP);
    check_language(st, "\x16\x03\x01\x02\x00\x01\x00\x01", 8, EVENT_SPEAKS_TLS);
    check_language(st, "GETTING ", 8, EVENT_BAD_VERSION);
    check_language(st, "\x16\x04\x01\x02\x00\x01\x00\x01", 8, EVENT_BAD_VERSION);
}

static unsigned strangers(const struct stage *st)
{
    const struct eventlog_event *e;
    unsigned n = 0;
    for (uint64_t at = 0; (e = eventlog_next(server_eventlog(st->server), at)); at = e->number)
        n += e->what.type == EVENT_STRANGER;
    return n;
}

static void be_strange(struct stage *st, const char *address)
{
    struct stage_client *c = stage_connect_from(st, address);
    stage_send(c, "GET / HTTP/1.1\r\n\r\n", 18);
    stage_expect_bytes(c, "\x01\x11", 2);
    stage_fin(c);
    CHECK(stage_closed(c));
}

// A scanner does not fill the log.
STAGE_TEST(life_strangers_are_told_once_in_ten_minutes, stage_open_d1(st, NULL))
{
    for (unsigned i = 0; i < 20; i++)
        be_strange(st, "192.0.2.1");
    CHECK_EQ(strangers(st), 1);
    be_strange(st, "192.0.2.10");
    be_strange(st, "2001:db8::1");
    be_strange(st, "2001:db8::1");
    be_strange(st, "2001:db8::11");
    CHECK_EQ(strangers(st), 4);
    stage_advance(st, 599000000);
    be_strange(st, "192.0.2.1");
    CHECK_EQ(strangers(st), 4);
    stage_advance(st, 1000000);
    be_strange(st, "192.0.2.1");
    CHECK_EQ(strangers(st), 5);
}
