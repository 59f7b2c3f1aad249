// SPDX-License-Identifier: Apache-2.0
// Sending: one queue of replies, handed to the port as vectors into the memory where they lie.
#include "session/session_state.h"

#include <string.h>

enum base_err session_tx_create(struct session *s)
{
    if (s->pipes.names.isochronous == 0)
        return BASE_OK;
    s->tx.packets = base_alloc(s->alloc, WIRE_ISO_PACKETS_MAX * WIRE_ISO_PACKET_SIZE);
    return s->tx.packets ? BASE_OK : BASE_ERR_NOMEM;
}

void session_tx_destroy(struct session *s)
{
    base_free(s->alloc, s->tx.packets);
}

static void append_item(struct session *s, struct session_tx_item *tx)
{
    base_list_append(&s->tx.queue, &tx->link);
}

void session_tx_op(struct session *s, uint16_t code, uint32_t status, uint8_t *body,
                   size_t body_size)
{
    struct wire_op_header h = {.version = s->op.version, .code = code, .status = status};
    wire_op_header_pack(s->tx.op.header, &h);
    s->tx.op.kind = SESSION_TX_OP;
    s->tx.op.header_size = WIRE_OP_HEADER_SIZE;
    s->tx.op.size = WIRE_OP_HEADER_SIZE + (uint64_t)body_size;
    s->tx.op_body = body;
    append_item(s, &s->tx.op);
}

void session_tx_reply(struct session *s, struct session_reply *r, uint32_t size)
{
    r->tx.kind = SESSION_TX_REPLY;
    r->tx.header_size = WIRE_URB_HEADER_SIZE;
    r->tx.size = WIRE_URB_HEADER_SIZE + (uint64_t)size;
    if (size > 0)
        s->tx.packets_of = r;
    append_item(s, &r->tx);
}

static uint32_t data_size(const struct session_urb *u)
{
    return usb_urb_is_in(&u->urb) ? u->urb.actual_length : 0;
}

static int32_t reply_packets(const struct session_urb *u)
{
    if (u->iso)
        return (int32_t)u->urb.packet_count;
    // An old Windows client multiplies the field by 16 without looking for -1, newer ones want
    // theirs back: echo 0 and -1, nothing else (docs/wire.md 2.3).
    return u->echo_packets == -1 ? -1 : 0;
}

void session_tx_urb(struct session *s, struct session_urb *u)
{
    struct wire_urb_header h;
    h.command = WIRE_RET_SUBMIT;
    h.seqnum = u->seqnum;
    h.devid = h.direction = h.ep = 0;
    h.u.ret_submit.status = u->urb.status;
    h.u.ret_submit.actual_length = (int32_t)u->urb.actual_length;
    h.u.ret_submit.start_frame = u->iso ? (int32_t)u->urb.start_frame : u->echo_start_frame;
    h.u.ret_submit.number_of_packets = reply_packets(u);
    h.u.ret_submit.error_count = (int32_t)u->urb.error_count;
    wire_urb_header_pack(u->tx.header, &h);
    // The packet descriptors are turned to wire order where they are: both forms take 16 bytes.
    for (uint32_t i = 0; u->iso && i < u->urb.packet_count; i++) {
        struct usb_iso_packet p = u->urb.packets[i];
        uint8_t *at = (uint8_t *)u->urb.packets + (size_t)i * WIRE_ISO_PACKET_SIZE;
        wire_iso_packet_pack(at, &p);
    }
    u->tx.kind = SESSION_TX_URB;
    u->tx.header_size = WIRE_URB_HEADER_SIZE;
    u->tx.size = WIRE_URB_HEADER_SIZE + (uint64_t)data_size(u) +
                 (u->iso ? (uint64_t)u->urb.packet_count * WIRE_ISO_PACKET_SIZE : 0);
    u->state = SESSION_URB_REPLY;
    append_item(s, &u->tx);
}

// Vectors under construction: `skip` bytes were sent before.
struct vectors {
    struct base_iovec *iov;
    unsigned count, max;
    uint64_t skip;
};

