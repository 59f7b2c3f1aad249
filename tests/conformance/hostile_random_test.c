// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.6, item 113: noise after an import. Plain noise dies at its first header, so
// there is also noise that makes sense: requests of all kinds that a client might send but would
// not, to a device that does as it likes. Its replies are judged one by one.
#include "tests/conformance/fixture.h"
#include "tests/conformance/judge.h"

#include <string.h>

enum {
    SEEDS = 1000,
    BATCH = 50,      // sessions that one stage has to remember
    NOISE = 1 << 20, // bytes
    NOISE_CHUNK = 4096,
    NOISE_AT_ONCE = 50, // each so many seeds, all of it in one write
    BULK_IN = 1,
    BULK_OUT = 2,
    INTERRUPT_IN = 3,
    ISO_IN = 4,
    ISO_OUT = 5,
    STEPS = 120,
    LENGTH_AT = 24,
    LONGEST = 1 << 20,
    FIRST_SEQNUM = 1,
};

struct chaos {
    struct stage st;
    struct sim_device *d;
    struct stage_client *c;
    struct judge *judge;
    uint32_t random, seqnum;
};

static uint8_t payload[LONGEST];

static uint32_t next(struct chaos *x)
{
    x->random ^= x->random << 13; // xorshift
    x->random ^= x->random >> 17;
    x->random ^= x->random << 5;
    return x->random;
}

static uint32_t chance(struct chaos *x, uint32_t below)
{
    return (next(x) >> 4) % below;
}

#define ONE_OF(x, array) ((array)[chance(x, sizeof(array) / sizeof *(array))])

// --- plain noise ---------------------------------------------------------------------------------

static void fill_noise(struct chaos *x, uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i += 4)
        base_put_be32(bytes + i, next(x));
}

static void send_noise(struct chaos *x, struct stage_client *c, bool at_once)
{
    size_t chunk = at_once ? NOISE : NOISE_CHUNK;
    for (size_t sent = 0; sent < NOISE && !stage_closed(c); sent += chunk) {
        fill_noise(x, payload, chunk);
        stage_send(c, payload, chunk);
    }
}

static void noise_batch(uint32_t first, size_t piece)
{
    struct fixture f;
    fixture_open(&f, &(struct stage_options){.rx_piece = piece, .tx_piece = piece});
    for (uint32_t seed = first; seed < first + BATCH; seed++) {
        struct chaos x = {.random = seed};
        struct stage_client *c = fixture_attach(&f);
        send_noise(&x, c, seed % NOISE_AT_ONCE == 0);
        CHECK(stage_closed(c));
        fixture_check_closed(&f, c);
    }
    fixture_close(&f);
}

TEST(conformance_113_noise)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed += BATCH)
        noise_batch(seed, 0);
}

TEST(conformance_113_noise_byte_by_byte)
{
    for (uint32_t seed = 1; seed <= SEEDS; seed += BATCH)
        noise_batch(seed, 1);
}

// --- requests ------------------------------------------------------------------------------------

static int32_t any_length(struct chaos *x)
{
    static const int32_t usual[] = {0,   1,   8,   13,  31,  63,   64,   65,   511,  512,
                                    512, 512, 512, 513, 768, 1024, 1024, 2048, 4096, 5000};
    uint32_t what = chance(x, 500);
    if (what == 0)
        return LONGEST;
    return what < 4 ? 122880 : ONE_OF(x, usual);
}

