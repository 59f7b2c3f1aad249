// SPDX-License-Identifier: Apache-2.0
// How a session ends: what it has is given back, whole replies that are queued are still sent.
#include "session/session_state.h"

#include <string.h>

void session_end_sending(struct session *s)
{
    s->broken = true;
    session_tx_drop(s);
}

// Nothing more is read or answered. What the backend has is asked back.
static void let_urbs_go(struct session *s)
{
    session_unlink_drop(s);
    s->rx.begin = s->rx.end = 0;
    session_refusal_drop(s);
    if (s->rx.urb)
        session_urb_release(s, s->rx.urb);
    s->rx.urb = NULL;
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->order.waiting, tx.link) {
        session_urb_release(s, u);
    }
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->order.control, tx.link) {
        session_urb_release(s, u);
    }
    BASE_LIST_FOR_EACH (struct session_urb, u, &s->active.urbs, tx.link) {
        session_active_cancel(s, u);
    }
    session_room_leave(s);
}

void session_close(struct session *s, enum eventlog_end why, uint64_t now_us)
{
    s->now_us = now_us;
    if (s->phase == SESSION_PHASE_CLOSING)
        return;
    if (s->imported)
        session_record(s, EVENTLOG_WITH(session_ended, .urbs = (uint32_t)s->counters.urbs_completed,
                                        .reason = why));
    else
        session_record(s, EVENTLOG_WITH(connection_closed, .reason = why));
    bool nobody_reads = why == EVENT_END_PEER_LOST || why == EVENT_END_CROWDED ||
                        (why == EVENT_END_PEER_CLOSED && s->imported);
    s->resets =
        why == EVENT_END_PEER_DEAD || why == EVENT_END_PEER_SILENT || why == EVENT_END_PEER_FULL;
    s->phase = SESSION_PHASE_CLOSING;
    s->op.asks = false;
    s->deadline_us = now_us + s->limits->linger_us;
    let_urbs_go(s);
    if (s->active.reset == SESSION_RESET_DUE)
        session_active_reset_over(s, why == EVENT_END_UNPLUGGED ? EVENT_RESET_UNPLUGGED
                                                                : EVENT_RESET_SESSION_ENDED);
    if (nobody_reads || s->resets)
        session_end_sending(s);
    session_touch(s);
}

void session_fail(struct session *s, enum eventlog_protocol why, uint32_t value)
{
    s->failed = true;
    session_record(s, EVENTLOG_WITH(protocol_error, .error = why, .value = value));
    session_close(s, EVENT_END_PROTOCOL, s->now_us);
}

// --- strangers -----------------------------------------------------------------------------------

enum { STRANGER_US = 600000000, LOOK_BACK = 256 };

static bool same_address(const char *a, const char *b)
{
    const char *port = strrchr(a, ':');
    size_t n = port ? (size_t)(port - a) : 0;
    return n > 0 && strncmp(a, b, n) == 0 && b[n] == ':' && !strchr(b + n + 1, ':');
}

// A scanner comes often, and would fill the log.
static bool told_lately(const struct session *s)
{
    char peer[EVENTLOG_PEER_SIZE];
    uint64_t last = eventlog_last(s->log), at = last > LOOK_BACK ? last - LOOK_BACK : 0;
    const struct eventlog_event *e;
    struct base_text t;
    base_text_init(&t, peer, sizeof peer);
    base_peer_text(&s->peer, &t);
    for (; (e = eventlog_next(s->log, at)); at = e->number)
        if (e->what.type == EVENT_STRANGER && e->boot == eventlog_boot(s->log) &&
            s->now_us < e->time_us + STRANGER_US && same_address(peer, e->peer))
            return true;
    return false;
}

void session_fail_stranger(struct session *s, enum eventlog_protocol why, uint32_t value)
{
    s->failed = true;
    if (!told_lately(s))
        session_record(s, EVENTLOG_WITH(stranger, .error = why, .value = value));
    session_close(s, EVENT_END_PROTOCOL, s->now_us);
}

void session_unplugged(struct session *s, uint64_t now_us)
{
    session_close(s, EVENT_END_UNPLUGGED, now_us);
    if (s->active.control_op)
        session_urb_release(s, session_active_control_returned(s));
    if (s->active.reset)
        session_active_reset_over(s, EVENT_RESET_UNPLUGGED);
    session_touch(s);
}

void session_rx_end(struct session *s, bool lost, uint64_t now_us)
{
    s->now_us = now_us;
    s->rx.ended = true;
    session_touch(s);
    if (lost && s->phase == SESSION_PHASE_CLOSING) {
        session_end_sending(s);
    } else if (lost) {
        session_close(s, EVENT_END_PEER_LOST, now_us);
    } else if (s->phase != SESSION_PHASE_LIST) { // an asked DEVLIST is still answered
        bool done = s->op.answered && !s->imported;
        session_close(s, done ? EVENT_END_DONE : EVENT_END_PEER_CLOSED, now_us);
    }
}

enum session_port_state session_port_state(const struct session *s)
{
    if (s->phase != SESSION_PHASE_CLOSING)
        return SESSION_PORT_OPEN;
    if (s->broken)
        return s->resets ? SESSION_PORT_RESET : SESSION_PORT_CLOSE;
    if (!base_list_empty(&s->tx.queue))
        return SESSION_PORT_OPEN;
    return s->rx.ended ? SESSION_PORT_CLOSE : SESSION_PORT_FINISH;
}

bool session_is_closing(const struct session *s)
{
    return s->phase == SESSION_PHASE_CLOSING;
}
