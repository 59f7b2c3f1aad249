// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.3, items 61-73: many bulk and interrupt URBs, endpoints that have nothing to
// say, endpoints that are not there, and fields that do not count.
#include "tests/conformance/fixture.h"

#include <string.h>

enum {
    BULK_OUT = 2,
    BULK_IN = 1,
    INTERRUPT_IN = 3,
    PACKET = 512, // of the bulk endpoints
    REPORT = 8,   // and of the interrupt endpoint
    BLOCKS = 4,
    ACM_URBS = 16,
    ACM_SIZE = 1024,
    MINUTE_US = 60 * FIXTURE_SECOND_US,
    NUMBER_OF_PACKETS_AT = 32,
    EP_AT = 16,
    ALL_FLAGS = -1,
    BULK_IN_BIT = 1 << 17, // of 0x81 in sim_device.halted
    BULK_OUT_BIT = 1 << 2,
};

static const char clear_halt_in[] = "\x02\x01\x00\x00\x81\x00\x00\x00";
static const char clear_halt_out[] = "\x02\x01\x00\x00\x02\x00\x00\x00";
static const uint8_t zeros[PACKET];

static void expect_in(struct stage_client *c, uint32_t seqnum, const void *data, int32_t size)
{
    CHECK_BYTES(stage_expect_ret(c, seqnum, true, USB_STATUS_OK, size), data, (size_t)size);
}

// --- queues --------------------------------------------------------------------------------------

FIXTURE_TEST(conformance_061_replies_in_request_order)
{
    uint8_t block[PACKET];
    struct stage_client *c = fixture_attach(f);
    for (uint32_t i = 0; i < BLOCKS; i++)
        stage_in(c, 100 + i, BULK_IN, PACKET);
    for (uint8_t i = 0; i < BLOCKS; i++) {
        memset(block, 'a' + i, sizeof block);
        CHECK_EQ(sim_faulty_give(f->d1, 0x81, block, sizeof block), BASE_OK);
    }
    stage_settle(&f->st);
    for (uint32_t i = 0; i < BLOCKS; i++) {
        memset(block, 'a' + (int)i, sizeof block);
        expect_in(c, 100 + i, block, sizeof block);
    }
    stage_expect_silence(c);
}

// The second waits for memory; the third needs none, but its turn comes later.
TEST(conformance_061_replies_in_request_order_without_memory)
{
    struct server_config config;
    struct fixture f;
    server_config_default(&config);
    config.session.budget_bytes = config.session.max_urb_bytes;
    fixture_open(&f, &(struct stage_options){.config = &config});
    struct stage_client *c = fixture_attach(&f);
    stage_in(c, 100, BULK_IN, (int32_t)config.session.max_urb_bytes);
    stage_in(c, 101, BULK_IN, (int32_t)config.session.max_urb_bytes);
    stage_in(c, 102, BULK_IN, 0);
    fixture_give(&f, 0x81, "first", 5);
    expect_in(c, 100, "first", 5);
    fixture_give(&f, 0x81, "second", 6);
    expect_in(c, 101, "second", 6);
    fixture_give(&f, 0x81, NULL, 0);
    expect_in(c, 102, NULL, 0);
    stage_expect_silence(c);
    fixture_close(&f);
}

FIXTURE_TEST(conformance_062_modem_waits_for_data)
{
    struct stage_client *c = fixture_attach(f);
    for (uint32_t i = 0; i < ACM_URBS; i++)
        stage_in(c, 100 + i, BULK_IN, ACM_SIZE);
    stage_advance(&f->st, MINUTE_US);
    stage_expect_silence(c);
    for (uint32_t i = 0; i < ACM_URBS; i++) {
        fixture_give(f, 0x81, &i, sizeof i);
        expect_in(c, 100 + i, &i, sizeof i);
        stage_expect_silence(c);
    }
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_063_idle_interrupt_in)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-INTIN8");
    stage_advance(&f->st, 10 * MINUTE_US);
    stage_expect_silence(c);
    stage_check_alive(c);
    fixture_give(f, 0x83, "report", 6);
    expect_in(c, 15, "report", 6);
}

