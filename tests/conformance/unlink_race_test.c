// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.4, item 76: an URB completes and is unlinked around the same time. Each round
// is {RET_SUBMIT, RET_UNLINK 0} in that order or {RET_UNLINK -104} alone, and no byte is lost.
#include "tests/conformance/fixture.h"

enum {
    ROUNDS = 10000,
    ROUNDS_BYTE_BY_BYTE = 1000,
    WINDOW_US = 6, // both happen within it
    FIRST_SEQNUM = 100,
};

enum pipe { PIPE_BULK_IN, PIPE_INTERRUPT_IN, PIPE_BULK_OUT, PIPE_CONTROL, PIPES };

static const char vendor_out[] = "\x40\x55\x00\x00\x00\x00\x00\x00"; // waits for its release
static const uint8_t address[PIPES] = {0x81, 0x83, 0x02, 0x00};

struct race {
    struct fixture *f;
    struct stage_client *c;
    uint32_t random;
    uint32_t seqnum; // of the round's SUBMIT; its UNLINK has the next one
    enum pipe pipe;
    bool late;                        // the device's own timer decides when it completes
    unsigned outcomes[2], at_once[2]; // [unlinked]: all rounds, and those at the very same instant
};

static uint32_t chance(struct race *r, uint32_t below)
{
    r->random = r->random * 1664525u + 1013904223u;
    return (r->random >> 8) % below;
}

static bool is_in(const struct race *r)
{
    return (address[r->pipe] & USB_DIR_IN) != 0;
}

static uint8_t number(const struct race *r)
{
    return address[r->pipe] & 0x0f;
}

// --- the two events ------------------------------------------------------------------------------

static void submit(struct race *r)
{
    stage_submit(r->c, &(struct stage_submit){
                           .seqnum = r->seqnum,
                           .direction = is_in(r),
                           .ep = number(r),
                           .length = r->pipe == PIPE_CONTROL ? 0
                                     : is_in(r)              ? 8
                                                             : (int32_t)sizeof r->seqnum,
                           .data = &r->seqnum,
                           .setup = r->pipe == PIPE_CONTROL ? vendor_out : NULL,
                       });
}

// From now on the device has, or takes, the data. With a timer it does so `late_us` later.
static void complete(struct race *r)
{
    struct sim_device *d = r->f->d1;
    if (is_in(r))
        CHECK_EQ(sim_faulty_give(d, address[r->pipe], &r->seqnum, sizeof r->seqnum), BASE_OK);
    else if (r->pipe == PIPE_BULK_OUT)
        sim_faulty_accept(d, address[r->pipe], UINT64_MAX);
    else
        sim_faulty_release(d);
}

// In the socket only, taken by the session but not acted upon, or all the way.
static void unlink(struct race *r)
{
    stage_queue_unlink(r->c, r->seqnum + 1, r->seqnum);
    uint32_t how_far = chance(r, 3);
    if (how_far > 0)
        stage_receive(r->c);
    if (how_far > 1)
        stage_settle(&r->f->st);
}

static void let_flow(struct race *r)
{
    if (chance(r, 2))
        stage_settle(&r->f->st);
}

static void happen(struct race *r, bool completes, bool unlinks)
{
    bool unlink_first = chance(r, 2);
    if (unlinks && unlink_first)
        unlink(r);
    if (unlinks && unlink_first)
        let_flow(r);
    if (completes)
        complete(r);
    let_flow(r);
    if (unlinks && !unlink_first)
        unlink(r);
    let_flow(r);
}

// --- one round -----------------------------------------------------------------------------------

// Time moves without a look at what is in the sockets: what is due comes together with that.
static void run(struct race *r, uint32_t completed_at, uint32_t unlinked_at)
{
    struct stage *st = &r->f->st;
    for (uint32_t us = 0; us < WINDOW_US; us++) {
        happen(r, !r->late && us == completed_at, us == unlinked_at);
        st->now_us++;
    }
    stage_advance(st, WINDOW_US);
}

