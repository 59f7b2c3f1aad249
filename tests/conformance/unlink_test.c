// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.4, items 74-88 without 76 (unlink_race_test.c): UNLINK, of a backend
// that gives URBs back at once (else: unlink_late_test.c). An UNLINK that overtakes its SUBMIT is
// in tests/scenario/unlink_test.c.
#include "tests/conformance/fixture.h"

#include <string.h>

enum {
    BULK_OUT = 2,
    BULK_IN = 1,
    INTERRUPT_IN = 3,
    PACKET = 512,
    QUEUED = 16,
    BLOCKS = 4,
    STORAGE_SIZE = 122880,
    HALF_SIZE = 4096 + PACKET, // an odd number of packets
    FLOOD = 10000,
    FLOOD_THAT_WAITS = 1000,
    CANCELLED = USB_STATUS_CANCELLED,
};

static const char vendor_out[] = "\x40\x55\x00\x00\x00\x00\x00\x00"; // scripted here
static uint8_t data[STORAGE_SIZE];

static void queue_in(struct stage_client *c, uint32_t seqnum, uint32_t ep, int32_t length)
{
    stage_queue_submit(
        c, &(struct stage_submit){.seqnum = seqnum, .direction = 1, .ep = ep, .length = length});
}

static void in(struct stage_client *c, uint32_t seqnum)
{
    queue_in(c, seqnum, BULK_IN, PACKET);
    stage_settle(c->stage);
}

static void give_text(struct fixture *f, const char *text)
{
    fixture_give(f, 0x81, text, (uint32_t)strlen(text));
}

static void expect_text(struct stage_client *c, uint32_t seqnum, const char *text)
{
    int32_t size = (int32_t)strlen(text);
    CHECK_BYTES(stage_expect_ret(c, seqnum, true, USB_STATUS_OK, size), text, (size_t)size);
}

// --- one victim ----------------------------------------------------------------------------------

// The report that comes afterwards is for the next URB, not for this one.
static void check_cancelled(struct fixture *f, struct stage_client *c)
{
    stage_expect_silence(c);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    fixture_give(f, 0x83, "report", 6);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    queue_in(c, 1000, INTERRUPT_IN, 8);
    stage_settle(&f->st);
    expect_text(c, 1000, "report");
    stage_expect_silence(c);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_074_unlink_of_a_pending_urb)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-INTIN8");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    fixture_exchange(c, "UNLINK-15", "RET-UNLINK-16-RST"); // time stands still
    check_cancelled(f, c);
}

FIXTURE_TEST(conformance_075_unlink_after_the_reply)
{
    struct stage_client *c = fixture_attach(f);
    fixture_give(f, 0x83, "report", 6);
    fixture_send(c, "SUB-INTIN8");
    expect_text(c, 15, "report");
    fixture_exchange(c, "UNLINK-15", "RET-UNLINK-16-0");
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_077_unlink_of_a_seqnum_never_seen)
{
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "UNLINK-NEVER", "RET-UNLINK-17-0");
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_078_unlink_twice)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-INTIN8");
    fixture_exchange(c, "UNLINK-15", "RET-UNLINK-16-RST");
    stage_unlink(c, 116, 15);
    stage_expect_unlinked(c, 116, USB_STATUS_OK);
    check_cancelled(f, c);
}

FIXTURE_TEST(conformance_078_unlink_twice_in_one_segment)
{
    uint8_t bytes[GOLDEN_MAX];
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-INTIN8");
    stage_queue(c, bytes, golden(bytes, "UNLINK-15"));
    stage_queue_unlink(c, 116, 15);
    stage_settle(&f->st);
    fixture_expect(c, "RET-UNLINK-16-RST");
    stage_expect_unlinked(c, 116, USB_STATUS_OK);
    check_cancelled(f, c);
}

FIXTURE_TEST(conformance_079_unlink_of_itself)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "UNLINK-SELF");
    stage_expect_unlinked(c, 18, USB_STATUS_OK);
    stage_check_alive(c);
}

// An UNLINK is no SUBMIT that could be unlinked.
FIXTURE_TEST(conformance_079_unlink_of_an_unlink)
{
    struct stage_client *c = fixture_attach(f);
    in(c, 100);
    stage_queue_unlink(c, 101, 100);
    stage_queue_unlink(c, 102, 101);
    stage_settle(&f->st);
    stage_expect_unlinked(c, 101, CANCELLED);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US); // it might be of a SUBMIT that it has overtaken
    stage_expect_unlinked(c, 102, USB_STATUS_OK);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_080_unlink_with_direction_and_endpoint)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-INTIN8");
    fixture_send(c, "UNLINK-DIRSET");
    stage_expect_unlinked(c, 19, CANCELLED);
    check_cancelled(f, c);
}

