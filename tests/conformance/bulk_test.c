// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.3, items 49-60: lengths of bulk transfers and how they end.
#include "tests/conformance/fixture.h"

enum {
    BULK_OUT = 2,
    BULK_IN = 1,
    PACKET = 512, // of both
    FLAGS_AT = 20,
    CBW_SIZE = 31,
    CSW_SIZE = 13,
    STORAGE_SIZE = 122880, // usb-storage's longest at high speed
    HALF_SIZE = 65536,
    LONGEST = 1 << 20, // the default limit
    PIECE = 61,        // byte by byte would take seconds
};

static const char clear_halt_out[] = "\x02\x01\x00\x00\x02\x00\x00\x00";
static uint8_t pattern[LONGEST + 1];

static void fill_pattern(void)
{
    for (uint32_t i = 0; i < sizeof pattern; i++)
        pattern[i] = (uint8_t)(i ^ i >> 8 ^ i >> 16);
}

static void expect_in(struct stage_client *c, uint32_t seqnum, int32_t status, const void *data,
                      int32_t size)
{
    CHECK_BYTES(stage_expect_ret(c, seqnum, true, status, size), data, (size_t)size);
    stage_expect_silence(c);
}

static void check_received(struct fixture *f, const void *data, size_t size, unsigned packets)
{
    struct sim_faulty_received got = sim_faulty_received(f->d1, BULK_OUT);
    CHECK_EQ(got.bytes, size);
    CHECK_EQ(got.packets, packets);
    CHECK_BYTES(got.data.data, data, size);
}

// --- the bytes of the list -----------------------------------------------------------------------

FIXTURE_TEST(conformance_049_bulk_out_31)
{
    uint8_t bytes[GOLDEN_MAX];
    CHECK_EQ(golden(bytes, "SUB-BULKOUT31"), WIRE_URB_HEADER_SIZE + CBW_SIZE);
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-BULKOUT31", "RET-BULKOUT31");
    check_received(f, bytes + WIRE_URB_HEADER_SIZE, CBW_SIZE, 1);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).sizes[0], CBW_SIZE);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_050_short_bulk_in)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    fixture_give(f, 0x81, pattern, CSW_SIZE);
    fixture_send(c, "SUB-BULKIN512");
    expect_in(c, 0x0b, USB_STATUS_OK, pattern, CSW_SIZE);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_051_short_not_ok)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    fixture_give(f, 0x81, pattern, CSW_SIZE);
    fixture_send(c, "SUB-BULKIN512-SNOK");
    expect_in(c, 0x0c, USB_STATUS_SHORT, pattern, CSW_SIZE);
    stage_check_alive(c);
}

static const uint8_t *send_512(struct stage_client *c, uint32_t flags)
{
    static uint8_t bytes[GOLDEN_MAX];
    size_t size = golden(bytes, "SUB-BULKOUT512-ZLP");
    CHECK_EQ(size, WIRE_URB_HEADER_SIZE + PACKET);
    CHECK_EQ(base_get_be32(bytes + FLAGS_AT), WIRE_ZERO_PACKET);
    base_put_be32(bytes + FLAGS_AT, flags);
    stage_send(c, bytes, size);
    stage_expect_ret(c, 0x0d, false, USB_STATUS_OK, PACKET);
    stage_expect_silence(c);
    return bytes + WIRE_URB_HEADER_SIZE;
}

FIXTURE_TEST(conformance_052_zero_packet)
{
    struct stage_client *c = fixture_attach(f);
    check_received(f, send_512(c, WIRE_ZERO_PACKET), PACKET, 2);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).sizes[0], PACKET);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).sizes[1], 0);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_053_no_zero_packet)
{
    struct stage_client *c = fixture_attach(f);
    check_received(f, send_512(c, 0), PACKET, 1);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_054_empty_bulk_out)
{
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-BULKOUT0", "RET-BULKOUT0");
    check_received(f, "", 0, 1);
    stage_check_alive(c);
}

// One IN token, for the device's zero-length packet. What it has to say after that is not touched.
FIXTURE_TEST(conformance_055_empty_bulk_in)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    stage_in(c, 100, BULK_IN, 0);
    fixture_give(f, 0x81, NULL, 0);
    fixture_give(f, 0x81, pattern, CSW_SIZE);
    expect_in(c, 100, USB_STATUS_OK, NULL, 0);
    stage_in(c, 101, BULK_IN, PACKET);
    expect_in(c, 101, USB_STATUS_OK, pattern, CSW_SIZE);
    stage_check_alive(c);
}

