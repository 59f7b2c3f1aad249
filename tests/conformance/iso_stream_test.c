// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.5, items 100 and 101: isochronous URBs in a row. And what belongs to a stream:
// URBs that come too late, high-bandwidth endpoints, memory.
#include "tests/conformance/iso.h"
#include "usb/usb_descriptor_bytes.h"

enum {
    PACKETS = 32,
    DEPTH = 5, // URBs queued
    ROUNDS = 4,
    URB_US = PACKETS * ISO_FRAME_US,
};

static struct iso_urb urb; // too large for a stack
static struct iso_reply reply;

static void submit(struct stage_client *c, uint32_t seqnum, uint32_t ep)
{
    iso_fill(&urb, seqnum, ep, PACKETS, ISO_MPS);
    iso_submit(c, &urb);
}

// The reply to `seqnum`, with the packets that follow `seqnum - 1` URBs of the device's stream;
// returns its first frame.
static uint32_t expect_nth(struct stage_client *c, uint32_t seqnum, uint32_t ep)
{
    iso_fill(&urb, seqnum, ep, PACKETS, ISO_MPS);
    iso_expect_success(c, &urb, &reply, (uint8_t)(0xa0 + PACKETS * (seqnum - 1)));
    return reply.start_frame;
}

// --- 100: no gap ---------------------------------------------------------------------------------

// The client keeps five URBs queued and submits again when one returns, as drivers do.
static void run_stream(struct fixture *f, uint32_t ep)
{
    struct stage_client *c = iso_attach(f);
    uint32_t sent = 0, got = 0, first = 0;
    while (sent < DEPTH)
        submit(c, ++sent, ep);
    stage_advance(&f->st, ISO_FRAME_US); // the first packet's frame may be the next one
    while (got < ROUNDS * DEPTH) {
        stage_expect_silence(c);
        stage_advance(&f->st, URB_US);
        uint32_t frame = expect_nth(c, ++got, ep);
        first = got == 1 ? frame : first;
        iso_check_frame(frame, first + PACKETS * (got - 1));
        if (sent < ROUNDS * DEPTH)
            submit(c, ++sent, ep);
    }
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_100_stream_in)
{
    run_stream(f, ISO_IN);
}

FIXTURE_TEST(conformance_100_stream_out)
{
    run_stream(f, ISO_OUT);
    struct sim_faulty_received r = sim_faulty_received(f->d1, ISO_OUT);
    CHECK_EQ(r.packets, PACKETS * DEPTH * ROUNDS);
    CHECK_EQ(r.bytes, (uint64_t)ISO_MPS * PACKETS * DEPTH * ROUNDS);
}

// The server was busy elsewhere for all that time: the bus went on without it.
FIXTURE_TEST(conformance_100_server_late)
{
    struct stage_client *c = iso_attach(f);
    for (uint32_t i = 1; i <= DEPTH; i++)
        submit(c, i, ISO_IN);
    f->st.now_us += DEPTH * URB_US + ISO_FRAME_US;
    stage_settle(&f->st);
    uint32_t first = expect_nth(c, 1, ISO_IN);
    for (uint32_t i = 2; i <= DEPTH; i++)
        iso_check_frame(expect_nth(c, i, ISO_IN), first + PACKETS * (i - 1));
}

// Both directions at once, and bulk beside them.
FIXTURE_TEST(conformance_100_duplex)
{
    struct stage_client *c = iso_attach(f);
    submit(c, 1, ISO_IN);
    submit(c, 1 + PACKETS, ISO_OUT);
    fixture_check_bulk_in(f->d1, c);
    stage_advance(&f->st, URB_US + ISO_FRAME_US);
    uint32_t frame = expect_nth(c, 1, ISO_IN);
    iso_check_frame(expect_nth(c, 1 + PACKETS, ISO_OUT), frame);
}

// --- a queue that ran empty ----------------------------------------------------------------------

// Every URB is taken as if it had URB_ISO_ASAP (docs/wire.md 2.7): one that comes too late has
// no packets in the past, it begins with the next frame. Its start_frame shows the gap.
static void check_late(struct fixture *f, uint32_t ep)
{
    struct stage_client *c = iso_attach(f);
    submit(c, 1, ep);
    stage_advance(&f->st, URB_US + ISO_FRAME_US);
    uint32_t end = expect_nth(c, 1, ep) + PACKETS;
    stage_advance(&f->st, 10 * ISO_FRAME_US);
    uint32_t next = (uint32_t)(f->st.now_us / ISO_FRAME_US) + 1;
    CHECK(next > end);
    submit(c, 2, ep);
    submit(c, 3, ep);
    stage_advance(&f->st, 2 * URB_US + ISO_FRAME_US);
    iso_check_frame(expect_nth(c, 2, ep), next);
    iso_check_frame(expect_nth(c, 3, ep), next + PACKETS); // in time again
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_100_late_in)
{
    check_late(f, ISO_IN);
}

