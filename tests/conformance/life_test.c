// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.7, items 118-124 and 128-131: how sessions end and devices come back.
#include "tests/conformance/fixture.h"

enum {
    FIRST_PENDING = 100, // seqnum
    PENDING = 10,
    ISO_IN = 4,
    HOUR = 3600,
};

static void submit_out(struct stage_client *c, uint32_t seqnum, int32_t length)
{
    static const uint8_t data[1024];
    CHECK(length <= (int32_t)sizeof data);
    stage_out(c, seqnum, 2, data, length);
}

// Eight IN of both kinds, an OUT that is NAKed, a control request without an answer.
static struct stage_client *attach_with_urbs_pending(struct fixture *f)
{
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    sim_faulty_answer(f->d1, 0x40, 0x55, &never);
    sim_faulty_accept(f->d1, 2, 0);
    struct stage_client *c = fixture_attach(f);
    for (uint32_t i = 0; i < PENDING - 2; i++)
        stage_in(c, FIRST_PENDING + i, i % 2 ? 1 : 3, 8);
    submit_out(c, FIRST_PENDING + PENDING - 2, 600);
    if (stage_abilities.takes_back_control)
        stage_control(c, FIRST_PENDING + PENDING - 1, "\x40\x55\x00\x00\x00\x00\x00\x00");
    stage_expect_silence(c);
    return c;
}

// How often the device was put back into the state after plug-in.
static unsigned cleanings(const struct fixture *f)
{
    return stage_abilities.cleans_by_reset
               ? sim_faulty_counters(f->d1)->resets
               : sim_faulty_setups_like(f->d1, 0x00, USB_REQ_SET_CONFIGURATION);
}

// --- the client leaves ---------------------------------------------------------------------------

// Nobody takes what the device has now but the next client.
static void check_cancelled(struct fixture *f, struct stage_client *c, unsigned before)
{
    static const uint8_t late[] = {7, 7, 7};
    stage_expect_silence(c);
    CHECK(stage_closed(c));
    CHECK(cleanings(f) > before);
    CHECK_EQ(sim_faulty_give(f->d1, 0x81, late, sizeof late), BASE_OK);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK_EQ(sim_faulty_left(f->d1, 0x81), 1);
    sim_faulty_accept(f->d1, 2, UINT64_MAX);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK_EQ(sim_faulty_received(f->d1, 2).bytes, 0);
    struct stage_client *next = fixture_attach(f);
    stage_in(next, 1, 1, 512);
    CHECK_BYTES(stage_expect_ret(next, 1, true, USB_STATUS_OK, sizeof late), late, sizeof late);
    stage_check_alive(next);
    stage_check_alive(f->neighbour);
}

FIXTURE_TEST(conformance_118_fin_with_urbs_pending)
{
    struct stage_client *c = attach_with_urbs_pending(f);
    unsigned before = cleanings(f);
    stage_fin(c);
    check_cancelled(f, c, before);
}

// Cleaning takes its time: an import in the meantime waits for it instead of failing.
FIXTURE_TEST(conformance_118_import_during_the_cleaning)
{
    struct stage_client *c = attach_with_urbs_pending(f);
    sim_delay_close(f->st.bus, "1-1", 3 * FIXTURE_SECOND_US / 2);
    stage_fin(c);
    struct stage_client *next = fixture_connect(f);
    fixture_send(next, "OP-IMPORT");
    stage_expect_silence(next);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    CHECK_EQ(next->in_size, FIXTURE_IMPORT_REPLY_SIZE);
    CHECK_EQ(base_get_be32(stage_take(next, next->in_size) + 4), WIRE_ST_OK);
    next->devid = FIXTURE_DEVID;
    stage_check_alive(next);
}

FIXTURE_TEST(conformance_119_reset_with_urbs_pending)
{
    struct stage_client *c = attach_with_urbs_pending(f);
    unsigned before = cleanings(f);
    stage_reset(c);
    check_cancelled(f, c, before);
}

static void check_busy(struct fixture *f)
{
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT");
    fixture_expect(c, "R-IMPORT-BUSY");
    stage_expect_silence(c);
    CHECK(stage_closed(c));
}

// What the port sees of a peer that has vanished, up to now: a keepalive each 4 s.
static void vanish(struct stage_client *c, uint64_t since_us)
{
    uint64_t silent_us = c->stage->now_us - since_us;
    c->deaf = true;
    stage_heard(c, silent_us, (unsigned)(silent_us / (4 * FIXTURE_SECOND_US)));
}

// It keeps its device as long as nobody else wants it; then it is asked, and does not answer.
FIXTURE_TEST(conformance_120_peer_vanishes)
{
    struct stage_client *c = attach_with_urbs_pending(f);
    uint64_t since_us = f->st.now_us;
    unsigned before = cleanings(f);
    stage_advance(&f->st, (uint64_t)HOUR * FIXTURE_SECOND_US);
    vanish(c, since_us);
    CHECK(!stage_closed(c));
    struct stage_client *next = fixture_connect(f);
    fixture_send(next, "OP-IMPORT");
    stage_advance(&f->st, 3 * FIXTURE_SECOND_US);
    stage_expect_silence(next);
    vanish(c, since_us);
    CHECK(c->got_reset);
    CHECK_EQ(next->in_size, FIXTURE_IMPORT_REPLY_SIZE);
    stage_fin(next);
    check_cancelled(f, c, before);
}

