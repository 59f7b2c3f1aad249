// SPDX-License-Identifier: Apache-2.0
// Devices that come and go in the chip's backend, at every moment; hubs, both ports, what is
// refused, and what runs out.
#include "tests/firmware/device_world.h"

// --- unplugged at every step ---------------------------------------------------------------------

enum place { ON_ROOT, ON_HUB };

struct pull {
    struct world *w;
    const char *busid;
    unsigned at; // step
    bool pulled;
};

static void pull(void *ctx, unsigned step)
{
    struct pull *p = ctx;
    if (step != p->at || p->pulled)
        return;
    p->pulled = true;
    CHECK_EQ(sim_unplug(p->w->bus[0], p->busid), BASE_OK);
}

static struct world_device *wait_for(struct world *w, const char *busid, bool there)
{
    for (unsigned i = 0; i < 100 && (world_find(w, busid) != NULL) != there; i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK_EQ(world_find(w, busid) != NULL, there);
    return world_find(w, busid);
}

// Whatever is open is used a bit; nothing is checked, but everything comes back.
static void change(struct world *w, struct world_device *d, enum usb_control_type type,
                   uint8_t interface, uint8_t value)
{
    const struct usb_control_op op = {.type = type, .value = value, .interface = interface};
    void *handle = d->handle;
    d->control_done = false;
    if (handle)
        w->backend->control(w->backend, handle, &op);
    for (unsigned i = 0; i < 50 && d->handle == handle && handle && !d->control_done; i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK(d->handle != handle || d->control_done || !handle);
}

static void transfer(struct world *w, struct world_device *d, uint8_t ep, uint32_t length)
{
    struct world_urb u;
    if (!d->handle)
        return;
    world_urb(w, d, &u, ep, NULL, length);
    if (u.urb.ep.type == USB_ISOCHRONOUS)
        world_iso(&u, length / 192, 192);
    world_submit(w, &u);
    world_advance(w, 20000);
    if (!u.done) {
        w->backend->cancel(w->backend, &u.urb);
        world_advance(w, 20000);
    }
    CHECK(u.done);
    world_release(w, &u);
}

static void control(struct world *w, struct world_device *d)
{
    struct world_urb u;
    if (!d->handle)
        return;
    world_setup(w, d, &u, "\xc0\x01\0\0\0\0\0\x10");
    world_submit(w, &u);
    world_advance(w, WORLD_SECOND_US);
    CHECK(u.done);
    world_release(w, &u);
}

static void open_or_not(struct world *w, struct world_device *d)
{
    void *handle = d->handle;
    d->opened = false;
    w->backend->open(w->backend, handle);
    for (unsigned i = 0; i < 50 && d->handle == handle && !d->opened; i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK(d->handle != handle || d->opened);
}

static void close_or_not(struct world *w, struct world_device *d)
{
    void *handle = d->handle;
    d->closed = false;
    if (handle)
        w->backend->close(w->backend, handle);
    for (unsigned i = 0; i < 50 && d->handle == handle && handle && !d->closed; i++)
        world_advance(w, WORLD_SECOND_US / 10);
    CHECK(d->handle != handle || d->closed || !handle);
}

static void use(struct world *w, const char *busid)
{
    for (unsigned i = 0; i < 30 && !world_find(w, busid); i++)
        world_advance(w, WORLD_SECOND_US / 10);
    struct world_device *d = world_find(w, busid);
    if (!d || d->info.obstacle)
        return;
    open_or_not(w, d);
    if (d->handle && d->open_result != BASE_OK)
        return; // pulled before it was told
    control(w, d);
    transfer(w, d, WORLD_BULK_OUT, 20000);
    transfer(w, d, WORLD_BULK_IN, 20000);
    transfer(w, d, WORLD_INTERRUPT_IN, 8);
    change(w, d, USB_SET_INTERFACE, 1, 1);
    transfer(w, d, WORLD_ISO_IN, 10 * 192);
    change(w, d, USB_CLEAR_HALT, 0, WORLD_BULK_IN);
    change(w, d, USB_SET_CONFIGURATION, 0, 1);
    change(w, d, USB_RESET_DEVICE, 0, 0);
    close_or_not(w, d);
}

// True: the device was pulled; false: the story is shorter than `step`.
static bool pulled_at(unsigned step, enum place place, bool errors)
{
    struct world w;
    const char *busid = place == ON_HUB ? "1-1.2" : "1-1";
    struct pull p = {.w = &w, .busid = busid, .at = step};
    world_begin(&w);
    w.library.errors_before_gone = errors;
    world_start(&w);
    if (place == ON_HUB)
        world_plug(&w, 0, "1-1", sim_hub_create(w.bus[0], 4));
    CHECK_EQ(sim_plug(w.bus[0], busid, sim_faulty_create(w.bus[0], &sim_faulty_d1)), BASE_OK);
    usb_host_double_at_step(pull, &p);
    use(&w, busid);
    usb_host_double_at_step(NULL, NULL);
    if (p.pulled) { // the port works as if nothing had been
        (void)wait_for(&w, busid, false);
        CHECK_EQ(sim_replug(w.bus[0], busid), BASE_OK);
        struct world_device *d = wait_for(&w, busid, true);
        CHECK_EQ(world_open(&w, d), BASE_OK);
        world_check_alive(&w, d);
        world_close(&w, d);
    }
    CHECK_EQ(w.urbs, 0);
    world_end(&w);
    return p.pulled;
}

static void pulled_at_every_step(enum place place, bool errors)
{
    unsigned step = 0;
    while (pulled_at(step, place, errors))
        step++;
    CHECK(step > 50);
}

TEST(device_unplugged_at_every_step)
{
    pulled_at_every_step(ON_ROOT, false);
}

TEST(device_unplugged_from_a_hub_at_every_step)
{
    pulled_at_every_step(ON_HUB, false);
}

TEST(device_unplugged_from_a_hub_with_errors_at_every_step)
{
    pulled_at_every_step(ON_HUB, true);
}

// --- ports and hubs ------------------------------------------------------------------------------

static struct sim_device *hub(struct world *w, unsigned root, enum usb_speed speed)
{
    struct sim_device *h = sim_hub_create(w->bus[root], 4);
    CHECK(h);
    h->speed = speed;
    return h;
}

static const struct sim_faulty_options full = {
    .speed = USB_SPEED_FULL, .product = 7, .interfaces = 1};

// The library names no parents: the backend asks the hubs. Same port numbers everywhere.
TEST(device_paths_through_hubs)
{
    static const char *const paths[] = {"1-1.1", "1-1.4", "1-1.3.1", "1-1.3.4", "2-1.1", "2-1.3"};
    struct world w;
    world_begin(&w);
    w.library.channels[0] = 40;
    w.library.channels[1] = 40;
    world_start(&w);
    world_plug(&w, 0, "1-1", hub(&w, 0, USB_SPEED_HIGH));
    world_plug(&w, 1, "2-1", hub(&w, 1, USB_SPEED_FULL));
    world_plug(&w, 0, "1-1.3", hub(&w, 0, USB_SPEED_HIGH));
    for (unsigned i = 0; i < 6; i++) {
        unsigned root = paths[i][0] == '1' ? 0 : 1;
        struct sim_faulty_options options = root ? full : sim_faulty_d1;
        options.product = (uint16_t)(100 + i);
        world_plug(&w, root, paths[i], sim_faulty_create(w.bus[root], &options));
        CHECK_EQ(base_get_le16(world_find(&w, paths[i])->device_descriptor + 10), 100 + i);
    }
    CHECK(world_find(&w, "1-1")->info.is_hub);
    CHECK_EQ(world_find(&w, "1-1.3.4")->info.busnum, 1);
    CHECK_EQ(world_find(&w, "2-1.3")->info.speed, USB_SPEED_FULL);
    CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK);
    (void)wait_for(&w, "1-1.3.4", false);
    (void)wait_for(&w, "1-1", false);
    CHECK(world_find(&w, "2-1.1"));
    CHECK_EQ(sim_replug(w.bus[0], "1-1"), BASE_OK);
    for (unsigned i = 0; i < 6; i++) {
        struct world_device *d = wait_for(&w, paths[i], true);
        CHECK_EQ(base_get_le16(d->device_descriptor + 10), 100 + i);
    }
    world_end(&w);
}

// Full speed behind a high-speed hub: the library says nothing at all. The user must hear why.
TEST(device_that_needs_a_translator_is_shown_as_an_obstacle)
{
    struct world w;
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 0, "1-1", hub(&w, 0, USB_SPEED_HIGH));
    CHECK_EQ(sim_plug(w.bus[0], "1-1.2", sim_faulty_create(w.bus[0], &full)), BASE_OK);
    struct world_device *d = wait_for(&w, "1-1.2", true);
    CHECK(d->info.obstacle != 0);
    CHECK_EQ(d->info.speed, USB_SPEED_FULL);
    CHECK_EQ(sim_unplug(w.bus[0], "1-1.2"), BASE_OK);
    (void)wait_for(&w, "1-1.2", false);
    CHECK_EQ(sim_replug(w.bus[0], "1-1.2"), BASE_OK);
    (void)wait_for(&w, "1-1.2", true);
    CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK); // with its hub
    (void)wait_for(&w, "1-1.2", false);
    (void)wait_for(&w, "1-1", false);
    world_end(&w);
}

