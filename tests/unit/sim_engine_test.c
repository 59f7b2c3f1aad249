// SPDX-License-Identifier: Apache-2.0
// When what happens: order, cancel, time.
#include "tests/unit/sim_host.h"

#include <string.h>

enum { IN = 0x81, OUT = 0x02, INT_IN = 0x83 };

static void give(struct stand *s, const void *data, uint32_t size)
{
    CHECK_EQ(sim_faulty_give(s->d, IN, data, size), BASE_OK);
}

static void in_urb(struct stand *s, struct host_urb *t, uint32_t length)
{
    host_urb(&s->h, t, s->dev, IN, USB_BULK, length, NULL);
}

static void out_urb(struct stand *s, struct host_urb *t, uint32_t length)
{
    host_urb(&s->h, t, s->dev, OUT, USB_BULK, length, length ? host_pattern() : NULL);
}

static int32_t read_in(struct stand *s, uint8_t *data, uint32_t length, uint32_t *actual)
{
    return host_in(&s->h, s->dev, IN, data, length, actual);
}

// The next block arrives whole: nothing was left over, and the toggles agree.
static void check_in_step(struct stand *s)
{
    uint8_t data[512];
    uint32_t actual;
    give(s, host_pattern(), 10);
    CHECK_EQ(read_in(s, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 10);
}

// --- cancel --------------------------------------------------------------------------------------

TEST(sim_engine_cancel_takes_one_of_several)
{
    struct stand s;
    struct host_urb t[4];
    stand_begin(&s);
    for (unsigned i = 0; i < 4; i++) {
        in_urb(&s, &t[i], 512);
        host_submit(&s.h, &t[i]);
    }
    host_cancel(&s.h, &t[1]);
    CHECK_EQ(t[1].u.status, USB_STATUS_CANCELLED);
    CHECK_EQ(t[1].u.actual_length, 0);
    host_cancel(&s.h, &t[0]);
    for (unsigned i = 0; i < 2; i++)
        give(&s, host_pattern(), 10 + i);
    host_settle(&s.h);
    CHECK_EQ(t[2].u.actual_length, 10);
    CHECK_EQ(t[3].u.actual_length, 11);
    for (unsigned i = 0; i < 4; i++)
        host_free(&s.h, &t[i]);
    check_in_step(&s);
    stand_end(&s);
}

TEST(sim_engine_cancel_after_the_end_changes_nothing)
{
    struct stand s;
    struct host_urb t[2];
    struct backend_event ev;
    stand_begin(&s);
    for (unsigned i = 0; i < 2; i++) {
        give(&s, host_pattern(), 5 + i);
        in_urb(&s, &t[i], 512);
        s.h.backend->submit(s.h.backend, &t[i].u);
    }
    CHECK(s.h.backend->take_event(s.h.backend, s.h.now_us, &ev));
    CHECK(ev.type == BACKEND_URB_DONE && ev.urb == &t[0].u);
    t[0].done = true;
    s.h.backend->cancel(s.h.backend, &t[0].u);
    host_settle(&s.h);
    CHECK_EQ(t[0].u.status, USB_STATUS_OK);
    CHECK_EQ(t[0].u.actual_length, 5);
    CHECK_EQ(t[1].u.actual_length, 6);
    host_free(&s.h, &t[0]);
    host_free(&s.h, &t[1]);
    stand_end(&s);
}

TEST(sim_engine_cancel_of_a_part_keeps_its_length)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_accept(s.d, OUT, 1536); // three packets: both sides at DATA1
    out_urb(&s, &t, 4096);
    host_submit(&s.h, &t);
    CHECK(!t.done);
    host_cancel(&s.h, &t);
    CHECK_EQ(t.u.status, USB_STATUS_CANCELLED);
    CHECK_EQ(t.u.actual_length, 1536);
    host_free(&s.h, &t);
    sim_faulty_accept(s.d, OUT, UINT64_MAX);
    sim_faulty_forget(s.d, OUT);
    CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 700), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(s.d, OUT).bytes, 700);
    CHECK_BYTES(sim_faulty_received(s.d, OUT).data.data, host_pattern(), 700);

    give(&s, host_pattern(), 512);
    in_urb(&s, &t, 1024);
    host_submit(&s.h, &t);
    CHECK(!t.done);
    host_cancel(&s.h, &t);
    CHECK_EQ(t.u.actual_length, 512);
    host_free(&s.h, &t);
    check_in_step(&s);
    stand_end(&s);
}

TEST(sim_engine_cancel_of_an_urb_that_nobody_has_looked_at)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    give(&s, host_pattern(), 5);
    in_urb(&s, &t, 512);
    s.h.backend->submit(s.h.backend, &t.u);
    s.h.backend->cancel(s.h.backend, &t.u);
    host_settle(&s.h);
    CHECK_EQ(t.u.status, USB_STATUS_CANCELLED);
    host_free(&s.h, &t);
    uint8_t data[512];
    uint32_t actual;
    CHECK_EQ(read_in(&s, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 5); // not lost
    stand_end(&s);
}

// --- time ----------------------------------------------------------------------------------------

