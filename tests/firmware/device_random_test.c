// SPDX-License-Identifier: Apache-2.0
// 10,000 random stories of submit, completion, cancel, pipe changes, unplug and replug, import and
// release. Whatever happens: each URB comes back exactly once, those of one endpoint in their order
// unless they were cancelled, nothing of an URB reaches another one, and the device works
// afterwards.
#include "tests/firmware/device_world.h"

enum { STORIES = 10000, STORIES_PER_WORLD = 250, ACTIONS = 24, URBS = 12 };

struct slot {
    struct rig_urb u;
    bool used, cancelled;
    unsigned order; // of submit
};

struct story {
    struct world *w;
    uint32_t random;
    struct slot slot[URBS];
    unsigned submitted;
    bool wanted;               // the core has asked for the device and not given it up
    bool closing, busy;        // busy with a pipe change
    unsigned closed, controls; // answers when that began
    unsigned serial;           // of the device, 0: not there
};

// Of all stories, to see that they are about something.
static struct {
    unsigned good, failed, cancelled, too_late, changed, pulled, imported;
} totals;

static uint32_t next(struct story *s)
{
    s->random ^= s->random << 13;
    s->random ^= s->random >> 17;
    s->random ^= s->random << 5;
    return s->random;
}

static unsigned chance(struct story *s, unsigned n)
{
    return next(s) % n;
}

// --- what came back ------------------------------------------------------------------------------

static void check_order(const struct story *s, const struct slot *done)
{
    for (unsigned i = 0; i < URBS; i++) {
        const struct slot *other = &s->slot[i];
        bool same = other->used && other != done && !other->u.done && !other->cancelled &&
                    other->u.urb.device == done->u.urb.device &&
                    other->u.urb.ep.address == done->u.urb.ep.address;
        CHECK(!same || other->order > done->order || done->cancelled);
    }
}

static void look_at(struct story *s)
{
    for (unsigned i = 0; i < URBS; i++) {
        struct slot *slot = &s->slot[i];
        if (!slot->used || !slot->u.done)
            continue;
        const struct usb_urb *u = &slot->u.urb;
        if (u->status == USB_STATUS_CANCELLED)
            CHECK(slot->cancelled);
        else if (u->status == USB_STATUS_OK)
            check_order(s, slot);
        totals.good += u->status == USB_STATUS_OK && !slot->cancelled;
        totals.too_late += u->status == USB_STATUS_OK && slot->cancelled;
        totals.cancelled += u->status == USB_STATUS_CANCELLED;
        totals.failed += u->status != USB_STATUS_OK && u->status != USB_STATUS_CANCELLED;
        rig_release(&slot->u);
        slot->used = false;
    }
}

static struct rig_device *device(struct story *s)
{
    struct rig_device *d = rig_find(&s->w->rig, "1-1.1");
    if ((d ? d->serial : 0) != s->serial) {
        s->serial = d ? d->serial : 0;
        s->wanted = s->closing = s->busy = false;
    }
    if (d && s->closing && d->closed != s->closed)
        s->closing = s->wanted = false;
    if (d && s->busy && d->controls != s->controls) {
        s->busy = false;
        totals.changed += d->control_status == USB_STATUS_OK;
    }
    return d && !d->info.obstacle ? d : NULL;
}

static bool is_open(struct story *s, const struct rig_device *d)
{
    return d && s->wanted && !s->closing && d->open;
}

// --- actions -------------------------------------------------------------------------------------

static struct slot *free_slot(struct story *s)
{
    for (unsigned i = 0; i < URBS; i++)
        if (!s->slot[i].used)
            return &s->slot[i];
    return NULL;
}

static const char *const setups[] = {"c001000000004000", "8000000000000200", "4077000000000000",
                                     "4056000000000000"};

