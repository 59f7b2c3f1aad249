// SPDX-License-Identifier: Apache-2.0
// Slots for URBs and replies, and the seqnums in flight.
#include "session/session_state.h"

enum {
    CONTROL_SLOTS = 1,  // kept for endpoint 0, whatever waits on others
    SPARE_REPLIES = 64, // UNLINK replies and refusals beyond one per URB
};

enum base_err session_urbs_create(struct session *s)
{
    unsigned urbs = s->limits->max_urbs + CONTROL_SLOTS, replies = urbs + SPARE_REPLIES;
    s->urbs.slots = base_alloc(s->alloc, urbs * sizeof *s->urbs.slots);
    s->urbs.replies =
        s->urbs.slots ? base_alloc(s->alloc, replies * sizeof *s->urbs.replies) : NULL;
    if (!s->urbs.replies) {
        base_free(s->alloc, s->urbs.slots);
        s->urbs.slots = NULL;
        return BASE_ERR_NOMEM;
    }
    for (unsigned i = 0; i < urbs; i++)
        base_list_append(&s->urbs.free, &s->urbs.slots[i].tx.link);
    for (unsigned i = 0; i < replies; i++)
        base_list_append(&s->urbs.free_replies, &s->urbs.replies[i].tx.link);
    return BASE_OK;
}

void session_urbs_destroy(struct session *s)
{
    base_free(s->alloc, s->urbs.slots);
    base_free(s->alloc, s->urbs.replies);
}

static struct session_urb **bucket(struct session *s, uint32_t seqnum)
{
    return &s->urbs.hash[seqnum % SESSION_HASH_SIZE];
}

struct session_urb *session_urb_find(const struct session *s, uint32_t seqnum)
{
    struct session_urb *u = s->urbs.hash[seqnum % SESSION_HASH_SIZE];
    while (u && u->seqnum != seqnum)
        u = u->hashed;
    return u;
}

// Only what nobody else sets: it is done for each URB.
static void clear(struct session_urb *u)
{
    u->urb.flags = 0;
    u->urb.buffer = NULL;
    u->urb.length = u->urb.actual_length = 0;
    u->urb.packets = NULL;
    u->urb.packet_count = u->urb.start_frame = u->urb.error_count = 0;
    u->kind = SESSION_URB_TRANSFER;
    u->cancel_wanted = u->cancel_sent = u->shutdown = u->answered = false;
    u->buffer_size = 0;
}

struct session_urb *session_urb_get(struct session *s, uint32_t seqnum, bool control)
{
    bool last = s->urbs.free.next->next == &s->urbs.free;
    struct base_list *node = control || !last ? base_list_pop(&s->urbs.free) : NULL;
    if (!node)
        return NULL;
    struct session_urb *u = BASE_CONTAINER(node, struct session_urb, tx.link);
    clear(u);
    base_list_init(&u->tx.link);
    base_list_init(&u->unlinks);
    u->session = s;
    u->state = SESSION_URB_RECEIVING;
    u->seqnum = seqnum;
    u->urb.device = s->device.backend_device;
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
    session_room_give(s, u->urb.buffer, u->buffer_size);
    session_room_give(s, u->urb.packets, u->urb.packet_count * WIRE_ISO_PACKET_SIZE);
    base_list_remove(&u->tx.link);
    u->state = SESSION_URB_FREE;
    base_list_prepend(&s->urbs.free, &u->tx.link); // still in the cache
}

struct session_reply *session_reply_get(struct session *s)
{
    struct base_list *node = base_list_pop(&s->urbs.free_replies);
    return node ? BASE_CONTAINER(node, struct session_reply, tx.link) : NULL;
}

void session_reply_release(struct session *s, struct session_reply *r)
{
    base_list_append(&s->urbs.free_replies, &r->tx.link);
}
