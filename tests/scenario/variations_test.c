// SPDX-License-Identifier: Apache-2.0
// One script that touches every path of a session, run again and again: with the stream cut at
// every size, with each allocation failing, with the device pulled and with the peer gone after
// each step.
#include "sim/device/sim_zero.h"
#include "tests/support/stage.h"

#include <stdlib.h>
#include <string.h>

enum { DEVID = 0x00010002, STEP_US = 20000, IN = WIRE_DIR_IN, OUT = WIRE_DIR_OUT };

static const char zeros[5000];
static const struct usb_iso_packet iso_packets[] = {
    {0, 1024, 0, 0}, {1024, 1024, 0, 0}, {2048, 512, 0, 0}};

// One step is one message: an operation, a SUBMIT, or an UNLINK.
struct step {
    const char *op;
    size_t op_size;
    struct stage_submit submit;
    uint32_t unlink_seqnum, victim;
};

#define OP(bytes)                                                                                  \
    {                                                                                              \
        .op = bytes, .op_size = sizeof(bytes) - 1                                                  \
    }
#define SUBMIT(...)                                                                                \
    {                                                                                              \
        .submit = { __VA_ARGS__ }                                                                  \
    }
#define IMPORT_1_3                                                                                 \
    "\x01\x11\x80\x03\0\0\0\0"                                                                     \
    "1-3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"

static const struct step script[] = {
    OP("\x01\x11\x80\x05\0\0\0\0"),
    OP(IMPORT_1_3),
    SUBMIT(1, IN, 0, 64, .setup = "\x80\x06\x00\x01\x00\x00\x40\x00"),
    SUBMIT(2, IN, 0, 255, .setup = "\x80\x06\x00\x02\x00\x00\xff\x00", .number_of_packets = -1),
    SUBMIT(3, OUT, 0, 0, .setup = "\x00\x09\x03\x00\x00\x00\x00\x00"),
    SUBMIT(4, OUT, 1, 5000, .data = zeros),
    SUBMIT(5, OUT, 1, 1024, .data = zeros, .flags = WIRE_ZERO_PACKET),
    SUBMIT(6, IN, 1, 4096),
    SUBMIT(7, OUT, 0, 100, .setup = "\x40\x5b\x00\x00\x00\x00\x64\x00", .data = zeros),
    SUBMIT(8, IN, 0, 100, .setup = "\xc0\x5c\x00\x00\x00\x00\x64\x00"),
    SUBMIT(9, OUT, 0, 0, .setup = "\x01\x0b\x01\x00\x00\x00\x00\x00"), // SET_INTERFACE 0, 1
    SUBMIT(10, IN, 4, 2560, .number_of_packets = 3, .packets = iso_packets),
    SUBMIT(11, OUT, 4, 2560, .data = zeros, .number_of_packets = 3, .packets = iso_packets),
    SUBMIT(12, OUT, 0, 0, .setup = "\x02\x01\x00\x00\x81\x00\x00\x00"), // CLEAR_HALT
    SUBMIT(13, OUT, 9, 64, .data = zeros),                              // no such endpoint
    SUBMIT(14, OUT, 0, 18, .setup = "\x80\x06\x00\x01\x00\x00\x12\x00", .data = zeros),
    SUBMIT(15, IN, 1, 0x7fffffff),
    SUBMIT(16, OUT, 0, 0, .setup = "\x00\x05\x09\x00\x00\x00\x00\x00"), // SET_ADDRESS
    SUBMIT(17, OUT, 0, 0, .setup = "\x00\x09\x02\x00\x00\x00\x00\x00"), // loopback
    SUBMIT(18, IN, 1, 512),
    SUBMIT(19, IN, 1, 512),
    {.unlink_seqnum = 20, .victim = 18},
    {.unlink_seqnum = 21, .victim = 18},
    SUBMIT(22, OUT, 1, 31, .data = zeros), // comes back as the answer to 19
    SUBMIT(23, OUT, 0, 0, .setup = "\x23\x03\x04\x00\x00\x00\x00\x00"), // port reset
    SUBMIT(24, IN, 0, 18, .setup = "\x80\x06\x00\x01\x00\x00\x12\x00"),
    SUBMIT(25, IN, 1, 512),
};
enum { STEPS = sizeof script / sizeof *script };

