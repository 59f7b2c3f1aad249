// SPDX-License-Identifier: Apache-2.0
// URBs of a session: slots, budgeted memory, the seqnums in flight.
#include "session/session_state.h"

#include <string.h>

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
    return bytes < s->reserve ? bytes : s->reserve;
}

void *session_take(struct session *s, uint32_t size, bool within_budget)
{
    struct session_budget *b = s->budget;
    uint32_t rounded = session_pool_rounded(size);
    uint64_t after = s->bytes + rounded;
    uint64_t covered = reserve_used(s, after) - reserve_used(s, s->bytes);
    // What the reserve covers always fits, also when the total has become less than what is in use.
    bool fits = (s->bytes == 0 || after <= s->limits->budget_bytes) &&
                (rounded == covered || b->in_use + b->reserved + (rounded - covered) <= b->total);
    void *p = fits || !within_budget ? session_pool_get(s->pool, rounded) : NULL;
    if (!p)
        return NULL;
    s->bytes = after;
    b->in_use += rounded;
    b->reserved -= covered;
    return p;
}

void session_give(struct session *s, void *p, uint32_t size)
{
    if (!p)
        return;
    uint32_t rounded = session_pool_rounded(size);
    uint64_t after = s->bytes - rounded;
    session_pool_put(s->pool, p, rounded);
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

void session_urb_forget(struct session *s, struct session_urb *u)
{
    struct session_urb **at = bucket(s, u->seqnum);
    while (*at && *at != u)
        at = &(*at)->hashed;
    if (*at)
        *at = u->hashed;
}

void session_urb_release(struct session *s, struct session_urb *u)
{
    session_urb_forget(s, u);
    session_give(s, u->urb.buffer, u->buffer_size);
    session_give(s, u->urb.packets, u->urb.packet_count * WIRE_ISO_PACKET_SIZE);
    base_list_remove(&u->tx.link);
    u->state = SESSION_URB_FREE;
    base_list_prepend(&s->free_urbs, &u->tx.link); // still in the cache
}

struct session_reply *session_reply_get(struct session *s)
{
    struct base_list *node = base_list_pop(&s->free_replies);
    return node ? BASE_CONTAINER(node, struct session_reply, tx.link) : NULL;
}

// --- figures -------------------------------------------------------------------------------------

void session_figures_create(struct session *s)
{
    for (unsigned i = 0; i < 32; i++) {
        struct session_figures **f = &s->figures[i / 16][i % 16];
        if (s->endpoints.present[i / 16][i % 16] && !*f)
            *f = base_alloc(s->alloc, sizeof **f);
    }
}

void session_figures_destroy(struct session *s)
{
    for (unsigned i = 0; i < 32; i++)
        base_free(s->alloc, s->figures[i / 16][i % 16]);
}