// Time stands still: nothing waits for anything.
FIXTURE_TEST(conformance_064_idle_endpoint_delays_nobody)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-INTIN8");
    for (uint32_t i = 0; i < 100; i++) {
        stage_check_alive(c);
        fixture_check_bulk_in(f->d1, c);
        stage_out(c, 100 + i, BULK_OUT, zeros, PACKET);
        stage_expect_ret(c, 100 + i, false, USB_STATUS_OK, PACKET);
    }
    stage_expect_silence(c);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).bytes, 100 * PACKET);
    fixture_give(f, 0x83, "report", 6);
    expect_in(c, 15, "report", 6);
}

// The reply is there at the moment of the completion, and one sendmsg() takes all of it.
FIXTURE_TEST(conformance_065_report_is_answered_at_once)
{
    static const uint8_t report[REPORT] = {1, 2, 3, 4, 5, 6, 7, 8};
    struct base_iovec iov[4];
    struct stage_client *c = fixture_attach(f);
    sim_faulty_late(f->d1, 0x83, FIXTURE_SECOND_US);
    fixture_send(c, "SUB-INTIN8");
    c->deaf = true;
    fixture_give(f, 0x83, report, sizeof report);
    stage_advance(&f->st, FIXTURE_SECOND_US - 1);
    CHECK_EQ(session_tx_vectors(c->session, iov, 4), 0);
    stage_advance(&f->st, 1);
    size_t size = 0;
    for (unsigned i = session_tx_vectors(c->session, iov, 4); i > 0; i--)
        size += iov[i - 1].size;
    CHECK_EQ(size, WIRE_URB_HEADER_SIZE + sizeof report);
    c->deaf = false;
    stage_settle(&f->st);
    expect_in(c, 15, report, sizeof report);
}

FIXTURE_TEST(conformance_066_printer_out_of_paper)
{
    static const char page[] = "a page";
    struct stage_client *c = fixture_attach(f);
    sim_faulty_accept(f->d1, BULK_OUT, 0);
    stage_out(c, 100, BULK_OUT, page, sizeof page);
    for (unsigned i = 0; i < 12; i++) {
        stage_advance(&f->st, 10 * FIXTURE_SECOND_US);
        stage_expect_silence(c);
        stage_check_alive(c);
        fixture_check_bulk_in(f->d1, c);
    }
    sim_faulty_accept(f->d1, BULK_OUT, UINT64_MAX);
    stage_settle(&f->st);
    stage_expect_ret(c, 100, false, USB_STATUS_OK, sizeof page);
    CHECK_BYTES(sim_faulty_received(f->d1, BULK_OUT).data.data, page, sizeof page);
}

// --- endpoints that are not there ----------------------------------------------------------------

static void check_refused(struct stage_client *c, uint32_t seqnum, bool is_in)
{
    stage_expect_ret(c, seqnum, is_in, USB_STATUS_STALL, 0);
    stage_expect_silence(c);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_067_no_such_endpoint)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-NOEP");
    check_refused(c, 0x1b, true);
    fixture_send(c, "SUB-NOEP-OUT64");
    check_refused(c, 0x1c, false);
}

FIXTURE_TEST(conformance_068_contrary_direction)
{
    uint8_t bytes[GOLDEN_MAX];
    struct stage_client *c = fixture_attach(f);
    size_t size = golden(bytes, "SUB-NOEP");
    base_put_be32(bytes + EP_AT, BULK_OUT);
    stage_send(c, bytes, size);
    check_refused(c, 0x1b, true);
    size = golden(bytes, "SUB-NOEP-OUT64");
    base_put_be32(bytes + EP_AT, BULK_IN);
    stage_send(c, bytes, size);
    check_refused(c, 0x1c, false);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).packets, 0);
}

// --- fields that do not count --------------------------------------------------------------------

FIXTURE_TEST(conformance_069_bulk_with_a_number_of_packets)
{
    uint8_t bytes[GOLDEN_MAX];
    struct stage_client *c = fixture_attach(f);
    fixture_give(f, 0x81, "8 bytes.", 8);
    size_t size = golden(bytes, "SUB-BULK-NP5");
    CHECK_EQ(base_get_be32(bytes + NUMBER_OF_PACKETS_AT), 5);
    stage_send(c, bytes, size);
    CHECK_EQ(c->in_size, WIRE_URB_HEADER_SIZE + 8);
    CHECK_EQ(base_get_be32(c->in + NUMBER_OF_PACKETS_AT), 0);
    expect_in(c, 0x23, "8 bytes.", 8);
    stage_check_alive(c);
    stage_submit(c, &(struct stage_submit){.seqnum = 100,
                                           .ep = BULK_OUT,
                                           .length = PACKET,
                                           .data = zeros,
                                           .number_of_packets = 5});
    CHECK_EQ(c->in_size, WIRE_URB_HEADER_SIZE);
    CHECK_EQ(base_get_be32(c->in + NUMBER_OF_PACKETS_AT), 0);
    stage_expect_ret(c, 100, false, USB_STATUS_OK, PACKET);
    stage_check_alive(c);
}

