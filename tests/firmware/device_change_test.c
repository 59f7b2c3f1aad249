// SPDX-License-Identifier: Apache-2.0
// Changes of pipes in the chip's backend when the device does not take part, and what they cost its
// neighbours.
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

// Endpoint 0 hangs in a request that its client has given up.
static void jam(struct world *w, struct world_device *d)
{
    static const struct sim_faulty_answer never = {.result = SIM_NAK};
    struct world_urb u;
    sim_faulty_answer(world_sim(w), 0x40, 0x55, &never);
    world_setup(w, d, &u, "\x40\x55\0\0\0\0\0\0");
    world_submit(w, &u);
    world_settle(w);
    w->backend->cancel(w->backend, &u.urb);
    world_settle(w);
    world_check_urb(&u, USB_STATUS_CANCELLED, 0);
}

// Whoever waits for the answer holds the device: a client that has left could never give it back.
TEST(device_change_ends_without_an_answer)
{
    static const struct usb_control_op changes[] = {
        {.type = USB_SET_INTERFACE, .interface = 1, .value = 1},
        {.type = USB_CLEAR_HALT, .value = WORLD_BULK_IN},
        {.type = USB_SET_CONFIGURATION, .value = 1},
        {.type = USB_RESET_DEVICE},
    };
    for (unsigned i = 0; i < sizeof changes / sizeof *changes; i++) {
        struct world w;
        struct world_device *d = begin(&w);
        uint8_t got[512];
        jam(&w, d);
        w.backend->control(w.backend, d->handle, &changes[i]);
        world_advance(&w, 2 * DEVICE_CHANGE_US);
        CHECK(d->control_done);
        CHECK_EQ(d->control_status, USB_STATUS_NO_RESPONSE);
        CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, "works", 5), BASE_OK);
        world_transfer(&w, d, WORLD_BULK_IN, got, 512, USB_STATUS_OK, 5);
        sim_faulty_release(world_sim(&w));
        world_settle(&w);
        CHECK_EQ(world_change(&w, d, changes[i].type, changes[i].interface, changes[i].value),
                 USB_STATUS_OK);
        world_check_alive(&w, d);
        world_close(&w, d);
        world_end(&w);
    }
}

// It is given up all the same, and the next client hears that it does not work, until it does.
TEST(device_change_import_of_a_device_that_hangs)
{
    struct world w;
    struct world_device *d = begin(&w);
    jam(&w, d);
    world_close(&w, d);
    CHECK_EQ(world_open(&w, d), BASE_ERR_IO);
    sim_faulty_release(world_sim(&w));
    world_settle(&w);
    CHECK_EQ(world_open(&w, d), BASE_OK);
    world_check_alive(&w, d);
    world_close(&w, d);
    world_end(&w);
}

// What cannot be sent is answered, and what is behind it goes on at once.
TEST(device_change_control_behind_an_impossible_one)
{
    struct world w;
    struct world_urb huge, next;
    struct world_device *d = begin(&w);
    world_setup(&w, d, &huge, "\x40\x01\0\0\0\0\x00\x50"); // 20,480 bytes
    world_setup(&w, d, &next, "\x80\x06\x00\x01\x00\x00\x12\x00");
    world_submit(&w, &huge);
    world_submit(&w, &next);
    struct backend_event ev;
    device_rig_settle(&w.rig); // once: on the chip nobody wakes the client task for what is over
    while (w.backend->take_event(w.backend, w.now_us, &ev))
        world_event(&w, &ev);
    world_check_urb(&huge, USB_STATUS_INVALID, 0);
    world_check_urb(&next, USB_STATUS_OK, USB_DT_DEVICE_SIZE);
    world_release(&w, &huge);
    world_release(&w, &next);
    world_close(&w, d);
    world_end(&w);
}

static void give(void *ctx, unsigned step)
{
    (void)step;
    (void)sim_faulty_give(ctx, WORLD_BULK_IN, "data", 4);
}

