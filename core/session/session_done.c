// SPDX-License-Identifier: Apache-2.0
// How URBs end: completion, UNLINK, the end of the session. Exactly one reply per SUBMIT and per
// UNLINK; who was first is decided here, where replies are put into their order.
#include "session/session_state.h"

#include <string.h>

// --- replies -------------------------------------------------------------------------------------

static void count_unlinked(struct session *s, const struct session_urb *u)
{
    struct session_figures *f = session_urb_figures(u);
    s->counters.urbs_unlinked++;
    if (f)
        f->unlinked++;
}

static void reply_unlink(struct session *s, struct session_reply *r, int32_t status)
{
    struct wire_urb_header h = {
        .command = WIRE_RET_UNLINK, .seqnum = r->seqnum, .u.ret_unlink = {.status = status}};
    wire_urb_header_pack(r->tx.header, &h);
    session_queue_reply(s, r);
}

// Answers the UNLINKs that wait for `u`: the first gets `status`, further ones 0.
static void reply_unlinks(struct session *s, struct session_urb *u, int32_t status)
{
    struct base_list *node;
    if (base_list_empty(&u->unlinks))
        return;
    s->unlinks_open--;
    while ((node = base_list_pop(&u->unlinks)) != NULL) {
        reply_unlink(s, BASE_CONTAINER(node, struct session_reply, tx.link), status);
        status = 0;
    }
}

// RET_SUBMIT first, then the RET_UNLINKs that came too late: the other order makes Linux clients
// drop the device.
static void reply_urb(struct session *s, struct session_urb *u)
{
    session_urb_forget(s, u);
    s->counters.urbs_completed++;
    s->counters.urbs_failed += u->urb.status != USB_STATUS_OK;
    if (usb_urb_is_in(&u->urb))
        s->counters.bytes_in += u->urb.actual_length;
    else
        s->counters.bytes_out += u->urb.actual_length;
    session_queue_urb(s, u);
    if (!usb_urb_is_in(
            &u->urb)) { // the next payload may have its memory, which is still in the cache
        session_give(s, u->urb.buffer, u->buffer_size);
        u->urb.buffer = NULL;
        u->buffer_size = 0;
    }
    reply_unlinks(s, u, USB_STATUS_OK);
}

// Ends an URB that the backend does not have. Its packets, if any, all failed.
void session_urb_finish(struct session *s, struct session_urb *u, int32_t status)
{
    base_list_remove(&u->tx.link);
    u->urb.status = status;
    u->urb.actual_length = 0;
    for (uint32_t i = 0; status != USB_STATUS_OK && i < u->urb.packet_count; i++) {
        u->urb.packets[i].actual_length = 0;
        u->urb.packets[i].status = USB_STATUS_XDEV;
    }
    u->urb.error_count = status != USB_STATUS_OK ? u->urb.packet_count : 0;
    reply_urb(s, u);
}

// --- completion ----------------------------------------------------------------------------------

struct session *session_of(struct usb_urb *urb)
{
    return BASE_CONTAINER(urb, struct session_urb, urb)->session;
}

// A status that says "somebody unlinked this" makes class drivers stop polling for good
// (usbip-wire facts 2.8): never for an URB that the client did not unlink.
static int32_t honest_status(const struct session_urb *u)
{
    int32_t status = u->urb.status;
    if (status != USB_STATUS_CANCELLED && status != USB_STATUS_NO_ENDPOINT)
        return status;
    return u->shutdown ? USB_STATUS_SHUTDOWN : USB_STATUS_PROTOCOL;
}

void session_urb_done(struct session *s, struct usb_urb *urb, uint64_t now_us)
{
    struct session_urb *u = BASE_CONTAINER(urb, struct session_urb, urb);
    s->now_us = now_us;
    s->active_count--;
    s->cancels_due -= u->cancel_wanted && !u->cancel_sent;
    base_list_remove(&u->tx.link);
    if (session_urb_is_control(u))
        s->control_endpoint_busy = false;
    if (urb->actual_length > urb->length)
        urb->actual_length = urb->length;
    if (s->phase == SESSION_PHASE_CLOSING || u->answered) {
        session_urb_release(s, u);
        return;
    }
    struct session_figures *f = session_urb_figures(u);
    if (!base_list_empty(&u->unlinks) && urb->status == USB_STATUS_CANCELLED) {
        count_unlinked(s, u);
        reply_unlinks(s, u, USB_STATUS_CANCELLED);
        session_urb_release(s, u);
        return;
    }
    urb->status = honest_status(u);
    if (f)
        session_figures_add(f, urb, now_us - u->submitted_us);
    reply_urb(s, u);
}

static void apply(struct session *s, const struct usb_control_op *op)
{
    if (op->type == USB_SET_CONFIGURATION) {
        s->active_config = op->value;
        memset(s->alternate, 0, sizeof s->alternate);
    } else if (op->type == USB_SET_INTERFACE) {
        s->alternate[op->interface] = op->value;
    } else if (op->type == USB_RESET_DEVICE) {
        session_record(s, EVENTLOG(device_reset));
    }
    usb_endpoint_table_build(&s->endpoints, usb_device_config(s->info, s->active_config),
                             s->alternate, s->endpoints.ep[0][0].max_packet_size);
    session_figures_create(s);
}

