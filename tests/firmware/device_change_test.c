// SPDX-License-Identifier: Apache-2.0
// Changes of pipes in the chip's backend when the device does not take part, and what they cost its
// neighbours.
#include "device_size.h"
#include "tests/firmware/device_world.h"

// Endpoint 0 hangs in a request that its client has given up.
static void jam(struct world *w, struct rig_device *d)
{
    static const struct sim_faulty_answer never = {.result = SIM_NAK};
    struct rig_urb u;
    sim_faulty_answer(world_sim(w), 0x40, 0x55, &never);
    rig_control_urb(&u, d, "4055000000000000", NULL);
    rig_submit(&u);
    rig_cancel(&u);
    rig_check_urb(&u, USB_STATUS_CANCELLED, 0);
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
        world_begin_d1(&w);
        struct rig_device *d = w.rig.dev;
        uint8_t got[512];
        jam(&w, d);
        rig_queue_change(d, &changes[i]);
        rig_advance(&w.rig, 2 * DEVICE_CHANGE_US);
        CHECK_EQ(d->controls, 1);
        CHECK_EQ(d->control_status, USB_STATUS_NO_RESPONSE);
        CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, "works", 5), BASE_OK);
        rig_check_transfer(d, WORLD_BULK_IN, got, 512, USB_STATUS_OK, 5);
        sim_faulty_release(world_sim(&w));
        rig_settle(&w.rig);
        CHECK_EQ(rig_try_change(d, changes[i].type, changes[i].interface, changes[i].value),
                 USB_STATUS_OK);
        world_check_alive(d);
        rig_close(d);
        world_end(&w);
    }
}

// As long as Linux waits for an answer.
WORLD_TEST(device_change_with_a_late_answer, world_begin_d1(w))
{
    static const struct usb_control_op change = {
        .type = USB_SET_INTERFACE, .interface = 1, .value = 1};
    struct rig_device *d = w->rig.dev;
    jam(w, d);
    rig_queue_change(d, &change);
    rig_advance(&w->rig, 4 * RIG_SECOND_US);
    CHECK_EQ(d->controls, 0);
    sim_faulty_release(world_sim(w));
    rig_settle(&w->rig);
    CHECK_EQ(d->controls, 1);
    CHECK_EQ(d->control_status, USB_STATUS_OK);
    CHECK_EQ(world_sim(w)->alternate[1], 1);
    rig_close(d);
}

// It is given up all the same, and the next client hears that it does not work, until it does.
WORLD_TEST(device_change_import_of_a_device_that_hangs, world_begin_d1(w))
{
    struct rig_device *d = w->rig.dev;
    jam(w, d);
    rig_close(d);
    CHECK_EQ(rig_open(d), BASE_ERR_IO);
    sim_faulty_release(world_sim(w));
    rig_settle(&w->rig);
    CHECK_EQ(rig_open(d), BASE_OK);
    world_check_alive(d);
    rig_close(d);
}

// What cannot be sent is answered, and what is behind it goes on at once.
WORLD_TEST(device_change_control_behind_an_impossible_one, world_begin_d1(w))
{
    struct rig_urb huge, next;
    struct rig_device *d = w->rig.dev;
    rig_control_urb(&huge, d, "4001000000000050", NULL); // 20,480 bytes
    rig_control_urb(&next, d, "8006000100001200", NULL);
    rig_queue_submit(&huge);
    rig_queue_submit(&next);
    struct backend_event ev;
    device_rig_settle(&w->chip); // once: on the chip nobody wakes the client task for what is over
    while (rig_take(&w->rig, &ev)) {
    }
    rig_check_urb(&huge, USB_STATUS_INVALID, 0);
    rig_check_urb(&next, USB_STATUS_OK, USB_DT_DEVICE_SIZE);
    rig_release(&huge);
    rig_release(&next);
    rig_close(d);
}

