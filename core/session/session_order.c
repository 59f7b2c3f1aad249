// SPDX-License-Identifier: Apache-2.0
// Whose turn it is: URBs in the order of their SUBMITs, pipe changes as barriers between them.
#include "session/session_state.h"

void session_urb_received(struct session *s, struct session_urb *u)
{
    u->state = SESSION_URB_WAITING;
    base_list_append(&s->waiting, &u->tx.link);
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
    return s->endpoints.present[dir][number] &&
           s->endpoints.ep[dir][number].interface == op->interface;
}

void session_urb_cancel(struct session *s, struct session_urb *u)
{
    s->cancels_due += !u->cancel_wanted;
    u->cancel_wanted = true;
}

// Ends what a pipe change takes away: URBs before it in the queue, and those at the backend. True
// when none is left there.
static bool pipes_quiet(struct session *s, struct session_urb *op)
{
    bool quiet = true;
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->waiting, tx.link) {
        if (u == op)
            break;
        if (changed_by(s, &op->op, u))
            session_urb_finish(s, u, USB_STATUS_SHUTDOWN);
    }
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active, tx.link) {
        if (!changed_by(s, &op->op, u))
            continue;
        u->shutdown = true;
        session_urb_cancel(s, u);
        quiet = false;
    }
    return quiet;
}

enum turn {
    TURN_SUBMIT,
    TURN_CONTROL,
    TURN_LATER, // others may overtake it
    TURN_ENDED, // it was answered here
    TURN_STOP,  // nothing behind it may go
};

// One look at the waiting queue, in order.
struct scan {
    uint32_t
        blocked;  // endpoints (number, + 16 for IN, 0 for control) that an earlier URB waits for
    bool starved; // an earlier URB waits for memory
};

static uint32_t endpoint_bit(const struct session_urb *u)
{
    return 1u << ((u->address & 0x0fu) +
                  (!session_urb_is_control(u) && u->address >> 7 ? 16u : 0u));
}

static enum turn later(struct scan *scan, const struct session_urb *u)
{
    scan->blocked |= endpoint_bit(u);
    return TURN_LATER;
}

static enum turn ended(struct session *s, struct session_urb *u, int32_t status)
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
        u->urb.buffer = session_take(s, u->urb.length, !control);
    if (u->urb.buffer) {
        u->buffer_size = u->urb.length;
        return true;
    }
    scan->starved |= !control;
    s->starved = true;
    s->starved_at = s->budget->in_use;
    return false;
}

// All payload memory belongs to packet descriptors of URBs that wait for more themselves: nothing
// will come free.
static bool nothing_to_wait_for(const struct session *s)
{
    uint64_t waiting = 0;
    for (const struct base_list *n = s->waiting.next; n != &s->waiting; n = n->next) {
        const struct session_urb *u = BASE_CONTAINER(n, struct session_urb, tx.link);
        if (!u->urb.buffer)
            waiting += session_pool_rounded(u->urb.packet_count * WIRE_ISO_PACKET_SIZE);
    }
    return s->bytes == waiting;
}

static enum turn turn_of_transfer(struct session *s, struct session_urb *u, struct scan *scan)
{
    const struct usb_endpoint_table *t = &s->endpoints;
    unsigned dir = u->address >> 7, number = u->address & 0x0f;
    if (!t->present[dir][number] || (t->ep[dir][number].type == USB_ISOCHRONOUS) != u->iso)
        return ended(s, u, USB_STATUS_STALL);
    if (u->iso && u->urb.packet_count == 0)
        return ended(s, u, USB_STATUS_OK);
    if (u->urb.length > 0 && !u->urb.buffer && !take_buffer(s, u, scan)) {
        if (nothing_to_wait_for(s))
            return ended(s, u, USB_STATUS_NO_MEMORY);
        return later(scan, u);
    }
    u->urb.ep = t->ep[dir][number];
    return TURN_SUBMIT;
}

static enum turn turn_of(struct session *s, struct session_urb *u, struct scan *scan)
{
    if ((scan->blocked & endpoint_bit(u)) != 0 ||
        (session_urb_is_control(u) && s->control_endpoint_busy))
        return u->kind == SESSION_URB_CONTROL_OP ? TURN_STOP : later(scan, u);
    switch (u->kind) {
    case SESSION_URB_CONTROL_OP:
        return pipes_quiet(s, u) ? TURN_CONTROL : TURN_STOP;
    case SESSION_URB_SET_ADDRESS:
        return ended(s, u, USB_STATUS_OK);
    case SESSION_URB_MALFORMED:
        return ended(s, u, USB_STATUS_INVALID);
    default:
        return turn_of_transfer(s, u, scan);
    }
}

static struct session_action submit(struct session *s, struct session_urb *u)
{
    base_list_remove(&u->tx.link);
    base_list_append(&s->active, &u->tx.link);
    u->state = SESSION_URB_ACTIVE;
    u->submitted_us = s->now_us;
    s->active_count++;
    s->control_endpoint_busy |= session_urb_is_control(u);
    s->counters.urbs_submitted++;
    return (struct session_action){.type = SESSION_ACTION_SUBMIT, .urb = &u->urb};
}

static struct session_action start_control_op(struct session *s, struct session_urb *u)
{
    base_list_remove(&u->tx.link);
    u->state = SESSION_URB_ACTIVE;
    s->control_op = u;
    s->control_endpoint_busy = true;
    s->counters.urbs_submitted++;
    return (struct session_action){.type = SESSION_ACTION_CONTROL, .op = u->op};
}

static struct session_action next_cancel(struct session *s)
{
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active, tx.link) {
        if (!u->cancel_wanted || u->cancel_sent)
            continue;
        u->cancel_sent = true;
        s->cancels_due--;
        return (struct session_action){.type = SESSION_ACTION_CANCEL, .urb = &u->urb};
    }
    return (struct session_action){0};
}

struct session_action session_urb_action(struct session *s)
{
    struct scan scan = {0};
    if (s->cancels_due > 0)
        return next_cancel(s);
    if (s->control_op || s->phase != SESSION_PHASE_URB)
        return (struct session_action){0};
    s->starved = s->held;
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->waiting, tx.link) {
        enum turn turn = turn_of(s, u, &scan);
        if (turn == TURN_SUBMIT)
            return submit(s, u);
        if (turn == TURN_CONTROL)
            return start_control_op(s, u);
        if (turn == TURN_STOP)
            return s->cancels_due > 0 ? next_cancel(s) : (struct session_action){0};
    }
    return (struct session_action){0};
}
