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

// The frame's length cannot be known; nothing is allocated for what the field promises.
static void check_count_closes(struct fixture *f, const char *vector, uint32_t count, bool in)
{
    uint8_t bytes[GOLDEN_MAX];
    struct stage_client *c = iso_attach(f);
    golden(bytes, vector);
    base_put_be32(bytes + NUMBER_OF_PACKETS_AT, count);
    base_put_be32(bytes + DIRECTION_AT, in ? WIRE_DIR_IN : WIRE_DIR_OUT);
    base_put_be32(bytes + ENDPOINT_AT, in ? ISO_IN : ISO_OUT);
    uint64_t allocs = f->st.heap.calls;
    stage_send(c, bytes, WIRE_URB_HEADER_SIZE);
    CHECK_EQ(f->st.heap.calls, allocs);
    fixture_check_closed(f, c);
}

FIXTURE_TEST(conformance_097_impossible_numbers_of_packets)
{
    check_count_closes(f, "SUB-ISO-NP1025", 1025, true);
    check_count_closes(f, "SUB-ISO-NPNEG2", 0xfffffffe, true);
    check_count_closes(f, "SUB-ISO-NP1025", 0x7fffffff, true);
    check_count_closes(f, "SUB-ISO-NP1025", 0x80000000, false);
    check_count_closes(f, "SUB-ISO-NP1025", 1025, false);
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
        iso_submit(c, &urb);
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
