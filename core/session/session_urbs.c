// SPDX-License-Identifier: Apache-2.0
// URBs of a session from their SUBMIT to their reply: memory, order, pipe changes, UNLINK.
#include "session/session_state.h"

#include <string.h>

// --- slots and memory ----------------------------------------------------------------------------

enum base_err session_urbs_create(struct session *s)
{
    unsigned urbs = s->limits->max_urbs, replies = urbs + SESSION_SPARE_REPLIES;
    s->urbs = base_alloc(s->alloc, urbs * sizeof *s->urbs);
    s->replies = s->urbs ? base_alloc(s->alloc, replies * sizeof *s->replies) : NULL;
    if (!s->replies) {
        base_free(s->alloc, s->urbs);
        s->urbs = NULL;
        return BASE_ERR_NOMEM;
    }
    for (unsigned i = 0; i < urbs; i++)
        base_list_append(&s->free_urbs, &s->urbs[i].tx.link);
    for (unsigned i = 0; i < replies; i++)
        base_list_append(&s->free_replies, &s->replies[i].tx.link);
    return BASE_OK;
}

void session_urbs_destroy(struct session *s)
{
    base_free(s->alloc, s->urbs);
    base_free(s->alloc, s->replies);
}

// The part of `bytes` that the session's own reserve covers.
static uint64_t reserve_used(const struct session *s, uint64_t bytes)
{
    uint64_t reserve = session_pool_rounded(s->limits->max_urb_bytes);
    return bytes < reserve ? bytes : reserve;
}

void *session_take(struct session *s, uint32_t size)
{
    struct session_budget *b = s->budget;
    uint64_t rounded = session_pool_rounded(size), after = s->bytes + rounded;
    uint64_t covered = reserve_used(s, after) - reserve_used(s, s->bytes);
    if (s->bytes > 0 && after > s->limits->budget_bytes)
        return NULL;
    if (rounded - covered > b->total - b->in_use - b->reserved)
        return NULL;
    void *p = session_pool_get(s->pool, size);
    if (!p)
        return NULL;
    s->bytes = after;
    b->in_use += rounded;
    b->reserved -= covered;
    return p;
}

void session_give(struct session *s, void *p, uint32_t size)
{
    uint64_t rounded = session_pool_rounded(size), after = s->bytes - rounded;
    if (!p)
        return;
    session_pool_put(s->pool, p, size);
    s->budget->reserved += reserve_used(s, s->bytes) - reserve_used(s, after);
    s->budget->in_use -= rounded;
    s->bytes = after;
}

static struct session_urb **bucket(struct session *s, uint32_t seqnum)
{
    return &s->hash[seqnum % SESSION_HASH_SIZE];
}

struct session_urb *session_urb_find(const struct session *s, uint32_t seqnum)
{
    struct session_urb *u = s->hash[seqnum % SESSION_HASH_SIZE];
    while (u && u->seqnum != seqnum)
        u = u->hashed;
    return u;
}

struct session_urb *session_urb_get(struct session *s, uint32_t seqnum)
{
    struct base_list *node = base_list_pop(&s->free_urbs);
    if (!node)
        return NULL;
    struct session_urb *u = BASE_CONTAINER(node, struct session_urb, tx.link);
    memset(u, 0, sizeof *u);
    base_list_init(&u->tx.link);
    base_list_init(&u->unlinks);
    u->session = s;
    u->state = SESSION_URB_RECEIVING;
    u->seqnum = seqnum;
    u->urb.device = s->backend_device;
    u->hashed = *bucket(s, seqnum);
    *bucket(s, seqnum) = u;
    return u;
}

// From now on the seqnum may come again (usbip-wire facts 2.2).
static void unhash(struct session *s, struct session_urb *u)
{
    struct session_urb **at = bucket(s, u->seqnum);
    while (*at && *at != u)
        at = &(*at)->hashed;
    if (*at)
        *at = u->hashed;
}

