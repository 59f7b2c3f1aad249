// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stories.h"

enum {
    ACTIONS = 24,
    URBS = 12,
    BULK_OUT = 0x02, // of D1
    BULK_IN = 0x81,
    INTERRUPT_IN = 0x83,
    ISO_IN = 0x84,
    ISO_OUT = 0x05,
};

struct slot {
    struct rig_urb u;
    bool used, cancelled;
    unsigned order; // of submit
};

struct story {
    struct rig *r;
    struct stories_totals *totals;
    uint32_t random;
    struct slot slot[URBS];
    unsigned submitted;
    bool wanted;               // the core has asked for the device and not given it up
    bool closing, busy;        // busy with a pipe change
    unsigned closed, controls; // answers when that began
    unsigned serial;           // of the device, 0: not there
};

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
        s->totals->good += u->status == USB_STATUS_OK && !slot->cancelled;
        s->totals->too_late += u->status == USB_STATUS_OK && slot->cancelled;
        s->totals->cancelled += u->status == USB_STATUS_CANCELLED;
        s->totals->failed += u->status != USB_STATUS_OK && u->status != USB_STATUS_CANCELLED;
        rig_release(&slot->u);
        slot->used = false;
    }
}

static struct rig_device *device(struct story *s)
{
    struct rig_device *d = rig_find(s->r, "1-1.1");
    if ((d ? d->serial : 0) != s->serial) {
        s->serial = d ? d->serial : 0;
        s->wanted = s->closing = s->busy = false;
    }
    if (d && s->closing && d->closed != s->closed)
        s->closing = s->wanted = false;
    if (d && s->busy && d->controls != s->controls) {
        s->busy = false;
        s->totals->changed += d->control_status == USB_STATUS_OK;
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
    static const uint8_t eps[] = {BULK_OUT, BULK_IN, INTERRUPT_IN, BULK_IN,
                                  BULK_OUT, ISO_IN,  ISO_OUT,      0};
    struct slot *slot = free_slot(s);
    uint8_t ep = eps[chance(s, sizeof eps)];
    if (!slot || s->busy)
        return;
    if (ep == 0)
        rig_control_urb(&slot->u, d, setups[chance(s, 4)], NULL);
    else if (ep == ISO_IN || ep == ISO_OUT)
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
    for (unsigned i = 0; i < 50 && s->r->urbs > 0; i++)
        rig_advance(s->r, RIG_SECOND_US / 10);
    CHECK_EQ(s->r->urbs, 0);
    look_at(s);
}

static void change(struct story *s)
{
    static const struct usb_control_op ops[] = {
        {USB_SET_INTERFACE, 1, 1},     {USB_SET_INTERFACE, 0, 1},
        {USB_SET_INTERFACE, 0, 0},     {USB_SET_CONFIGURATION, 1, 0},
        {USB_RESET_DEVICE, 0, 0},      {USB_CLEAR_HALT, BULK_IN, 0},
        {USB_CLEAR_HALT, BULK_OUT, 0}, {USB_CLEAR_HALT, INTERRUPT_IN, 0}};
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
        s->totals->imported++;
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
    struct sim_device *d = sim_find(s->r->bus, "1-1.1");
    static const uint8_t bytes[1500];
    static const enum sim_result failures[] = {SIM_STALL, SIM_ERROR, SIM_BABBLE};
    switch (chance(s, 6)) {
    case 0:
        (void)sim_faulty_fail(d, BULK_IN, failures[chance(s, 3)]);
        break;
    case 1:
        sim_faulty_fail_after(d, BULK_OUT, failures[chance(s, 2)], chance(s, 3000));
        break;
    case 2:
        sim_faulty_accept(d, BULK_OUT, chance(s, 2) ? UINT64_MAX : chance(s, 3000));
        break;
    case 3:
        (void)sim_faulty_give(d, INTERRUPT_IN, bytes, chance(s, 20));
        break;
    default:
        (void)sim_faulty_give(d, BULK_IN, bytes, chance(s, 1500));
        break;
    }
}

static void plug_or_pull(struct story *s)
{
    const char *busid = chance(s, 6) ? "1-1.1" : "1-1";
    s->totals->pulled++;
    if (sim_unplug(s->r->bus, busid) != BASE_OK)
        CHECK_EQ(sim_replug(s->r->bus, busid), BASE_OK);
    else if (chance(s, 3) == 0) // out and in again before anybody looks
        CHECK_EQ(sim_replug(s->r->bus, busid), BASE_OK);
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
        rig_advance(s->r, chance(s, 3000));
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
        rig_settle(s->r);
    look_at(s);
}

static void check_alive(struct rig_device *d)
{
    struct rig_urb u;
    rig_control_urb(&u, d, "8006000100001200", NULL);
    rig_queue_submit(&u);
    rig_advance(d->rig, RIG_SECOND_US / 10);
    rig_check_urb(&u, USB_STATUS_OK, USB_DT_DEVICE_SIZE);
    CHECK_BYTES(u.urb.buffer, d->device_descriptor, USB_DT_DEVICE_SIZE);
    rig_release(&u);
}

void stories_begin(struct rig *r)
{
    const struct sim_faulty_answer late = {.delay_us = 20000};
    rig_plug(r, "1-1", sim_hub_create(r->bus, 4));
    rig_plug(r, "1-1.1", sim_faulty_create(r->bus, &sim_faulty_d1));
    sim_faulty_answer(sim_find(r->bus, "1-1.1"), 0x40, 0x56, &late);
}

void stories_check(const struct stories_totals *t, unsigned stories)
{
    CHECK(t->good > stories && t->failed > stories / 10 && t->cancelled > stories / 2);
    CHECK(t->too_late > stories / 100 && t->changed > stories / 10);
    CHECK(t->pulled > stories / 4 && t->imported > stories / 10);
}

// --- one story -----------------------------------------------------------------------------------

// Everything comes home, and the device does what it is asked.
static void end(struct story *s)
{
    struct sim_device *sim = sim_find(s->r->bus, "1-1.1");
    sim_faulty_accept(sim, BULK_OUT, UINT64_MAX);
    take_all_back(s);
    (void)sim_replug(s->r->bus, "1-1");
    (void)sim_replug(s->r->bus, "1-1.1");
    for (unsigned i = 0; i < 200; i++) {
        rig_advance(s->r, RIG_SECOND_US / 10);
        struct rig_device *d = device(s);
        if (d && !s->busy && !s->closing && (!s->wanted || is_open(s, d)))
            break;
    }
    struct rig_device *d = device(s);
    CHECK(d && !s->busy && !s->closing);
    if (!s->wanted)
        CHECK_EQ(rig_open(d), BASE_OK);
    check_alive(d);
    rig_close(d);
}

void stories_play(struct rig *r, uint32_t seed, struct stories_totals *totals)
{
    static struct story s;
    s = (struct story){.r = r, .totals = totals, .random = seed * 2654435761u + 1};
    check_context("story", seed);
    struct rig_device *d = device(&s);
    s.wanted = s.closing = s.busy = false;
    if (d && chance(&s, 8)) {
        import_or_release(&s, d);
        rig_settle(r);
    }
    for (unsigned i = 0; i < ACTIONS; i++)
        act(&s);
    end(&s);
}
