// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.2, items 28-48: control transfers.
#include "tests/conformance/fixture.h"

#include <string.h>

enum {
    BULK_IN = 1,
    BULK_IN_BIT = 1 << 17, // of 0x81 in sim_device.toggle and halted
    ISO_IN = 4,
    NUMBER_OF_PACKETS_AT = 32, // in CMD_SUBMIT and RET_SUBMIT
    START_FRAME_AT = 28,
    LATE_US = 4500000,
};

static const char set_alternate[] = "\x01\x0b\x01\x00\x01\x00\x00\x00"; // interface 1, setting 1

static size_t patched(uint8_t out[GOLDEN_MAX], const char *vector, size_t at, uint32_t value)
{
    size_t size = golden(out, vector);
    base_put_be32(out + at, value);
    return size;
}

// --- descriptors ---------------------------------------------------------------------------------

FIXTURE_TEST(conformance_028_device_descriptor)
{
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-DEVDESC64", "RET-DEVDESC64");
}

FIXTURE_TEST(conformance_029_number_of_packets_minus_one)
{
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-DEVDESC18-M1", "RET-DEVDESC18-M1");
}

FIXTURE_TEST(conformance_030_number_of_packets_zero)
{
    uint8_t bytes[GOLDEN_MAX];
    struct stage_client *c = fixture_attach(f);
    size_t size = patched(bytes, "SUB-DEVDESC18-M1", NUMBER_OF_PACKETS_AT, 0);
    stage_send(c, bytes, size);
    size = patched(bytes, "RET-DEVDESC18-M1", NUMBER_OF_PACKETS_AT, 0);
    stage_expect_bytes(c, bytes, size);
    stage_expect_silence(c);
}

// --- requests that change pipes ------------------------------------------------------------------

// One packet of 192 bytes; the status tells whether the endpoint is there.
static void check_iso_in(struct stage_client *c, uint32_t seqnum, int32_t status)
{
    const struct usb_iso_packet packet = {.length = 192};
    int32_t actual = status == USB_STATUS_OK ? 192 : 0;
    stage_submit(c, &(struct stage_submit){.seqnum = seqnum,
                                           .direction = 1,
                                           .ep = ISO_IN,
                                           .length = 192,
                                           .number_of_packets = 1,
                                           .packets = &packet});
    stage_advance(c->stage, FIXTURE_SECOND_US);
    stage_expect_ret(c, seqnum, true, status, actual);
    stage_take(c, WIRE_ISO_PACKET_SIZE);
    stage_expect_silence(c);
}

FIXTURE_TEST(conformance_031_set_configuration)
{
    struct stage_client *c = fixture_attach(f);
    fixture_check_bulk_in(f->d1, c); // an odd number of packets
    fixture_control(c, set_alternate, NULL, USB_STATUS_OK, 0);
    CHECK(f->d1->toggle & BULK_IN_BIT);
    fixture_exchange(c, "SUB-SETCFG1", "RET-OK-5");
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x00, USB_REQ_SET_CONFIGURATION), 1);
    CHECK_EQ(f->d1->config, 1);
    CHECK_EQ(f->d1->toggle, 0);
    CHECK_EQ(f->d1->alternate[1], 0);
    fixture_check_bulk_in(f->d1, c);
    check_iso_in(c, 100, USB_STATUS_STALL);
}

// URBs that the client left there end with -ESHUTDOWN (docs/wire.md 3), before the reply to the
// request; what comes behind it finds the new state.
FIXTURE_TEST(conformance_031_urbs_left_over)
{
    static const uint8_t data[] = {1, 2, 3};
    uint8_t set_config[GOLDEN_MAX];
    size_t size = golden(set_config, "SUB-SETCFG1");
    struct stage_submit in = {.seqnum = 1, .direction = 1, .ep = BULK_IN, .length = 512};
    struct stage_client *c = fixture_attach(f);
    stage_submit(c, &in);
    in.seqnum = 2;
    stage_queue_submit(c, &in);
    stage_queue(c, set_config, size);
    in.seqnum = 3;
    stage_submit(c, &in);
    stage_expect_ret(c, 1, true, USB_STATUS_SHUTDOWN, 0);
    stage_expect_ret(c, 2, true, USB_STATUS_SHUTDOWN, 0);
    fixture_expect(c, "RET-OK-5");
    stage_expect_silence(c);
    fixture_give(f, 0x81, data, sizeof data);
    CHECK_BYTES(stage_expect_ret(c, 3, true, USB_STATUS_OK, sizeof data), data, sizeof data);
}

