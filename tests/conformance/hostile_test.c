// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.6, items 102-111: headers that are wrong, and streams that end too early.
#include "tests/conformance/fixture.h"

enum {
    BULK_OUT = 2,
    BULK_IN = 1,
    ISO_OUT = 5,
    PACKET = 512,
    COMMAND_AT = 0, // offsets in a header
    DIRECTION_AT = 12,
    EP_AT = 16,
    LENGTH_AT = 24,
    SMALL = 4096, // an allocation that is not large
};

static size_t patched(uint8_t out[GOLDEN_MAX], const char *vector, size_t at, uint32_t value)
{
    size_t size = golden(out, vector);
    base_put_be32(out + at, value);
    return size;
}

// One field of a vector replaced.
static void send_patched(struct stage_client *c, const char *vector, size_t at, uint32_t value)
{
    uint8_t bytes[GOLDEN_MAX];
    stage_send(c, bytes, patched(bytes, vector, at, value));
}

// The field makes the server end the session without a reply.
static void check_closes(struct fixture *f, const char *vector, size_t at, uint32_t value)
{
    struct stage_client *c = fixture_attach(f);
    send_patched(c, vector, at, value);
    fixture_check_closed(f, c);
}

static void check_refused(struct stage_client *c, uint32_t seqnum, int32_t status)
{
    stage_expect_ret(c, seqnum, true, status, 0);
    stage_expect_silence(c);
    stage_check_alive(c);
}

// --- lengths -------------------------------------------------------------------------------------

FIXTURE_TEST(conformance_102_negative_length_in)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-NEGLEN");
    check_refused(c, 0x16, USB_STATUS_INVALID);
    send_patched(c, "SUB-NEGLEN", LENGTH_AT, 0x80000000u);
    check_refused(c, 0x16, USB_STATUS_INVALID);
}

FIXTURE_TEST(conformance_103_negative_length_out)
{
    check_closes(f, "SUB-NEGLEN", DIRECTION_AT, WIRE_DIR_OUT);
    check_closes(f, "SUB-BULKOUT31", LENGTH_AT, 0x80000000u);
    check_closes(f, "SUB-CTRL-OUT7", LENGTH_AT, 0xffffffffu);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).packets, 0);
}

FIXTURE_TEST(conformance_104_huge_length_in)
{
    struct stage_client *c = fixture_attach(f);
    stage_check_alive(c);
    f->st.heap.peak_bytes = f->st.heap.live_bytes;
    fixture_send(c, "SUB-HUGELEN-IN");
    check_refused(c, 0x17, USB_STATUS_NO_MEMORY);
    send_patched(c, "SUB-HUGELEN-IN", EP_AT, 0); // control
    check_refused(c, 0x17, USB_STATUS_NO_MEMORY);
    CHECK(f->st.heap.peak_bytes < f->st.heap.live_bytes + SMALL);
}

FIXTURE_TEST(conformance_105_huge_length_out)
{
    struct stage_client *c = fixture_attach(f);
    f->st.heap.peak_bytes = f->st.heap.live_bytes;
    static const uint8_t zeros[3 * SMALL];
    uint64_t before = f->st.heap.live_bytes;
    fixture_send(c, "SUB-HUGELEN-OUT");
    stage_send(c, zeros, sizeof zeros); // of 2 GiB
    stage_expect_silence(c);
    CHECK(f->st.heap.peak_bytes < before + SMALL);
    stage_fin(c);
    fixture_check_closed(f, c);
}

// --- endpoint, direction, devid, command ---------------------------------------------------------

FIXTURE_TEST(conformance_106_no_endpoint_number)
{
    static const uint32_t numbers[] = {0x10, 0x1f,  0x20,        0x81,
                                       0x80, 0x101, 0x80000000u, UINT32_MAX};
    struct stage_client *c = fixture_attach(f);
    for (unsigned i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        send_patched(c, "SUB-EP16", EP_AT, numbers[i]);
        check_refused(c, 0x19, USB_STATUS_STALL);
        send_patched(c, "SUB-BULKOUT31", EP_AT, numbers[i]); // its payload is no header
        stage_expect_ret(c, 0x0a, false, USB_STATUS_STALL, 0);
        stage_check_alive(c);
    }
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).packets, 0);
}

FIXTURE_TEST(conformance_107_direction)
{
    check_closes(f, "SUB-DIR2", DIRECTION_AT, 2);
    check_closes(f, "SUB-DIR2", DIRECTION_AT, 0x80);
    check_closes(f, "SUB-DIR2", DIRECTION_AT, UINT32_MAX);
}

FIXTURE_TEST(conformance_108_devid)
{
    check_closes(f, "SUB-BADDEVID", FIXTURE_DEVID_AT, 0x00630063);
    check_closes(f, "SUB-DEVDESC64", FIXTURE_DEVID_AT, 0);
    check_closes(f, "SUB-DEVDESC64", FIXTURE_DEVID_AT, FIXTURE_DEVID + 1); // the neighbour's
    check_closes(f, "UNLINK-NEVER", FIXTURE_DEVID_AT, FIXTURE_DEVID + 1);
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x80, USB_REQ_GET_DESCRIPTOR),
             4); // of those who looked whether the device was free
}

FIXTURE_TEST(conformance_109_command)
{
    static const uint32_t commands[] = {0, 3, 4, 0x99, 0x01000000, 0x80000001u, UINT32_MAX};
    check_closes(f, "PDU-UNKNOWN", COMMAND_AT, 0x99);
    check_closes(f, "PDU-RETASREQ", COMMAND_AT, 3);
    for (unsigned i = 0; i < sizeof commands / sizeof *commands; i++)
        check_closes(f, "SUB-DEVDESC64", COMMAND_AT, commands[i]);
}