// USB 2.0 9.1.1.5: all interfaces are in their first setting then, for the device and for the host.
WORLD_TEST(device_change_configuration_forgets_alternates, world_begin_d1(w))
{
    struct rig_urb u;
    struct rig_device *d = w->rig.dev;
    CHECK_EQ(usb_host_double_counts().channels[0], 4); // endpoint 0 and three
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    CHECK_EQ(usb_host_double_counts().channels[0], 6);
    rig_change(d, USB_SET_CONFIGURATION, 0, 1);
    CHECK_EQ(usb_host_double_counts().channels[0], 4);
    rig_iso_urb(&u, d, WORLD_ISO_IN, NULL, 1, 192);
    rig_submit(&u);
    CHECK(u.done && u.urb.status != USB_STATUS_OK);
    rig_release(&u);
    rig_change(d, USB_RESET_DEVICE, 0, 0); // which leaves settings as they are, on both sides
    CHECK_EQ(usb_host_double_counts().channels[0], 4);
    rig_change(d, USB_SET_INTERFACE, 1, 1);
    rig_change(d, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(usb_host_double_counts().channels[0], 6);
    CHECK_EQ(world_sim(w)->alternate[1], 1);
    rig_close(d);
}

static void give(void *ctx, unsigned step)
{
    (void)step;
    (void)sim_faulty_give(ctx, WORLD_BULK_IN, "data", 4);
}

// The library's release sleeps, with everybody's events waiting, if one of any endpoint is there:
// a busy neighbour would have gaps, and not only it.
WORLD_TEST(device_change_leaves_a_busy_neighbour_alone, world_begin(w))
{
    rig_plug(&w->rig, "1-1", sim_hub_create(w->bus[0], 4));
    rig_plug(&w->rig, "1-1.1", sim_faulty_create(w->bus[0], &sim_faulty_d1));
    rig_plug(&w->rig, "1-1.2", sim_faulty_create(w->bus[0], &sim_faulty_d1));
    struct rig_device *d = rig_find(&w->rig, "1-1.1"), *busy = rig_find(&w->rig, "1-1.2");
    struct sim_device *source = sim_find(w->bus[0], "1-1.2");
    static struct rig_urb u[64];
    CHECK_EQ(rig_open(busy), BASE_OK);
    CHECK_EQ(rig_open(d), BASE_OK);
    for (unsigned i = 0; i < 64; i++) {
        rig_urb(&u[i], busy, WORLD_BULK_IN, NULL, 512);
        rig_queue_submit(&u[i]);
    }
    rig_settle(&w->rig);
    usb_host_double_at_step(give, source);
    CHECK_EQ(rig_try_change(d, USB_SET_CONFIGURATION, 0, 1), USB_STATUS_OK);
    CHECK_EQ(rig_try_change(d, USB_SET_INTERFACE, 1, 1), USB_STATUS_OK);
    usb_host_double_at_step(NULL, NULL);
    CHECK_EQ(usb_host_double_counts().slow_releases, 0);
    CHECK(u[3].done); // it was busy indeed
    rig_close(busy);
    rig_close(d);
    for (unsigned i = 0; i < 64; i++)
        rig_release(&u[i]);
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
    static struct rig_urb u[URBS];
    static uint8_t block[512];
    struct failure f = {0};
    do {
        struct world w;
        world_begin_d1(&w);
        struct rig_device *d = w.rig.dev;
        for (unsigned i = 0; i < URBS; i++)
            rig_urb(&u[i], d, WORLD_BULK_IN, NULL, sizeof block);
        for (unsigned i = 0; i < FULL; i++) {
            CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, block, sizeof block), BASE_OK);
            rig_queue_submit(&u[i]);
        }
        rig_settle(&w.rig);
        f = (struct failure){.device = world_sim(&w), .at = f.at};
        usb_host_double_at_step(fail, &f);
        for (unsigned i = FULL; i < URBS; i++)
            rig_queue_submit(&u[i]);
        rig_settle(&w.rig);
        usb_host_double_at_step(NULL, NULL);
        for (unsigned i = 0; f.happened && i < URBS; i++)
            rig_check_urb(&u[i], i == FULL ? USB_STATUS_PROTOCOL : USB_STATUS_OK,
                          i == FULL ? 0 : sizeof block);
        for (unsigned i = FULL; !f.happened && i < URBS; i++)
            rig_queue_cancel(&u[i]);
        rig_settle(&w.rig);
        for (unsigned i = 0; i < URBS; i++)
            rig_release(&u[i]);
        rig_close(d);
        world_end(&w);
        f.at++;
    } while (f.happened);
    CHECK(f.at > 5);
}