// A vanished peer does not hold a session either that the server is ending already.
FIXTURE_TEST(conformance_120_peer_vanishes_before_the_end)
{
    struct stage_client *c = fixture_attach(f);
    c->deaf = true;
    fixture_send(c, "SUB-DEVDESC64");
    fixture_send(c, "PDU-UNKNOWN");
    stage_advance(&f->st, 5 * FIXTURE_SECOND_US);
    CHECK(!c->session);
    stage_check_importable(&f->st, "1-1");
}

FIXTURE_TEST(conformance_121_idle_for_an_hour)
{
    static const uint8_t report[] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct stage_client *c = fixture_attach(f);
    stage_advance(&f->st, (uint64_t)HOUR * FIXTURE_SECOND_US);
    CHECK(!stage_closed(c));
    stage_check_alive(c);
    stage_in(c, 1, 3, 8);
    stage_advance(&f->st, (uint64_t)HOUR * FIXTURE_SECOND_US);
    stage_expect_silence(c);
    fixture_give(f, 0x83, report, sizeof report);
    CHECK_BYTES(stage_expect_ret(c, 1, true, USB_STATUS_OK, 8), report, sizeof report);
    stage_check_alive(c);
}

// --- the device leaves ---------------------------------------------------------------------------

// Whole replies only, one for each pending URB at most, of the right length.
static void take_last_replies(struct stage_client *c)
{
    bool seen[PENDING] = {false};
    while (c->in_size > 0) {
        struct wire_urb_header h = stage_take_header(c);
        CHECK_EQ(h.command, WIRE_RET_SUBMIT);
        CHECK(h.seqnum - FIRST_PENDING < PENDING && !seen[h.seqnum - FIRST_PENDING]);
        seen[h.seqnum - FIRST_PENDING] = true;
        CHECK(h.u.ret_submit.status < 0);
        CHECK_EQ(h.u.ret_submit.actual_length, 0);
    }
}

static void check_gone(struct fixture *f)
{
    CHECK(!fixture_record(&f->st, "1-1"));
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT");
    fixture_expect(c, "R-IMPORT-NODEV");
    stage_expect_silence(c);
}

FIXTURE_TEST(conformance_122_unplug)
{
    struct stage_client *c = attach_with_urbs_pending(f);
    fixture_unplug(f, "1-1");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    take_last_replies(c);
    check_gone(f);
    stage_check_alive(f->neighbour);
}

// An URB that was half done ends with the half that is there, and a reply that was on its way
// arrives whole.
FIXTURE_TEST(conformance_122_unplug_in_the_middle)
{
    static uint8_t packets[512];
    struct stage_client *c = fixture_attach(f);
    c->deaf = true;
    fixture_send(c, "SUB-DEVDESC64");
    CHECK_EQ(sim_faulty_give(f->d1, 0x81, packets, sizeof packets), BASE_OK);
    stage_in(c, 100, 1, 4096);
    fixture_unplug(f, "1-1");
    c->deaf = false;
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    fixture_expect(c, "RET-DEVDESC64");
    struct wire_urb_header h = stage_take_header(c);
    CHECK_EQ(h.seqnum, 100);
    CHECK(h.u.ret_submit.status < 0);
    size_t half = stage_abilities.tells_partial ? sizeof packets : 0;
    CHECK_EQ(h.u.ret_submit.actual_length, half);
    stage_expect_bytes(c, packets, half);
    stage_expect_silence(c);
}

FIXTURE_TEST(conformance_122_unplug_during_the_import)
{
    sim_delay_open(f->st.bus, "1-1", FIXTURE_SECOND_US, BASE_OK);
    struct stage_client *c = fixture_connect(f);
    fixture_send(c, "OP-IMPORT");
    fixture_unplug(f, "1-1");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    fixture_expect(c, "R-IMPORT-NODEV");
    stage_expect_silence(c);
    CHECK(stage_closed(c));
}

// The devnum is a new one, as on Linux.
FIXTURE_TEST(conformance_123_replug)
{
    struct stage_client *c = attach_with_urbs_pending(f);
    fixture_unplug(f, "1-1");
    CHECK_EQ(sim_replug(f->st.bus, "1-1"), BASE_OK);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    CHECK(fixture_record(&f->st, "1-1"));
    struct stage_client *next = stage_attach(&f->st, "1-1");
    CHECK(next->devid != FIXTURE_DEVID);
    stage_check_alive(next);
    fixture_check_bulk_in(f->d1, next);
}

