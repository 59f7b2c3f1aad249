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

static struct rig_device *wait_for(struct world *w, const char *busid, bool there)
{
    for (unsigned i = 0; i < 100 && (rig_find(&w->rig, busid) != NULL) != there; i++)
        rig_advance(&w->rig, RIG_SECOND_US / 10);
    CHECK_EQ(rig_find(&w->rig, busid) != NULL, there);
    return rig_find(&w->rig, busid);
}

// Until there is an answer, or the device has been pulled: then none comes.
static void answered(struct rig_device *d, const unsigned *answers, unsigned before)
{
    unsigned serial = d->serial;
    for (unsigned i = 0; i < 50 && d->present && d->serial == serial && *answers == before; i++)
        rig_advance(d->rig, RIG_SECOND_US / 10);
    CHECK(!d->present || d->serial != serial || *answers != before);
}

// Whatever is open is used a bit; nothing is checked, but everything comes back.
static void change(struct rig_device *d, enum usb_control_type type, uint8_t interface,
                   uint8_t value)
{
    const struct usb_control_op op = {.type = type, .value = value, .interface = interface};
    unsigned before = d->controls;
    if (!d->present)
        return;
    rig_queue_change(d, &op);
    answered(d, &d->controls, before);
}

static void transfer(struct rig_device *d, uint8_t ep, uint32_t length)
{
    struct rig_urb u;
    if (!d->present)
        return;
    if (ep == WORLD_ISO_IN)
        rig_iso_urb(&u, d, ep, NULL, length / 192, 192);
    else
        rig_urb(&u, d, ep, NULL, length);
    rig_queue_submit(&u);
    rig_advance(d->rig, 20000);
    if (!u.done) {
        rig_queue_cancel(&u);
        rig_advance(d->rig, 20000);
    }
    rig_release(&u);
}

static void control(struct rig_device *d)
{
    struct rig_urb u;
    if (!d->present)
        return;
    rig_control_urb(&u, d, "c001000000000010", NULL);
    rig_queue_submit(&u);
    rig_advance(d->rig, RIG_SECOND_US);
    rig_release(&u);
}

static void open_or_not(struct rig_device *d)
{
    unsigned before = d->opened;
    rig_queue_open(d);
    answered(d, &d->opened, before);
}

static void close_or_not(struct rig_device *d)
{
    unsigned before = d->closed;
    if (!d->present)
        return;
    rig_queue_close(d);
    answered(d, &d->closed, before);
}

static void use(struct world *w, const char *busid)
{
    for (unsigned i = 0; i < 30 && !rig_find(&w->rig, busid); i++)
        rig_advance(&w->rig, RIG_SECOND_US / 10);
    struct rig_device *d = rig_find(&w->rig, busid);
    if (!d || d->info.obstacle)
        return;
    open_or_not(d);
    if (d->present && d->open_result != BASE_OK)
        return; // pulled before it was told
    control(d);
    transfer(d, WORLD_BULK_OUT, 20000);
    transfer(d, WORLD_BULK_IN, 20000);
    transfer(d, WORLD_INTERRUPT_IN, 8);
    change(d, USB_SET_INTERFACE, 1, 1);
    transfer(d, WORLD_ISO_IN, 10 * 192);
    change(d, USB_CLEAR_HALT, 0, WORLD_BULK_IN);
    change(d, USB_SET_CONFIGURATION, 0, 1);
    change(d, USB_RESET_DEVICE, 0, 0);
    close_or_not(d);
}