static void submit(struct story *s, struct rig_device *d)
{
    static const uint8_t eps[] = {WORLD_BULK_OUT, WORLD_BULK_IN, WORLD_INTERRUPT_IN, WORLD_BULK_IN,
                                  WORLD_BULK_OUT, WORLD_ISO_IN,  WORLD_ISO_OUT,      0};
    struct slot *slot = free_slot(s);
    uint8_t ep = eps[chance(s, sizeof eps)];
    if (!slot || s->busy)
        return;
    if (ep == 0)
        rig_control_urb(&slot->u, d, setups[chance(s, 4)], NULL);
    else if (ep == WORLD_ISO_IN || ep == WORLD_ISO_OUT)
        rig_iso_urb(&slot->u, d, ep, NULL, 1 + chance(s, 20), 192);
    else
        rig_urb(&slot->u, d, ep, NULL, chance(s, 40000));
    slot->used = true;
    slot->cancelled = false;
    slot->order = s->submitted++;
    rig_queue_submit(&slot->u);
}

static void cancel(struct story *s)
{
    struct slot *slot = &s->slot[chance(s, URBS)];
    if (!slot->used || slot->u.done || slot->cancelled)
        return;
    slot->cancelled = true;
    rig_queue_cancel(&slot->u);
}

// As the core does: URBs of endpoints that a change takes away come back first.
static void take_all_back(struct story *s)
{
    for (unsigned i = 0; i < URBS; i++) {
        struct slot *slot = &s->slot[i];
        if (slot->used && !slot->u.done && !slot->cancelled) {
            slot->cancelled = true;
            rig_queue_cancel(&slot->u);
        }
    }
    for (unsigned i = 0; i < 50 && s->w->rig.urbs > 0; i++)
        rig_advance(&s->w->rig, RIG_SECOND_US / 10);
    CHECK_EQ(s->w->rig.urbs, 0);
    look_at(s);
}

static void change(struct story *s)
{
    static const struct usb_control_op ops[] = {{USB_SET_INTERFACE, 1, 1},
                                                {USB_SET_INTERFACE, 0, 1},
                                                {USB_SET_INTERFACE, 0, 0},
                                                {USB_SET_CONFIGURATION, 1, 0},
                                                {USB_RESET_DEVICE, 0, 0},
                                                {USB_CLEAR_HALT, WORLD_BULK_IN, 0},
                                                {USB_CLEAR_HALT, WORLD_BULK_OUT, 0},
                                                {USB_CLEAR_HALT, WORLD_INTERRUPT_IN, 0}};
    const struct usb_control_op *op = &ops[chance(s, 8)];
    if (s->busy)
        return;
    if (op->type != USB_CLEAR_HALT)
        take_all_back(s);
    struct rig_device *d = device(s);
    if (!is_open(s, d))
        return;
    s->controls = d->controls;
    s->busy = true;
    rig_queue_change(d, op);
}

static void import_or_release(struct story *s, struct rig_device *d)
{
    if (!s->wanted) {
        s->wanted = true;
        totals.imported++;
        rig_queue_open(d);
    } else if (is_open(s, d)) {
        take_all_back(s);
        if (device(s) != d || !is_open(s, d))
            return;
        s->closing = true;
        s->closed = d->closed;
        rig_queue_close(d);
    }
}

static void provoke(struct story *s)
{
    struct sim_device *d = sim_find(s->w->bus[0], "1-1.1");
    static const uint8_t bytes[1500];
    static const enum sim_result failures[] = {SIM_STALL, SIM_ERROR, SIM_BABBLE};
    switch (chance(s, 6)) {
    case 0:
        (void)sim_faulty_fail(d, WORLD_BULK_IN, failures[chance(s, 3)]);
        break;
    case 1:
        sim_faulty_fail_after(d, WORLD_BULK_OUT, failures[chance(s, 2)], chance(s, 3000));
        break;
    case 2:
        sim_faulty_accept(d, WORLD_BULK_OUT, chance(s, 2) ? UINT64_MAX : chance(s, 3000));
        break;
    case 3:
        (void)sim_faulty_give(d, WORLD_INTERRUPT_IN, bytes, chance(s, 20));
        break;
    default:
        (void)sim_faulty_give(d, WORLD_BULK_IN, bytes, chance(s, 1500));
        break;
    }
}

