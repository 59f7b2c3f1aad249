// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.6, items 114 and 115: clients that ask for too much, or do not read.
#include "tests/conformance/fixture.h"

#include <string.h>

enum {
    BULK_OUT = 2,
    BULK_IN = 1,
    SUBMITS = 100000,
    SMALL = 8,
    STREAM_URBS = 300,
    STREAM_SIZE = 131072, // more than the budget together, and more of them than there are slots
    SLACK = 4096,         // for the requests that look whether somebody is alive
    HOUR_US = 3600 * 1000000u,
    LONGEST = 1 << 20,
};

static uint8_t payload[LONGEST];

static const struct session_limits *limits(const struct fixture *f)
{
    return &server_config(f->st.server)->session;
}

// From now on at most `bytes` more are to be in use at any time.
static uint64_t memory_limit(struct fixture *f, uint64_t bytes)
{
    f->st.heap.peak_bytes = f->st.heap.live_bytes;
    return f->st.heap.live_bytes + bytes;
}

static unsigned pending(const struct stage_client *c)
{
    struct session_view v;
    session_view(c->session, &v);
    return v.urbs_in_flight;
}

// --- 114 -----------------------------------------------------------------------------------------

static void flood(struct fixture *f, struct stage_client *c)
{
    uint8_t bytes[GOLDEN_MAX];
    size_t size = golden(bytes, "SUB-INTIN8");
    for (uint32_t i = 0; i < SUBMITS; i++) {
        base_put_be32(bytes + FIXTURE_SEQNUM_AT, 1 + i);
        stage_queue(c, bytes, size);
    }
    stage_settle(&f->st);
}

// As many as fit, each a small buffer; behind them nothing is read.
static void check_flooded(struct fixture *f, struct stage_client *c, uint64_t limit)
{
    CHECK_EQ(pending(c), limits(f)->max_urbs);
    CHECK(c->out_size > SUBMITS / 2 * (size_t)WIRE_URB_HEADER_SIZE);
    CHECK(f->st.heap.peak_bytes <= limit);
    stage_expect_silence(c);
    stage_check_alive(f->neighbour);
}

static uint64_t flood_limit(struct fixture *f)
{
    return memory_limit(f, (uint64_t)limits(f)->max_urbs * session_pool_rounded(SMALL) + SLACK);
}

// What finds no room within a second is refused, so that the rest of the stream can be read.
static void check_rest_refused(const uint8_t *replies, uint32_t first, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        struct wire_urb_header h;
        wire_urb_header_unpack(&h, replies + (size_t)i * WIRE_URB_HEADER_SIZE);
        CHECK_EQ(h.command, WIRE_RET_SUBMIT);
        CHECK_EQ(h.seqnum, first + i);
        CHECK_EQ(h.u.ret_submit.status, USB_STATUS_NO_MEMORY);
        CHECK_EQ(h.u.ret_submit.actual_length, 0);
    }
}

TEST(conformance_114_many_submits)
{
    struct fixture f;
    fixture_open(&f, NULL);
    struct stage_client *c = fixture_attach(&f);
    uint64_t limit = flood_limit(&f);
    flood(&f, c);
    check_flooded(&f, c, limit);
    stage_advance(&f.st, limits(&f)->hold_us);
    uint32_t kept = limits(&f)->max_urbs, refused = SUBMITS - kept;
    CHECK_EQ(c->out_size, 0);
    CHECK_EQ(c->in_size, (size_t)refused * WIRE_URB_HEADER_SIZE);
    check_rest_refused(stage_take(c, c->in_size), 1 + kept, refused);
    CHECK_EQ(pending(c), kept);
    CHECK(f.st.heap.peak_bytes <= limit);
    for (uint32_t seqnum = 1; seqnum <= kept; seqnum++)
        stage_queue_unlink(c, SUBMITS + seqnum, seqnum);
    stage_settle(&f.st);
    for (uint32_t seqnum = 1; seqnum <= kept; seqnum++)
        stage_expect_unlinked(c, SUBMITS + seqnum, USB_STATUS_CANCELLED);
    stage_check_alive(c);
    fixture_close(&f);
}

// A client that does not read either: its end frees everything.
static void flood_and_leave(struct fixture *f)
{
    struct stage_client *c = fixture_attach(f);
    uint64_t limit = flood_limit(f);
    c->deaf = true;
    flood(f, c);
    check_flooded(f, c, limit);
    stage_advance(&f->st, HOUR_US);
    check_flooded(f, c, limit);
    stage_reset(c);
    fixture_check_closed(f, c);
}

TEST(conformance_114_many_submits_of_a_client_that_does_not_read)
{
    struct fixture f;
    struct server_totals totals;
    fixture_open(&f, NULL);
    flood_and_leave(&f);
    server_totals(f.st.server, &totals);
    uint64_t before = f.st.heap.live_bytes - totals.payload_bytes_cached;
    for (unsigned i = 0; i < 3; i++)
        flood_and_leave(&f);
    server_totals(f.st.server, &totals);
    CHECK_EQ(totals.payload_bytes_in_use, 0);
    CHECK_EQ(f.st.heap.live_bytes - totals.payload_bytes_cached, before);
    fixture_close(&f);
}

