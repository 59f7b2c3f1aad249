// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.5, items 97-99: isochronous URBs that cannot be, or that say nonsense.
#include "tests/conformance/iso.h"

enum {
    DIRECTION_AT = 12, // in CMD_SUBMIT
    ENDPOINT_AT = 16,
    NUMBER_OF_PACKETS_AT = 32,
};

static struct iso_urb urb; // too large for a stack
static struct iso_reply reply;

static void submit_and_wait(struct stage_client *c)
{
    iso_submit(c, &urb);
    stage_advance(c->stage, FIXTURE_SECOND_US);
}

// --- numbers of packets --------------------------------------------------------------------------

enum { LENGTH = 192, LIMIT = 1024, SENT_MAX = 262144 }; // of SUB-ISO-NP1025, and of a client

static void send_count(struct stage_client *c, uint32_t count, bool in)
{
    uint8_t bytes[GOLDEN_MAX];
    golden(bytes, "SUB-ISO-NP1025");
    base_put_be32(bytes + NUMBER_OF_PACKETS_AT, count);
    base_put_be32(bytes + DIRECTION_AT, in ? WIRE_DIR_IN : WIRE_DIR_OUT);
    base_put_be32(bytes + ENDPOINT_AT, in ? ISO_IN : ISO_OUT);
    stage_send(c, bytes, WIRE_URB_HEADER_SIZE);
    if (!in)
        stage_send(c, iso_data(), LENGTH);
}

// Nothing is allocated for what the field promises.
static void check_count(struct stage_client *c, uint32_t count, uint32_t follow, int32_t status)
{
    const uint64_t *calls = &c->stage->heap.calls;
    for (unsigned in = 0; in < 2; in++) {
        uint64_t allocs = *calls;
        send_count(c, count, in);
        for (uint32_t left = follow; left > 0; left -= LIMIT < left ? LIMIT : left)
            stage_send(c, iso_data(), (size_t)(LIMIT < left ? LIMIT : left) * WIRE_ISO_PACKET_SIZE);
        if (status == USB_STATUS_INVALID)
            CHECK_EQ(*calls, allocs);
        struct wire_urb_header h = stage_take_header(c);
        CHECK_EQ(h.command, WIRE_RET_SUBMIT);
        CHECK_EQ(h.u.ret_submit.status, status);
        CHECK_EQ(h.u.ret_submit.actual_length, 0);
        CHECK_EQ(h.u.ret_submit.number_of_packets, 0);
        CHECK_EQ(h.u.ret_submit.error_count, 0);
        stage_check_alive(c);
    }
}

FIXTURE_TEST(conformance_097_too_many_packets)
{
    struct stage_client *c = iso_attach(f);
    check_count(c, LIMIT + 1, LIMIT + 1, USB_STATUS_INVALID);
}

static void most_packets(struct fixture *f)
{
    struct stage_client *c = iso_attach(f);
    check_count(c, SENT_MAX, SENT_MAX, USB_STATUS_INVALID);
}

TEST(conformance_097_as_many_packets_as_can_be_sent) // not byte by byte: they are 8 MiB
{
    fixture_run(most_packets, 0);
}

// No descriptors can be meant, as with -1.
FIXTURE_TEST(conformance_097_negative_number_of_packets)
{
    struct stage_client *c = iso_attach(f);
    check_count(c, (uint32_t)-2, 0, USB_STATUS_STALL);
    check_count(c, 0x80000000, 0, USB_STATUS_STALL);
}

// No client can send so many: where the next request begins cannot be known.
FIXTURE_TEST(conformance_097_impossible_numbers_of_packets)
{
    static const uint32_t counts[] = {SENT_MAX + 1, 0x7fffffff};
    for (unsigned i = 0; i < 4; i++) {
        struct stage_client *c = iso_attach(f);
        uint64_t allocs = f->st.heap.calls;
        send_count(c, counts[i / 2], i % 2);
        CHECK_EQ(f->st.heap.calls, allocs);
        fixture_check_closed(f, c);
    }
}

// --- refused at the header -----------------------------------------------------------------------

static void fill_odd(uint32_t seqnum, uint32_t ep)
{
    iso_fill(&urb, seqnum, ep, 5, ISO_MPS);
    urb.packets[1].offset = 0xffffff00u; // echoed, whatever it is
    urb.packets[3].length = 7;
}