static void check_interval(struct fixture *f, struct stage_client *c, uint32_t ep, int32_t length,
                           int32_t interval)
{
    static uint32_t seqnum = 100;
    stage_submit(
        c,
        &(struct stage_submit){
            .seqnum = ++seqnum, .direction = 1, .ep = ep, .length = length, .interval = interval});
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    fixture_give(f, (uint8_t)(0x80 | ep), "data", 4);
    expect_in(c, seqnum, "data", 4);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_070_intervals)
{
    static const int32_t intervals[] = {0, 1, 255, -1};
    struct stage_client *c = fixture_attach(f);
    for (unsigned i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        check_interval(f, c, INTERRUPT_IN, REPORT, intervals[i]);
        check_interval(f, c, BULK_IN, PACKET, intervals[i]);
    }
}

static void check_flags(struct fixture *f, struct stage_client *c, uint32_t flags, int32_t size,
                        int32_t status)
{
    static uint32_t seqnum = 100;
    fixture_give(f, 0x81, zeros, (uint32_t)size);
    stage_submit(
        c,
        &(struct stage_submit){
            .seqnum = ++seqnum, .direction = 1, .ep = BULK_IN, .length = PACKET, .flags = flags});
    CHECK_BYTES(stage_expect_ret(c, seqnum, true, status, size), zeros, (size_t)size);
    stage_expect_silence(c);
}

FIXTURE_TEST(conformance_071_all_flags)
{
    struct stage_client *c = fixture_attach(f);
    check_flags(f, c, (uint32_t)ALL_FLAGS, PACKET, USB_STATUS_OK);
    check_flags(f, c, (uint32_t)ALL_FLAGS, 13, USB_STATUS_SHORT);
    check_flags(f, c, (uint32_t)ALL_FLAGS & ~(uint32_t)WIRE_SHORT_NOT_OK, 13, USB_STATUS_OK);
    stage_check_alive(c);
}

// --- halts ---------------------------------------------------------------------------------------

// The second one is queued at the time of the stall, the third comes later.
FIXTURE_TEST(conformance_072_no_automatic_clear_halt_in)
{
    struct stage_client *c = fixture_attach(f);
    stage_in(c, 100, BULK_IN, PACKET);
    stage_in(c, 101, BULK_IN, PACKET);
    CHECK_EQ(sim_faulty_fail(f->d1, 0x81, SIM_STALL), BASE_OK);
    fixture_give(f, 0x81, "after", 5);
    stage_in(c, 102, BULK_IN, PACKET);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    for (uint32_t i = 0; i < 3; i++)
        stage_expect_ret(c, 100 + i, true, USB_STATUS_STALL, 0);
    stage_expect_silence(c);
    CHECK_EQ(sim_faulty_counters(f->d1)->halts_cleared, 0);
    CHECK_EQ(f->d1->halted, BULK_IN_BIT);
    fixture_control(c, clear_halt_in, NULL, USB_STATUS_OK, 0);
    stage_in(c, 103, BULK_IN, PACKET);
    expect_in(c, 103, "after", 5);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_072_no_automatic_clear_halt_out)
{
    struct stage_client *c = fixture_attach(f);
    sim_faulty_fail_after(f->d1, BULK_OUT, SIM_STALL, 0);
    for (uint32_t i = 0; i < 3; i++) {
        stage_out(c, 100 + i, BULK_OUT, zeros, PACKET);
        stage_expect_ret(c, 100 + i, false, USB_STATUS_STALL, 0);
    }
    CHECK_EQ(sim_faulty_counters(f->d1)->halts_cleared, 0);
    CHECK_EQ(f->d1->halted, BULK_OUT_BIT);
    fixture_control(c, clear_halt_out, NULL, USB_STATUS_OK, 0);
    stage_out(c, 103, BULK_OUT, zeros, PACKET);
    stage_expect_ret(c, 103, false, USB_STATUS_OK, PACKET);
    stage_check_alive(c);
}
