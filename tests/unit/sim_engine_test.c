// SPDX-License-Identifier: Apache-2.0
// When what happens: order, cancel, time.
#include "tests/support/rig.h"
#include "usb/usb_descriptor_bytes.h"

#include <string.h>

enum { IN = 0x81, OUT = 0x02, INT_IN = 0x83 };

// The next block arrives whole: nothing was left over, and the toggles agree.
static void check_in_step(struct rig *r)
{
    uint8_t data[512];
    uint32_t actual;
    rig_give(r, IN, rig_pattern(), 10);
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 10);
}

// --- cancel --------------------------------------------------------------------------------------

RIG_TEST(sim_engine_cancel_takes_one_of_several, rig_begin_d1(r))
{
    struct rig_urb t[4];
    for (unsigned i = 0; i < 4; i++) {
        rig_urb(&t[i], r->dev, IN, NULL, 512);
        rig_submit(&t[i]);
    }
    rig_cancel(&t[1]);
    CHECK_EQ(t[1].urb.status, USB_STATUS_CANCELLED);
    CHECK_EQ(t[1].urb.actual_length, 0);
    rig_cancel(&t[0]);
    for (unsigned i = 0; i < 2; i++)
        rig_give(r, IN, rig_pattern(), 10 + i);
    rig_settle(r);
    CHECK_EQ(t[2].urb.actual_length, 10);
    CHECK_EQ(t[3].urb.actual_length, 11);
    for (unsigned i = 0; i < 4; i++)
        rig_release(&t[i]);
    check_in_step(r);
}

RIG_TEST(sim_engine_cancel_after_the_end_changes_nothing, rig_begin_d1(r))
{
    struct rig_urb t[2];
    struct backend_event ev;
    for (unsigned i = 0; i < 2; i++) {
        rig_give(r, IN, rig_pattern(), 5 + i);
        rig_urb(&t[i], r->dev, IN, NULL, 512);
        rig_queue_submit(&t[i]);
    }
    CHECK(rig_take(r, &ev));
    CHECK(ev.type == BACKEND_URB_DONE && ev.urb == &t[0].urb);
    rig_queue_cancel(&t[0]);
    rig_settle(r);
    CHECK_EQ(t[0].urb.status, USB_STATUS_OK);
    CHECK_EQ(t[0].urb.actual_length, 5);
    CHECK_EQ(t[1].urb.actual_length, 6);
    rig_release(&t[0]);
    rig_release(&t[1]);
}

RIG_TEST(sim_engine_cancel_of_a_part_keeps_its_length, rig_begin_d1(r))
{
    struct rig_urb t;
    sim_faulty_accept(r->sim, OUT, 1536); // three packets: both sides at DATA1
    rig_urb(&t, r->dev, OUT, rig_pattern(), 4096);
    rig_submit(&t);
    CHECK(!t.done);
    rig_cancel(&t);
    CHECK_EQ(t.urb.status, USB_STATUS_CANCELLED);
    CHECK_EQ(t.urb.actual_length, 1536);
    rig_release(&t);
    sim_faulty_accept(r->sim, OUT, UINT64_MAX);
    sim_faulty_forget(r->sim, OUT);
    CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 700), USB_STATUS_OK);
    CHECK_EQ(sim_faulty_received(r->sim, OUT).bytes, 700);
    CHECK_BYTES(sim_faulty_received(r->sim, OUT).data.data, rig_pattern(), 700);

    rig_give(r, IN, rig_pattern(), 512);
    rig_urb(&t, r->dev, IN, NULL, 1024);
    rig_submit(&t);
    CHECK(!t.done);
    rig_cancel(&t);
    CHECK_EQ(t.urb.actual_length, 512);
    rig_release(&t);
    check_in_step(r);
}

RIG_TEST(sim_engine_cancel_of_an_urb_that_nobody_has_looked_at, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_give(r, IN, rig_pattern(), 5);
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_queue_submit(&t);
    rig_queue_cancel(&t);
    rig_settle(r);
    CHECK_EQ(t.urb.status, USB_STATUS_CANCELLED);
    rig_release(&t);
    uint8_t data[512];
    uint32_t actual;
    CHECK_EQ(rig_in(r->dev, IN, data, 512, &actual), USB_STATUS_OK);
    CHECK_EQ(actual, 5); // not lost
}

// --- time ----------------------------------------------------------------------------------------

RIG_TEST(sim_engine_an_idle_interrupt_stays_for_ever, rig_begin_d1(r))
{
    struct rig_urb t;
    rig_urb(&t, r->dev, INT_IN, NULL, 8);
    rig_submit(&t);
    CHECK(rig_deadline(r) == UINT64_MAX);
    rig_advance(r, 3600000000);
    CHECK(!t.done);
    for (unsigned i = 0; i < 100; i++)
        CHECK_EQ(rig_out(r->dev, OUT, rig_pattern(), 512), USB_STATUS_OK);
    CHECK(!t.done);
    rig_give(r, INT_IN, "report", 6);
    rig_settle(r);
    CHECK(t.done);
    CHECK_EQ(t.urb.actual_length, 6);
    rig_release(&t);
}