FIXTURE_TEST(conformance_100_late_out)
{
    check_late(f, ISO_OUT);
}

// --- 101: UNLINK ---------------------------------------------------------------------------------

FIXTURE_TEST(conformance_101_unlink_of_a_queued_one)
{
    struct stage_client *c = iso_attach(f);
    for (uint32_t i = 1; i <= 3; i++)
        submit(c, i, ISO_IN);
    stage_unlink(c, 10, 2);
    stage_expect_unlinked(c, 10, USB_STATUS_CANCELLED);
    stage_expect_silence(c);
    stage_advance(&f->st, 3 * URB_US + ISO_FRAME_US);
    uint32_t frame = expect_nth(c, 1, ISO_IN);
    iso_fill(&urb, 3, ISO_IN, PACKETS, ISO_MPS);
    iso_expect_success(c, &urb, &reply, 0xa0 + PACKETS); // takes the place of number 2
    iso_check_frame(reply.start_frame, frame + PACKETS);
    stage_expect_silence(c);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_101_unlink_in_the_middle)
{
    struct stage_client *c = iso_attach(f);
    submit(c, 1, ISO_IN);
    submit(c, 2, ISO_IN);
    stage_advance(&f->st, 10 * ISO_FRAME_US + ISO_FRAME_US / 2);
    stage_unlink(c, 10, 1);
    stage_expect_unlinked(c, 10, USB_STATUS_CANCELLED);
    stage_expect_silence(c);
    stage_advance(&f->st, URB_US + ISO_FRAME_US);
    iso_fill(&urb, 2, ISO_IN, PACKETS, ISO_MPS);
    iso_expect(c, &urb, &reply);
    CHECK_EQ(reply.error_count, 0);
    CHECK(reply.data[0] >= 0xa0 + 10 && reply.data[0] <= 0xa0 + 11); // the stream went on
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_101_unlink_all)
{
    struct stage_client *c = iso_attach(f);
    for (uint32_t i = 1; i <= DEPTH; i++)
        submit(c, i, ISO_OUT);
    for (uint32_t i = DEPTH; i >= 1; i--)
        stage_queue_unlink(c, 10 + i, i);
    stage_settle(&f->st);
    for (uint32_t i = 1; i <= DEPTH; i++) { // in any order
        struct wire_urb_header h = stage_take_header(c);
        CHECK_EQ(h.command, WIRE_RET_UNLINK);
        CHECK_EQ(h.u.ret_unlink.status, USB_STATUS_CANCELLED);
    }
    stage_advance(&f->st, URB_US);
    stage_expect_silence(c);
    CHECK_EQ(sim_faulty_received(f->d1, ISO_OUT).packets, 0);
    submit(c, 20, ISO_OUT);
    stage_advance(&f->st, URB_US + ISO_FRAME_US);
    iso_fill(&urb, 20, ISO_OUT, PACKETS, ISO_MPS);
    iso_expect_success(c, &urb, &reply, 0);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_101_unlink_after_the_reply)
{
    struct stage_client *c = iso_attach(f);
    submit(c, 1, ISO_IN);
    stage_advance(&f->st, URB_US + ISO_FRAME_US);
    stage_unlink(c, 10, 1);
    expect_nth(c, 1, ISO_IN);
    stage_expect_unlinked(c, 10, USB_STATUS_OK);
    stage_check_alive(c);
}

// --- high-bandwidth endpoints --------------------------------------------------------------------

enum { BROAD = 3 * 1024, MICROFRAMES = 16 };

// A device with three packets of 1024 in every microframe, both ways; and a client that has it.
static struct stage_client *attach_broad(struct fixture *f, struct sim_device **d)
{
    static const uint8_t device[] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0x09,
                                     0x12, 0x02, 0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x01};
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(32, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 2, 14, 2, 0, 0),
        USB_ENDPOINT_BYTES(0x80 | ISO_IN, USB_ISOCHRONOUS, 2 << 11 | 1024, 1),
        USB_ENDPOINT_BYTES(ISO_OUT, USB_ISOCHRONOUS, 2 << 11 | 1024, 1),
    };
    const struct sim_faulty_options options = {
        .speed = USB_SPEED_HIGH,
        .device = device,
        .configs = {config},
        .config_sizes = {sizeof config},
    };
    *d = sim_faulty_create(f->st.bus, &options);
    stage_plug(&f->st, "1-3", *d);
    return stage_attach(&f->st, "1-3");
}

