// SPDX-License-Identifier: Apache-2.0
// What passes between the loop and the client task of the chip's backend: order, and answers that
// nobody wants any more.
#include "device_size.h"
#include "device_state.h"
#include "tests/firmware/device_world.h"

#include <string.h>

static struct backend_event take(struct world *w)
{
    struct backend_event ev;
    CHECK(rig_take(&w->rig, &ev));
    return ev;
}

// UNPLUGGED is the last word about a device, also when the loop has not heard it yet and submits.
WORLD_TEST(device_queue_urb_that_crosses_unplugged, world_begin_d1(w))
{
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    rig_urb(&u, d, WORLD_BULK_IN, NULL, 512);
    CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
    device_rig_settle(&w->chip);
    rig_queue_submit(&u);
    struct backend_event ev = take(w);
    CHECK_EQ(ev.type, BACKEND_URB_DONE);
    CHECK(ev.urb == &u.urb);
    rig_check_urb(&u, USB_STATUS_NO_DEVICE, 0);
    ev = take(w);
    CHECK_EQ(ev.type, BACKEND_UNPLUGGED);
    rig_settle(&w->rig);
    rig_release(&u);
}

// The loop has UNPLUGGED in its hands until it asks for the next event: its place is not given to
// the next device before, whatever the client task does meanwhile.
WORLD_TEST(device_queue_unplugged_is_looked_at_in_peace, world_begin_d1(w))
{
    CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
    device_rig_settle(&w->chip);
    struct backend_event ev = take(w), none;
    const struct device *d = ev.device;
    CHECK_EQ(ev.type, BACKEND_UNPLUGGED);
    device_rig_settle(&w->chip);
    device_usb_host_client_turn(w->chip.host, 0);
    CHECK_STR(d->info.busid, "1-1");
    CHECK(!rig_take(&w->rig, &none));
    device_usb_host_client_turn(w->chip.host, 0);
    CHECK_EQ(d->life, DEVICE_FREE);
}

// close() ends the interest in a change that is still being made, but not the change.
WORLD_TEST(device_queue_close_during_a_change, world_begin_d1(w))
{
    static const struct usb_control_op op = {.type = USB_SET_INTERFACE, .value = 1, .interface = 1};
    struct rig_device *d = w->rig.dev;
    rig_queue_change(d, &op);
    device_usb_host_client_turn(w->chip.host, 0);
    rig_close(d);
    CHECK_EQ(d->controls, 0);
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK_EQ(d->controls, 0);
    world_check_alive(d);
    rig_close(d);
}

WORLD_TEST(device_queue_cancelled_together_come_back_in_order, world_begin_d1(w))
{
    enum { URBS = 8 };
    static struct rig_urb u[URBS];
    struct rig_device *d = w->rig.dev;
    for (unsigned i = 0; i < URBS; i++) {
        rig_urb(&u[i], d, WORLD_BULK_IN, NULL, 512);
        rig_queue_submit(&u[i]);
    }
    device_rig_settle(&w->chip); // the first one is in the library
    for (unsigned i = URBS; i > 0; i--)
        rig_queue_cancel(&u[i - 1]);
    device_rig_settle(&w->chip);
    for (unsigned i = 0; i < URBS; i++) {
        struct backend_event ev = take(w);
        CHECK(ev.urb == &u[i].urb);
        rig_check_urb(&u[i], USB_STATUS_CANCELLED, 0);
        rig_release(&u[i]);
    }
    rig_close(d);
}