static void play(struct stage_client *c, const struct step *s)
{
    c->devid = DEVID;
    if (s->op)
        stage_queue(c, s->op, s->op_size);
    else if (s->unlink_seqnum)
        stage_unlink(c, s->unlink_seqnum, s->victim);
    else
        stage_queue_submit(c, &s->submit);
}

static void open_zero(struct stage *st, const struct stage_options *options)
{
    CHECK(stage_open(st, options));
    stage_plug(st, "1-3", sim_zero_create(st->bus, USB_SPEED_HIGH));
}

// All that the client received, in memory that the caller frees.
static uint8_t *run(const struct stage_options *options, size_t *size)
{
    struct stage st;
    open_zero(&st, options);
    struct stage_client *c = stage_connect(&st);
    for (unsigned i = 0; i < STEPS; i++) {
        play(c, &script[i]);
        stage_advance(&st, STEP_US);
    }
    CHECK(!stage_closed(c));
    *size = c->in_size;
    uint8_t *all = malloc(c->in_size);
    memcpy(all, c->in, c->in_size);
    stage_close(&st);
    return all;
}

static int32_t status_of(const uint8_t *all, size_t size, uint32_t command, uint32_t seqnum)
{
    for (size_t at = 0; at + WIRE_URB_HEADER_SIZE <= size; at++) {
        struct wire_urb_header h;
        wire_urb_header_unpack(&h, all + at);
        if (h.command == command && h.seqnum == seqnum && h.devid == 0 && h.direction == 0 &&
            h.ep == 0)
            return command == WIRE_RET_SUBMIT ? h.u.ret_submit.status : h.u.ret_unlink.status;
    }
    check_fail(__FILE__, __LINE__, "no reply %u", (unsigned)seqnum);
}

TEST(variations_reference_run_answers_as_it_should)
{
    size_t size;
    uint8_t *all = run(NULL, &size);
    static const int32_t status[] = {[13] = -32, [14] = -32, [15] = -12, [25] = 1};
    for (uint32_t n = 1; n <= 24; n++)
        if (n < 18 || n == 19 || n > 21)
            CHECK_EQ(status_of(all, size, WIRE_RET_SUBMIT, n), status[n]);
    CHECK_EQ(status_of(all, size, WIRE_RET_UNLINK, 20), USB_STATUS_CANCELLED);
    CHECK_EQ(status_of(all, size, WIRE_RET_UNLINK, 21), 0);
    free(all);
}

static void same_as_reference(const struct stage_options *options)
{
    size_t want_size, have_size;
    uint8_t *want = run(NULL, &want_size), *have = run(options, &have_size);
    CHECK_EQ(have_size, want_size);
    CHECK_BYTES(have, want, want_size);
    free(want);
    free(have);
}

TEST(variations_received_in_pieces_of_every_size)
{
    for (size_t piece = 1; piece <= 64; piece++)
        same_as_reference(&(struct stage_options){.rx_piece = piece});
}

TEST(variations_sent_in_pieces_of_every_size)
{
    for (size_t piece = 1; piece <= 64; piece++)
        same_as_reference(&(struct stage_options){.tx_piece = piece});
}

TEST(variations_all_in_one_segment)
{
    struct stage st;
    size_t want_size;
    uint8_t *want = run(NULL, &want_size);
    open_zero(&st, NULL);
    struct stage_client *c = stage_connect(&st);
    c->devid = DEVID;
    for (unsigned i = 0; i < 4; i++) // up to the first URBs: later ones are paced by time
        play(c, &script[i]);
    stage_settle(&st);
    CHECK(c->in_size > 12 + 2 * WIRE_DEVICE_SIZE);
    CHECK_BYTES(c->in, want, c->in_size);
    free(want);
    stage_close(&st);
}