RIG_TEST(sim_engine_deadlines_are_the_devices, rig_begin_d1(r))
{
    struct rig_urb t;
    sim_faulty_late(r->sim, IN, 5000);
    rig_give(r, IN, rig_pattern(), 20);
    rig_urb(&t, r->dev, IN, NULL, 512);
    rig_submit(&t);
    CHECK_EQ(rig_deadline(r), r->now_us + 5000);
    sim_kick_at(r->sim, INT_IN, r->now_us + 2000);
    CHECK_EQ(rig_deadline(r), r->now_us + 2000);
    sim_kick_at(r->sim, INT_IN, r->now_us + 3000); // the earliest stays
    CHECK_EQ(rig_deadline(r), r->now_us + 2000);
    sim_kick_at(r->sim, INT_IN, r->now_us + 1000);
    CHECK_EQ(rig_deadline(r), r->now_us + 1000);
    rig_advance(r, 4999);
    CHECK(!t.done);
    CHECK_EQ(rig_deadline(r), r->now_us + 1);
    rig_advance(r, 1);
    CHECK(t.done);
    CHECK_EQ(t.urb.actual_length, 20);
    CHECK_EQ(sim_now_us(r->sim), r->now_us);
    CHECK(rig_deadline(r) == UINT64_MAX);
    rig_release(&t);
}

RIG_TEST(sim_engine_time_does_not_go_back, rig_begin_d1(r))
{
    rig_advance(r, 1000);
    uint64_t before = sim_now_us(r->sim);
    r->now_us -= 500;
    rig_settle(r);
    CHECK_EQ(sim_now_us(r->sim), before);
}

RIG_TEST(sim_engine_pipes_take_turns, rig_begin_d1(r))
{
    struct rig_urb in[3], out[3];
    sim_faulty_stream(r->sim, IN, true);
    for (unsigned i = 0; i < 3; i++) {
        rig_urb(&in[i], r->dev, IN, NULL, 512);
        rig_queue_submit(&in[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        rig_urb(&out[i], r->dev, OUT, rig_pattern(), 512);
        rig_queue_submit(&out[i]);
    }
    rig_settle(r);
    for (unsigned i = 0; i < 3; i++) {
        CHECK_EQ(in[i].order, 2 * i + 1);
        CHECK_EQ(out[i].order, 2 * i + 2);
        rig_release(&in[i]);
        rig_release(&out[i]);
    }
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

static struct probe *probe_create(struct rig *r)
{
    static const uint8_t device[] = {18,   1,    0, 2, 0, 0, 0, 64, 0x09,
                                     0x12, 0x03, 0, 0, 1, 0, 0, 0,  1};
    static const uint8_t config[] = {
        USB_CONFIG_BYTES(25, 1, 1, 0, 0xc0, 0),
        USB_INTERFACE_BYTES(0, 0, 1, 255, 255, 255, 0),
        USB_ENDPOINT_BYTES(IN, USB_BULK, 512, 0),
    };
    static const uint8_t *const configs[] = {config};
    static const struct sim_descriptors desc = {.device = device, .configs = configs};
    static const struct sim_device_ops ops = {.destroy = probe_destroy, .in = probe_in};
    struct probe *p = base_alloc(sim_alloc(r->bus), sizeof *p);
    CHECK(p);
    p->d = (struct sim_device){
        .ops = &ops, .desc = &desc, .name = "probe", .speed = USB_SPEED_HIGH, .bus = r->bus};
    return p;
}

RIG_TEST(sim_engine_64k_in_is_one_call_into_the_urb, rig_begin(r))
{
    struct probe *p = probe_create(r);
    struct rig_device *dev = rig_start(r, &p->d, 0);
    struct rig_urb t;
    rig_urb(&t, dev, IN, NULL, 65536);
    rig_submit(&t);
    CHECK_EQ(t.urb.status, 0);
    CHECK_EQ(t.urb.actual_length, 65536);
    CHECK_EQ(p->calls, 1);
    CHECK(p->buf == t.urb.buffer);
    CHECK_EQ(p->max, 65536);
    CHECK_EQ(p->d.toggle, 0); // 128 packets
    rig_release(&t);
}

RIG_TEST(sim_engine_submit_does_not_ask_the_device, rig_begin(r))
{
    struct probe *p = probe_create(r);
    struct rig_device *dev = rig_start(r, &p->d, 0);
    struct rig_urb t;
    rig_urb(&t, dev, IN, NULL, 512);
    rig_queue_submit(&t);
    CHECK_EQ(p->calls, 0);
    CHECK(rig_deadline(r) <= r->now_us);
    rig_settle(r);
    CHECK_EQ(p->calls, 1);
    CHECK(rig_deadline(r) == UINT64_MAX);
    rig_release(&t);
}