void session_urb_release(struct session *s, struct session_urb *u)
{
    unhash(s, u);
    session_give(s, u->urb.buffer, u->buffer_size);
    session_give(s, u->urb.packets, u->urb.packet_count * WIRE_ISO_PACKET_SIZE);
    base_list_remove(&u->tx.link);
    u->state = SESSION_URB_FREE;
    base_list_append(&s->free_urbs, &u->tx.link);
}

struct session_reply *session_reply_get(struct session *s)
{
    struct base_list *node = base_list_pop(&s->free_replies);
    return node ? BASE_CONTAINER(node, struct session_reply, tx.link) : NULL;
}

// --- replies -------------------------------------------------------------------------------------

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
    unhash(s, u);
    s->counters.urbs_completed++;
    s->counters.urbs_failed += u->urb.status != USB_STATUS_OK;
    if (usb_urb_is_in(&u->urb))
        s->counters.bytes_in += u->urb.actual_length;
    else
        s->counters.bytes_out += u->urb.actual_length;
    session_queue_urb(s, u);
    reply_unlinks(s, u, USB_STATUS_OK);
}

// Ends an URB that the backend does not have. Its packets, if any, all failed.
static void finish_here(struct session *s, struct session_urb *u, int32_t status)
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

// --- order ---------------------------------------------------------------------------------------

void session_urb_received(struct session *s, struct session_urb *u)
{
    u->state = SESSION_URB_WAITING;
    base_list_append(&s->waiting, &u->tx.link);
}

static bool is_control(const struct session_urb *u)
{
    return (u->address & 0x0f) == 0;
}

// Does the change take the endpoint of `u` away, even for a moment?
static bool changed_by(const struct session *s, const struct usb_control_op *op,
                       const struct session_urb *u)
{
    if (is_control(u) || op->type == USB_CLEAR_HALT)
        return false; // what is queued behind a halt goes on afterwards
    if (op->type != USB_SET_INTERFACE)
        return true;
    unsigned dir = u->address >> 7, number = u->address & 0x0f;
    return s->endpoints.present[dir][number] &&
           s->endpoints.ep[dir][number].interface == op->interface;
}

static void cancel(struct session *s, struct session_urb *u)
{
    s->cancels_due += !u->cancel_wanted;
    u->cancel_wanted = true;
}

