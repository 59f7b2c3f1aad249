// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.5, items 89-96: isochronous URBs one by one.
#include "tests/conformance/iso.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

enum {
    START_FRAME_AT = 28,             // in both headers
    LONG_US = 2 * FIXTURE_SECOND_US, // more than 1024 packets take
};

static struct iso_urb urb; // too large for a stack
static struct iso_reply reply;

// The frame number is the server's own; all else must be as in the vector.
static void expect_vector(struct stage_client *c, const char *vector)
{
    uint8_t want[GOLDEN_MAX];
    size_t size = golden(want, vector);
    CHECK(c->in_size >= WIRE_URB_HEADER_SIZE);
    memcpy(want + START_FRAME_AT, c->in + START_FRAME_AT, 4);
    stage_expect_bytes(c, want, size);
    stage_expect_silence(c);
}

static void submit_and_wait(struct stage_client *c)
{
    iso_submit(c, &urb);
    stage_advance(c->stage, LONG_US);
}

// --- IN ------------------------------------------------------------------------------------------

FIXTURE_TEST(conformance_089_packets_that_differ)
{
    static const int16_t script[] = {192, 100, -1, 10};
    struct stage_client *c = iso_attach(f);
    sim_faulty_iso(f->d1, 0x80 | ISO_IN, script, 4);
    fixture_send(c, "SUB-ISOIN4");
    stage_expect_silence(c); // not before its frames are over
    stage_advance(&f->st, LONG_US);
    expect_vector(c, "RET-ISOIN4-302");
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_090_all_packets_fail)
{
    static const int16_t script[] = {-1, -1, -1, -1};
    struct stage_client *c = iso_attach(f);
    sim_faulty_iso(f->d1, 0x80 | ISO_IN, script, 4);
    iso_fill(&urb, 20, ISO_IN, 4, ISO_MPS);
    fixture_send(c, "SUB-ISOIN4");
    stage_advance(&f->st, LONG_US);
    iso_expect(c, &urb, &reply);
    CHECK_EQ(reply.status, USB_STATUS_OK); // the packets failed, not the URB
    CHECK_EQ(reply.actual_length, 0);
    CHECK_EQ(reply.error_count, 4);
    for (unsigned i = 0; i < 4; i++)
        CHECK(reply.packets[i].status < 0);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_091_all_packets_full)
{
    struct stage_client *c = iso_attach(f);
    sim_faulty_iso(f->d1, 0x80 | ISO_IN, NULL, 0);
    iso_fill(&urb, 20, ISO_IN, 4, ISO_MPS);
    fixture_send(c, "SUB-ISOIN4");
    stage_advance(&f->st, LONG_US);
    iso_expect_success(c, &urb, &reply, 0xa0);
    CHECK_EQ(reply.actual_length, 768);
    stage_expect_silence(c);
}

// --- OUT -----------------------------------------------------------------------------------------

static void check_sizes(struct fixture *f, const uint16_t *sizes, unsigned count)
{
    struct sim_faulty_received r = sim_faulty_received(f->d1, ISO_OUT);
    CHECK_EQ(r.packets, count);
    CHECK_EQ(r.size_count, count);
    for (unsigned i = 0; i < count; i++)
        CHECK_EQ(r.sizes[i], sizes[i]);
}

FIXTURE_TEST(conformance_092_out)
{
    static const uint16_t sizes[] = {96, 100};
    uint8_t sent[GOLDEN_MAX];
    struct stage_client *c = iso_attach(f);
    golden(sent, "SUB-ISOOUT2");
    fixture_send(c, "SUB-ISOOUT2");
    stage_advance(&f->st, LONG_US);
    expect_vector(c, "RET-ISOOUT2");
    check_sizes(f, sizes, 2);
    CHECK_BYTES(sim_faulty_received(f->d1, ISO_OUT).data.data, sent + WIRE_URB_HEADER_SIZE, 196);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_092_out_packets_that_fail)
{
    static const int16_t script[] = {0, -1, 0};
    struct stage_client *c = iso_attach(f);
    sim_faulty_iso(f->d1, ISO_OUT, script, 3);
    iso_fill(&urb, 1, ISO_OUT, 3, 50);
    submit_and_wait(c);
    iso_expect(c, &urb, &reply);
    CHECK_EQ(reply.status, USB_STATUS_OK);
    CHECK_EQ(reply.actual_length, 100);
    CHECK_EQ(reply.error_count, 1);
    CHECK(reply.packets[1].status < 0);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_093_out_with_gaps)
{
    static const uint16_t sizes[] = {96, 96};
    struct stage_client *c = iso_attach(f);
    iso_fill(&urb, 1, ISO_OUT, 2, ISO_MPS);
    urb.packets[0].length = urb.packets[1].length = 96;
    urb.length = 288;
    submit_and_wait(c);
    iso_expect_success(c, &urb, &reply, 0);
    check_sizes(f, sizes, 2);
    struct sim_faulty_received r = sim_faulty_received(f->d1, ISO_OUT);
    CHECK_BYTES(r.data.data, iso_data(), 96);
    CHECK_BYTES(r.data.data + 96, iso_data() + ISO_MPS, 96);
    stage_check_alive(c);
}

