// SPDX-License-Identifier: Apache-2.0
// UNLINK: takes back what waits, has the backend asked for what it has, and answers: exactly one
// RET_UNLINK each.
#include "session/session_state.h"

// --- answers -------------------------------------------------------------------------------------

static void count_unlinked(struct session *s, const struct session_urb *u)
{
    struct session_figures *f = session_pipes_figures(s, u->address);
    s->counters.urbs_unlinked++;
    if (f)
        f->unlinked++;
    else
        s->pipes.by_type[session_pipes_type(s, u->address)].unlinked++;
}

static void answer_unlink(struct session *s, struct session_reply *r, int32_t status)
{
    struct wire_urb_header h = {
        .command = WIRE_RET_UNLINK, .seqnum = r->seqnum, .u.ret_unlink = {.status = status}};
    wire_urb_header_pack(r->tx.header, &h);
    session_tx_reply(s, r, 0);
}

// Answers the UNLINKs that wait for `u`: the first gets `status`, further ones 0.
static void answer_unlinks(struct session *s, struct session_urb *u, int32_t status)
{
    struct base_list *node;
    s->unlinks.open--;
    while ((node = base_list_pop(&u->unlinks)) != NULL) {
        answer_unlink(s, BASE_CONTAINER(node, struct session_reply, tx.link), status);
        status = 0;
    }
}

void session_unlink_cancelled(struct session *s, struct session_urb *u)
{
    count_unlinked(s, u);
    answer_unlinks(s, u, USB_STATUS_CANCELLED);
}

void session_unlink_too_late(struct session *s, struct session_urb *u)
{
    answer_unlinks(s, u, USB_STATUS_OK);
}

// --- requests ------------------------------------------------------------------------------------

// Linux's vhci_hcd sends what is to be submitted and then what is to be unlinked, without a lock
// around both: the UNLINK of an URB that was queued in between overtakes its SUBMIT. An answer now
// would make the client forget the URB that it is about to send, and our RET_SUBMIT would then cost
// it the device. Seqnums tell: such a victim is newer than every SUBMIT seen and older than its
// UNLINK.
static bool overtook_its_submit(const struct session *s, const struct session_reply *r)
{
    return (int32_t)(r->victim - s->rx.last_seqnum) > 0 && (int32_t)(r->seqnum - r->victim) > 0;
}

void session_unlink_if_overtaken(struct session *s, struct session_urb *u)
{
    BASE_LIST_FOR_EACH (struct session_reply, r, &s->unlinks.early, tx.link) {
        if (r->victim != u->seqnum)
            continue;
        base_list_remove(&r->tx.link);
        session_unlink(s, u, r);
        return;
    }
}

void session_unlink(struct session *s, struct session_urb *u, struct session_reply *r)
{
    if (!u && overtook_its_submit(s, r)) {
        r->deadline_us = s->now_us + s->limits->hold_us;
        base_list_append(&s->unlinks.early, &r->tx.link);
        return;
    }
    if (!u) { // never seen, or its RET_SUBMIT is already in the queue
        answer_unlink(s, r, USB_STATUS_OK);
        return;
    }
    if (u->state == SESSION_URB_WAITING) {
        count_unlinked(s, u);
        session_urb_release(s, u);
        answer_unlink(s, r, USB_STATUS_CANCELLED);
        return;
    }
    if (base_list_empty(&u->unlinks)) {
        s->unlinks.open++;
        u->unlink_deadline_us = s->now_us + s->limits->unlink_us;
    }
    base_list_append(&u->unlinks, &r->tx.link);
    if (u != s->active.control_op)
        session_active_cancel(s, u);
}

// --- time ----------------------------------------------------------------------------------------

// The backend takes its time: the client need not wait for it (Linux waits without a limit). The
// URB's late completion is swallowed.
static void unlink_overdue(struct session *s, struct session_urb *u)
{
    if (base_list_empty(&u->unlinks) || s->now_us < u->unlink_deadline_us)
        return;
    session_record(s, EVENTLOG_WITH(unlink_overdue, .endpoint = u->address));
    u->answered = true;
    session_urb_forget(s, u);
    session_unlink_cancelled(s, u);
}

void session_unlink_tick(struct session *s)
{
    BASE_LIST_FOR_EACH (struct session_reply, r, &s->unlinks.early, tx.link) {
        if (s->now_us < r->deadline_us)
            break;
        base_list_remove(&r->tx.link);
        answer_unlink(s, r, USB_STATUS_OK);
    }
    if (s->unlinks.open == 0)
        return;
    if (s->active.control_op)
        unlink_overdue(s, s->active.control_op);
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active.urbs, tx.link) {
        unlink_overdue(s, u);
    }
}

static uint64_t earlier_deadline(uint64_t best, const struct session_urb *u)
{
    bool open = !base_list_empty(&u->unlinks);
    return open && u->unlink_deadline_us < best ? u->unlink_deadline_us : best;
}

uint64_t session_unlink_deadline(const struct session *s)
{
    uint64_t best = UINT64_MAX;
    if (!base_list_empty(&s->unlinks.early)) // all wait equally long: the oldest is first
        best = BASE_CONTAINER(s->unlinks.early.next, struct session_reply, tx.link)->deadline_us;
    if (s->unlinks.open == 0)
        return best;
    if (s->active.control_op)
        best = earlier_deadline(best, s->active.control_op);
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active.urbs, tx.link) {
        best = earlier_deadline(best, u);
    }
    return best;
}

// --- the end -------------------------------------------------------------------------------------

static void drop_unlinks(struct session *s, struct base_list *unlinks)
{
    struct base_list *node;
    while ((node = base_list_pop(unlinks)) != NULL)
        session_reply_release(s, BASE_CONTAINER(node, struct session_reply, tx.link));
}

void session_unlink_drop(struct session *s)
{
    s->unlinks.open = 0;
    drop_unlinks(s, &s->unlinks.early);
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active.urbs, tx.link) {
        drop_unlinks(s, &u->unlinks);
    }
    if (s->active.control_op)
        drop_unlinks(s, &s->active.control_op->unlinks);
}