TEST(sim_engine_an_idle_interrupt_stays_for_ever)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    host_urb(&s.h, &t, s.dev, INT_IN, USB_INTERRUPT, 8, NULL);
    host_submit(&s.h, &t);
    CHECK(host_deadline(&s.h) == UINT64_MAX);
    host_advance(&s.h, 3600000000);
    CHECK(!t.done);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(host_out(&s.h, s.dev, OUT, host_pattern(), 512), USB_STATUS_OK);
    CHECK(!t.done);
    CHECK_EQ(sim_faulty_give(s.d, INT_IN, "report", 6), BASE_OK);
    host_settle(&s.h);
    CHECK(t.done);
    CHECK_EQ(t.u.actual_length, 6);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_engine_deadlines_are_the_devices)
{
    struct stand s;
    struct host_urb t;
    stand_begin(&s);
    sim_faulty_late(s.d, IN, 5000);
    give(&s, host_pattern(), 20);
    in_urb(&s, &t, 512);
    host_submit(&s.h, &t);
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 5000);
    sim_kick_at(s.d, INT_IN, s.h.now_us + 2000);
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 2000);
    sim_kick_at(s.d, INT_IN, s.h.now_us + 3000); // the earliest stays
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 2000);
    sim_kick_at(s.d, INT_IN, s.h.now_us + 1000);
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 1000);
    host_advance(&s.h, 4999);
    CHECK(!t.done);
    CHECK_EQ(host_deadline(&s.h), s.h.now_us + 1);
    host_advance(&s.h, 1);
    CHECK(t.done);
    CHECK_EQ(t.u.actual_length, 20);
    CHECK_EQ(sim_now_us(s.d), s.h.now_us);
    CHECK(host_deadline(&s.h) == UINT64_MAX);
    host_free(&s.h, &t);
    stand_end(&s);
}

TEST(sim_engine_time_does_not_go_back)
{
    struct stand s;
    stand_begin(&s);
    host_advance(&s.h, 1000);
    uint64_t before = sim_now_us(s.d);
    s.h.now_us -= 500;
    host_settle(&s.h);
    CHECK_EQ(sim_now_us(s.d), before);
    stand_end(&s);
}

TEST(sim_engine_pipes_take_turns)
{
    struct stand s;
    struct host_urb in[3], out[3];
    stand_begin(&s);
    sim_faulty_stream(s.d, IN, true);
    for (unsigned i = 0; i < 3; i++) {
        in_urb(&s, &in[i], 512);
        s.h.backend->submit(s.h.backend, &in[i].u);
    }
    for (unsigned i = 0; i < 3; i++) {
        out_urb(&s, &out[i], 512);
        s.h.backend->submit(s.h.backend, &out[i].u);
    }
    host_settle(&s.h);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(in[i].order, 2 * i + 1);
        CHECK_EQ(out[i].order, 2 * i + 2);
        host_free(&s.h, &in[i]);
        host_free(&s.h, &out[i]);
    }
    stand_end(&s);
}
// A device whose only endpoint counts how it is asked.
struct probe {
    struct sim_device d;
    unsigned calls;
    uint8_t *buf;
    uint32_t max;
};

static int probe_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct probe *p = (struct probe *)d;
    (void)ep;
    p->calls++;
    p->buf = buf;
    p->max = max;
    memset(buf, 0x5a, max);
    return (int)max;
}

static void probe_destroy(struct sim_device *d)
{
    base_free(sim_alloc(d->bus), d);
}

static struct probe *probe_create(struct host *h)
{
    static const uint8_t device[] = {18,   1,    0, 2, 0, 0, 0, 64, 0x09,
                                     0x12, 0x03, 0, 0, 1, 0, 0, 0,  1};
    static const uint8_t config[] = {9, 2, 25, 0, 1,   1,   0,   0xc0, 0, //
                                     9, 4, 0,  0, 1,   255, 255, 255,  0, //
                                     7, 5, IN, 2, 0x0, 2,   0};
    static const uint8_t *const configs[] = {config};
    static const struct sim_descriptors desc = {.device = device, .configs = configs};
    static const struct sim_device_ops ops = {.destroy = probe_destroy, .in = probe_in};
    struct probe *p = base_alloc(sim_alloc(h->bus), sizeof *p);
    CHECK(p);
    p->d = (struct sim_device){
        .ops = &ops, .desc = &desc, .name = "probe", .speed = USB_SPEED_HIGH, .bus = h->bus};
    return p;
}

TEST(sim_engine_64k_in_is_one_call_into_the_urb)
{
    struct host h;
    host_begin(&h);
    struct probe *p = probe_create(&h);
    struct host_device *dev = host_start(&h, "1-1", &p->d);
    struct host_urb t;
    host_urb(&h, &t, dev, IN, USB_BULK, 65536, NULL);
    host_submit(&h, &t);
    CHECK_EQ(t.u.status, 0);
    CHECK_EQ(t.u.actual_length, 65536);
    CHECK_EQ(p->calls, 1);
    CHECK(p->buf == t.u.buffer);
    CHECK_EQ(p->max, 65536);
    CHECK_EQ(p->d.toggle, 0); // 128 packets
    host_free(&h, &t);
    host_end(&h);
}

TEST(sim_engine_submit_does_not_ask_the_device)
{
    struct host h;
    host_begin(&h);
    struct probe *p = probe_create(&h);
    struct host_device *dev = host_start(&h, "1-1", &p->d);
    struct host_urb t;
    host_urb(&h, &t, dev, IN, USB_BULK, 512, NULL);
    h.backend->submit(h.backend, &t.u);
    CHECK_EQ(p->calls, 0);
    CHECK(host_deadline(&h) <= h.now_us);
    host_settle(&h);
    CHECK_EQ(p->calls, 1);
    CHECK(host_deadline(&h) == UINT64_MAX);
    host_free(&h, &t);
    host_end(&h);
}
