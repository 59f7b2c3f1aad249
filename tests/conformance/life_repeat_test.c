// SPDX-License-Identifier: Apache-2.0
// docs/wire.md 8.7, items 125-127 and 130: sessions one after the other, side by side, and
// unplugged at random moments.
#include "tests/conformance/fixture.h"

#include <string.h>

// --- one after the other -------------------------------------------------------------------------

enum { DESCRIPTORS_MAX = 255 };

static void check_descriptors(struct stage_client *c)
{
    static uint8_t first[DESCRIPTORS_MAX];
    static uint32_t seqnum = 0;
    stage_submit(c, &(struct stage_submit){.seqnum = ++seqnum,
                                           .direction = 1,
                                           .length = DESCRIPTORS_MAX,
                                           .setup = "\x80\x06\x00\x02\x00\x00\xff\x00"});
    struct wire_urb_header h = stage_take_header(c);
    CHECK_EQ(h.u.ret_submit.status, USB_STATUS_OK);
    size_t size = (size_t)h.u.ret_submit.actual_length;
    const uint8_t *config = stage_take(c, size);
    CHECK(size >= USB_DT_CONFIG_SIZE && size == base_get_le16(config + 2));
    if (first[0] == 0)
        memcpy(first, config, size);
    CHECK_BYTES(config, first, size);
}

// An odd number of packets each way, so that a toggle that is not reset loses the next first one.
static void use_once(struct fixture *f)
{
    static const uint8_t data[] = {'o', 'u', 't'};
    struct stage_client *c = fixture_attach(f);
    check_descriptors(c);
    fixture_check_bulk_in(f->d1, c);
    stage_out(c, 1000000, 2, data, sizeof data);
    stage_expect_ret(c, 1000000, false, USB_STATUS_OK, sizeof data);
    struct sim_faulty_received got = sim_faulty_received(f->d1, 2);
    CHECK_EQ(got.bytes, sizeof data);
    CHECK_EQ(got.packets, 1);
    CHECK_BYTES(got.data.data, data, sizeof data);
    sim_faulty_forget(f->d1, 2);
    stage_fin(c);
    CHECK(stage_closed(c));
}

FIXTURE_TEST(conformance_125_import_200_times)
{
    fixture_check_no_leak(f, use_once);
    fixture_check_no_leak(f, use_once);
}

// --- side by side --------------------------------------------------------------------------------

static void queue_in(struct stage_client *c, uint32_t seqnum, uint32_t ep, int32_t length)
{
    stage_queue_submit(
        c, &(struct stage_submit){.seqnum = seqnum, .direction = 1, .ep = ep, .length = length});
}

static void expect_text(struct stage_client *c, uint32_t seqnum, const char *text)
{
    int32_t size = (int32_t)strlen(text);
    CHECK_BYTES(stage_expect_ret(c, seqnum, true, USB_STATUS_OK, size), text, (size_t)size);
}

static void give_text(struct sim_device *d, const char *text)
{
    CHECK_EQ(sim_faulty_give(d, 0x81, text, (uint32_t)strlen(text)), BASE_OK);
}

FIXTURE_TEST(conformance_126_two_clients_same_seqnums)
{
    struct stage_client *a = stage_attach(&f->st, "1-1"), *b = stage_attach(&f->st, "1-2");
    for (uint32_t seqnum = 1; seqnum <= 4; seqnum++) {
        queue_in(a, seqnum, 1, 512);
        queue_in(b, seqnum, 1, 512);
    }
    stage_settle(&f->st);
    give_text(f->d2, "for b");
    stage_settle(&f->st);
    stage_expect_silence(a);
    expect_text(b, 1, "for b");
    stage_unlink(a, 5, 2); // b has a 2 as well
    stage_expect_unlinked(a, 5, USB_STATUS_CANCELLED);
    give_text(f->d1, "first for a");
    give_text(f->d1, "second for a");
    give_text(f->d2, "second for b");
    stage_settle(&f->st);
    expect_text(a, 1, "first for a");
    expect_text(a, 3, "second for a");
    expect_text(b, 2, "second for b");
    stage_expect_silence(a);
    stage_expect_silence(b);
}

FIXTURE_TEST(conformance_127_one_client_two_devices)
{
    struct stage_client *a = stage_attach(&f->st, "1-1"), *b = stage_attach(&f->st, "1-2");
    queue_in(a, 1, 1, 512);
    queue_in(b, 1, 1, 512);
    stage_settle(&f->st);
    stage_fin(a);
    CHECK(stage_closed(a));
    CHECK(!stage_closed(b));
    give_text(f->d2, "still here");
    stage_settle(&f->st);
    expect_text(b, 1, "still here");
    stage_check_alive(b);
    stage_check_importable(&f->st, "1-1");
    stage_check_alive(b);
}

// --- unplugged at random moments -----------------------------------------------------------------

enum {
    ROUNDS_PER_STEP = 10, // and 100 steps
    ACTIONS = 12,
    SEQNUMS = ACTIONS + 1, // 1 .. ACTIONS
};

// What a client knows of its requests, to judge the replies as Linux does (docs/wire.md 9).
struct ledger {
    bool submitted[SEQNUMS], unlinks[SEQNUMS]; // without an answer
    uint32_t victim[SEQNUMS];
};