// False when the vectors are full. Neighbouring memory becomes one vector.
static bool add_bytes(struct vectors *v, uint8_t *data, size_t size)
{
    if (size <= v->skip) {
        v->skip -= size;
        return true;
    }
    data += v->skip;
    size -= (size_t)v->skip;
    v->skip = 0;
    struct base_iovec *last = v->count ? &v->iov[v->count - 1] : NULL;
    if (last && last->data + last->size == data) {
        last->size += size;
        return true;
    }
    if (v->count == v->max)
        return false;
    v->iov[v->count++] = (struct base_iovec){data, size};
    return true;
}

static bool add_iso(struct vectors *v, const struct session_urb *u)
{
    uint8_t *descriptors = (uint8_t *)u->urb.packets;
    for (uint32_t i = 0; usb_urb_is_in(&u->urb) && i < u->urb.packet_count; i++) {
        struct usb_iso_packet p;
        wire_iso_packet_unpack(&p, descriptors + (size_t)i * WIRE_ISO_PACKET_SIZE);
        if (p.actual_length > 0 && !add_bytes(v, u->urb.buffer + p.offset, p.actual_length))
            return false;
    }
    return add_bytes(v, descriptors, (size_t)u->urb.packet_count * WIRE_ISO_PACKET_SIZE);
}

static bool add_item(struct vectors *v, struct session *s, struct session_tx_item *tx)
{
    if (!add_bytes(v, tx->header, tx->header_size))
        return false;
    switch (tx->kind) {
    case SESSION_TX_OP:
        return add_bytes(v, s->tx.op_body, (size_t)(tx->size - tx->header_size));
    case SESSION_TX_URB: {
        struct session_urb *u = BASE_CONTAINER(tx, struct session_urb, tx);
        return u->iso ? add_iso(v, u) : add_bytes(v, u->urb.buffer, data_size(u));
    }
    case SESSION_TX_REPLY:
        return add_bytes(v, s->tx.packets, (size_t)(tx->size - tx->header_size));
    }
    return true;
}

unsigned session_tx_vectors(struct session *s, struct base_iovec *iov, unsigned max)
{
    struct vectors v = {.iov = iov, .max = max, .skip = s->tx.sent};
    if (s->broken)
        return 0;
    BASE_LIST_FOR_EACH (struct session_tx_item, tx, &s->tx.queue, link) {
        if (!add_item(&v, s, tx))
            break;
    }
    return v.count;
}

static void free_op_body(struct session *s)
{
    if (s->tx.op_body && s->tx.op_body != s->tx.op_record)
        base_free(s->alloc, s->tx.op_body);
    s->tx.op_body = NULL;
}

static void item_done(struct session *s, struct session_tx_item *tx)
{
    base_list_remove(&tx->link);
    switch (tx->kind) {
    case SESSION_TX_OP:
        free_op_body(s);
        break;
    case SESSION_TX_URB:
        session_urb_release(s, BASE_CONTAINER(tx, struct session_urb, tx));
        break;
    case SESSION_TX_REPLY: {
        struct session_reply *r = BASE_CONTAINER(tx, struct session_reply, tx);
        if (s->tx.packets_of == r)
            s->tx.packets_of = NULL;
        session_reply_release(s, r);
        break;
    }
    }
}

bool session_tx_sent(struct session *s, size_t n)
{
    bool any = false;
    s->counters.tx_bytes += n;
    s->tx.sent += n;
    BASE_LIST_FOR_EACH (struct session_tx_item, tx, &s->tx.queue, link) {
        if (s->tx.sent < tx->size)
            break;
        s->tx.sent -= tx->size;
        item_done(s, tx);
        any = true;
    }
    return any;
}

void session_tx_drop(struct session *s)
{
    s->tx.sent = 0;
    BASE_LIST_FOR_EACH (struct session_tx_item, tx, &s->tx.queue, link) {
        item_done(s, tx);
    }
}

bool session_tx_pending(const struct session *s)
{
    return !s->broken && !base_list_empty(&s->tx.queue);
}