// --- seqnums in flight ---------------------------------------------------------------------------

// Neither the first nor the second is answered, whatever the device says.
static void check_duplicate(struct fixture *f, struct stage_client *c)
{
    stage_expect_silence(c);
    CHECK_EQ(sim_faulty_give(f->d1, 0x81, "late", 4), BASE_OK);
    fixture_check_closed(f, c);
    c = fixture_attach(f);
    stage_in(c, 100, BULK_IN, PACKET); // takes what was given
    stage_expect_ret(c, 100, true, USB_STATUS_OK, 4);
    stage_fin(c);
}

FIXTURE_TEST(conformance_110_duplicate_seqnum)
{
    struct stage_client *c = fixture_attach(f);
    stage_in(c, 100, BULK_IN, PACKET);
    stage_in(c, 100, BULK_IN, PACKET);
    check_duplicate(f, c);
    c = fixture_attach(f);
    stage_in(c, 8, BULK_IN, PACKET);
    fixture_send(c, "SUB-BADREQ"); // seqnum 8 on another endpoint
    check_duplicate(f, c);
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0xc0, 0xfe), 0);
}

// Of an OUT the second is told by its header: its payload does not get far.
FIXTURE_TEST(conformance_110_duplicate_seqnum_out)
{
    struct stage_client *c = fixture_attach(f);
    sim_faulty_accept(f->d1, BULK_OUT, 0);
    fixture_send(c, "SUB-BULKOUT31");
    fixture_send(c, "SUB-BULKOUT31");
    check_duplicate(f, c);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).packets, 0);
}

// No longer in flight, though the client has not read its reply yet.
FIXTURE_TEST(conformance_110_seqnum_again_after_its_reply)
{
    struct stage_client *c = fixture_attach(f);
    c->deaf = true;
    CHECK_EQ(sim_faulty_give(f->d1, 0x81, "one", 3), BASE_OK);
    stage_in(c, 100, BULK_IN, PACKET);
    CHECK_EQ(sim_faulty_give(f->d1, 0x81, "two", 3), BASE_OK);
    stage_in(c, 100, BULK_IN, PACKET);
    c->deaf = false;
    stage_settle(&f->st);
    CHECK_BYTES(stage_expect_ret(c, 100, true, USB_STATUS_OK, 3), "one", 3);
    CHECK_BYTES(stage_expect_ret(c, 100, true, USB_STATUS_OK, 3), "two", 3);
    stage_check_alive(c);
}

// --- streams that end too early ------------------------------------------------------------------

static void end_after(struct fixture *f, const uint8_t *bytes, size_t size, bool reset)
{
    struct stage_client *c = fixture_attach(f);
    stage_send(c, bytes, size);
    if (reset)
        stage_reset(c);
    else
        stage_fin(c);
    fixture_check_closed(f, c);
}

static void end_everywhere(struct fixture *f, const uint8_t *bytes, size_t size)
{
    for (size_t cut = 1; cut < size; cut++) {
        end_after(f, bytes, cut, false);
        end_after(f, bytes, cut, true);
    }
}

FIXTURE_TEST(conformance_111_end_in_a_header)
{
    uint8_t bytes[GOLDEN_MAX];
    unsigned requests = sim_faulty_counters(f->d1)->setups;
    size_t size = golden(bytes, "SUB-CTRL-OUT7");
    end_everywhere(f, bytes, size);
    size = golden(bytes, "UNLINK-15");
    end_everywhere(f, bytes, size);
    unsigned checks = 2 * (54 + 47); // each has a request of its own, and there are two sessions
    unsigned of_sessions = 2 * checks * stage_abilities.session_requests;
    CHECK_EQ(sim_faulty_counters(f->d1)->setups, requests + checks + of_sessions);
    CHECK_EQ(sim_faulty_control_data(f->d1).size, 0);
}

FIXTURE_TEST(conformance_111_end_in_a_payload)
{
    uint8_t bytes[GOLDEN_MAX];
    size_t size = golden(bytes, "SUB-BULKOUT31");
    end_everywhere(f, bytes, size);
    size = golden(bytes, "SUB-BULKOUT512-ZLP");
    end_after(f, bytes, WIRE_URB_HEADER_SIZE + PACKET / 2, false);
    end_after(f, bytes, WIRE_URB_HEADER_SIZE + PACKET / 2, true);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).packets, 0);
    size = golden(bytes, "SUB-ISOOUT2");
    end_after(f, bytes, size - WIRE_ISO_PACKET_SIZE, false); // a packet descriptor is missing
    end_after(f, bytes, size - 1, true);
    CHECK_EQ(sim_faulty_received(f->d1, ISO_OUT).packets, 0);
}

// What came whole before the end counts.
FIXTURE_TEST(conformance_111_reset_at_each_boundary)
{
    static const char *const pdus[] = {"SUB-DEVDESC64", "SUB-BULKOUT31", "SUB-INTIN8",
                                       "SUB-BULKIN512", "SUB-CTRL-OUT7", "UNLINK-15",
                                       "SUB-SETCFG1",   "SUB-BULKOUT0",  "UNLINK-NEVER"};
    uint8_t bytes[GOLDEN_MAX];
    for (unsigned count = 0; count <= sizeof pdus / sizeof *pdus; count++) {
        struct stage_client *c = fixture_attach(f);
        for (unsigned i = 0; i < count; i++)
            stage_queue(c, bytes, golden(bytes, pdus[i]));
        stage_settle(&f->st);
        c->in_size = 0;
        stage_reset(c);
        fixture_check_closed(f, c);
        CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).packets, count < 2 ? 0 : count < 8 ? 1 : 2);
        sim_faulty_forget(f->d1, BULK_OUT);
    }
}