// A client that closes in order, with bytes on the way that the server does not want to read.
TEST(conformance_114_many_submits_then_fin)
{
    struct fixture f;
    fixture_open(&f, NULL);
    struct stage_client *c = fixture_attach(&f);
    flood(&f, c);
    stage_fin(c);
    CHECK(!stage_closed(c)); // the FIN is behind those bytes
    stage_advance(&f.st, limits(&f)->hold_us);
    CHECK(stage_closed(c));
    c->in_size = 0;
    fixture_check_closed(&f, c);
    fixture_close(&f);
}

// --- 115 -----------------------------------------------------------------------------------------

static struct stage_client *ask_for_a_stream(struct fixture *f)
{
    struct stage_client *c = fixture_attach(f);
    sim_faulty_stream(f->d1, 0x81, true);
    c->deaf = true;
    for (uint32_t i = 0; i < STREAM_URBS; i++)
        stage_queue_submit(
            c, &(struct stage_submit){
                   .seqnum = 1 + i, .direction = 1, .ep = BULK_IN, .length = STREAM_SIZE});
    return c;
}

static uint64_t stream_limit(struct fixture *f)
{
    return memory_limit(f, limits(f)->budget_bytes + SLACK);
}

// The neighbour has its reserve for the longest URB, whatever the others do.
static void check_neighbour(struct fixture *f)
{
    struct stage_client *c = f->neighbour;
    stage_check_alive(c);
    stage_out(c, 1, BULK_OUT, payload, LONGEST);
    stage_expect_ret(c, 1, false, USB_STATUS_OK, LONGEST);
    fixture_check_bulk_in(f->d2, c);
    stage_expect_silence(c);
}

// The bytes of the stream go on from URB to URB; what was refused got none of them. Returns how
// many were not refused.
static uint32_t check_stream(struct stage_client *c)
{
    size_t size = c->in_size, at = 0;
    const uint8_t *all = stage_take(c, size);
    uint32_t served = 0, refused = 0;
    for (size_t i = 0; i < STREAM_SIZE + SIM_FAULTY_STREAM_PERIOD; i++)
        payload[i] = (uint8_t)(i % SIM_FAULTY_STREAM_PERIOD);
    while (at < size) {
        struct wire_urb_header h;
        wire_urb_header_unpack(&h, all + at);
        CHECK_EQ(h.command, WIRE_RET_SUBMIT);
        at += WIRE_URB_HEADER_SIZE;
        if (h.u.ret_submit.actual_length == 0) {
            CHECK_EQ(h.u.ret_submit.status, USB_STATUS_NO_MEMORY);
            refused++;
            continue;
        }
        CHECK_EQ(h.u.ret_submit.status, USB_STATUS_OK);
        CHECK_EQ(h.u.ret_submit.actual_length, STREAM_SIZE);
        CHECK(memcmp(all + at, payload + served * STREAM_SIZE % SIM_FAULTY_STREAM_PERIOD,
                     STREAM_SIZE) == 0);
        at += STREAM_SIZE;
        served++;
    }
    CHECK_EQ(at, size);
    CHECK_EQ(served + refused, STREAM_URBS);
    return served;
}

static void end_stream(struct fixture *f, struct stage_client *c)
{
    sim_faulty_stream(f->d1, 0x81, false);
    stage_check_alive(c);
    check_neighbour(f);
    fixture_close(f);
}

// No longer than an URB may wait for room.
TEST(conformance_115_client_that_does_not_read_for_a_moment)
{
    struct fixture f;
    fixture_open(&f, NULL);
    struct stage_client *c = ask_for_a_stream(&f);
    uint64_t limit = stream_limit(&f);
    stage_settle(&f.st);
    CHECK(f.st.heap.peak_bytes <= limit);
    CHECK(stage_payload_in_use(&f.st) > limits(&f)->budget_bytes / 2);
    check_neighbour(&f);
    c->deaf = false;
    stage_settle(&f.st);
    CHECK_EQ(check_stream(c), STREAM_URBS);
    end_stream(&f, c);
}

// What finds no room is refused. That a peer is dead is found out by TCP, hence by a port test.
TEST(conformance_115_client_that_does_not_read_for_an_hour)
{
    struct fixture f;
    fixture_open(&f, NULL);
    struct stage_client *c = ask_for_a_stream(&f);
    uint64_t limit = stream_limit(&f);
    stage_advance(&f.st, HOUR_US);
    CHECK(f.st.heap.peak_bytes <= limit);
    CHECK(!stage_closed(c));
    check_neighbour(&f);
    c->deaf = false;
    stage_settle(&f.st);
    CHECK_EQ(check_stream(c), limits(&f)->max_urbs);
    end_stream(&f, c);
}

TEST(conformance_115_client_that_never_reads)
{
    struct fixture f;
    fixture_open(&f, NULL);
    struct stage_client *c = ask_for_a_stream(&f);
    stage_advance(&f.st, HOUR_US);
    stage_reset(c);
    CHECK_EQ(stage_payload_in_use(&f.st), 0);
    fixture_check_closed(&f, c);
    fixture_close(&f);
}