// --- long ones -----------------------------------------------------------------------------------

FIXTURE_TEST(conformance_056_bulk_out_of_usb_storage)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    stage_out(c, 100, BULK_OUT, pattern, STORAGE_SIZE);
    stage_expect_ret(c, 100, false, USB_STATUS_OK, STORAGE_SIZE);
    stage_expect_silence(c);
    check_received(f, pattern, STORAGE_SIZE, STORAGE_SIZE / PACKET);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_057_bulk_in_of_usb_storage)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    fixture_give(f, 0x81, pattern, STORAGE_SIZE);
    stage_in(c, 100, BULK_IN, STORAGE_SIZE);
    expect_in(c, 100, USB_STATUS_OK, pattern, STORAGE_SIZE);
    fixture_give(f, 0x81, pattern, HALF_SIZE); // whole packets: more may follow
    stage_in(c, 101, BULK_IN, STORAGE_SIZE);
    stage_expect_silence(c);
    fixture_give(f, 0x81, pattern + HALF_SIZE, CSW_SIZE);
    expect_in(c, 101, USB_STATUS_OK, pattern, HALF_SIZE + CSW_SIZE);
    fixture_check_bulk_in(f->d1, c);
    stage_check_alive(c);
}

static void one_mebibyte(struct fixture *f)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    stage_out(c, 100, BULK_OUT, pattern, LONGEST);
    stage_expect_ret(c, 100, false, USB_STATUS_OK, LONGEST);
    stage_expect_silence(c);
    check_received(f, pattern, LONGEST, LONGEST / PACKET);
    fixture_give(f, 0x81, pattern, LONGEST);
    stage_in(c, 101, BULK_IN, LONGEST);
    expect_in(c, 101, USB_STATUS_OK, pattern, LONGEST);
    stage_check_alive(c);
}

TEST(conformance_058_one_mebibyte)
{
    fixture_run(one_mebibyte, 0);
}

TEST(conformance_058_one_mebibyte_in_pieces)
{
    fixture_run(one_mebibyte, PIECE);
}

// The limit is a setting.
FIXTURE_TEST(conformance_058_above_the_limit)
{
    struct stage_client *c = fixture_attach(f);
    CHECK_EQ(server_config(f->st.server)->session.max_urb_bytes, LONGEST);
    stage_in(c, 100, BULK_IN, LONGEST + 1);
    stage_expect_ret(c, 100, true, USB_STATUS_NO_MEMORY, 0);
    stage_check_alive(c);
    stage_out(c, 101, BULK_OUT, pattern, LONGEST + 1); // read away
    stage_expect_ret(c, 101, false, USB_STATUS_NO_MEMORY, 0);
    stage_check_alive(c);
    CHECK_EQ(sim_faulty_received(f->d1, BULK_OUT).packets, 0);
}

// --- early ends ----------------------------------------------------------------------------------

FIXTURE_TEST(conformance_059_stall_half_way)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    sim_faulty_fail_after(f->d1, BULK_OUT, SIM_STALL, 4096);
    stage_out(c, 100, BULK_OUT, pattern, STORAGE_SIZE);
    stage_expect_ret(c, 100, false, USB_STATUS_STALL, stage_abilities.tells_partial ? 4096 : 0);
    stage_expect_silence(c);
    check_received(f, pattern, 4096, 4096 / PACKET);
    stage_check_alive(c);
    fixture_control(c, clear_halt_out, NULL, USB_STATUS_OK, 0);
    sim_faulty_forget(f->d1, BULK_OUT);
    stage_out(c, 101, BULK_OUT, pattern, CBW_SIZE);
    stage_expect_ret(c, 101, false, USB_STATUS_OK, CBW_SIZE);
    check_received(f, pattern, CBW_SIZE, 1);
}

FIXTURE_TEST(conformance_060_babble)
{
    fill_pattern();
    struct stage_client *c = fixture_attach(f);
    fixture_give(f, 0x81, pattern, PACKET);
    stage_in(c, 100, BULK_IN, 500);
    expect_in(c, 100, USB_STATUS_OVERFLOW, pattern, 500);
    fixture_give(f, 0x81, pattern, 3 * PACKET);
    stage_in(c, 101, BULK_IN, 2 * PACKET + 1);
    expect_in(c, 101, USB_STATUS_OVERFLOW, pattern, 2 * PACKET + 1);
    fixture_check_bulk_in(f->d1, c);
    stage_check_alive(c);
}