void session_control_done(struct session *s, int32_t status, uint64_t now_us)
{
    struct session_urb *u = s->control_op;
    s->now_us = now_us;
    s->control_op = NULL;
    s->control_endpoint_busy = false;
    if (s->phase == SESSION_PHASE_CLOSING) {
        session_urb_release(s, u);
        return;
    }
    if (status == USB_STATUS_OK)
        apply(s, &u->op);
    if (u->answered)
        session_urb_release(s, u);
    else
        session_urb_finish(s, u, status);
}

// --- UNLINK --------------------------------------------------------------------------------------

// Linux's vhci_hcd sends what is to be submitted and then what is to be unlinked, without a lock
// around both: the UNLINK of an URB that was queued in between overtakes its SUBMIT. An answer now
// would make the client forget the URB that it is about to send, and our RET_SUBMIT would then cost
// it the device. Seqnums tell: such a victim is newer than every SUBMIT seen and older than its
// UNLINK.
static bool overtook_its_submit(const struct session *s, const struct session_reply *r)
{
    return (int32_t)(r->victim - s->last_seqnum) > 0 && (int32_t)(r->seqnum - r->victim) > 0;
}

void session_unlink_early(struct session *s, struct session_urb *u)
{
    BASE_LIST_FOR_EACH (struct session_reply, r, &s->early, tx.link) {
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
        base_list_append(&s->early, &r->tx.link);
        return;
    }
    if (!u) { // never seen, or its RET_SUBMIT is already in the queue
        reply_unlink(s, r, USB_STATUS_OK);
        return;
    }
    if (u->state == SESSION_URB_WAITING) {
        count_unlinked(s, u);
        session_urb_release(s, u);
        reply_unlink(s, r, USB_STATUS_CANCELLED);
        return;
    }
    if (base_list_empty(&u->unlinks)) {
        s->unlinks_open++;
        u->unlink_deadline_us = s->now_us + s->limits->unlink_us;
    }
    base_list_append(&u->unlinks, &r->tx.link);
    if (u != s->control_op)
        session_urb_cancel(s, u);
}

// The backend takes its time: the client need not wait for it (Linux waits without a limit). The
// URB's late completion is swallowed.
static void unlink_overdue(struct session *s, struct session_urb *u)
{
    if (base_list_empty(&u->unlinks) || s->now_us < u->unlink_deadline_us)
        return;
    session_record(s, EVENTLOG_WITH(unlink_overdue, .endpoint = u->address));
    count_unlinked(s, u);
    u->answered = true;
    session_urb_forget(s, u);
    reply_unlinks(s, u, USB_STATUS_CANCELLED);
}

void session_unlink_tick(struct session *s)
{
    BASE_LIST_FOR_EACH (struct session_reply, r, &s->early, tx.link) {
        if (s->now_us < r->deadline_us)
            break;
        base_list_remove(&r->tx.link);
        reply_unlink(s, r, USB_STATUS_OK);
    }
    if (s->unlinks_open == 0)
        return;
    if (s->control_op)
        unlink_overdue(s, s->control_op);
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active, tx.link) {
        unlink_overdue(s, u);
    }
}

static uint64_t earlier(uint64_t best, const struct session_urb *u)
{
    bool open = !base_list_empty(&u->unlinks);
    return open && u->unlink_deadline_us < best ? u->unlink_deadline_us : best;
}

uint64_t session_unlink_deadline(const struct session *s)
{
    uint64_t best = UINT64_MAX;
    if (!base_list_empty(&s->early)) // all wait equally long: the oldest is first
        best = BASE_CONTAINER(s->early.next, struct session_reply, tx.link)->deadline_us;
    if (s->unlinks_open == 0)
        return best;
    if (s->control_op)
        best = earlier(best, s->control_op);
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active, tx.link) {
        best = earlier(best, u);
    }
    return best;
}

// --- the end -------------------------------------------------------------------------------------

static void drop_unlinks(struct session *s, struct session_urb *u)
{
    struct base_list *node;
    while ((node = base_list_pop(&u->unlinks)) != NULL)
        base_list_append(&s->free_replies, node);
}

// Nothing more is answered. What the backend has is asked back.
void session_urbs_close(struct session *s)
{
    struct base_list *early;
    while ((early = base_list_pop(&s->early)) != NULL)
        base_list_append(&s->free_replies, early);
    s->unlinks_open = 0;
    if (s->rx_urb)
        session_urb_release(s, s->rx_urb);
    s->rx_urb = NULL;
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->waiting, tx.link) {
        session_urb_release(s, u);
    }
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active, tx.link) {
        drop_unlinks(s, u);
        session_urb_cancel(s, u);
    }
    if (s->control_op)
        drop_unlinks(s, s->control_op);
}