// True: the device was pulled; false: the story is shorter than `step`.
static bool pulled_at(unsigned step, enum place place, bool errors)
{
    struct world w;
    const char *busid = place == ON_HUB ? "1-1.2" : "1-1";
    struct pull p = {.w = &w, .busid = busid, .at = step};
    world_prepare(&w);
    w.library.errors_before_gone = errors;
    world_start(&w);
    if (place == ON_HUB)
        rig_plug(&w.rig, "1-1", sim_hub_create(w.bus[0], 4));
    CHECK_EQ(sim_plug(w.bus[0], busid, sim_faulty_create(w.bus[0], &sim_faulty_d1)), BASE_OK);
    usb_host_double_at_step(pull, &p);
    use(&w, busid);
    usb_host_double_at_step(NULL, NULL);
    if (p.pulled) { // the port works as if nothing had been
        (void)wait_for(&w, busid, false);
        CHECK_EQ(sim_replug(w.bus[0], busid), BASE_OK);
        struct rig_device *d = wait_for(&w, busid, true);
        CHECK_EQ(rig_open(d), BASE_OK);
        world_check_alive(d);
        rig_close(d);
    }
    CHECK_EQ(w.rig.urbs, 0);
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
WORLD_TEST(device_paths_through_hubs, world_prepare(w))
{
    static const char *const paths[] = {"1-1.1", "1-1.4", "1-1.3.1", "1-1.3.4", "2-1.1", "2-1.3"};
    w->library.channels[0] = 40;
    w->library.channels[1] = 40;
    world_start(w);
    rig_plug(&w->rig, "1-1", hub(w, 0, USB_SPEED_HIGH));
    rig_plug(&w->rig, "2-1", hub(w, 1, USB_SPEED_FULL));
    rig_plug(&w->rig, "1-1.3", hub(w, 0, USB_SPEED_HIGH));
    for (unsigned i = 0; i < 6; i++) {
        unsigned root = paths[i][0] == '1' ? 0 : 1;
        struct sim_faulty_options options = root ? full : sim_faulty_d1;
        options.product = (uint16_t)(100 + i);
        rig_plug(&w->rig, paths[i], sim_faulty_create(w->bus[root], &options));
        CHECK_EQ(base_get_le16(rig_find(&w->rig, paths[i])->device_descriptor + 10), 100 + i);
    }
    CHECK(rig_find(&w->rig, "1-1")->info.is_hub);
    CHECK_EQ(rig_find(&w->rig, "1-1.3.4")->info.busnum, 1);
    CHECK_EQ(rig_find(&w->rig, "2-1.3")->info.speed, USB_SPEED_FULL);
    CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
    (void)wait_for(w, "1-1.3.4", false);
    (void)wait_for(w, "1-1", false);
    CHECK(rig_find(&w->rig, "2-1.1"));
    CHECK_EQ(sim_replug(w->bus[0], "1-1"), BASE_OK);
    for (unsigned i = 0; i < 6; i++) {
        struct rig_device *d = wait_for(w, paths[i], true);
        CHECK_EQ(base_get_le16(d->device_descriptor + 10), 100 + i);
    }
}

// Full speed behind a high-speed hub: the library says nothing at all. The user must hear why.
WORLD_TEST(device_that_needs_a_translator_is_shown_as_an_obstacle, world_begin(w))
{
    const struct sim_faulty_options low = {.speed = USB_SPEED_LOW, .product = 8, .interfaces = 1};
    rig_plug(&w->rig, "1-1", hub(w, 0, USB_SPEED_HIGH));
    CHECK_EQ(sim_plug(w->bus[0], "1-1.2", sim_faulty_create(w->bus[0], &full)), BASE_OK);
    CHECK_EQ(sim_plug(w->bus[0], "1-1.3", sim_faulty_create(w->bus[0], &low)), BASE_OK);
    struct rig_device *d = wait_for(w, "1-1.2", true);
    CHECK_EQ(d->info.obstacle, USB_OBSTACLE_SPEED);
    CHECK_EQ(d->info.speed, USB_SPEED_FULL);
    d = wait_for(w, "1-1.3", true);
    CHECK_EQ(d->info.obstacle, USB_OBSTACLE_SPEED);
    CHECK_EQ(d->info.speed, USB_SPEED_LOW);
    CHECK_EQ(sim_unplug(w->bus[0], "1-1.2"), BASE_OK);
    (void)wait_for(w, "1-1.2", false);
    CHECK_EQ(sim_replug(w->bus[0], "1-1.2"), BASE_OK);
    (void)wait_for(w, "1-1.2", true);
    CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK); // with its hub
    (void)wait_for(w, "1-1.2", false);
    (void)wait_for(w, "1-1", false);
}