// Taking back one that is not in the library leaves the library alone.
WORLD_TEST(device_queue_cancel_of_a_waiting_urb, world_begin_d1(w))
{
    static struct rig_urb first, second, third;
    struct rig_device *d = w->rig.dev;
    rig_urb(&first, d, WORLD_BULK_IN, NULL, 512);
    rig_urb(&second, d, WORLD_BULK_IN, NULL, 512);
    rig_urb(&third, d, WORLD_BULK_IN, NULL, 512);
    rig_queue_submit(&first);
    rig_queue_submit(&second);
    rig_submit(&third);
    unsigned submitted = usb_host_double_counts().submitted;
    rig_cancel(&second);
    rig_check_urb(&second, USB_STATUS_CANCELLED, 0);
    CHECK(!first.done && !third.done);
    CHECK_EQ(usb_host_double_counts().submitted, submitted); // the first was not disturbed
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "one", 3), BASE_OK);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "three", 5), BASE_OK);
    rig_settle(&w->rig);
    rig_check_urb(&first, USB_STATUS_OK, 3);
    rig_check_urb(&third, USB_STATUS_OK, 5);
    CHECK_BYTES(third.urb.buffer, "three", 5);
    rig_release(&first);
    rig_release(&second);
    rig_release(&third);
    rig_close(d);
}

// A device that streams, whose URBs all come back full, gets a second one in flight, so that there
// is no gap; one that is taken back ends that.
WORLD_TEST(device_queue_stream_has_two_in_flight, world_begin_d1(w))
{
    enum { URBS = 4, SIZE = 16384, ROUNDS = 40 };
    static struct rig_urb u[URBS];
    static uint8_t data[SIZE];
    struct rig_device *d = w->rig.dev;
    for (unsigned i = 0; i < URBS; i++) {
        rig_urb(&u[i], d, WORLD_BULK_IN, NULL, SIZE);
        rig_queue_submit(&u[i]);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        rig_settle(&w->rig);
        CHECK_EQ(usb_host_double_counts().submitted_max, round < DEVICE_STREAM_URBS ? 1 : 2);
        memset(data, (int)round, SIZE);
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, data, SIZE), BASE_OK);
        rig_settle(&w->rig);
        rig_check_urb(&u[round % URBS], USB_STATUS_OK, SIZE);
        CHECK_BYTES(u[round % URBS].urb.buffer, data, SIZE);
        rig_queue_submit(&u[round % URBS]);
    }
    rig_settle(&w->rig);
    unsigned submitted = usb_host_double_counts().submitted;
    rig_cancel(&u[0]);
    rig_check_urb(&u[0], USB_STATUS_CANCELLED, 0);
    CHECK_EQ(usb_host_double_counts().submitted, submitted + 1);
    for (unsigned i = 1; i < URBS; i++) { // in their order
        memset(data, (int)i, SIZE);
        CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, data, SIZE), BASE_OK);
        rig_settle(&w->rig);
        rig_check_urb(&u[i], USB_STATUS_OK, SIZE);
        CHECK_BYTES(u[i].urb.buffer, data, SIZE);
    }
    for (unsigned i = 0; i < URBS; i++)
        rig_release(&u[i]);
    rig_close(d);
}

// How many of one endpoint's URBs, each of which is one transfer, the library has.
static unsigned in_flight(const struct world *w, unsigned submitted_before, unsigned done_before)
{
    return usb_host_double_counts().submitted - submitted_before - (w->rig.urbs_done - done_before);
}

