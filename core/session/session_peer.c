// SPDX-License-Identifier: Apache-2.0
// Whether the peer is still there. What the port sees of it is evidence, never a time limit: nobody
// is given up who may only be away, unless somebody else wants the device (docs/wire.md 4.4).
#include "session/session_state.h"

enum {
    SECOND_US = 1000000,
    SILENT_US = 10 * SECOND_US,
    PROBE_US = 3 * SECOND_US,
    EVIDENCE = 5, // segments without an answer, of those that the peer has to answer
};

static void fall_silent(struct session *s)
{
    s->peer_state = SESSION_PEER_SILENT;
    session_record(s, EVENTLOG(peer_silent));
    session_touch(s);
}

static void come_back(struct session *s, uint64_t away_us)
{
    s->peer_state = SESSION_PEER_ANSWERS;
    session_record(s, EVENTLOG_WITH(peer_back, .seconds = (uint32_t)(away_us / SECOND_US)));
    session_touch(s);
}

// False: it answers, but does not read, and has not for too long. Its replies would never end.
static bool takes_bytes(struct session *s, const struct session_heard *h)
{
    if (!h->full || h->taken != s->taken || s->full_since_us == 0)
        s->full_since_us = s->now_us;
    s->taken = h->taken;
    return s->now_us - s->full_since_us < s->limits->full_us;
}

void session_peer_heard(struct session *s, const struct session_heard *h, uint64_t now_us)
{
    bool silent = now_us - h->last_us >= SILENT_US && h->unanswered > 0;
    s->now_us = now_us;
    s->round_trip_us = h->round_trip_us;
    if (s->phase != SESSION_PHASE_URB)
        return;
    if (silent && s->peer_state == SESSION_PEER_ANSWERS)
        fall_silent(s);
    else if (!silent && s->peer_state != SESSION_PEER_ANSWERS)
        come_back(s, h->last_us - s->heard_us);
    s->heard_us = h->last_us;
    if (!takes_bytes(s, h))
        session_close(s, EVENT_END_PEER_FULL, now_us);
    else if (silent && now_us - h->last_us >= s->limits->silent_us)
        session_close(s, EVENT_END_PEER_SILENT, now_us);
    if (s->peer_state != SESSION_PEER_PROBED || now_us - s->probed_us < PROBE_US)
        return;
    s->peer_state = h->unanswered >= EVIDENCE ? SESSION_PEER_DEAD : SESSION_PEER_SILENT;
    session_touch(s);
}

void session_peer_probe(struct session *s, uint64_t now_us)
{
    if (s->peer_state == SESSION_PEER_ANSWERS || s->peer_state == SESSION_PEER_PROBED)
        return;
    s->peer_state = SESSION_PEER_PROBED;
    s->probed_us = now_us;
    session_touch(s);
}

enum session_peer session_peer(const struct session *s)
{
    return s->peer_state;
}