WORLD_TEST(device_of_full_speed_works_behind_a_full_speed_hub, world_begin(w))
{
    uint8_t got[64];
    rig_plug(&w->rig, "2-1", hub(w, 1, USB_SPEED_FULL));
    struct rig_device *d = rig_plug(&w->rig, "2-1.2", sim_faulty_create(w->bus[1], &full));
    CHECK_EQ(d->info.obstacle, 0);
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK_EQ(sim_faulty_give(sim_find(w->bus[1], "2-1.2"), WORLD_BULK_IN, "full", 4), BASE_OK);
    rig_check_transfer(d, WORLD_BULK_IN, got, 64, USB_STATUS_OK, 4);
    rig_close(d);
}

// A device that is there and does not answer: shown with the reason, and gone when it is pulled.
TEST(device_that_never_answers_is_shown_as_an_obstacle)
{
    static const char *const busids[] = {"1-1", "2-1"};
    static const uint8_t nothing[USB_DT_DEVICE_SIZE];
    for (unsigned bus = 0; bus < 2; bus++) {
        struct sim_faulty_options options = bus ? full : sim_faulty_d1;
        struct world w;
        world_begin(&w);
        struct sim_device *d = sim_faulty_create(w.bus[bus], &options);
        options.device = nothing;
        CHECK_EQ(sim_plug(w.bus[bus], busids[bus], sim_faulty_create(w.bus[bus], &options)),
                 BASE_OK);
        CHECK_EQ(wait_for(&w, busids[bus], true)->info.obstacle, USB_OBSTACLE_ENUMERATION);
        CHECK_EQ(sim_unplug(w.bus[bus], busids[bus]), BASE_OK);
        (void)wait_for(&w, busids[bus], false);
        CHECK_EQ(sim_plug(w.bus[bus], busids[bus], d), BASE_OK);
        CHECK_EQ(wait_for(&w, busids[bus], true)->info.obstacle, 0);
        world_end(&w);
    }
}

WORLD_TEST(device_both_ports_at_once, world_begin(w))
{
    rig_plug(&w->rig, "1-1", sim_faulty_create(w->bus[0], &sim_faulty_d1));
    rig_plug(&w->rig, "2-1", sim_faulty_create(w->bus[1], &full));
    struct rig_device *a = rig_find(&w->rig, "1-1"), *b = rig_find(&w->rig, "2-1");
    CHECK_EQ(rig_open(a), BASE_OK);
    CHECK_EQ(rig_open(b), BASE_OK);
    world_check_alive(a);
    world_check_alive(b);
    CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
    (void)wait_for(w, "1-1", false);
    world_check_alive(b);
    rig_close(b);
}

// --- what runs out -------------------------------------------------------------------------------

// Hub 2 channels, each D1 one and three when it is open: the fifth does not fit into 16.
WORLD_TEST(device_channels_run_out, world_begin(w))
{
    char busid[] = "1-1.1";
    struct rig_device *d[4];
    rig_plug(&w->rig, "1-1", hub(w, 0, USB_SPEED_HIGH));
    for (unsigned i = 0; i < 4; i++, busid[4]++) {
        rig_plug(&w->rig, busid, sim_faulty_create(w->bus[0], &sim_faulty_d1));
        d[i] = rig_find(&w->rig, busid);
    }
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(rig_open(d[i]), BASE_OK); // 2 + 4 + 9
    CHECK(rig_open(d[3]) != BASE_OK);
    CHECK_EQ(usb_host_double_counts().channels[0], 15);
    for (unsigned i = 0; i < 3; i++)
        world_check_alive(d[i]);
    rig_close(d[0]);
    CHECK_EQ(rig_open(d[3]), BASE_OK);
    world_check_alive(d[3]);
    for (unsigned i = 1; i < 4; i++)
        rig_close(d[i]);
}