FIXTURE_TEST(conformance_032_set_interface)
{
    struct stage_client *c = fixture_attach(f);
    fixture_send(c, "SUB-SETIF-0-0");
    stage_expect_ret(c, 6, false, USB_STATUS_OK, 0);
    check_iso_in(c, 100, USB_STATUS_STALL);
    fixture_control(c, set_alternate, NULL, USB_STATUS_OK, 0);
    CHECK_EQ(f->d1->alternate[1], 1);
    check_iso_in(c, 101, USB_STATUS_OK);
    fixture_control(c, "\x01\x0b\x09\x00\x01\x00\x00\x00", NULL, USB_STATUS_STALL, 0);
    CHECK_EQ(f->d1->alternate[1], 1);
    check_iso_in(c, 102, USB_STATUS_OK);
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x01, USB_REQ_SET_INTERFACE),
             2 + stage_abilities.asks_for_any);
}

static void stall_bulk_in(struct fixture *f, struct stage_client *c, uint32_t seqnum)
{
    CHECK_EQ(sim_faulty_fail(f->d1, 0x81, SIM_STALL), BASE_OK);
    stage_in(c, seqnum, BULK_IN, 512);
    stage_expect_ret(c, seqnum, true, USB_STATUS_STALL, 0);
}

FIXTURE_TEST(conformance_033_clear_halt)
{
    struct stage_client *c = fixture_attach(f);
    fixture_check_bulk_in(f->d1, c);
    stall_bulk_in(f, c, 100);
    fixture_send(c, "SUB-CLRHALT-81");
    stage_expect_ret(c, 7, false, USB_STATUS_OK, 0);
    unsigned endpoints = stage_abilities.exact_requests ? 1 : 3; // the interface's others, too
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x02, USB_REQ_CLEAR_FEATURE), endpoints);
    CHECK_EQ((f->d1->toggle | f->d1->halted) & BULK_IN_BIT, 0);
    fixture_check_bulk_in(f->d1, c);
    fixture_check_bulk_in(f->d1, c);
}

// --- data stages ---------------------------------------------------------------------------------

FIXTURE_TEST(conformance_034_request_that_stalls)
{
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-BADREQ", "RET-STALL-8");
    stage_check_alive(c);
    CHECK_EQ(sim_faulty_counters(f->d1)->halts_cleared, 0);
}

FIXTURE_TEST(conformance_035_control_out)
{
    static const uint8_t line_coding[] = {0x00, 0xc2, 0x01, 0x00, 0x00, 0x00, 0x08};
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-CTRL-OUT7", "RET-CTRL-OUT7");
    struct base_span got = sim_faulty_control_data(f->d1);
    CHECK_EQ(got.size, sizeof line_coding);
    CHECK_BYTES(got.data, line_coding, sizeof line_coding);
}

// The device is not asked for more than there is room for.
FIXTURE_TEST(conformance_036_wlength_above_the_buffer)
{
    struct usb_setup s;
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-WLEN-GT-BUF", "RET-WLEN-GT-BUF");
    CHECK(sim_faulty_setup(f->d1, 0, &s));
    CHECK_EQ(s.wLength, 8);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_037_wlength_below_the_buffer)
{
    struct stage_client *c = fixture_attach(f);
    fixture_exchange(c, "SUB-WLEN-LT-BUF", "RET-WLEN-LT-BUF");
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_038_directions_disagree)
{
    struct stage_client *c = fixture_attach(f);
    unsigned setups = sim_faulty_counters(f->d1)->setups;
    fixture_send(c, "SUB-DIRMISMATCH");
    stage_expect_ret(c, 0x26, false, USB_STATUS_STALL, 0);
    stage_expect_silence(c);
    CHECK_EQ(sim_faulty_counters(f->d1)->setups, setups);
    stage_check_alive(c);
}

static void no_data(struct stage_client *c, uint32_t seqnum, uint32_t direction, const char *setup,
                    int32_t status)
{
    stage_submit(c,
                 &(struct stage_submit){.seqnum = seqnum, .direction = direction, .setup = setup});
    stage_expect_ret(c, seqnum, direction == WIRE_DIR_IN, status, 0);
    stage_expect_silence(c);
}

