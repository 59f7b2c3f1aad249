// SPDX-License-Identifier: Apache-2.0
// Whose turn it is: URBs in the order of their SUBMITs, pipe changes as barriers between them.
#include "session/session_state.h"

void session_order_append(struct session *s, struct session_urb *u)
{
    u->state = SESSION_URB_WAITING;
    base_list_append(&s->order.waiting, &u->tx.link);
}

// Does the change take the endpoint of `u` away, even for a moment?
static bool changed_by(const struct session *s, const struct usb_control_op *op,
                       const struct session_urb *u)
{
    if (session_urb_is_control(u) || op->type == USB_CLEAR_HALT)
        return false; // what is queued behind a halt goes on afterwards
    if (op->type != USB_SET_INTERFACE)
        return true;
    unsigned dir = u->address >> 7, number = u->address & 0x0f;
    return s->pipes.endpoints.present[dir][number] &&
           s->pipes.endpoints.ep[dir][number].interface == op->interface;
}

// Ends what a pipe change takes away: URBs before it in the queue, and those at the backend. True
// when none is left there.
static bool quieten_pipes(struct session *s, struct session_urb *op)
{
    bool quiet = true;
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->order.waiting, tx.link) {
        if (u == op)
            break;
        if (changed_by(s, &op->op, u))
            session_urb_finish(s, u, USB_STATUS_SHUTDOWN);
    }
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active.urbs, tx.link) {
        if (!changed_by(s, &op->op, u))
            continue;
        u->shutdown = true;
        session_active_cancel(s, u);
        quiet = false;
    }
    return quiet;
}

enum turn {
    TURN_SUBMIT,
    TURN_CONTROL,
    TURN_LATER, // others may overtake it
    TURN_QUEUE, // the same, and only endpoint 0 holds it up
    TURN_ENDED, // it was answered here
    TURN_STOP,  // nothing behind it may go
};

// One look at the waiting queue, in order.
struct scan {
    uint32_t blocked; // endpoints that an earlier URB waits for: number, + 16 for IN, 0: control
    bool starved;     // an earlier URB waits for memory
};

static uint32_t endpoint_bit(const struct session_urb *u)
{
    return 1u << ((u->address & 0x0fu) +
                  (!session_urb_is_control(u) && u->address >> 7 ? 16u : 0u));
}

static enum turn pass_over(struct scan *scan, const struct session_urb *u)
{
    scan->blocked |= endpoint_bit(u);
    return TURN_LATER;
}

static enum turn end_here(struct session *s, struct session_urb *u, int32_t status)
{
    session_urb_finish(s, u, status);
    return TURN_ENDED;
}

// Memory for an IN. A control transfer (one at a time, at most 64 KiB) is not held up by the
// budget: idle endpoints may have used it up for ever.
static bool take_buffer(struct session *s, struct session_urb *u, struct scan *scan)
{
    bool control = session_urb_is_control(u);
    if (control || !scan->starved)
        u->urb.buffer = session_room_take(s, u->urb.length, !control);
    if (u->urb.buffer) {
        u->buffer_size = u->urb.length;
        return true;
    }
    scan->starved |= !control;
    session_room_starve(s);
    return false;
}

// All payload memory belongs to packet descriptors of URBs that wait for more themselves: nothing
// will come free.
static bool nothing_to_wait_for(const struct session *s)
{
    uint64_t waiting = 0;
    BASE_LIST_FOR_EACH (const struct session_urb, u, &s->order.waiting, tx.link) {
        if (!u->urb.buffer)
            waiting += session_pool_rounded(u->urb.packet_count * WIRE_ISO_PACKET_SIZE);
    }
    return s->room.bytes == waiting;
}

static enum turn try_transfer(struct session *s, struct session_urb *u, struct scan *scan)
{
    const struct usb_endpoint_table *t = &s->pipes.endpoints;
    unsigned dir = u->address >> 7, number = u->address & 0x0f;
    if (!session_pipes_usable(s, u->address) ||
        (t->ep[dir][number].type == USB_ISOCHRONOUS) != u->iso)
        return end_here(s, u, USB_STATUS_STALL);
    if (u->iso && u->urb.packet_count == 0)
        return end_here(s, u, USB_STATUS_OK);
    if (u->urb.length > 0 && !u->urb.buffer && !take_buffer(s, u, scan)) {
        if (nothing_to_wait_for(s))
            return end_here(s, u, USB_STATUS_NO_MEMORY);
        return pass_over(scan, u);
    }
    u->urb.ep = t->ep[dir][number];
    return TURN_SUBMIT;
}

// Nothing that is before it on its endpoint has still to go.
static enum turn try_first(struct session *s, struct session_urb *u, struct scan *scan)
{
    switch (u->kind) {
    case SESSION_URB_CONTROL_OP:
        return quieten_pipes(s, u) ? TURN_CONTROL : TURN_STOP;
    case SESSION_URB_SET_ADDRESS:
        return end_here(s, u, USB_STATUS_OK);
    case SESSION_URB_MALFORMED:
        return end_here(s, u, USB_STATUS_INVALID);
    default:
        return try_transfer(s, u, scan);
    }
}

// What becomes of `u` now: it gets what it needs to be submitted, has to wait, or ends here.
static enum turn try_urb(struct session *s, struct session_urb *u, struct scan *scan)
{
    bool blocked = (scan->blocked & endpoint_bit(u)) != 0;
    bool busy = session_urb_is_control(u) &&
                (s->active.control_endpoint_busy || !base_list_empty(&s->order.control));
    if (!blocked && !busy)
        return try_first(s, u, scan);
    if (u->kind == SESSION_URB_CONTROL_OP)
        return TURN_STOP;
    return blocked ? TURN_LATER : TURN_QUEUE;
}

// A client may queue hundreds of control transfers: those that wait for each other only are not
// looked at one by one whenever something happens.
static void queue_control(struct session *s, struct session_urb *u)
{
    base_list_remove(&u->tx.link);
    base_list_append(&s->order.control, &u->tx.link);
}

// The next one of these, if endpoint 0 is free for it.
static struct session_urb *next_control(struct session *s, struct scan *scan)
{
    if (s->active.control_endpoint_busy)
        return NULL;
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->order.control, tx.link) {
        enum turn turn = try_first(s, u, scan);
        if (turn == TURN_SUBMIT)
            return u;
        if (turn == TURN_LATER)
            return NULL;
    }
    return NULL;
}

struct session_action session_order_next(struct session *s)
{
    struct scan scan = {0};
    if (s->active.cancels_due > 0)
        return session_active_next_cancel(s);
    if (s->active.control_op || s->phase != SESSION_PHASE_URB)
        return (struct session_action){0};
    if (s->active.reset)
        return session_active_reset(s);
    struct session_urb *control = next_control(s, &scan);
    if (control)
        return session_active_submit(s, control);
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->order.waiting, tx.link) {
        enum turn turn = try_urb(s, u, &scan);
        if (turn == TURN_QUEUE)
            queue_control(s, u);
        if (turn == TURN_SUBMIT)
            return session_active_submit(s, u);
        if (turn == TURN_CONTROL)
            return session_active_control(s, u);
        if (turn == TURN_STOP)
            return session_active_next_cancel(s);
    }
    return (struct session_action){0};
}