static bool check_replies(struct race *r)
{
    struct wire_urb_header h;
    CHECK(r->c->in_size >= WIRE_URB_HEADER_SIZE);
    wire_urb_header_unpack(&h, r->c->in);
    bool unlinked = h.command == WIRE_RET_UNLINK;
    if (!unlinked) {
        int32_t actual = r->pipe == PIPE_CONTROL ? 0 : (int32_t)sizeof r->seqnum;
        const uint8_t *got = stage_expect_ret(r->c, r->seqnum, is_in(r), USB_STATUS_OK, actual);
        if (got)
            CHECK_BYTES(got, &r->seqnum, sizeof r->seqnum);
    }
    stage_expect_unlinked(r->c, r->seqnum + 1, unlinked ? USB_STATUS_CANCELLED : USB_STATUS_OK);
    stage_expect_silence(r->c);
    return unlinked;
}

// What an URB did not take is still there for the next one; what it took went once.
static void check_data(struct race *r, bool unlinked)
{
    struct sim_device *d = r->f->d1;
    if (is_in(r) && unlinked) {
        stage_in(r->c, r->seqnum + 2, number(r), 8);
        stage_advance(&r->f->st, WINDOW_US);
        CHECK_BYTES(stage_expect_ret(r->c, r->seqnum + 2, true, USB_STATUS_OK, sizeof r->seqnum),
                    &r->seqnum, sizeof r->seqnum);
    }
    if (is_in(r))
        CHECK_EQ(sim_faulty_left(d, address[r->pipe]), 0);
    if (r->pipe != PIPE_BULK_OUT)
        return;
    struct sim_faulty_received got = sim_faulty_received(d, address[r->pipe]);
    CHECK_EQ(got.packets, !unlinked);
    if (!unlinked)
        CHECK_BYTES(got.data.data, &r->seqnum, sizeof r->seqnum);
    sim_faulty_forget(d, address[r->pipe]);
}

static void play_round(struct race *r)
{
    struct sim_device *d = r->f->d1;
    uint32_t completed_at = chance(r, WINDOW_US), unlinked_at = chance(r, WINDOW_US);
    r->pipe = (enum pipe)chance(r, PIPES);
    r->late = r->pipe != PIPE_CONTROL && completed_at > 0 && chance(r, 2);
    sim_faulty_accept(d, 0x02, r->late ? UINT64_MAX : 0);
    if (r->pipe != PIPE_CONTROL)
        sim_faulty_late(d, address[r->pipe], r->late ? completed_at : 0);
    if (r->late)
        complete(r);
    submit(r);
    run(r, completed_at, unlinked_at);
    bool unlinked = check_replies(r);
    r->outcomes[unlinked]++;
    r->at_once[unlinked] += completed_at == unlinked_at;
    check_data(r, unlinked);
    r->seqnum += 3;
}

static void race(struct fixture *f, unsigned rounds)
{
    const struct sim_faulty_answer waits = {.result = SIM_NAK};
    struct race r = {.f = f, .random = 76, .seqnum = FIRST_SEQNUM};
    sim_faulty_answer(f->d1, 0x40, 0x55, &waits);
    r.c = fixture_attach(f);
    for (unsigned i = 0; i < rounds; i++)
        play_round(&r);
    for (unsigned unlinked = 0; unlinked < 2; unlinked++) {
        CHECK(r.outcomes[unlinked] > rounds / 4);
        CHECK(r.at_once[unlinked] > rounds / 40);
    }
    stage_check_alive(r.c);
}

TEST(conformance_076_completion_and_unlink_at_once)
{
    struct fixture f;
    fixture_open(&f, NULL);
    race(&f, ROUNDS);
    fixture_close(&f);
}

TEST(conformance_076_completion_and_unlink_at_once_byte_by_byte)
{
    struct fixture f;
    fixture_open(&f, &(struct stage_options){.rx_piece = 1, .tx_piece = 1});
    race(&f, ROUNDS_BYTE_BY_BYTE);
    fixture_close(&f);
}