// GET_STATUS succeeds, the vendor request does not: the status is the device's.
FIXTURE_TEST(conformance_039_in_request_without_data)
{
    static const char get_status[] = "\x80\x00\x00\x00\x00\x00\x00\x00";
    static const char vendor[] = "\xc0\xfe\x00\x00\x00\x00\x00\x00";
    struct stage_client *c = fixture_attach(f);
    for (uint32_t direction = 0; direction < 2; direction++) {
        no_data(c, 100 + direction, direction, get_status, USB_STATUS_OK);
        no_data(c, 200 + direction, direction, vendor, USB_STATUS_STALL);
    }
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x80, USB_REQ_GET_STATUS), 2);
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0xc0, 0xfe), 2);
}

FIXTURE_TEST(conformance_040_set_address)
{
    struct stage_client *c = fixture_attach(f);
    unsigned setups = sim_faulty_counters(f->d1)->setups;
    fixture_send(c, "SUB-SETADDR");
    stage_expect_ret(c, 0x27, false, USB_STATUS_OK, 0);
    CHECK_EQ(sim_faulty_counters(f->d1)->setups, setups);
    stage_check_alive(c);
    fixture_check_bulk_in(f->d1, c);
}

// The device is reset and finds its configuration and alternate settings again.
FIXTURE_TEST(conformance_041_port_reset)
{
    struct stage_client *c = fixture_attach(f);
    fixture_control(c, set_alternate, NULL, USB_STATUS_OK, 0);
    fixture_check_bulk_in(f->d1, c);
    unsigned resets = sim_faulty_counters(f->d1)->resets;
    fixture_send(c, "SUB-PORTRESET");
    stage_expect_ret(c, 0x28, false, USB_STATUS_OK, 0);
    CHECK_EQ(sim_faulty_setups_like(f->d1, 0x23, USB_REQ_SET_FEATURE), 0);
    CHECK_EQ(sim_faulty_counters(f->d1)->resets, resets + stage_abilities.resets);
    CHECK_EQ(stage_count_events(&f->st, EVENT_DEVICE_RESET), 1);
    CHECK_EQ(f->d1->config, 1);
    fixture_check_bulk_in(f->d1, c);
    check_iso_in(c, 100, USB_STATUS_OK);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_042_long_control_in)
{
    uint8_t want[300];
    for (unsigned i = 0; i < sizeof want; i++)
        want[i] = (uint8_t)i;
    struct stage_client *c = fixture_attach(f);
    const uint8_t *got =
        fixture_control(c, "\xc0\x01\x00\x00\x00\x00\x00\x10", NULL, USB_STATUS_OK, 300);
    CHECK_BYTES(got, want, sizeof want);
    got = fixture_control(c, "\xc0\x01\x00\x00\x00\x00\xff\xff", NULL, USB_STATUS_OK, 300);
    CHECK_BYTES(got, want, sizeof want);
    stage_expect_silence(c);
    stage_check_alive(c);
}