static void random_setup(struct chaos *x, char setup[8])
{
    static const char *const known[] = {
        "\x80\x06\x00\x01\x00\x00\x12\x00", // descriptors
        "\x80\x06\x00\x02\x00\x00\xff\x00", //
        "\x80\x06\x01\x03\x09\x04\xff\x00", //
        "\xc0\x01\x00\x00\x00\x00\xff\xff", // 300 bytes
        "\x40\x01\x00\x00\x00\x00\x00\x10", // takes 4096
        "\x40\x55\x00\x00\x00\x00\x00\x00", // never answered
        "\x40\x56\x00\x00\x00\x00\x00\x00", // answered late
        "\x00\x09\x01\x00\x00\x00\x00\x00", // SET_CONFIGURATION 1
        "\x01\x0b\x01\x00\x01\x00\x00\x00", // SET_INTERFACE 1, setting 1
        "\x01\x0b\x01\x00\x01\x00\x00\x00", //
        "\x01\x0b\x01\x00\x01\x00\x00\x00", //
        "\x01\x0b\x00\x00\x01\x00\x00\x00", // and 0
        "\x01\x0b\x00\x00\x00\x00\x00\x00", //
        "\x01\x0b\x07\x00\xff\x00\x00\x00", //
        "\x02\x01\x00\x00\x81\x00\x00\x00", // CLEAR_FEATURE(HALT)
        "\x02\x01\x00\x00\x81\x00\x00\x00", //
        "\x02\x01\x00\x00\x02\x00\x00\x00", //
        "\x02\x01\x00\x00\x02\x00\x00\x00", //
        "\x02\x01\x00\x00\x7f\x00\x00\x00", //
        "\x02\x03\x00\x00\x81\x00\x00\x00", // SET_FEATURE(HALT)
        "\x00\x05\x07\x00\x00\x00\x00\x00", // SET_ADDRESS
        "\x23\x03\x04\x00\x00\x00\x00\x00", // port reset
    };
    memcpy(setup, ONE_OF(x, known), 8);
    if (chance(x, 4) == 0)
        setup[chance(x, 8)] = (char)next(x);
    if (chance(x, 8) == 0)
        fill_noise(x, (uint8_t *)setup, 8);
}

// Most lie within the buffer.
static void random_packets(struct chaos *x, struct usb_iso_packet *packets, int32_t count,
                           int32_t length)
{
    for (int32_t i = 0; i < count; i++)
        packets[i] = (struct usb_iso_packet){
            .offset = (uint32_t)(length / count * i),
            .length = chance(x, (uint32_t)(length / count) + 1),
            .actual_length = next(x),
            .status = (int32_t)next(x),
        };
    if (count == 0 || chance(x, 5))
        return;
    struct usb_iso_packet *bad = &packets[chance(x, (uint32_t)count)];
    uint32_t what = chance(x, 3);
    if (what == 0)
        bad->offset = next(x);
    else if (what == 1)
        bad->length = next(x);
    else
        bad->offset = 0u - bad->length; // in 32 bits their sum is 0
}

static void random_endpoint(struct chaos *x, struct stage_submit *s)
{
    static const uint32_t none[] = {6, 9, 15, 16, 0x81, 0x80000000u, UINT32_MAX};
    uint32_t what = chance(x, 20);
    s->direction = chance(x, 2);
    s->ep = chance(x, INTERRUPT_IN + 1u);
    if (what < 10)
        s->ep = s->direction == WIRE_DIR_OUT ? BULK_OUT : chance(x, 4) ? BULK_IN : INTERRUPT_IN;
    else if (what < 13)
        s->ep = s->direction == WIRE_DIR_OUT ? ISO_OUT : ISO_IN;
    else if (what == 13)
        s->ep = ONE_OF(x, none);
}