TEST(device_of_full_speed_works_behind_a_full_speed_hub)
{
    struct world w;
    uint8_t got[64];
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 1, "2-1", hub(&w, 1, USB_SPEED_FULL));
    world_plug(&w, 1, "2-1.2", sim_faulty_create(w.bus[1], &full));
    struct world_device *d = world_find(&w, "2-1.2");
    CHECK_EQ(d->info.obstacle, 0);
    CHECK_EQ(world_open(&w, d), BASE_OK);
    CHECK_EQ(sim_faulty_give(sim_find(w.bus[1], "2-1.2"), WORLD_BULK_IN, "full", 4), BASE_OK);
    world_transfer(&w, d, WORLD_BULK_IN, got, 64, USB_STATUS_OK, 4);
    world_close(&w, d);
    world_end(&w);
}

// A device that is there and does not answer: shown with the reason, and gone when it is pulled.
TEST(device_that_never_answers_is_shown_as_an_obstacle)
{
    struct world w;
    world_begin(&w);
    world_start(&w);
    struct sim_device *d = sim_faulty_create(w.bus[0], &sim_faulty_d1);
    struct sim_faulty_options options = sim_faulty_d1;
    static const uint8_t nothing[USB_DT_DEVICE_SIZE];
    options.device = nothing;
    CHECK_EQ(sim_plug(w.bus[0], "1-1", sim_faulty_create(w.bus[0], &options)), BASE_OK);
    CHECK(wait_for(&w, "1-1", true)->info.obstacle != 0);
    CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK);
    (void)wait_for(&w, "1-1", false);
    CHECK_EQ(sim_plug(w.bus[0], "1-1", d), BASE_OK);
    CHECK_EQ(wait_for(&w, "1-1", true)->info.obstacle, 0);
    world_end(&w);
}