FIXTURE_TEST(conformance_099_refused_for_its_length)
{
    struct stage_client *c = iso_attach(f);
    int32_t longest = (int32_t)server_config(f->st.server)->session.max_urb_bytes;
    for (uint32_t ep = ISO_IN; ep <= ISO_OUT; ep++) {
        fill_odd(ep, ep);
        urb.length = longest + 1;
        uint64_t allocs = f->st.heap.calls;
        iso_submit(c, &urb);
        CHECK_EQ(f->st.heap.calls, allocs); // the descriptors are answered, whatever is left
        iso_expect_failure(c, &urb, USB_STATUS_NO_MEMORY);
        stage_check_alive(c);
    }
    stage_check_alive(c);
}

// All slots are taken: each is answered with its own descriptors, one after the other.
FIXTURE_TEST(conformance_099_refused_for_want_of_a_slot)
{
    enum { FIRST = 10000, URBS = 3 };
    struct stage_client *c = iso_attach(f);
    uint32_t slots = server_config(f->st.server)->session.max_urbs;
    for (uint32_t i = 0; i < slots; i++)
        stage_in(c, 1 + i, 3, 8);
    for (uint32_t seqnum = FIRST; seqnum < FIRST + URBS; seqnum++) {
        fill_odd(seqnum, seqnum % 2 ? ISO_OUT : ISO_IN);
        iso_queue(c, &urb);
    }
    stage_settle(&f->st);
    stage_advance(&f->st, 2 * FIXTURE_SECOND_US);
    for (uint32_t seqnum = FIRST; seqnum < FIRST + URBS; seqnum++) {
        fill_odd(seqnum, seqnum % 2 ? ISO_OUT : ISO_IN);
        iso_expect_failure(c, &urb, USB_STATUS_NO_MEMORY);
    }
    stage_check_alive(c);
}

// --- no packets ----------------------------------------------------------------------------------

FIXTURE_TEST(conformance_098_no_packets)
{
    struct stage_client *c = iso_attach(f);
    fixture_send(c, "SUB-ISO-NP0");
    iso_fill(&urb, 0x20, ISO_IN, 0, 0);
    iso_expect_success(c, &urb, &reply, 0);
    stage_check_alive(c);
    iso_fill(&urb, 0x21, ISO_OUT, 0, 0);
    urb.length = 300; // comes all the same
    submit_and_wait(c);
    iso_expect_success(c, &urb, &reply, 0);
    CHECK_EQ(sim_faulty_received(f->d1, ISO_OUT).packets, 0);
    stage_check_alive(c);
}

// --- packets outside the buffer ------------------------------------------------------------------

FIXTURE_TEST(conformance_099_packets_outside_the_buffer)
{
    struct stage_client *c = iso_attach(f);
    iso_fill(&urb, 0x21, ISO_IN, 1, ISO_MPS);
    urb.packets[0].offset = 0xffffff00;
    fixture_send(c, "SUB-ISO-OFFOVER");
    iso_expect_failure(c, &urb, USB_STATUS_INVALID);
    stage_check_alive(c);
    iso_fill(&urb, 0x22, ISO_IN, 1, ISO_MPS);
    urb.packets[0].length = 0xffffffff;
    fixture_send(c, "SUB-ISO-LENOVER");
    iso_expect_failure(c, &urb, USB_STATUS_INVALID);
    stage_check_alive(c);
    CHECK_EQ(sim_faulty_left(f->d1, 0x80 | ISO_IN), 0);
}

// The second of three lies one byte too far, or so far that a sum of 32 bits is small again: the
// device gets none of them.
FIXTURE_TEST(conformance_099_out_outside_the_buffer)
{
    static const uint32_t offsets[] = {201, 0xffffffff, 0xffffff9c};
    struct stage_client *c = iso_attach(f);
    for (uint32_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        iso_fill(&urb, 1 + i, ISO_OUT, 3, 100);
        urb.packets[1].offset = offsets[i];
        submit_and_wait(c);
        iso_expect_failure(c, &urb, USB_STATUS_INVALID);
        stage_check_alive(c);
    }
    CHECK_EQ(sim_faulty_received(f->d1, ISO_OUT).packets, 0);
}

// Packets that lie on each other would make a reply longer than the buffer that was asked for.
FIXTURE_TEST(conformance_099_packets_on_each_other)
{
    struct stage_client *c = iso_attach(f);
    for (uint32_t ep = ISO_IN; ep <= ISO_OUT; ep++) {
        iso_fill(&urb, 10 + ep, ep, 16, ISO_MPS);
        for (unsigned i = 0; i < 16; i++)
            urb.packets[i].offset = 0;
        urb.length = ISO_MPS;
        submit_and_wait(c);
        iso_expect_failure(c, &urb, USB_STATUS_INVALID);
        stage_check_alive(c);
    }
    CHECK_EQ(sim_faulty_received(f->d1, ISO_OUT).packets, 0);
}