static const char set_interface[] = "\x01\x0b\x01\x00\x01\x00\x00\x00"; // 1, setting 1
static uint32_t random_state;

static uint32_t chance(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static void queue_action(struct stage_client *c, struct ledger *l, uint32_t seqnum)
{
    static const char *const setups[] = {
        "\x40\x55\x00\x00\x00\x00\x00\x00", // never answered
        set_interface,
        "\x00\x09\x01\x00\x00\x00\x00\x00", // SET_CONFIGURATION
        "\x02\x01\x00\x00\x81\x00\x00\x00", // CLEAR_FEATURE(HALT)
    };
    static const uint8_t data[700];
    uint32_t what = chance(8);
    bool unlink = what < 3 && seqnum > 1;
    l->submitted[seqnum] = !unlink;
    l->unlinks[seqnum] = unlink;
    if (unlink) {
        l->victim[seqnum] = 1 + chance(seqnum - 1);
        stage_queue_unlink(c, seqnum, l->victim[seqnum]);
    } else if (what < 5) {
        queue_in(c, seqnum, what == 3 ? 3 : 1, 8);
    } else if (what == 5) {
        stage_queue_submit(c, &(struct stage_submit){
                                  .seqnum = seqnum, .ep = 2, .length = sizeof data, .data = data});
    } else {
        stage_queue_submit(c, &(struct stage_submit){.seqnum = seqnum, .setup = setups[chance(4)]});
    }
}

// The session takes what has arrived, but nobody acts on it yet: an UNLINK is pending then.
static void receive_only(struct stage_client *c)
{
    struct base_iovec iov[4];
    unsigned n = c->session ? session_rx_vectors(c->session, iov, 4) : 0;
    size_t done = 0;
    for (unsigned i = 0; i < n && done < c->out_size; i++) {
        size_t left = c->out_size - done, part = left < iov[i].size ? left : iov[i].size;
        memcpy(iov[i].data, c->out + done, part);
        done += part;
    }
    memmove(c->out, c->out + done, c->out_size - done);
    c->out_size -= done;
    if (done > 0)
        session_rx_commit(c->session, done, c->stage->now_us);
}

static void go_on(struct fixture *f, struct stage_client *c)
{
    switch (chance(4)) {
    case 0:
        stage_settle(&f->st);
        break;
    case 1:
        receive_only(c);
        server_step(f->st.server, f->st.now_us);
        break;
    case 2:
        receive_only(c);
        break;
    default:
        break; // stays in the socket
    }
}

static void judge(struct stage_client *c, struct ledger *l)
{
    while (c->in_size > 0) {
        struct wire_urb_header h = stage_take_header(c);
        CHECK(h.seqnum >= 1 && h.seqnum < SEQNUMS);
        if (h.command == WIRE_RET_SUBMIT) {
            CHECK(l->submitted[h.seqnum]);
            l->submitted[h.seqnum] = false;
            CHECK_EQ(h.u.ret_submit.actual_length, 0);
        } else {
            CHECK_EQ(h.command, WIRE_RET_UNLINK);
            CHECK(l->unlinks[h.seqnum]);
            l->unlinks[h.seqnum] = false;
            if (h.u.ret_unlink.status != 0)
                l->submitted[l->victim[h.seqnum]] = false; // its RET_SUBMIT must not come any more
        }
    }
}

static void unplug_once(struct fixture *f)
{
    struct ledger ledger = {0};
    struct stage_client *c = stage_attach(&f->st, "1-1");
    for (uint32_t seqnum = 1; seqnum <= ACTIONS; seqnum++) {
        queue_action(c, &ledger, seqnum);
        go_on(f, c);
    }
    fixture_unplug(f, "1-1");
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    judge(c, &ledger);
    stage_replug(&f->st, "1-1");
}

static void vanish(struct sim_device *d, uint8_t interface)
{
    (void)interface;
    sim_vanish(d);
}

static void unplug_in_a_pipe_change(struct fixture *f)
{
    struct stage_client *c = stage_attach(&f->st, "1-1");
    queue_in(c, 1, 1, 512);
    stage_control(c, 2, set_interface);
    stage_advance(&f->st, FIXTURE_SECOND_US);
    CHECK(stage_closed(c));
    stage_replug(&f->st, "1-1");
}

// While the backend works on a SET_INTERFACE, which is then never reported as done.
FIXTURE_TEST(conformance_130_unplug_in_a_pipe_change)
{
    static struct sim_device_ops vanishing; // lives as long as the device
    vanishing = *f->d1->ops;
    vanishing.alternate_selected = vanish;
    f->d1->ops = &vanishing;
    fixture_check_no_leak(f, unplug_in_a_pipe_change);
    stage_check_importable(&f->st, "1-1");
}

static void unplug_often(struct fixture *f)
{
    for (unsigned i = 0; i < ROUNDS_PER_STEP; i++)
        unplug_once(f);
}

FIXTURE_TEST(conformance_130_unplug_at_random)
{
    const struct sim_faulty_answer never = {.result = SIM_NAK};
    random_state = 1;
    sim_faulty_answer(f->d1, 0x40, 0x55, &never);
    sim_faulty_accept(f->d1, 2, 0);
    fixture_check_no_leak(f, unplug_often);
    stage_check_importable(&f->st, "1-1");
}