// Ends what a pipe change takes away: URBs before it in the queue, and those at the backend. True
// when none is left there.
static bool pipes_quiet(struct session *s, struct session_urb *op)
{
    bool quiet = true;
    BASE_LIST_FOR_EACH (node, &s->waiting) {
        struct session_urb *u = BASE_CONTAINER(node, struct session_urb, tx.link);
        if (u == op)
            break;
        if (changed_by(s, &op->op, u))
            finish_here(s, u, USB_STATUS_SHUTDOWN);
    }
    BASE_LIST_FOR_EACH (node, &s->active) {
        struct session_urb *u = BASE_CONTAINER(node, struct session_urb, tx.link);
        if (!changed_by(s, &op->op, u))
            continue;
        u->shutdown = true;
        cancel(s, u);
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
    return 1u << ((u->address & 0x0fu) + (!is_control(u) && u->address >> 7 ? 16u : 0u));
}

static enum turn later(struct scan *scan, const struct session_urb *u)
{
    scan->blocked |= endpoint_bit(u);
    return TURN_LATER;
}

static enum turn ended(struct session *s, struct session_urb *u, int32_t status)
{
    finish_here(s, u, status);
    return TURN_ENDED;
}

static enum turn turn_of_transfer(struct session *s, struct session_urb *u, struct scan *scan)
{
    const struct usb_endpoint_table *t = &s->endpoints;
    unsigned dir = u->address >> 7, number = u->address & 0x0f;
    if (!t->present[dir][number] || (t->ep[dir][number].type == USB_ISOCHRONOUS) != u->iso)
        return ended(s, u, USB_STATUS_STALL);
    if (u->iso && u->urb.packet_count == 0)
        return ended(s, u, USB_STATUS_OK);
    if (u->urb.length > 0 && !u->urb.buffer) {
        if (scan->starved)
            return later(scan, u);
        u->urb.buffer = session_take(s, u->urb.length);
        if (!u->urb.buffer && s->bytes == 0)
            return ended(s, u, USB_STATUS_NO_MEMORY); // nothing could come free to wait for
        scan->starved = !u->urb.buffer;
        if (scan->starved) {
            s->starved = true;
            s->starved_at = s->budget->in_use;
            return later(scan, u);
        }
        u->buffer_size = u->urb.length;
    }
    u->urb.ep = t->ep[dir][number];
    return TURN_SUBMIT;
}

static enum turn turn_of(struct session *s, struct session_urb *u, struct scan *scan)
{
    if ((scan->blocked & endpoint_bit(u)) != 0 || (is_control(u) && s->control_endpoint_busy))
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
    s->active_count++;
    s->control_endpoint_busy |= is_control(u);
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
    BASE_LIST_FOR_EACH (node, &s->active) {
        struct session_urb *u = BASE_CONTAINER(node, struct session_urb, tx.link);
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
    BASE_LIST_FOR_EACH (node, &s->waiting) {
        struct session_urb *u = BASE_CONTAINER(node, struct session_urb, tx.link);
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
    if (is_control(u))
        s->control_endpoint_busy = false;
    if (urb->actual_length > urb->length)
        urb->actual_length = urb->length;
    if (s->phase == SESSION_PHASE_CLOSING || u->answered) {
        session_urb_release(s, u);
        return;
    }
    if (!base_list_empty(&u->unlinks) && urb->status == USB_STATUS_CANCELLED) {
        s->counters.urbs_unlinked++;
        reply_unlinks(s, u, USB_STATUS_CANCELLED);
        session_urb_release(s, u);
        return;
    }
    urb->status = honest_status(u);
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
        session_record(s, EVENT_DEVICE_RESET, 0, 0);
    }
    usb_endpoint_table_build(&s->endpoints, usb_device_config(s->info, s->active_config),
                             s->alternate, s->endpoints.ep[0][0].max_packet_size);
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
        finish_here(s, u, status);
}

// --- UNLINK --------------------------------------------------------------------------------------

void session_unlink(struct session *s, struct session_urb *u, struct session_reply *r)
{
    if (!u) { // never seen, or its RET_SUBMIT is already in the queue
        reply_unlink(s, r, USB_STATUS_OK);
        return;
    }
    if (u->state == SESSION_URB_WAITING) {
        s->counters.urbs_unlinked++;
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
        cancel(s, u);
}

// The backend takes its time: the client need not wait for it (Linux waits without a limit). The
// URB's late completion is swallowed.
static void unlink_overdue(struct session *s, struct session_urb *u)
{
    if (base_list_empty(&u->unlinks) || s->now_us < u->unlink_deadline_us)
        return;
    session_record(s, EVENT_UNLINK_OVERDUE, u->address, 0);
    s->counters.urbs_unlinked++;
    u->answered = true;
    unhash(s, u);
    reply_unlinks(s, u, USB_STATUS_CANCELLED);
}

void session_unlink_tick(struct session *s)
{
    if (s->unlinks_open == 0)
        return;
    if (s->control_op)
        unlink_overdue(s, s->control_op);
    BASE_LIST_FOR_EACH (node, &s->active) {
        unlink_overdue(s, BASE_CONTAINER(node, struct session_urb, tx.link));
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
    if (s->unlinks_open == 0)
        return best;
    if (s->control_op)
        best = earlier(best, s->control_op);
    BASE_LIST_FOR_EACH (node, &s->active) {
        best = earlier(best, BASE_CONTAINER(node, struct session_urb, tx.link));
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
    s->unlinks_open = 0;
    if (s->rx_urb)
        session_urb_release(s, s->rx_urb);
    s->rx_urb = NULL;
    BASE_LIST_FOR_EACH (node, &s->waiting) {
        session_urb_release(s, BASE_CONTAINER(node, struct session_urb, tx.link));
    }
    BASE_LIST_FOR_EACH (node, &s->active) {
        struct session_urb *u = BASE_CONTAINER(node, struct session_urb, tx.link);
        drop_unlinks(s, u);
        cancel(s, u);
    }
    if (s->control_op)
        drop_unlinks(s, s->control_op);
}