TEST(device_both_ports_at_once)
{
    struct world w;
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 0, "1-1", sim_faulty_create(w.bus[0], &sim_faulty_d1));
    world_plug(&w, 1, "2-1", sim_faulty_create(w.bus[1], &full));
    struct world_device *a = world_find(&w, "1-1"), *b = world_find(&w, "2-1");
    CHECK_EQ(world_open(&w, a), BASE_OK);
    CHECK_EQ(world_open(&w, b), BASE_OK);
    world_check_alive(&w, a);
    world_check_alive(&w, b);
    CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK);
    (void)wait_for(&w, "1-1", false);
    world_check_alive(&w, b);
    world_close(&w, b);
    world_end(&w);
}

// --- what runs out -------------------------------------------------------------------------------

// Hub 2 channels, each D1 one and three when it is open: the fifth does not fit into 16.
TEST(device_channels_run_out)
{
    struct world w;
    char busid[] = "1-1.1";
    struct world_device *d[4];
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 0, "1-1", hub(&w, 0, USB_SPEED_HIGH));
    for (unsigned i = 0; i < 4; i++, busid[4]++) {
        world_plug(&w, 0, busid, sim_faulty_create(w.bus[0], &sim_faulty_d1));
        d[i] = world_find(&w, busid);
    }
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(world_open(&w, d[i]), BASE_OK); // 2 + 4 + 9
    CHECK(world_open(&w, d[3]) != BASE_OK);
    CHECK_EQ(usb_host_double_counts().channels[0], 15);
    for (unsigned i = 0; i < 3; i++)
        world_check_alive(&w, d[i]);
    world_close(&w, d[0]);
    CHECK_EQ(world_open(&w, d[3]), BASE_OK);
    world_check_alive(&w, d[3]);
    for (unsigned i = 1; i < 4; i++)
        world_close(&w, d[i]);
    world_end(&w);
}