// Packets need not lie in the buffer in their order either.
FIXTURE_TEST(conformance_093_out_backwards)
{
    struct stage_client *c = iso_attach(f);
    iso_fill(&urb, 1, ISO_OUT, 2, 64);
    urb.packets[0].offset = 64;
    urb.packets[1].offset = 0;
    submit_and_wait(c);
    iso_expect_success(c, &urb, &reply, 0);
    struct sim_faulty_received r = sim_faulty_received(f->d1, ISO_OUT);
    CHECK_BYTES(r.data.data, iso_data() + 64, 64);
    CHECK_BYTES(r.data.data + 64, iso_data(), 64);
}

FIXTURE_TEST(conformance_094_buffer_larger_than_the_packets)
{
    static const uint16_t sizes[] = {10, 0, 20};
    struct stage_client *c = iso_attach(f);
    iso_fill(&urb, 1, ISO_OUT, 3, 10);
    urb.length = 1000;
    urb.packets[1].length = 0; // a packet of no bytes is a packet
    urb.packets[2].length = 20;
    submit_and_wait(c);
    iso_expect_success(c, &urb, &reply, 0);
    CHECK_EQ(reply.actual_length, 30);
    check_sizes(f, sizes, 3);
    iso_fill(&urb, 2, ISO_IN, 2, ISO_MPS);
    urb.length = 1000;
    submit_and_wait(c);
    iso_expect_success(c, &urb, &reply, 0xa0);
    CHECK_EQ(reply.actual_length, 384);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_094_no_buffer_at_all)
{
    static const int16_t script[] = {0, 0, 7};
    struct stage_client *c = iso_attach(f);
    sim_faulty_iso(f->d1, 0x80 | ISO_IN, script, 3);
    iso_fill(&urb, 1, ISO_IN, 3, 0);
    submit_and_wait(c);
    iso_expect(c, &urb, &reply);
    CHECK_EQ(reply.actual_length, 0);
    CHECK_EQ(reply.error_count, 1); // the third had bytes that found no room
    iso_fill(&urb, 2, ISO_OUT, 3, 0);
    submit_and_wait(c);
    iso_expect_success(c, &urb, &reply, 0);
    CHECK_EQ(sim_faulty_received(f->d1, ISO_OUT).packets, 3);
    stage_check_alive(c);
}

// --- URBs that fail as a whole -------------------------------------------------------------------

FIXTURE_TEST(conformance_095_endpoint_of_another_setting)
{
    struct stage_client *c = fixture_attach(f); // interface 1 has alternate setting 0
    for (uint32_t ep = ISO_IN; ep <= ISO_OUT; ep++) {
        iso_fill(&urb, 10 + ep, ep, 32, ISO_MPS);
        iso_submit(c, &urb);
        iso_expect_failure(c, &urb, USB_STATUS_STALL);
        stage_check_alive(c);
    }
    CHECK_EQ(sim_faulty_received(f->d1, ISO_OUT).packets, 0);
}

// The frame is known before the change that makes the endpoint usable has been executed.
FIXTURE_TEST(conformance_095_right_behind_the_change)
{
    struct stage_client *c = fixture_attach(f);
    stage_queue_submit(
        c, &(struct stage_submit){.seqnum = 1, .setup = "\x01\x0b\x01\x00\x01\x00\x00\x00"});
    iso_fill(&urb, 2, ISO_OUT, 2, ISO_MPS);
    submit_and_wait(c);
    stage_expect_ret(c, 1, false, USB_STATUS_OK, 0);
    iso_expect_success(c, &urb, &reply, 0);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_095_endpoint_taken_away)
{
    struct stage_client *c = iso_attach(f);
    for (uint32_t seqnum = 1; seqnum <= 3; seqnum++) {
        iso_fill(&urb, seqnum, ISO_IN, 8, ISO_MPS);
        iso_submit(c, &urb);
    }
    stage_advance(&f->st, 2 * ISO_FRAME_US + ISO_FRAME_US / 2);
    stage_control(c, 4, "\x01\x0b\x00\x00\x01\x00\x00\x00");
    urb.seqnum = 1;
    iso_expect(c, &urb, &reply); // some of its packets were over
    CHECK_EQ(reply.status, USB_STATUS_SHUTDOWN);
    CHECK((reply.actual_length > 0 && reply.error_count < 8) || !stage_abilities.tells_partial);
    for (urb.seqnum = 2; urb.seqnum <= 3; urb.seqnum++)
        iso_expect_failure(c, &urb, USB_STATUS_SHUTDOWN);
    stage_expect_ret(c, 4, false, USB_STATUS_OK, 0);
    stage_check_alive(c);
}

