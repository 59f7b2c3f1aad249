// SPDX-License-Identifier: Apache-2.0
// What passes between the loop and the client task of the chip's backend: order, and answers that
// nobody wants any more.
#include "device_size.h"
#include "tests/firmware/device_world.h"

static struct world_device *begin(struct world *w)
{
    world_begin(w);
    world_start(w);
    struct world_device *d = world_d1(w);
    CHECK_EQ(world_open(w, d), BASE_OK);
    return d;
}

static struct backend_event take(struct world *w)
{
    struct backend_event ev;
    CHECK(w->backend->take_event(w->backend, w->now_us, &ev));
    return ev;
}

// UNPLUGGED is the last word about a device, also when the loop has not heard it yet and submits.
TEST(device_queue_urb_that_crosses_unplugged)
{
    struct world w;
    struct world_urb u;
    struct world_device *d = begin(&w);
    world_urb(&w, d, &u, WORLD_BULK_IN, NULL, 512);
    CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK);
    device_rig_settle(&w.rig);
    world_submit(&w, &u);
    struct backend_event ev = take(&w);
    CHECK_EQ(ev.type, BACKEND_URB_DONE);
    CHECK(ev.urb == &u.urb);
    world_event(&w, &ev);
    world_check_urb(&u, USB_STATUS_NO_DEVICE, 0);
    ev = take(&w);
    CHECK_EQ(ev.type, BACKEND_UNPLUGGED);
    world_event(&w, &ev);
    world_settle(&w);
    world_release(&w, &u);
    world_end(&w);
}

// close() ends the interest in a change that is still being made, but not the change.
TEST(device_queue_close_during_a_change)
{
    static const struct usb_control_op op = {.type = USB_SET_INTERFACE, .value = 1, .interface = 1};
    struct world w;
    struct world_device *d = begin(&w);
    w.backend->control(w.backend, d->handle, &op);
    device_usb_host_client_turn(w.rig.host, 0);
    world_close(&w, d);
    CHECK(!d->control_done);
    CHECK_EQ(world_open(&w, d), BASE_OK);
    CHECK(!d->control_done);
    world_check_alive(&w, d);
    world_close(&w, d);
    world_end(&w);
}

TEST(device_queue_cancelled_together_come_back_in_order)
{
    enum { URBS = 8 };
    static struct world_urb u[URBS];
    struct world w;
    struct world_device *d = begin(&w);
    for (unsigned i = 0; i < URBS; i++) {
        world_urb(&w, d, &u[i], WORLD_BULK_IN, NULL, 512);
        world_submit(&w, &u[i]);
    }
    device_rig_settle(&w.rig); // the first one is in the library
    for (unsigned i = URBS; i > 0; i--)
        w.backend->cancel(w.backend, &u[i - 1].urb);
    device_rig_settle(&w.rig);
    for (unsigned i = 0; i < URBS; i++) {
        struct backend_event ev = take(&w);
        CHECK(ev.urb == &u[i].urb);
        world_event(&w, &ev);
        world_check_urb(&u[i], USB_STATUS_CANCELLED, 0);
        world_release(&w, &u[i]);
    }
    world_close(&w, d);
    world_end(&w);
}

// Taking back one that is not in the library leaves the library alone.
TEST(device_queue_cancel_of_a_waiting_urb)
{
    static struct world_urb first, second, third;
    struct world w;
    struct world_device *d = begin(&w);
    world_urb(&w, d, &first, WORLD_BULK_IN, NULL, 512);
    world_urb(&w, d, &second, WORLD_BULK_IN, NULL, 512);
    world_urb(&w, d, &third, WORLD_BULK_IN, NULL, 512);
    world_submit(&w, &first);
    world_submit(&w, &second);
    world_submit(&w, &third);
    world_settle(&w);
    unsigned submitted = usb_host_double_counts().submitted;
    w.backend->cancel(w.backend, &second.urb);
    world_settle(&w);
    world_check_urb(&second, USB_STATUS_CANCELLED, 0);
    CHECK(!first.done && !third.done);
    CHECK_EQ(usb_host_double_counts().submitted, submitted); // the first was not disturbed
    CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, "one", 3), BASE_OK);
    CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, "three", 5), BASE_OK);
    world_settle(&w);
    world_check_urb(&first, USB_STATUS_OK, 3);
    world_check_urb(&third, USB_STATUS_OK, 5);
    CHECK_BYTES(third.urb.buffer, "three", 5);
    world_release(&w, &first);
    world_release(&w, &second);
    world_release(&w, &third);
    world_close(&w, d);
    world_end(&w);
}

// A device that streams, whose URBs all come back full, gets a second one in flight, so that there
// is no gap; one that is taken back ends that.
TEST(device_queue_stream_has_two_in_flight)
{
    enum { URBS = 4, SIZE = 16384, ROUNDS = 40 };
    static struct world_urb u[URBS];
    static uint8_t data[SIZE];
    struct world w;
    struct world_device *d = begin(&w);
    for (unsigned i = 0; i < URBS; i++) {
        world_urb(&w, d, &u[i], WORLD_BULK_IN, NULL, SIZE);
        world_submit(&w, &u[i]);
    }
    for (unsigned round = 0; round < ROUNDS; round++) {
        world_settle(&w);
        CHECK_EQ(usb_host_double_counts().submitted_max, round < DEVICE_STREAM_URBS ? 1 : 2);
        memset(data, (int)round, SIZE);
        CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, data, SIZE), BASE_OK);
        world_settle(&w);
        world_check_urb(&u[round % URBS], USB_STATUS_OK, SIZE);
        CHECK_BYTES(u[round % URBS].urb.buffer, data, SIZE);
        world_submit(&w, &u[round % URBS]);
    }
    world_settle(&w);
    unsigned submitted = usb_host_double_counts().submitted;
    w.backend->cancel(w.backend, &u[0].urb);
    world_settle(&w);
    world_check_urb(&u[0], USB_STATUS_CANCELLED, 0);
    CHECK_EQ(usb_host_double_counts().submitted, submitted + 1);
    for (unsigned i = 1; i < URBS; i++) { // in their order
        memset(data, (int)i, SIZE);
        CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, data, SIZE), BASE_OK);
        world_settle(&w);
        world_check_urb(&u[i], USB_STATUS_OK, SIZE);
        CHECK_BYTES(u[i].urb.buffer, data, SIZE);
    }
    for (unsigned i = 0; i < URBS; i++)
        world_release(&w, &u[i]);
    world_close(&w, d);
    world_end(&w);
}