// Pulled and plugged before the server has looked: the session does not end up with the new one.
FIXTURE_TEST(conformance_123_replug_at_once)
{
    struct stage_client *c = attach_with_urbs_pending(f);
    CHECK_EQ(sim_unplug(f->st.bus, "1-1"), BASE_OK);
    CHECK_EQ(sim_replug(f->st.bus, "1-1"), BASE_OK);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    stage_check_importable(&f->st, "1-1");
}

FIXTURE_TEST(conformance_124_comes_back_as_another_device)
{
    struct sim_faulty_options bootloader = sim_faulty_d1;
    bootloader.product = 0xb007;
    struct stage_client *c = attach_with_urbs_pending(f);
    fixture_unplug(f, "1-1");
    stage_plug(&f->st, "1-1", sim_faulty_create(f->st.bus, &bootloader));
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    const uint8_t *record = fixture_record(&f->st, "1-1");
    CHECK(record);
    struct wire_device d;
    wire_device_unpack(&d, record);
    CHECK_EQ(d.idVendor, 0x1209);
    CHECK_EQ(d.idProduct, 0xb007);
    stage_check_importable(&f->st, "1-1");
}

// --- the server leaves ---------------------------------------------------------------------------

// Deaf clients: the FIN is seen, not the close behind it.
FIXTURE_TEST(conformance_128_orderly_stop)
{
    struct stage_client *c[] = {attach_with_urbs_pending(f), f->neighbour, fixture_connect(f)};
    for (unsigned i = 0; i < 3; i++)
        c[i]->deaf = true;
    server_stop(f->st.server, f->st.now_us);
    stage_settle(&f->st);
    CHECK(!stage_connect(&f->st));
    for (unsigned i = 0; i < 3; i++) {
        CHECK(c[i]->session);
        CHECK_EQ(session_port_state(c[i]->session), SESSION_PORT_FINISH);
        c[i]->deaf = false;
    }
    stage_advance(&f->st, FIXTURE_SECOND_US);
    for (unsigned i = 0; i < 3; i++)
        CHECK(stage_closed(c[i]));
    CHECK(server_stopped(f->st.server));
}

// Rule: nobody takes a session over from a peer that may be alive, wherever the import comes from.
FIXTURE_TEST(conformance_129_import_while_the_old_connection_is_dead)
{
    struct stage_client *c = fixture_attach(f); // all clients here have the same address
    uint64_t since_us = f->st.now_us;
    c->deaf = true;
    stage_advance(&f->st, 9 * FIXTURE_SECOND_US);
    vanish(c, since_us);
    check_busy(f);
    stage_advance(&f->st, 16 * FIXTURE_SECOND_US);
    vanish(c, since_us);
    struct stage_client *next = fixture_connect(f);
    fixture_send(next, "OP-IMPORT");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_heard(c, 0, 0); // it was not dead after all, and is unharmed
    fixture_expect(next, "R-IMPORT-BUSY");
    c->deaf = false;
    stage_check_alive(c);
    stage_reset(c);
    stage_check_importable(&f->st, "1-1");
}

// --- what the next client finds ------------------------------------------------------------------

static void leave_dirty(struct fixture *f, struct stage_client *c)
{
    static const char halt_81[] = "\x02\x03\x00\x00\x81\x00\x00\x00";
    fixture_control(c, "\x01\x0b\x01\x00\x01\x00\x00\x00", NULL, USB_STATUS_OK, 0);
    fixture_check_bulk_in(f->d1, c); // one packet: DATA1 is next
    fixture_control(c, halt_81, NULL, USB_STATUS_OK, 0);
    CHECK_EQ(f->d1->alternate[1], 1);
    CHECK(f->d1->halted != 0 && f->d1->toggle != 0);
}

static void check_clean(struct fixture *f)
{
    const struct usb_iso_packet packet = {.length = 192};
    struct stage_client *c = fixture_attach(f);
    CHECK_EQ(f->d1->alternate[1], 0);
    CHECK_EQ(f->d1->halted | f->d1->toggle, 0);
    const uint8_t *alternate =
        fixture_control(c, "\x81\x0a\x00\x00\x01\x00\x01\x00", NULL, USB_STATUS_OK, 1);
    CHECK_EQ(*alternate, 0);
    stage_submit(c, &(struct stage_submit){.seqnum = 1,
                                           .direction = 1,
                                           .ep = ISO_IN,
                                           .length = 192,
                                           .number_of_packets = 1,
                                           .packets = &packet});
    stage_expect_ret(c, 1, true, USB_STATUS_STALL, 0); // not in alternate setting 0
    stage_take(c, WIRE_ISO_PACKET_SIZE);
    fixture_check_bulk_in(f->d1, c);
    stage_fin(c);
}

FIXTURE_TEST(conformance_131_next_client_finds_a_clean_device)
{
    struct stage_client *c = fixture_attach(f);
    leave_dirty(f, c);
    stage_fin(c);
    check_clean(f);
    c = fixture_attach(f);
    leave_dirty(f, c);
    stage_reset(c);
    check_clean(f);
}