// A device whose endpoint is bulk in one setting of its interface and isochronous in the other.
static struct stage_client *attach_two_faced(struct fixture *f)
{
    static const uint8_t device[] = {0x12, 0x01, 0x00, 0x02, 0x00, 0x00, 0x00, 0x40, 0x09,
                                     0x12, 0x02, 0x00, 0x00, 0x01, 0x01, 0x02, 0x03, 0x01};
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(41, 1, 1, 0, 0x80, 50),
        USB_INTERFACE_BYTES(0, 0, 1, 255, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x80 | ISO_IN, USB_BULK, 512, 0),
        USB_INTERFACE_BYTES(0, 1, 1, 255, 0, 0, 0),
        USB_ENDPOINT_BYTES(0x80 | ISO_IN, USB_ISOCHRONOUS, ISO_MPS, 4),
    };
    const struct sim_faulty_options options = {
        .speed = USB_SPEED_HIGH,
        .device = device,
        .configs = {config},
        .config_sizes = {sizeof config},
    };
    stage_plug(&f->st, "1-3", sim_faulty_create(f->st.bus, &options));
    return stage_attach(&f->st, "1-3");
}

// How a URB is framed is decided when it comes; whether it can be executed, when it is its turn.
FIXTURE_TEST(conformance_095_endpoint_changes_its_type)
{
    struct stage_client *c = attach_two_faced(f);
    fixture_control(c, "\x01\x0b\x01\x00\x00\x00\x00\x00", NULL, USB_STATUS_OK, 0);
    stage_queue_submit(
        c, &(struct stage_submit){.seqnum = 1, .setup = "\x01\x0b\x00\x00\x00\x00\x00\x00"});
    iso_fill(&urb, 2, ISO_IN, 2, ISO_MPS);
    iso_queue(c, &urb);
    stage_receive(c); // both, before the change is executed
    stage_settle(&f->st);
    stage_expect_ret(c, 1, false, USB_STATUS_OK, 0);
    iso_expect_failure(c, &urb, USB_STATUS_STALL);
    stage_check_alive(c);
}

// --- numbers of packets --------------------------------------------------------------------------

static const unsigned counts[] = {1, 32, 48, ISO_PACKETS_MAX};

// Short packets: the data is packed without the gaps between them.
FIXTURE_TEST(conformance_096_numbers_of_packets_in)
{
    enum { SHORT = 3 };
    static int16_t script[ISO_PACKETS_MAX];
    struct stage_client *c = iso_attach(f);
    for (unsigned i = 0; i < ISO_PACKETS_MAX; i++)
        script[i] = SHORT;
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
        sim_faulty_iso(f->d1, 0x80 | ISO_IN, script, counts[i]);
        iso_fill(&urb, i + 1, ISO_IN, counts[i], ISO_MPS);
        submit_and_wait(c);
        iso_expect(c, &urb, &reply);
        CHECK_EQ(reply.error_count, 0);
        CHECK_EQ(reply.actual_length, counts[i] * SHORT);
        for (unsigned k = 0; k < counts[i] * SHORT; k++)
            CHECK_EQ(reply.data[k], (uint8_t)(0xa0 + k / SHORT));
    }
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_096_numbers_of_packets_out)
{
    struct stage_client *c = iso_attach(f);
    for (unsigned i = 0; i < sizeof counts / sizeof *counts; i++) {
        sim_faulty_forget(f->d1, ISO_OUT);
        iso_fill(&urb, i + 1, ISO_OUT, counts[i], 100);
        submit_and_wait(c);
        iso_expect_success(c, &urb, &reply, 0);
        struct sim_faulty_received r = sim_faulty_received(f->d1, ISO_OUT);
        CHECK_EQ(r.packets, counts[i]);
        CHECK_BYTES(r.data.data, iso_data(), counts[i] * 100);
    }
    stage_check_alive(c);
}