static void plug_or_pull(struct story *s)
{
    const char *busid = chance(s, 6) ? "1-1.1" : "1-1";
    totals.pulled++;
    if (sim_unplug(s->w->bus[0], busid) != BASE_OK)
        CHECK_EQ(sim_replug(s->w->bus[0], busid), BASE_OK);
    else if (chance(s, 3) == 0) // out and in again before anybody looks
        CHECK_EQ(sim_replug(s->w->bus[0], busid), BASE_OK);
}

static void act(struct story *s)
{
    struct rig_device *d = device(s);
    switch (chance(s, 16)) {
    case 0:
        if (chance(s, 3) == 0)
            plug_or_pull(s);
        break;
    case 1:
    case 2:
        provoke(s);
        break;
    case 3:
    case 4:
        cancel(s);
        break;
    case 5:
        if (is_open(s, d))
            change(s);
        break;
    case 6:
        rig_advance(&s->w->rig, chance(s, 3000));
        break;
    case 7:
        if (chance(s, 4) == 0 && d && !s->busy)
            import_or_release(s, d);
        break;
    default:
        if (is_open(s, d))
            submit(s, d);
        break;
    }
    if (chance(s, 3))
        rig_settle(&s->w->rig);
    look_at(s);
}

// --- one story -----------------------------------------------------------------------------------

// Everything comes home, and the device does what it is asked.
static void end(struct story *s)
{
    struct sim_device *sim = sim_find(s->w->bus[0], "1-1.1");
    sim_faulty_accept(sim, WORLD_BULK_OUT, UINT64_MAX);
    take_all_back(s);
    (void)sim_replug(s->w->bus[0], "1-1");
    (void)sim_replug(s->w->bus[0], "1-1.1");
    for (unsigned i = 0; i < 200; i++) {
        rig_advance(&s->w->rig, RIG_SECOND_US / 10);
        struct rig_device *d = device(s);
        if (d && !s->busy && !s->closing && (!s->wanted || is_open(s, d)))
            break;
    }
    struct rig_device *d = device(s);
    CHECK(d && !s->busy && !s->closing);
    if (!s->wanted)
        CHECK_EQ(rig_open(d), BASE_OK);
    world_check_alive(d);
    rig_close(d);
}

// The library's moods by turns.
static void begin(struct world *w, uint32_t mood)
{
    const struct sim_faulty_answer late = {.delay_us = 20000};
    world_prepare(w);
    w->library.errors_before_gone = (mood & 1) != 0;
    w->library.control_refused_after_error = (mood & 2) != 0;
    world_start(w);
    rig_plug(&w->rig, "1-1", sim_hub_create(w->bus[0], 4));
    rig_plug(&w->rig, "1-1.1", sim_faulty_create(w->bus[0], &sim_faulty_d1));
    sim_faulty_answer(sim_find(w->bus[0], "1-1.1"), 0x40, 0x56, &late);
}

static void play(struct world *w, uint32_t seed)
{
    static struct story s;
    s = (struct story){.w = w, .random = seed * 2654435761u + 1};
    check_context("story", seed);
    struct rig_device *d = device(&s);
    s.wanted = s.closing = s.busy = false;
    if (d && chance(&s, 8)) {
        import_or_release(&s, d);
        rig_settle(&w->rig);
    }
    for (unsigned i = 0; i < ACTIONS; i++)
        act(&s);
    end(&s);
}

TEST(device_random_stories)
{
    struct world w;
    for (uint32_t seed = 1; seed <= STORIES; seed++) {
        if (seed % STORIES_PER_WORLD == 1)
            begin(&w, seed / STORIES_PER_WORLD);
        play(&w, seed);
        if (seed % STORIES_PER_WORLD == 0)
            world_end(&w);
    }
    CHECK(totals.good > STORIES && totals.failed > STORIES / 10 && totals.cancelled > STORIES);
    CHECK(totals.too_late > STORIES / 100 && totals.changed > STORIES / 10);
    CHECK(totals.pulled > STORIES / 4 && totals.imported > STORIES / 10);
}
