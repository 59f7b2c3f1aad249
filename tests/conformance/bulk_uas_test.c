// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.3, item 73: the load of Linux's uas driver, on a device with its four pipes.
#include "tests/conformance/fixture.h"
#include "usb/usb_descriptor_bytes.h"

enum {
    COMMAND_OUT = 1,
    STATUS_IN = 2,
    DATA_IN = 3,
    DATA_OUT = 4,
    COMMANDS = 30,
    DATA_EACH_WAY = 5,
    COMMAND_SIZE = 32,
    SENSE_ROOM = 96,
    SENSE_SIZE = 16,
    DATA_SIZE = 131072,
    STATUS_SEQNUM = 100, // and so on
    COMMAND_SEQNUM = 200,
    DATA_IN_SEQNUM = 300,
    DATA_OUT_SEQNUM = 400,
    CONFIG_SIZE = 9 + 9 + 4 * 7,
    PIECE = 61, // byte by byte would take long
};

// clang-format off
static const uint8_t config[CONFIG_SIZE] = {
    USB_CONFIG_BYTES(CONFIG_SIZE, 1, 1, 0, 0xc0, 50),
    USB_INTERFACE_BYTES(0, 0, 4, 8, 6, 0x62, 0),
    USB_ENDPOINT_BYTES(COMMAND_OUT, USB_BULK, 512, 0),
    USB_ENDPOINT_BYTES(0x80 | STATUS_IN, USB_BULK, 512, 0),
    USB_ENDPOINT_BYTES(0x80 | DATA_IN, USB_BULK, 512, 0),
    USB_ENDPOINT_BYTES(DATA_OUT, USB_BULK, 512, 0),
};
// clang-format on

static uint8_t data[DATA_SIZE];

static const uint8_t *fill(uint32_t n)
{
    for (uint32_t i = 0; i < sizeof data; i++)
        data[i] = (uint8_t)(n + (i ^ i >> 8));
    return data;
}

static struct sim_device *plug_uas(struct fixture *f)
{
    const struct sim_faulty_options options = {
        .speed = USB_SPEED_HIGH, .product = 3, .configs = {config}, .config_sizes = {CONFIG_SIZE}};
    struct sim_device *d = sim_faulty_create(f->st.bus, &options);
    stage_plug(&f->st, "1-3", d);
    return d;
}

static void queue_in(struct stage_client *c, uint32_t seqnum, uint32_t ep, int32_t length)
{
    stage_queue_submit(
        c, &(struct stage_submit){.seqnum = seqnum, .direction = 1, .ep = ep, .length = length});
}

static void queue_out(struct stage_client *c, uint32_t seqnum, uint32_t ep, const void *bytes,
                      int32_t length)
{
    stage_queue_submit(
        c, &(struct stage_submit){.seqnum = seqnum, .ep = ep, .length = length, .data = bytes});
}

static void queue_all(struct stage_client *c)
{
    uint8_t command[COMMAND_SIZE] = {0};
    for (uint32_t i = 0; i < COMMANDS; i++) {
        command[0] = (uint8_t)i;
        queue_in(c, STATUS_SEQNUM + i, STATUS_IN, SENSE_ROOM);
        if (i < DATA_EACH_WAY) {
            queue_in(c, DATA_IN_SEQNUM + i, DATA_IN, DATA_SIZE);
            queue_out(c, DATA_OUT_SEQNUM + i, DATA_OUT, fill(i), DATA_SIZE);
        }
        queue_out(c, COMMAND_SEQNUM + i, COMMAND_OUT, command, sizeof command);
    }
}

static void check_commands(struct sim_device *d, struct stage_client *c)
{
    struct sim_faulty_received got = sim_faulty_received(d, COMMAND_OUT);
    CHECK_EQ(got.bytes, COMMANDS * COMMAND_SIZE);
    for (uint32_t i = 0; i < COMMANDS; i++) {
        stage_expect_ret(c, COMMAND_SEQNUM + i, false, USB_STATUS_OK, COMMAND_SIZE);
        CHECK_EQ(got.data.data[(size_t)i * COMMAND_SIZE], i);
    }
    stage_expect_silence(c);
}

static void move_data(struct fixture *f, struct sim_device *d, struct stage_client *c)
{
    for (uint32_t i = 0; i < DATA_EACH_WAY; i++) {
        CHECK_EQ(sim_faulty_give(d, 0x80 | DATA_IN, fill(10 + i), DATA_SIZE), BASE_OK);
        stage_settle(&f->st);
        CHECK_BYTES(stage_expect_ret(c, DATA_IN_SEQNUM + i, true, USB_STATUS_OK, DATA_SIZE), data,
                    DATA_SIZE);
        stage_expect_silence(c);
    }
    sim_faulty_accept(d, DATA_OUT, UINT64_MAX);
    stage_settle(&f->st);
    struct sim_faulty_received got = sim_faulty_received(d, DATA_OUT);
    CHECK_EQ(got.bytes, DATA_EACH_WAY * DATA_SIZE);
    for (uint32_t i = 0; i < DATA_EACH_WAY; i++) {
        stage_expect_ret(c, DATA_OUT_SEQNUM + i, false, USB_STATUS_OK, DATA_SIZE);
        CHECK_BYTES(got.data.data + (size_t)i * DATA_SIZE, fill(i), DATA_SIZE);
    }
    stage_expect_silence(c);
}

static void uas(struct fixture *f)
{
    uint8_t sense[SENSE_SIZE] = {3};
    struct sim_device *d = plug_uas(f);
    struct stage_client *c = stage_attach(&f->st, "1-3");
    sim_faulty_accept(d, DATA_OUT, 0);
    queue_all(c);
    stage_settle(&f->st);
    check_commands(d, c);
    stage_check_alive(c);
    move_data(f, d, c);
    for (uint32_t i = 0; i < COMMANDS; i++) {
        sense[3] = (uint8_t)i;
        CHECK_EQ(sim_faulty_give(d, 0x80 | STATUS_IN, sense, sizeof sense), BASE_OK);
    }
    stage_settle(&f->st);
    for (uint32_t i = 0; i < COMMANDS; i++) {
        sense[3] = (uint8_t)i;
        CHECK_BYTES(stage_expect_ret(c, STATUS_SEQNUM + i, true, USB_STATUS_OK, SENSE_SIZE), sense,
                    SENSE_SIZE);
    }
    stage_check_alive(c);
}

TEST(conformance_073_uas)
{
    fixture_run(uas, 0);
}

TEST(conformance_073_uas_in_pieces)
{
    fixture_run(uas, PIECE);
}