// An alternate setting that the controller has no channel for is refused, and the old one works.
WORLD_TEST(device_alternate_setting_without_channels, world_prepare(w))
{
    uint8_t got[512];
    w->library.channels[0] = 5;
    world_start(w);
    struct rig_device *d = world_d1(w);
    CHECK_EQ(rig_open(d), BASE_OK);
    CHECK(rig_try_change(d, USB_SET_INTERFACE, 1, 1) != USB_STATUS_OK);
    CHECK_EQ(world_sim(w)->alternate[1], 0);
    CHECK_EQ(sim_faulty_give(world_sim(w), WORLD_BULK_IN, "works", 5), BASE_OK);
    rig_check_transfer(d, WORLD_BULK_IN, got, 512, USB_STATUS_OK, 5);
    rig_close(d);
}

// One to three bytes of UTF-8 for each unit; half of a pair and what is no text are '?'.
WORLD_TEST(device_names_in_all_alphabets, world_begin(w))
{
    // The list of languages is the same: the first unit is English as a language.
    static const uint8_t string[] = {24,   3,    0x09, 0x04, 0xe5, 0x65, 0x2c, 0x67,
                                     0xac, 0x20, 'A',  0,    0xe9, 0x00, 0x00, 0x08,
                                     0xff, 0x07, 0x3d, 0xd8, 0x07, 0,    0xff, 0xff};
    struct sim_faulty_options options = sim_faulty_d1;
    options.string = (struct base_span){string, sizeof string};
    struct rig_device *d = rig_plug(&w->rig, "1-1", sim_faulty_create(w->bus[0], &options));
    CHECK_STR(d->info.product, "\u0409\u65e5\u672c\u20acA\u00e9\u0800\xdf\xbf??\xef\xbf\xbf");
}

// The n-th allocation of the library fails, and all behind it, during a whole story; afterwards
// there is memory again and the device works.
TEST(device_memory_runs_out)
{
    for (unsigned n = 1; n < 60; n++) {
        struct world w;
        world_begin(&w);
        CHECK_EQ(sim_plug(w.bus[0], "1-1", sim_faulty_create(w.bus[0], &sim_faulty_d1)), BASE_OK);
        usb_host_double_fail_alloc(n);
        use(&w, "1-1");
        usb_host_double_fail_alloc(0);
        struct rig_device *d = rig_find(&w.rig, "1-1");
        if (d && d->opened != d->closed)
            close_or_not(d);
        CHECK_EQ(sim_unplug(w.bus[0], "1-1"), BASE_OK);
        (void)wait_for(&w, "1-1", false);
        CHECK_EQ(sim_replug(w.bus[0], "1-1"), BASE_OK);
        d = wait_for(&w, "1-1", true);
        CHECK_EQ(rig_open(d), BASE_OK);
        world_check_alive(d);
        rig_close(d);
        world_end(&w);
    }
}

WORLD_TEST(device_plugged_in_and_out_a_hundred_times, world_begin(w))
{
    (void)world_d1(w);
    for (unsigned i = 0; i < 100; i++) {
        CHECK_EQ(sim_unplug(w->bus[0], "1-1"), BASE_OK);
        (void)wait_for(w, "1-1", false);
        CHECK_EQ(sim_replug(w->bus[0], "1-1"), BASE_OK);
        struct rig_device *d = wait_for(w, "1-1", true);
        if (i % 3 == 0)
            CHECK_EQ(rig_open(d), BASE_OK);
    }
    CHECK_EQ(usb_host_double_counts().events_dropped, 0);
    struct rig_device *d = rig_find(&w->rig, "1-1");
    if (d->open)
        rig_close(d);
}

// Destroyed with a device open and URBs that nobody has asked back: the server is gone already.
WORLD_TEST(device_destroyed_with_a_device_plugged_in, world_begin(w))
{
    rig_plug(&w->rig, "1-1", hub(w, 0, USB_SPEED_HIGH));
    rig_plug(&w->rig, "1-1.1", sim_faulty_create(w->bus[0], &sim_faulty_d1));
    CHECK_EQ(rig_open(rig_find(&w->rig, "1-1.1")), BASE_OK);
}