// An alternate setting that the controller has no channel for is refused, and the old one works.
TEST(device_alternate_setting_without_channels)
{
    struct world w;
    uint8_t got[512];
    world_begin(&w);
    w.library.channels[0] = 5;
    world_start(&w);
    struct world_device *d = world_d1(&w);
    CHECK_EQ(world_open(&w, d), BASE_OK);
    CHECK(world_change(&w, d, USB_SET_INTERFACE, 1, 1) != USB_STATUS_OK);
    CHECK_EQ(world_sim(&w)->alternate[1], 0);
    CHECK_EQ(sim_faulty_give(world_sim(&w), WORLD_BULK_IN, "works", 5), BASE_OK);
    world_transfer(&w, d, WORLD_BULK_IN, got, 512, USB_STATUS_OK, 5);
    world_close(&w, d);
    world_end(&w);
}

// The n-th allocation of the library fails, and all behind it, during a whole story; afterwards
// there is memory again and the device works.
TEST(device_memory_runs_out)
{
    for (unsigned n = 1; n < 60; n++) {
        struct world w;
        world_begin(&w);
        world_start(&w);
        CHECK_EQ(sim_plug(w.bus[0], "1-1", sim_faulty_create(w.bus[0], &sim_faulty_d1)), BASE_OK);
        usb_host_double_fail_alloc(n);
        use(&w, "1-1");
        usb_host_double_fail_alloc(0);
        struct world_device *d = world_find(&w, "1-1");
        if (d && d->opened)
            close_or_not(&w, d);
        CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK);
        (void)wait_for(&w, "1-1", false);
        CHECK_EQ(sim_replug(w.bus[0], "1-1"), BASE_OK);
        d = wait_for(&w, "1-1", true);
        CHECK_EQ(world_open(&w, d), BASE_OK);
        world_check_alive(&w, d);
        world_close(&w, d);
        world_end(&w);
    }
}

TEST(device_plugged_in_and_out_a_hundred_times)
{
    struct world w;
    world_begin(&w);
    world_start(&w);
    (void)world_d1(&w);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK);
        (void)wait_for(&w, "1-1", false);
        CHECK_EQ(sim_replug(w.bus[0], "1-1"), BASE_OK);
        struct world_device *d = wait_for(&w, "1-1", true);
        if (i % 3 == 0)
            CHECK_EQ(world_open(&w, d), BASE_OK);
    }
    CHECK_EQ(usb_host_double_counts().events_dropped, 0);
    struct world_device *d = world_find(&w, "1-1");
    if (d->opened)
        world_close(&w, d);
    world_end(&w);
}

// Destroyed with a device open and URBs that nobody has asked back: the server is gone already.
TEST(device_destroyed_with_a_device_plugged_in)
{
    struct world w;
    world_begin(&w);
    world_start(&w);
    world_plug(&w, 0, "1-1", hub(&w, 0, USB_SPEED_HIGH));
    world_plug(&w, 0, "1-1.1", sim_faulty_create(w.bus[0], &sim_faulty_d1));
    CHECK_EQ(world_open(&w, world_find(&w, "1-1.1")), BASE_OK);
    world_end(&w);
}