static void random_submit(struct chaos *x)
{
    static const int32_t counts[] = {0, 0, -1, 5, 1024, INT32_MAX, INT32_MIN};
    static const int32_t bad_lengths[] = {-1, INT32_MIN, LONGEST + 1, INT32_MAX};
    struct usb_iso_packet packets[JUDGE_ISO_PACKETS];
    char setup[8];
    random_setup(x, setup);
    struct stage_submit s = {.seqnum = x->seqnum++,
                             .length = any_length(x),
                             .data = payload,
                             .setup = setup,
                             .flags = next(x),
                             .start_frame = (int32_t)next(x),
                             .number_of_packets = ONE_OF(x, counts),
                             .interval = (int32_t)next(x)};
    random_endpoint(x, &s);
    if (s.ep == 0 && chance(x, 4)) { // not contradicting
        s.direction = (uint8_t)setup[0] >> 7;
        s.length = base_get_le16((const uint8_t *)setup + 6);
    }
    bool in = s.direction == WIRE_DIR_IN, iso = s.ep == (in ? ISO_IN : ISO_OUT);
    if (in && chance(x, 30) == 0)
        s.length = ONE_OF(x, bad_lengths);
    if (iso) {
        s.number_of_packets = (int32_t)chance(x, JUDGE_ISO_PACKETS + 1);
        s.packets = packets;
        random_packets(x, packets, s.number_of_packets, s.length > 0 ? s.length : 0);
    }
    judge_submit(x->judge, x->c, &s, iso);
}

static void random_unlink(struct chaos *x)
{
    uint32_t seqnum = x->seqnum++, victim = seqnum;
    switch (chance(x, 8)) {
    case 0: // itself
        break;
    case 1: // never seen
        victim = 0x80000000u + next(x) / 2;
        break;
    case 2:
        victim = FIRST_SEQNUM + chance(x, seqnum - FIRST_SEQNUM + 1);
        break;
    default: // a recent one
        victim -= chance(x, seqnum < 10 ? seqnum : 10);
        break;
    }
    judge_unlink(x->judge, x->c, seqnum, victim);
}

// --- the device and the rest of the world --------------------------------------------------------

static void script_device(struct chaos *x)
{
    static const uint8_t ins[] = {0x81, 0x81, 0x83}, all[] = {0x81, 0x83, 0x02};
    static const enum sim_result failures[] = {SIM_STALL, SIM_ERROR, SIM_BABBLE};
    static const int16_t iso[] = {192, 100, -1, 0, 10, 192, -1, -1, 1};
    uint8_t in = ONE_OF(x, ins);
    switch (chance(x, 10)) {
    case 0:
        (void)sim_faulty_fail(x->d, in, ONE_OF(x, failures));
        break;
    case 1:
        sim_faulty_fail_after(x->d, BULK_OUT,
                              ONE_OF(x, failures) == SIM_STALL ? SIM_STALL : SIM_ERROR,
                              chance(x, 3000));
        break;
    case 2:
        sim_faulty_accept(x->d, BULK_OUT, chance(x, 3) ? UINT64_MAX : chance(x, 5000));
        break;
    case 3:
        sim_faulty_stream(x->d, in, chance(x, 4) == 0);
        break;
    case 4:
        sim_faulty_late(x->d, ONE_OF(x, all), chance(x, 2) ? 0 : chance(x, 2000));
        break;
    case 5:
        sim_faulty_release(x->d);
        break;
    case 6:
        sim_faulty_iso(x->d, chance(x, 2) ? 0x80 | ISO_IN : ISO_OUT, iso, 1 + chance(x, 9));
        break;
    default: // without memory it is as if it had nothing to say
        (void)sim_faulty_give(x->d, in, payload, chance(x, 1500));
        break;
    }
}

static void go_on(struct chaos *x)
{
    switch (chance(x, 8)) {
    case 0:
        stage_advance(&x->st, chance(x, 10) ? chance(x, 20000) : 1100000);
        break;
    case 1:
        stage_receive(x->c);
        break;
    case 2:
        x->c->deaf = !x->c->deaf;
        break;
    case 3:
        x->st.heap.fail_at = x->st.heap.calls + 1 + chance(x, 3);
        break;
    case 4:
        judge_replies(x->judge, x->c);
        break;
    default:
        stage_settle(&x->st);
        break;
    }
}

static void step(struct chaos *x)
{
    uint32_t what = chance(x, 16);
    if (what < 6)
        random_submit(x);
    else if (what < 8)
        random_unlink(x);
    else if (what < 11)
        script_device(x);
    else
        go_on(x);
}