// Runs as far as memory goes. Returns how many allocations there were.
static uint64_t run_with_failure(uint64_t n, bool once)
{
    struct stage st;
    if (!stage_open(&st, &(struct stage_options){.fail_alloc = n, .fail_once = once}))
        return n;
    struct sim_device *d = sim_zero_create(st.bus, USB_SPEED_HIGH);
    if (d && sim_plug(st.bus, "1-3", d) != BASE_OK)
        d->ops->destroy(d);
    stage_settle(&st);
    struct stage_client *c = stage_connect(&st);
    for (unsigned i = 0; c && i < STEPS && !stage_closed(c); i++) {
        play(c, &script[i]);
        stage_advance(&st, STEP_US);
    }
    uint64_t allocs = st.heap.calls;
    stage_close(&st);
    return allocs;
}

TEST(variations_one_allocation_fails)
{
    uint64_t all = run_with_failure(0, true);
    CHECK(all > 10);
    for (uint64_t n = 1; n <= all; n++)
        run_with_failure(n, true);
}

TEST(variations_all_allocations_from_one_on_fail)
{
    uint64_t all = run_with_failure(0, false);
    for (uint64_t n = 1; n <= all; n++)
        run_with_failure(n, false);
}

TEST(variations_steady_state_allocates_nothing)
{
    struct stage st;
    open_zero(&st, NULL);
    struct stage_client *c = stage_attach(&st, "1-3");
    uint64_t before = 0;
    for (uint32_t n = 1; n <= 300; n++) {
        if (n == 100)
            before = st.heap.calls;
        stage_out(c, n, 1, zeros, 5000);
        stage_expect_ret(c, n, false, 0, 5000);
        stage_in(c, n, 1, 5120);
        stage_expect_ret(c, n, true, 0, 5120);
    }
    CHECK_EQ(st.heap.calls, before);
    stage_close(&st);
}

enum accident { UNPLUG, UNPLUG_IN_FLIGHT, PEER_FIN, PEER_RESET, PEER_RESET_IN_FLIGHT };

// Things go wrong after step `at`; then everything must be as new.
static void run_with_accident(unsigned at, enum accident accident)
{
    struct stage st;
    open_zero(&st, NULL);
    struct stage_client *c = stage_connect(&st);
    for (unsigned i = 0; i <= at; i++) {
        play(c, &script[i]);
        bool in_flight = accident == UNPLUG_IN_FLIGHT || accident == PEER_RESET_IN_FLIGHT;
        if (i < at || !in_flight)
            stage_advance(&st, STEP_US);
    }
    if (accident == UNPLUG || accident == UNPLUG_IN_FLIGHT)
        CHECK_EQ(sim_unplug(st.bus, "1-3"), BASE_OK);
    else if (accident == PEER_FIN)
        stage_fin(c);
    else
        stage_reset(c);
    stage_advance(&st, 3000000);
    if (accident == UNPLUG || accident == UNPLUG_IN_FLIGHT) {
        CHECK(stage_closed(c) || at == 0);
        CHECK_EQ(sim_replug(st.bus, "1-3"), BASE_OK);
    }
    stage_check_importable(&st, "1-3");
    stage_close(&st);
}

static void accident_at_each_step(enum accident accident)
{
    for (unsigned at = 0; at < STEPS; at++)
        run_with_accident(at, accident);
}

TEST(variations_unplugged_after_each_step)
{
    accident_at_each_step(UNPLUG);
}

TEST(variations_unplugged_before_each_answer)
{
    accident_at_each_step(UNPLUG_IN_FLIGHT);
}

TEST(variations_peer_ends_after_each_step)
{
    accident_at_each_step(PEER_FIN);
}

TEST(variations_peer_lost_after_each_step)
{
    accident_at_each_step(PEER_RESET);
}

TEST(variations_peer_lost_before_each_answer)
{
    accident_at_each_step(PEER_RESET_IN_FLIGHT);
}
