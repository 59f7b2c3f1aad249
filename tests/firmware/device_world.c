// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/device_world.h"

static struct world *world_of(struct rig *r)
{
    return BASE_CONTAINER(r, struct world, rig);
}

static void turns(struct rig *r)
{
    device_rig_settle(&world_of(r)->chip);
}

static uint64_t tasks_deadline(struct rig *r)
{
    return device_rig_deadline(&world_of(r)->chip);
}

static uint64_t now_us(void *ctx)
{
    return ((struct world *)ctx)->rig.now_us;
}

static void fail_test(const char *reason)
{
    check_fail("USB host library", 0, "%s", reason);
}

void world_prepare(struct world *w)
{
    usb_host_double_reset(); // what a failed test left
    usb_host_double_on_failure(fail_test);
    *w = (struct world){.library = {.now_us = now_us, .ctx = w}};
    rig_begin(&w->rig);
    w->rig.turns = turns;
    w->rig.tasks_deadline = tasks_deadline;
    w->bus[0] = w->rig.bus;
    w->bus[1] = sim_bus_create(&w->rig.heap.alloc, 2);
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        w->library.bus[i] = w->bus[i];
}

void world_start(struct world *w)
{
    device_rig_begin(&w->chip, &w->library, w->wake);
    w->rig.backend = device_usb_host_backend(w->chip.host);
    rig_settle(&w->rig);
}

void world_begin(struct world *w)
{
    world_prepare(w);
    world_start(w);
}

void world_end(struct world *w)
{
    usb_host_double_at_step(NULL, NULL);
    CHECK_EQ(w->rig.urbs, 0);
    CHECK_EQ(usb_host_double_counts().slow_releases, 0);
    device_rig_end(&w->chip);
    for (unsigned i = 0; i < USB_HOST_DOUBLE_PORTS; i++)
        sim_bus_destroy(w->bus[i]);
    CHECK_EQ(w->rig.heap.blocks, 0);
}

struct rig_device *world_d1(struct world *w)
{
    return rig_plug(&w->rig, "1-1", sim_faulty_create(w->bus[0], &sim_faulty_d1));
}

void world_begin_d1(struct world *w)
{
    world_begin(w);
    w->rig.dev = world_d1(w);
    CHECK_EQ(rig_open(w->rig.dev), BASE_OK);
}

struct sim_device *world_sim(struct world *w)
{
    return sim_find(w->bus[0], "1-1");
}

void world_check_alive(struct rig_device *d)
{
    struct rig_urb u;
    rig_control_urb(&u, d, "8006000100001200", NULL);
    rig_queue_submit(&u);
    rig_advance(d->rig, RIG_SECOND_US / 10);
    rig_check_urb(&u, USB_STATUS_OK, USB_DT_DEVICE_SIZE);
    CHECK_BYTES(u.urb.buffer, d->device_descriptor, USB_DT_DEVICE_SIZE);
    rig_release(&u);
}