// --- many on one endpoint ------------------------------------------------------------------------

FIXTURE_TEST(conformance_081_unlink_all)
{
    struct stage_client *c = fixture_attach(f);
    fixture_check_bulk_in(f->d1, c); // an odd number of packets
    for (uint32_t i = 0; i < QUEUED; i++)
        in(c, 100 + i);
    for (uint32_t i = 0; i < QUEUED; i++)
        stage_queue_unlink(c, 200 + i, 100 + i);
    stage_settle(&f->st);
    for (uint32_t i = 0; i < QUEUED; i++)
        stage_expect_unlinked(c, 200 + i, CANCELLED);
    stage_expect_silence(c);
    fixture_check_bulk_in(f->d1, c);
    fixture_check_bulk_in(f->d1, c);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_082_neighbours_stay)
{
    struct stage_client *c = fixture_attach(f);
    for (uint32_t i = 1; i <= BLOCKS; i++)
        in(c, i);
    stage_unlink(c, 100, 2);
    stage_expect_unlinked(c, 100, CANCELLED);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    give_text(f, "first");
    give_text(f, "second");
    give_text(f, "third");
    expect_text(c, 1, "first");
    expect_text(c, 3, "second");
    expect_text(c, 4, "third");
    stage_expect_silence(c);
    stage_check_alive(c);
}

// The other way round: what the device gets is 1, 3 and 4.
FIXTURE_TEST(conformance_082_neighbours_stay_out)
{
    struct stage_client *c = fixture_attach(f);
    sim_faulty_accept(f->d1, BULK_OUT, 0);
    for (uint32_t i = 1; i <= BLOCKS; i++) {
        memset(data, (int)('0' + i), 4);
        stage_out(c, i, BULK_OUT, data, 4);
    }
    stage_unlink(c, 100, 2);
    stage_expect_unlinked(c, 100, CANCELLED);
    sim_faulty_accept(f->d1, BULK_OUT, UINT64_MAX);
    stage_settle(&f->st);
    stage_expect_ret(c, 1, false, USB_STATUS_OK, 4);
    stage_expect_ret(c, 3, false, USB_STATUS_OK, 4);
    stage_expect_ret(c, 4, false, USB_STATUS_OK, 4);
    stage_expect_silence(c);
    struct sim_faulty_received got = sim_faulty_received(f->d1, BULK_OUT);
    CHECK_EQ(got.bytes, 12);
    CHECK_BYTES(got.data.data, "111133334444", 12);
}

// Packets that the device has taken stay taken, toggles included.
FIXTURE_TEST(conformance_083_half_done_bulk_out)
{
    struct stage_client *c = fixture_attach(f);
    memset(data, 'o', sizeof data);
    sim_faulty_accept(f->d1, BULK_OUT, HALF_SIZE);
    stage_out(c, 100, BULK_OUT, data, STORAGE_SIZE);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).bytes, HALF_SIZE);
    stage_expect_silence(c);
    stage_unlink(c, 101, 100);
    stage_expect_unlinked(c, 101, CANCELLED);
    sim_faulty_accept(f->d1, BULK_OUT, UINT64_MAX);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).bytes, HALF_SIZE);
    sim_faulty_forget(f->d1, BULK_OUT);
    memset(data, 'n', sizeof data);
    data[0] = '0';
    stage_out(c, 102, BULK_OUT, data, 2 * PACKET);
    stage_expect_ret(c, 102, false, USB_STATUS_OK, 2 * PACKET);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).bytes, 2 * PACKET);
    CHECK_BYTES(sim_faulty_received(f->d1, BULK_OUT).data.data, data, 2 * PACKET);
    stage_check_alive(c);
}

// --- control -------------------------------------------------------------------------------------

FIXTURE_TEST(conformance_084_pending_control)
{
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    sim_faulty_answer(f->d1, 0x40, 0x55, &never);
    struct stage_client *c = fixture_attach(f);
    stage_control(c, 100, vendor_out);
    stage_control(c, 101, vendor_out); // behind it
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x40, 0x55), 1);
    stage_unlink(c, 200, 101);
    stage_expect_unlinked(c, 200, CANCELLED);
    stage_unlink(c, 201, 100);
    stage_expect_unlinked(c, 201, CANCELLED);
    stage_check_alive(c);
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x40, 0x55), 1);
}

// --- in one segment, and at the end --------------------------------------------------------------

FIXTURE_TEST(conformance_085_submit_unlink_submit)
{
    struct stage_client *c = fixture_attach(f);
    queue_in(c, 100, BULK_IN, PACKET);
    stage_queue_unlink(c, 101, 100);
    queue_in(c, 102, BULK_IN, PACKET);
    stage_settle(&f->st);
    stage_expect_unlinked(c, 101, CANCELLED);
    stage_expect_silence(c);
    give_text(f, "first");
    expect_text(c, 102, "first");
    stage_expect_silence(c);
    stage_check_alive(c);
}