FIXTURE_TEST(conformance_043_long_control_out)
{
    static uint8_t data[4096];
    for (unsigned i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(i ^ i >> 8);
    struct stage_client *c = fixture_attach(f);
    fixture_control(c, "\x40\x01\x00\x00\x00\x00\x00\x10", data, USB_STATUS_OK, sizeof data);
    struct base_span got = sim_faulty_control_data(f->d1);
    CHECK_EQ(got.size, sizeof data);
    CHECK_BYTES(got.data, data, sizeof data);
    stage_check_alive(c);
}

// --- requests that take their time ---------------------------------------------------------------

static void submit_slow(struct stage_client *c, uint32_t seqnum)
{
    stage_control(c, seqnum, "\x40\x55\x00\x00\x00\x00\x00\x00");
    stage_expect_silence(c);
}

FIXTURE_TEST(conformance_044_late_status_stage)
{
    const struct sim_faulty_answer late = {.delay_us = LATE_US};
    sim_faulty_answer(f->d1, 0x40, 0x55, &late);
    struct stage_client *c = fixture_attach(f);
    submit_slow(c, 100);
    for (unsigned i = 0; i < 4; i++) {
        fixture_check_bulk_in(f->d1, c);
        stage_advance(&f->st, FIXTURE_SECOND_US);
        stage_expect_silence(c);
    }
    stage_advance(&f->st, LATE_US - 4 * FIXTURE_SECOND_US);
    stage_expect_ret(c, 100, false, USB_STATUS_OK, 0);
    stage_check_alive(c);
}

// What was queued behind it comes to its turn.
FIXTURE_TEST(conformance_045_unanswered_request)
{
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    sim_faulty_answer(f->d1, 0x40, 0x55, &never);
    struct stage_client *c = fixture_attach(f);
    submit_slow(c, 100);
    stage_advance(&f->st, 60 * FIXTURE_SECOND_US);
    stage_expect_silence(c);
    fixture_send(c, "SUB-DEVDESC64");
    stage_expect_silence(c);
    stage_unlink(c, 101, 100);
    stage_expect_unlinked(c, 101, USB_STATUS_CANCELLED);
    fixture_expect(c, "RET-DEVDESC64");
    stage_expect_silence(c);
    sim_faulty_release(f->d1);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    stage_expect_silence(c);
    stage_check_alive(c);
}

// --- what clients do -----------------------------------------------------------------------------

// Descriptors as a Linux client reads them (docs/wire.md 4.2); all bytes in a row. Returns how
// many.
static size_t enumerate(struct stage_client *c, uint8_t *out, size_t room)
{
    static const char *const requests[] = {
        "\x80\x06\x00\x01\x00\x00\x40\x00", "\x80\x06\x00\x01\x00\x00\x12\x00",
        "\x80\x06\x00\x02\x00\x00\x09\x00", "\x80\x06\x00\x02\x00\x00\xff\x00",
        "\x80\x06\x00\x03\x00\x00\xff\x00", "\x80\x06\x01\x03\x09\x04\xff\x00",
        "\x80\x06\x02\x03\x09\x04\xff\x00", "\x80\x06\x03\x03\x09\x04\xff\x00",
    };
    size_t size = 0;
    for (uint32_t i = 0; i < sizeof requests / sizeof *requests; i++) {
        struct usb_setup s = usb_setup_unpack((const uint8_t *)requests[i]);
        stage_submit(
            c, &(struct stage_submit){
                   .seqnum = 100 + i, .direction = 1, .length = s.wLength, .setup = requests[i]});
        struct wire_urb_header h = stage_take_header(c);
        CHECK_EQ(h.seqnum, 100 + i);
        CHECK_EQ(h.u.ret_submit.status, USB_STATUS_OK);
        size_t n = (size_t)h.u.ret_submit.actual_length;
        CHECK(n > 0 && n <= s.wLength && size + n <= room);
        memcpy(out + size, stage_take(c, n), n);
        size += n;
    }
    return size;
}

FIXTURE_TEST(conformance_046_descriptors_stay_the_same)
{
    uint8_t first[1024], second[1024];
    struct stage_client *c = fixture_attach(f);
    size_t size = enumerate(c, first, sizeof first);
    fixture_exchange(c, "SUB-SETCFG1", "RET-OK-5");
    CHECK_EQ(enumerate(c, second, sizeof second), size);
    CHECK_BYTES(second, first, size);
}

FIXTURE_TEST(conformance_047_seqnums_are_opaque)
{
    static const uint32_t seqnums[] = {0xffffff07, 8, 0x01000008, 0x02000008, 1, 2, 3, 8};
    uint8_t bytes[GOLDEN_MAX];
    struct stage_client *c = fixture_attach(f);
    for (unsigned i = 0; i < sizeof seqnums / sizeof *seqnums; i++) {
        size_t size = patched(bytes, "CEZ-CONFIG9", FIXTURE_SEQNUM_AT, seqnums[i]);
        stage_send(c, bytes, size);
        const uint8_t *config = stage_expect_ret(c, seqnums[i], true, USB_STATUS_OK, 9);
        CHECK_EQ(config[0], USB_DT_CONFIG_SIZE);
        CHECK_EQ(config[1], USB_DT_CONFIG);
        stage_expect_silence(c);
    }
}

FIXTURE_TEST(conformance_048_interrupt_layout_of_the_document)
{
    static const uint8_t data[] = {1, 2, 3};
    uint8_t bytes[GOLDEN_MAX];
    struct stage_client *c = fixture_attach(f);
    size_t size = patched(bytes, "DOC-CMD-INTR-IN", FIXTURE_DEVID_AT, FIXTURE_DEVID);
    CHECK_EQ(base_get_be32(bytes + START_FRAME_AT), UINT32_MAX);
    CHECK_EQ(sim_faulty_give(f->d1, 0x81, data, sizeof data), BASE_OK);
    stage_send(c, bytes, size);
    struct wire_urb_header h = stage_take_header(c);
    CHECK_EQ(h.command, WIRE_RET_SUBMIT);
    CHECK_EQ(h.seqnum, 0xd05);
    CHECK_EQ(h.u.ret_submit.status, USB_STATUS_OK);
    CHECK_EQ(h.u.ret_submit.start_frame, -1); // echoed
    CHECK_EQ(h.u.ret_submit.number_of_packets, 0);
    stage_expect_bytes(c, data, sizeof data);
}
