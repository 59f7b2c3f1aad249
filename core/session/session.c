// SPDX-License-Identifier: Apache-2.0
// Life of a connection, and what the port and the server call: the parts are put together here.
#include "base/base_text.h"
#include "session/session_state.h"

#include <assert.h>

struct session *session_create(const struct base_alloc *alloc, const struct session_limits *limits,
                               struct eventlog *log, uint32_t id, const struct base_peer *peer,
                               struct session_notice *notice, uint64_t now_us)
{
    struct session *s = base_alloc(alloc, sizeof *s);
    if (!s)
        return NULL;
    s->alloc = alloc;
    s->limits = limits;
    s->log = log;
    s->notice = notice;
    s->id = id;
    s->op.version = WIRE_VERSION;
    s->now_us = s->since_us = now_us;
    s->deadline_us = now_us + limits->op_timeout_us;
    s->peer = *peer;
    struct base_list *lists[] = {&s->tx.queue,      &s->urbs.free,     &s->urbs.free_replies,
                                 &s->order.waiting, &s->unlinks.early, &s->active.urbs,
                                 &s->tx.op.link,    &s->order.control, &s->room.link};
    for (unsigned i = 0; i < sizeof lists / sizeof *lists; i++)
        base_list_init(lists[i]);
    session_record(s, EVENTLOG(connection_opened));
    session_touch(s);
    return s;
}

struct session_notice *session_notice(const struct session *s)
{
    return s->notice;
}

const struct base_peer *session_peer_address(const struct session *s)
{
    return &s->peer;
}

void session_set_port(struct session *s, void *port)
{
    s->port = port;
}

void *session_port(const struct session *s)
{
    return s->port;
}

void session_destroy(struct session *s)
{
    assert(session_is_idle(s));
    session_tx_drop(s);
    session_room_leave(s);
    session_room_unreserve(s);
    session_urbs_destroy(s);
    session_tx_destroy(s);
    session_pipes_destroy(s);
    base_free(s->alloc, s);
}

// --- bytes ---------------------------------------------------------------------------------------

// Goes on with what has been received as far as it can. True: something was taken.
static bool parse(struct session *s)
{
    if (s->phase == SESSION_PHASE_URB)
        return session_rx_parse(s);
    return s->phase == SESSION_PHASE_OP && session_op_parse(s);
}

// Is there a request that was not taken: for want of room, or because of the one before it?
static bool request_waits(const struct session *s)
{
    size_t header = s->phase == SESSION_PHASE_URB ? WIRE_URB_HEADER_SIZE : WIRE_OP_HEADER_SIZE;
    return session_rx_ahead(s) >= header && !s->rx.urb && s->refusal.due == 0;
}

void session_rx_commit(struct session *s, size_t n, uint64_t now_us)
{
    s->now_us = now_us;
    session_rx_received(s, n);
    if (parse(s) || session_rx_missing(s) == 0) // there is nothing to look at in half a payload
        session_touch(s);
}

void session_tx_consume(struct session *s, size_t n)
{
    if (session_tx_sent(s, n) && request_waits(s))
        session_touch(s);
}

// --- actions and time ----------------------------------------------------------------------------

struct session_action session_next_action(struct session *s, uint64_t now_us)
{
    s->now_us = now_us;
    session_room_look(s);
    if (session_rx_ahead(s) > 0)
        (void)parse(s);
    return s->op.asks ? session_op_ask(s) : session_order_next(s);
}

bool session_reset(struct session *s, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->phase != SESSION_PHASE_URB || s->active.reset)
        return false;
    session_active_want_reset(s);
    session_touch(s);
    return true;
}

void session_tick(struct session *s, uint64_t now_us)
{
    s->now_us = now_us;
    if (now_us >= s->deadline_us && s->phase == SESSION_PHASE_CLOSING)
        session_end_sending(s);
    else if (now_us >= s->deadline_us && s->active.reset) // what waits behind it goes on
        session_active_reset_over(s, EVENT_RESET_STUCK);
    else if (now_us >= s->deadline_us)
        session_op_overdue(s);
    session_unlink_tick(s);
}

uint64_t session_next_deadline(const struct session *s)
{
    if (s->broken)
        return UINT64_MAX;
    uint64_t unlink_us = session_unlink_deadline(s), room_us = session_room_deadline(s);
    uint64_t best = unlink_us < room_us ? unlink_us : room_us;
    return s->deadline_us < best ? s->deadline_us : best;
}

// --- what others may see -------------------------------------------------------------------------

void session_view(const struct session *s, struct session_view *v)
{
    *v = (struct session_view){
        .id = s->id,
        .busid = s->imported ? s->busid : "",
        .since_us = s->since_us,
        .heard_us = s->heard_us,
        .round_trip_us = s->round_trip_us,
        .urbs_in_flight = s->active.count + (s->active.control_op != NULL),
        .bytes_in_flight = s->room.bytes,
        .counters = s->counters,
    };
    struct base_text t;
    base_text_init(&t, v->peer, sizeof v->peer);
    base_peer_text(&s->peer, &t);
}

const struct session_counters *session_counters(const struct session *s)
{
    return &s->counters;
}

uint32_t session_id(const struct session *s)
{
    return s->id;
}

bool session_failed(const struct session *s)
{
    return s->failed;
}

uint8_t session_active_config(const struct session *s)
{
    return s->pipes.active_config;
}

uint64_t session_oldest_pending_us(const struct session *s, uint64_t now_us, uint8_t *address)
{
    BASE_LIST_FOR_EACH (const struct session_urb, u, &s->active.urbs, tx.link) {
        bool data = usb_urb_is_in(&u->urb) && u->urb.ep.type != USB_CONTROL;
        if (data && u->urb.ep.type != USB_ISOCHRONOUS)
            continue;
        *address = u->address;
        return now_us - u->submitted_us; // the list is in the order of submission
    }
    return 0;
}

bool session_endpoint_view(const struct session *s, bool in, unsigned number, uint64_t now_us,
                           struct session_endpoint_view *v)
{
    const struct session_past *p = &s->past;
    const struct session_figures *f = session_pipes_figures_of(s, number + (in ? 16 : 0));
    if (!f)
        return false;
    *v = (struct session_endpoint_view){.ep = f->ep,
                                        .figures = f,
                                        .minute_ago = &f->mark[p->oldest],
                                        .minute_us = now_us - p->mark_us[p->oldest]};
    BASE_LIST_FOR_EACH (const struct session_urb, u, &s->active.urbs, tx.link) {
        if (u->address != v->ep.address && (number > 0 || !session_urb_is_control(u)))
            continue;
        if (v->pending++ == 0) // the list is in the order of submission
            v->oldest_us = now_us - u->submitted_us;
    }
    return true;
}