// Nobody reads the answer. `reset`: the client is gone before the UNLINK is acted upon.
static void unlink_and_leave(struct fixture *f, bool reset)
{
    struct stage_client *c = stage_attach(&f->st, "1-1");
    queue_in(c, 100, BULK_IN, PACKET);
    queue_in(c, 101, INTERRUPT_IN, 8);
    stage_queue_submit(c, &(struct stage_submit){.seqnum = 102, .setup = vendor_out});
    stage_settle(&f->st);
    c->deaf = true;
    for (uint32_t victim = 100; victim <= 102; victim++)
        stage_queue_unlink(c, 100 + victim, victim);
    if (reset) {
        stage_receive(c);
        stage_reset(c);
    } else {
        stage_fin(c);
    }
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    c = stage_attach(&f->st, "1-1");
    stage_check_alive(c);
    stage_fin(c);
}

static void unlink_and_leave_both_ways(struct fixture *f)
{
    unlink_and_leave(f, false);
    unlink_and_leave(f, true);
}

FIXTURE_TEST(conformance_086_unlink_and_close)
{
    fixture_no_answer(f->d1);
    fixture_check_no_leak(f, unlink_and_leave_both_ways);
}

// The server stops reading when it has no room for replies, and allocates nothing for them.
TEST(conformance_087_unlinks_without_reading_replies)
{
    uint8_t unlink[GOLDEN_MAX], reply[GOLDEN_MAX];
    struct fixture f;
    fixture_open(&f, NULL);
    struct stage_client *c = fixture_attach(&f);
    size_t size = golden(unlink, "UNLINK-NEVER");
    f.st.heap.peak_bytes = f.st.heap.live_bytes;
    c->deaf = true;
    for (unsigned i = 0; i < FLOOD; i++)
        stage_queue(c, unlink, size);
    stage_advance(&f.st, 60 * FIXTURE_SECOND_US);
    CHECK(!stage_closed(c));
    CHECK(c->out_size > FLOOD / 2 * size);
    CHECK_EQ(f.st.heap.peak_bytes, f.st.heap.live_bytes);
    stage_check_alive(f.neighbour);
    c->deaf = false;
    stage_settle(&f.st);
    golden(reply, "RET-UNLINK-17-0");
    const uint8_t *replies = stage_take(c, (size_t)FLOOD * WIRE_URB_HEADER_SIZE);
    for (size_t i = 0; i < FLOOD; i++)
        CHECK_BYTES(replies + i * WIRE_URB_HEADER_SIZE, reply, WIRE_URB_HEADER_SIZE);
    stage_check_alive(c);
    fixture_close(&f);
}

// Each of these might have overtaken its SUBMIT and is answered after a second only; meanwhile a
// flood of them takes all room for replies.
TEST(conformance_087_unlinks_that_wait)
{
    struct fixture f;
    fixture_open(&f, NULL);
    struct stage_client *c = fixture_attach(&f);
    f.st.heap.peak_bytes = f.st.heap.live_bytes;
    for (uint32_t i = 0; i < FLOOD_THAT_WAITS; i++)
        stage_queue_unlink(c, 1001 + 2 * i, 1000 + 2 * i);
    stage_settle(&f.st);
    stage_expect_silence(c);
    CHECK_EQ(f.st.heap.peak_bytes, f.st.heap.live_bytes);
    stage_advance(&f.st, 10 * FIXTURE_SECOND_US);
    for (uint32_t i = 0; i < FLOOD_THAT_WAITS; i++)
        stage_expect_unlinked(c, 1001 + 2 * i, USB_STATUS_OK);
    stage_check_alive(c);
    fixture_close(&f);
}

// B's own numbers decide how soon: a seqnum that B may still be about to send takes a second.
FIXTURE_TEST(conformance_088_unlink_of_another_session)
{
    struct stage_client *a = fixture_attach(f), *b = f->neighbour;
    in(a, 100);
    stage_unlink(b, 50, 100); // in B's future
    stage_expect_unlinked(b, 50, USB_STATUS_OK);
    stage_unlink(b, 101, 100); // might have overtaken B's SUBMIT 100
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_unlinked(b, 101, USB_STATUS_OK);
    stage_check_alive(b); // seqnums of B are above 100 now
    stage_unlink(b, 200, 100);
    stage_expect_unlinked(b, 200, USB_STATUS_OK);
    stage_expect_silence(a);
    give_text(f, "for A");
    expect_text(a, 100, "for A");
    stage_expect_silence(b);
    stage_check_alive(a);
}