// --- one seed ------------------------------------------------------------------------------------

static void begin(struct chaos *x, struct judge *judge, uint32_t seed)
{
    static const size_t pieces[] = {0, 0, 0, 13, 47, 49, 96, 500, 1460, 4095};
    static const struct sim_faulty_answer late = {.delay_us = 10000};
    static const char alternate[] = "\x01\x0b\x01\x00\x01\x00\x00\x00"; // isochronous endpoints
    *x = (struct chaos){.judge = judge, .random = seed, .seqnum = FIRST_SEQNUM};
    memset(judge->request, 0, sizeof judge->request);
    CHECK_EQ(judge->open, 0);
    const struct stage_options options = {
        .rx_piece = ONE_OF(x, pieces), .tx_piece = ONE_OF(x, pieces), .fail_once = true};
    CHECK(stage_open(&x->st, &options));
    x->d = sim_faulty_create(x->st.bus, &sim_faulty_d1);
    stage_plug(&x->st, "1-1", x->d);
    fixture_no_answer(x->d);
    sim_faulty_answer(x->d, 0x40, 0x56, &late);
    x->c = stage_attach(&x->st, "1-1");
    if (chance(x, 4))
        judge_submit(judge, x->c, &(struct stage_submit){.seqnum = x->seqnum++, .setup = alternate},
                     false);
}

// Every request has been answered once, or is unlinked now.
static void drain(struct chaos *x)
{
    x->st.heap.fail_at = 0;
    x->c->deaf = false;
    stage_advance(&x->st, 3 * FIXTURE_SECOND_US);
    judge_replies(x->judge, x->c);
    for (uint32_t victim = FIRST_SEQNUM, end = x->seqnum; victim < end; victim++)
        if (x->judge->request[victim].open == JUDGE_SUBMIT)
            judge_unlink(x->judge, x->c, x->seqnum++, victim);
    stage_advance(&x->st, 3 * FIXTURE_SECOND_US);
    judge_replies(x->judge, x->c);
    CHECK_EQ(x->judge->open, 0);
}

static void end_by_force(struct chaos *x)
{
    uint8_t bytes[GOLDEN_MAX];
    switch (chance(x, 5)) {
    case 0:
        stage_fin(x->c);
        break;
    case 1:
        stage_reset(x->c);
        break;
    case 2:
        CHECK_EQ(sim_unplug(x->st.bus, "1-1"), BASE_OK);
        stage_advance(&x->st, FIXTURE_SECOND_US);
        stage_replug(&x->st, "1-1");
        break;
    case 3:
        (void)golden(bytes, "SUB-BULKOUT31");
        base_put_be32(bytes + LENGTH_AT, 0x80000000u | next(x));
        stage_send(x->c, bytes, WIRE_URB_HEADER_SIZE);
        break;
    default:
        send_noise(x, x->c, false);
        break;
    }
}

static void play(struct judge *judge, uint32_t seed)
{
    struct chaos x;
    begin(&x, judge, seed);
    for (unsigned i = 0; i < STEPS; i++)
        step(&x);
    if (seed % 2)
        drain(&x);
    x.st.heap.fail_at = 0;
    end_by_force(&x);
    x.c->deaf = false;
    stage_advance(&x.st, 2 * FIXTURE_SECOND_US);
    judge_replies(judge, x.c);
    judge->open = 0;
    stage_check_closed(x.c, "1-1");
    stage_close(&x.st);
}

TEST(conformance_113_requests_that_make_no_sense)
{
    static struct judge judge;
    for (uint32_t seed = 1; seed <= SEEDS; seed++)
        play(&judge, seed);
    CHECK(judge.ok > 10 * SEEDS && judge.failed > 10 * SEEDS);
    CHECK(judge.unlinked > SEEDS && judge.too_late > SEEDS);
}