FIXTURE_TEST(conformance_100_high_bandwidth_in)
{
    struct sim_device *d;
    struct stage_client *c = attach_broad(f, &d);
    for (uint32_t i = 1; i <= 3; i++) {
        iso_fill(&urb, i, ISO_IN, MICROFRAMES, BROAD);
        iso_submit(c, &urb);
    }
    stage_advance(&f->st, 7 * ISO_FRAME_US); // 48 microframes
    uint32_t first = 0;
    for (uint32_t i = 1; i <= 3; i++) {
        iso_fill(&urb, i, ISO_IN, MICROFRAMES, BROAD);
        iso_expect_success(c, &urb, &reply, (uint8_t)(0xa0 + MICROFRAMES * (i - 1)));
        CHECK_EQ(reply.actual_length, MICROFRAMES * BROAD);
        first = i == 1 ? reply.start_frame : first;
        iso_check_frame(reply.start_frame, first + 2 * (i - 1));
    }
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_100_high_bandwidth_packets_that_differ)
{
    static const int16_t script[] = {3072, 1025, -1, 0, 3071, 1};
    struct sim_device *d;
    struct stage_client *c = attach_broad(f, &d);
    sim_faulty_iso(d, 0x80 | ISO_IN, script, 6);
    iso_fill(&urb, 1, ISO_IN, 6, BROAD);
    iso_submit(c, &urb);
    stage_advance(&f->st, 3 * ISO_FRAME_US);
    iso_expect(c, &urb, &reply);
    CHECK_EQ(reply.error_count, 1);
    CHECK_EQ(reply.actual_length, 3072 + 1025 + 3071 + 1);
    CHECK_EQ(reply.data[3071], 0xa0);
    CHECK_EQ(reply.data[3072], 0xa1);
    CHECK_EQ(reply.data[3072 + 1024], 0xa1);
    CHECK_EQ(reply.data[3072 + 1025], 0xa4);
    CHECK_EQ(reply.data[3072 + 1025 + 3071], 0xa5);
}

FIXTURE_TEST(conformance_100_high_bandwidth_out)
{
    struct sim_device *d;
    struct stage_client *c = attach_broad(f, &d);
    iso_fill(&urb, 1, ISO_OUT, MICROFRAMES, BROAD);
    urb.packets[1].length = BROAD - 1;
    iso_submit(c, &urb);
    stage_advance(&f->st, 5 * ISO_FRAME_US);
    iso_expect_success(c, &urb, &reply, 0);
    struct sim_faulty_received r = sim_faulty_received(d, ISO_OUT);
    CHECK_EQ(r.packets, MICROFRAMES);
    CHECK_EQ(r.sizes[1], BROAD - 1);
    CHECK_BYTES(r.data.data, iso_data(), 2 * BROAD - 1);
    CHECK_BYTES(r.data.data + 2 * BROAD - 1, iso_data() + 2 * BROAD, (MICROFRAMES - 2) * BROAD);
}

// --- memory --------------------------------------------------------------------------------------

// There is memory for the descriptors, none for the data, and nothing that could come free: an
// answer instead of silence.
FIXTURE_TEST(conformance_100_no_memory_for_the_data)
{
    struct stage_client *c = iso_attach(f);
    for (uint32_t i = 1; i <= 2; i++) {
        iso_fill(&urb, i, ISO_IN, PACKETS, ISO_MPS);
        iso_queue(c, &urb);
    }
    stage_receive(c); // the descriptors have their memory now
    f->st.heap.fail_at = f->st.heap.calls + 1;
    stage_settle(&f->st);
    f->st.heap.fail_at = 0;
    for (urb.seqnum = 1; urb.seqnum <= 2; urb.seqnum++)
        iso_expect_failure(c, &urb, USB_STATUS_NO_MEMORY);
    stage_check_alive(c);
    submit(c, 1, ISO_IN);
    stage_advance(&f->st, URB_US + ISO_FRAME_US);
    expect_nth(c, 1, ISO_IN);
}
