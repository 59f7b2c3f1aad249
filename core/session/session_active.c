// SPDX-License-Identifier: Apache-2.0
// What the backend has: URBs, and at most one control operation. What it shall give back.
#include "session/session_state.h"

struct session_action session_active_submit(struct session *s, struct session_urb *u)
{
    base_list_remove(&u->tx.link);
    base_list_append(&s->active.urbs, &u->tx.link);
    u->state = SESSION_URB_ACTIVE;
    u->submitted_us = s->now_us;
    s->active.count++;
    s->active.control_endpoint_busy |= session_urb_is_control(u);
    s->counters.urbs_submitted++;
    return (struct session_action){.type = SESSION_ACTION_SUBMIT, .urb = &u->urb};
}

struct session_action session_active_control(struct session *s, struct session_urb *u)
{
    base_list_remove(&u->tx.link);
    u->state = SESSION_URB_ACTIVE;
    u->submitted_us = s->now_us;
    s->active.control_op = u;
    s->active.control_endpoint_busy = true;
    s->counters.urbs_submitted++;
    return (struct session_action){.type = SESSION_ACTION_CONTROL, .op = u->op};
}

void session_active_cancel(struct session *s, struct session_urb *u)
{
    s->active.cancels_due += !u->cancel_wanted;
    u->cancel_wanted = true;
}

struct session_action session_active_next_cancel(struct session *s)
{
    if (s->active.cancels_due == 0)
        return (struct session_action){0};
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active.urbs, tx.link) {
        if (!u->cancel_wanted || u->cancel_sent)
            continue;
        u->cancel_sent = true;
        s->active.cancels_due--;
        return (struct session_action){.type = SESSION_ACTION_CANCEL, .urb = &u->urb};
    }
    return (struct session_action){0};
}

void session_active_returned(struct session *s, struct session_urb *u)
{
    s->active.count--;
    s->active.cancels_due -= u->cancel_wanted && !u->cancel_sent;
    base_list_remove(&u->tx.link);
    if (session_urb_is_control(u))
        s->active.control_endpoint_busy = false;
}

struct session_urb *session_active_control_returned(struct session *s)
{
    struct session_urb *u = s->active.control_op;
    s->active.control_op = NULL;
    s->active.control_endpoint_busy = false;
    return u;
}

// --- a reset by the server -----------------------------------------------------------------------

enum { RESET_US = 5000000 }; // what does not come back until then will not

// What may be stuck at the device comes back first; it was not the client's wish (docs/wire.md 3).
void session_active_want_reset(struct session *s)
{
    s->active.reset = SESSION_RESET_DUE;
    s->deadline_us = s->now_us + RESET_US;
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active.urbs, tx.link) {
        session_active_cancel(s, u);
    }
}

struct session_action session_active_reset(struct session *s)
{
    if (s->active.reset != SESSION_RESET_DUE || !session_is_idle(s))
        return (struct session_action){0};
    s->active.reset = SESSION_RESET_BEGUN;
    s->deadline_us = UINT64_MAX;
    return (struct session_action){.type = SESSION_ACTION_CONTROL, .op.type = USB_RESET_DEVICE};
}

void session_active_reset_over(struct session *s, enum eventlog_reset why)
{
    s->active.reset = SESSION_RESET_NONE;
    if (s->phase == SESSION_PHASE_URB)
        s->deadline_us = UINT64_MAX;
    if (why)
        session_record(s, EVENTLOG_WITH(device_reset_failed, .reason = why));
    else
        session_record(s, EVENTLOG(device_reset_done));
}

bool session_is_idle(const struct session *s)
{
    return s->active.count == 0 && !s->active.control_op && s->active.reset != SESSION_RESET_BEGUN;
}