// A stream is over with the first URB that does not come back full.
static void end_stream(enum sim_result how, int32_t status, uint32_t actual)
{
    enum { URBS = DEVICE_STREAM_URBS + 4, SIZE = 512 };
    static struct rig_urb u[URBS];
    static uint8_t data[SIZE];
    struct world w;
    world_begin_d1(&w);
    struct rig_device *d = w.rig.dev;
    unsigned submitted = usb_host_double_counts().submitted, done = w.rig.urbs_done;
    for (unsigned i = 0; i < URBS; i++) {
        rig_urb(&u[i], d, WORLD_BULK_IN, NULL, SIZE);
        rig_queue_submit(&u[i]);
    }
    for (unsigned i = 0; i < DEVICE_STREAM_URBS; i++) {
        rig_settle(&w.rig);
        CHECK_EQ(in_flight(&w, submitted, done), 1);
        CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, data, SIZE), BASE_OK);
    }
    rig_settle(&w.rig);
    CHECK_EQ(in_flight(&w, submitted, done), 2);
    if (how == SIM_ERROR)
        CHECK_EQ(sim_faulty_fail(world_sim(&w), WORLD_BULK_IN, how), BASE_OK);
    else
        CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, data, actual), BASE_OK);
    rig_settle(&w.rig);
    rig_check_urb(&u[DEVICE_STREAM_URBS], status, actual);
    // After an error the library has given back the second one, which is submitted again.
    CHECK_EQ(in_flight(&w, submitted, done), how == SIM_ERROR ? 1 + 1 : 1);
    CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, data, SIZE), BASE_OK);
    rig_settle(&w.rig);
    CHECK_EQ(in_flight(&w, submitted, done), how == SIM_ERROR ? 1 + 1 : 1);
    for (unsigned i = DEVICE_STREAM_URBS + 2; i < URBS; i++)
        rig_cancel(&u[i]);
    for (unsigned i = 0; i < URBS; i++)
        rig_release(&u[i]);
    rig_close(d);
    world_end(&w);
}

TEST(device_queue_short_packet_ends_the_stream)
{
    end_stream(0, USB_STATUS_OK, 3);
}

TEST(device_queue_error_ends_the_stream)
{
    end_stream(SIM_ERROR, USB_STATUS_PROTOCOL, 0);
}

// --- wake-ups ------------------------------------------------------------------------------------

struct asking {
    struct rig_urb *urb;
    unsigned at; // step
    bool asked;
};

static void ask(void *ctx, unsigned step)
{
    struct asking *a = ctx;
    if (step != a->at)
        return;
    a->asked = true;
    rig_queue_submit(a->urb);
}

// The loop asks for something at any moment of a turn that is about something else, also when the
// library is just clearing the wake-up that comes with it: the turn does not end with it undone.
TEST(device_queue_what_is_asked_during_a_turn_is_done)
{
    struct asking a = {0};
    do {
        static struct rig_urb first, second;
        struct world w;
        world_begin_d1(&w);
        rig_control_urb(&first, w.rig.dev, "8006000100001200", NULL);
        rig_urb(&second, w.rig.dev, WORLD_BULK_IN, NULL, 512);
        CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, "asked", 5), BASE_OK);
        rig_queue_submit(&first);
        a = (struct asking){.urb = &second, .at = a.at};
        usb_host_double_at_step(ask, &a);
        device_rig_settle(&w.chip); // as both tasks do until they sleep
        usb_host_double_at_step(NULL, NULL);
        rig_settle(&w.rig);
        CHECK(first.done && second.done == a.asked);
        rig_release(&first);
        if (a.asked)
            rig_release(&second);
        rig_close(w.rig.dev);
        world_end(&w);
        a.at++;
    } while (a.asked);
    CHECK(a.at > 5);
}

static unsigned wakes;

static void count_wake(void)
{
    wakes++;
}

static void prepare_with_wake(struct world *w)
{
    world_prepare(w);
    w->wake = count_wake;
    wakes = 0;
}

// The loop sleeps: it hears of each answer, and of nothing else.
WORLD_TEST(device_queue_wakes_the_loop_for_each_answer, prepare_with_wake(w))
{
    struct rig_urb u;
    world_start(w);
    CHECK_EQ(wakes, 0);
    struct rig_device *d = world_d1(w);
    CHECK_EQ(wakes, 1);
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK_EQ(wakes, 2);
    rig_urb(&u, d, WORLD_BULK_IN, NULL, 512);
    rig_submit(&u);
    rig_advance(&w->rig, 10 * RIG_SECOND_US);
    CHECK_EQ(wakes, 2);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "news", 4), BASE_OK);
    device_rig_settle(&w->chip);
    CHECK_EQ(wakes, 3);
    rig_settle(&w->rig);
    rig_check_urb(&u, USB_STATUS_OK, 4);
    rig_release(&u);
    rig_close(d);
    CHECK_EQ(wakes, 4);
}
