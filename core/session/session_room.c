// SPDX-License-Identifier: Apache-2.0
// Room for URBs: payload memory, counted against the session's budget and the server's, and what
// becomes of those that find none.
#include "session/session_state.h"

// --- memory --------------------------------------------------------------------------------------

// Enough for any URB but the long ones, of up to 32 MiB, that Windows sends.
enum { RESERVE_MAX = 1024 * 1024 };

uint32_t session_reserve(const struct session_limits *limits)
{
    uint32_t longest = limits->max_urb_bytes;
    return session_pool_rounded(longest < RESERVE_MAX ? longest : RESERVE_MAX);
}

bool session_room_reserve(struct session *s)
{
    struct session_budget *b = s->device.budget;
    uint64_t reserve = session_reserve(s->limits);
    if (b->in_use + b->reserved + reserve > b->total)
        return false;
    s->room.reserve = reserve;
    b->reserved += reserve;
    return true;
}

void session_room_unreserve(struct session *s)
{
    if (s->room.reserve > 0)
        s->device.budget->reserved -= s->room.reserve;
    s->room.reserve = 0;
}

// The part of `bytes` that the session's own reserve covers.
static uint64_t reserve_used(const struct session *s, uint64_t bytes)
{
    return bytes < s->room.reserve ? bytes : s->room.reserve;
}

void *session_room_take(struct session *s, uint32_t size, bool within_budget)
{
    struct session_budget *b = s->device.budget;
    uint32_t rounded = session_pool_rounded(size);
    uint64_t after = s->room.bytes + rounded;
    uint64_t covered = reserve_used(s, after) - reserve_used(s, s->room.bytes);
    // What the reserve covers always fits, also when the total has become less than what is in use.
    bool within = s->room.bytes == 0 || after - s->room.long_bytes <= s->limits->budget_bytes;
    bool is_long = !within && rounded > RESERVE_MAX && s->room.long_bytes == 0;
    bool fits = (within || is_long) &&
                (rounded == covered || b->in_use + b->reserved + (rounded - covered) <= b->total);
    void *p = fits || !within_budget ? session_pool_get(s->device.pool, rounded) : NULL;
    s->room.others = !p && (within || is_long);
    b->wanted |= s->room.others;
    if (!p)
        return NULL;
    if (is_long) {
        s->room.long_urb = p;
        s->room.long_bytes = rounded;
    }
    s->room.bytes = after;
    b->in_use += rounded;
    b->reserved -= covered;
    return p;
}

void session_budget_grew(struct session_budget *b)
{
    BASE_LIST_FOR_EACH (struct session, s, &b->starving, room.link) {
        base_list_remove(&s->room.link);
        session_touch(s);
    }
}

void session_room_give(struct session *s, void *p, uint32_t size)
{
    if (!p)
        return;
    uint32_t rounded = session_pool_rounded(size);
    uint64_t after = s->room.bytes - rounded;
    session_pool_put(s->device.pool, p, rounded);
    s->device.budget->reserved += reserve_used(s, s->room.bytes) - reserve_used(s, after);
    s->device.budget->in_use -= rounded;
    s->room.bytes = after;
    if (p == s->room.long_urb) {
        s->room.long_urb = NULL;
        s->room.long_bytes = 0;
    }
    session_budget_grew(s->device.budget);
}

// --- while there is none -------------------------------------------------------------------------

// Memory that no budget counts, a backend's own, comes free without notice.
enum { STARVING_US = 100000 };

static void wait_for_some(struct session *s)
{
    if (base_list_empty(&s->room.link))
        base_list_append(&s->device.budget->starving, &s->room.link);
}

// The state only grows until a SUBMIT is taken or the session looks again.
void session_room_starve(struct session *s)
{
    if (s->room.state == SESSION_ROOM_ENOUGH)
        s->room.state = SESSION_ROOM_STARVING;
    if (s->room.state == SESSION_ROOM_STARVING)
        s->room.deadline_us = s->now_us + STARVING_US;
    wait_for_some(s);
}

// The SUBMIT waits, and nothing behind it is read, for what may come free, but not for ever: behind
// it may be the very UNLINK that frees something.
bool session_room_hold(struct session *s, const struct wire_urb_header *h)
{
    struct session_room *r = &s->room;
    wait_for_some(s);
    if (r->state < SESSION_ROOM_HOLDING) {
        r->state = SESSION_ROOM_HOLDING;
        r->prolonged = false;
        r->deadline_us = s->now_us + s->limits->hold_us;
        session_record(s, EVENTLOG_WITH(budget_exhausted, .bytes = (uint32_t)r->bytes));
    }
    if (r->state == SESSION_ROOM_REFUSING)
        return false;
    if (r->others && !r->prolonged && r->deadline_us < s->device.budget->hope_us) {
        r->prolonged = true; // once: an UNLINK may stand behind it
        r->deadline_us = s->device.budget->hope_us;
    }
    if (s->now_us < r->deadline_us)
        return true;
    r->state = SESSION_ROOM_REFUSING;
    session_record(s, EVENTLOG_WITH(urb_refused, .endpoint = h->ep,
                                    .length = (uint32_t)h->u.submit.transfer_buffer_length));
    return false;
}

void session_room_found(struct session *s)
{
    s->room.state = SESSION_ROOM_ENOUGH;
}

void session_room_look(struct session *s)
{
    if (s->room.state == SESSION_ROOM_STARVING)
        s->room.state = SESSION_ROOM_ENOUGH;
}

void session_room_leave(struct session *s)
{
    s->room.state = SESSION_ROOM_ENOUGH;
    base_list_remove(&s->room.link);
}

uint64_t session_room_deadline(const struct session *s)
{
    bool due = s->room.state == SESSION_ROOM_STARVING || s->room.state == SESSION_ROOM_HOLDING;
    return due ? s->room.deadline_us : UINT64_MAX;
}