// The library's release sleeps, with everybody's events waiting, if one of any endpoint is there:
// a busy neighbour would have gaps, and not only it.
TEST(device_change_leaves_a_busy_neighbour_alone)
{
    struct world w;
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 0, "1-1", sim_hub_create(w.bus[0], 4));
    world_plug(&w, 0, "1-1.1", sim_faulty_create(w.bus[0], &sim_faulty_d1));
    world_plug(&w, 0, "1-1.2", sim_faulty_create(w.bus[0], &sim_faulty_d1));
    struct world_device *d = world_find(&w, "1-1.1"), *busy = world_find(&w, "1-1.2");
    struct sim_device *source = sim_find(w.bus[0], "1-1.2");
    static struct world_urb u[64];
    CHECK_EQ(world_open(&w, busy), BASE_OK);
    CHECK_EQ(world_open(&w, d), BASE_OK);
    for (unsigned i = 0; i < 64; i++) {
        world_urb(&w, busy, &u[i], WORLD_BULK_IN, NULL, 512);
        world_submit(&w, &u[i]);
    }
    world_settle(&w);
    usb_host_double_at_step(give, source);
    CHECK_EQ(world_change(&w, d, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(world_change(&w, d, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    usb_host_double_at_step(NULL, NULL);
    CHECK_EQ(usb_host_double_counts().slow_releases, 0);
    CHECK(u[3].done); // it was busy indeed
    world_close(&w, busy);
    world_close(&w, d);
    for (unsigned i = 0; i < 64; i++)
        world_release(&w, &u[i]);
    world_end(&w);
}

// --- errors --------------------------------------------------------------------------------------

struct failure {
    struct sim_device *device;
    unsigned at; // step
    bool happened;
};

static void fail(void *ctx, unsigned step)
{
    struct failure *f = ctx;
    if (step != f->at)
        return;
    f->happened = true;
    CHECK_EQ(sim_faulty_fail(f->device, WORLD_BULK_IN, SIM_ERROR), BASE_OK);
    for (unsigned i = 0; i < 8; i++) {
        static uint8_t block[512];
        CHECK_EQ(sim_faulty_give(f->device, WORLD_BULK_IN, block, sizeof block), BASE_OK);
    }
}

// An error of the first transfer in flight, at any moment while the second one is submitted: the
// stream goes on at once, not only after the time that the library's refusals are waited for.
TEST(device_change_error_at_every_step_of_a_stream)
{
    enum { FULL = DEVICE_STREAM_URBS, URBS = FULL + 8 };
    static struct world_urb u[URBS];
    static uint8_t block[512];
    struct failure f = {0};
    do {
        struct world w;
        struct world_device *d = begin(&w);
        for (unsigned i = 0; i < URBS; i++)
            world_urb(&w, d, &u[i], WORLD_BULK_IN, NULL, sizeof block);
        for (unsigned i = 0; i < FULL; i++) {
            CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, block, sizeof block), BASE_OK);
            world_submit(&w, &u[i]);
        }
        world_settle(&w);
        f = (struct failure){.device = world_sim(&w), .at = f.at};
        usb_host_double_at_step(fail, &f);
        for (unsigned i = FULL; i < URBS; i++)
            world_submit(&w, &u[i]);
        world_settle(&w);
        usb_host_double_at_step(NULL, NULL);
        for (unsigned i = 0; f.happened && i < URBS; i++)
            world_check_urb(&u[i], i == FULL ? USB_STATUS_PROTOCOL : USB_STATUS_OK,
                            i == FULL ? 0 : sizeof block);
        for (unsigned i = FULL; !f.happened && i < URBS; i++)
            w.backend->cancel(w.backend, &u[i].urb);
        world_settle(&w);
        for (unsigned i = 0; i < URBS; i++)
            world_release(&w, &u[i]);
        world_close(&w, d);
        world_end(&w);
        f.at++;
    } while (f.happened);
    CHECK(f.at > 5);
}
