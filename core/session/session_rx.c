// SPDX-License-Identifier: Apache-2.0
// Receiving in the URB phase: bytes to SUBMITs and UNLINKs. The payload of an URB lands in its own
// memory; only headers (and what came behind them in one read) pass through the read-ahead area.
#include "session/session_state.h"

#include <string.h>

static uint64_t body_size(const struct session_urb *u)
{
    uint64_t payload = usb_urb_is_in(&u->urb) ? 0 : u->wire_length;
    return payload + (uint64_t)u->urb.packet_count * WIRE_ISO_PACKET_SIZE;
}

// The part of the body of `u` from byte `at` on that lies in one piece of memory.
static struct base_iovec body_part(const struct session_urb *u, uint64_t at)
{
    uint64_t payload = usb_urb_is_in(&u->urb) ? 0 : u->wire_length;
    if (at < payload)
        return (struct base_iovec){u->urb.buffer + at, (size_t)(payload - at)};
    at -= payload;
    return (struct base_iovec){
        (uint8_t *)u->urb.packets + at,
        (size_t)((uint64_t)u->urb.packet_count * WIRE_ISO_PACKET_SIZE - at),
    };
}

unsigned session_rx_vectors(struct session *s, struct base_iovec *iov, unsigned max)
{
    unsigned n = 0;
    if (s->phase == SESSION_PHASE_CLOSING || s->rx.ended)
        return 0;
    for (uint64_t at = s->rx.done; s->rx.urb && at < body_size(s->rx.urb) && n < max; n++) {
        iov[n] = body_part(s->rx.urb, at);
        at += iov[n].size;
    }
    if (s->rx.begin > 0) {
        memmove(s->rx.ahead, s->rx.ahead + s->rx.begin, s->rx.end - s->rx.begin);
        s->rx.end -= s->rx.begin;
        s->rx.begin = 0;
    }
    if (s->rx.end < SESSION_AHEAD_SIZE && n < max)
        iov[n++] = (struct base_iovec){s->rx.ahead + s->rx.end, SESSION_AHEAD_SIZE - s->rx.end};
    return n;
}

uint64_t session_rx_missing(const struct session *s)
{
    if (s->phase == SESSION_PHASE_CLOSING)
        return 0;
    return s->refusal.due + (s->rx.urb ? body_size(s->rx.urb) - s->rx.done : 0);
}

void session_rx_received(struct session *s, size_t n)
{
    s->counters.rx_bytes += n;
    if (s->rx.urb) {
        uint64_t due = body_size(s->rx.urb) - s->rx.done;
        size_t body = n < due ? n : (size_t)due;
        s->rx.done += body;
        n -= body;
    }
    s->rx.end += n;
}

// --- SUBMIT --------------------------------------------------------------------------------------

static void header_taken(struct session *s, const struct wire_urb_header *h)
{
    s->rx.last_seqnum = h->seqnum;
    s->rx.begin += WIRE_URB_HEADER_SIZE;
}

// False: it has to wait. The reply waits for what belongs to the SUBMIT: a Linux client may still
// be sending from memory that it frees at the reply.
static bool refuse(struct session *s, const struct wire_urb_header *h, bool iso, int32_t status)
{
    int32_t length = h->u.submit.transfer_buffer_length;
    uint64_t payload = h->direction == WIRE_DIR_IN ? 0 : (uint64_t)length;
    uint32_t packets = iso ? (uint32_t)h->u.submit.number_of_packets : 0;
    if (!session_refuse(s, h, status, payload, packets))
        return false;
    header_taken(s, h);
    return true;
}

// The requests that a server must not just forward (docs/wire.md 3; Linux stub_rx.c).
static void classify(struct session_urb *u, const struct usb_setup *setup)
{
    struct usb_control_op *op = &u->op;
    uint8_t low = (uint8_t)setup->wIndex, value = (uint8_t)setup->wValue;
    u->kind = SESSION_URB_CONTROL_OP;
    switch (setup->bmRequestType << 8 | setup->bRequest) {
    case 0x0000 | USB_REQ_SET_CONFIGURATION:
        *op = (struct usb_control_op){.type = USB_SET_CONFIGURATION, .value = value};
        return;
    case 0x0100 | USB_REQ_SET_INTERFACE:
        if (setup->wIndex > 0xff)
            break; // the device will refuse it
        *op = (struct usb_control_op){.type = USB_SET_INTERFACE, .value = value, .interface = low};
        return;
    case 0x0200 | USB_REQ_CLEAR_FEATURE:
        if (setup->wValue != USB_FEATURE_ENDPOINT_HALT || (low & 0x0f) == 0)
            break;
        *op = (struct usb_control_op){.type = USB_CLEAR_HALT, .value = low};
        return;
    case 0x2300 | USB_REQ_SET_FEATURE:
        if (setup->wValue != USB_FEATURE_PORT_RESET)
            break;
        *op = (struct usb_control_op){.type = USB_RESET_DEVICE};
        return;
    case 0x0000 | USB_REQ_SET_ADDRESS:
        u->kind = SESSION_URB_SET_ADDRESS;
        return;
    default:
        break;
    }
    u->kind = SESSION_URB_TRANSFER;
}

// wLength and the buffer may disagree: the smaller one counts, and the device is told so, else it
// would send more than there is room for.
static void fit_control(struct session_urb *u, struct usb_setup *setup)
{
    if (u->urb.length > setup->wLength)
        u->urb.length = setup->wLength;
    setup->wLength = (uint16_t)u->urb.length;
    usb_setup_pack(u->urb.setup, setup);
    classify(u, setup);
}

static bool direction_contradicts(const struct wire_urb_header *h)
{
    struct usb_setup setup = usb_setup_unpack(h->u.submit.setup);
    uint32_t wanted = setup.bmRequestType & USB_DIR_IN ? WIRE_DIR_IN : WIRE_DIR_OUT;
    return h->ep == 0 && setup.wLength > 0 && wanted != h->direction;
}

static void fill_urb(struct session_urb *u, const struct wire_urb_header *h, bool iso)
{
    bool in = h->direction == WIRE_DIR_IN;
    u->address = (uint8_t)(h->ep | (in ? USB_DIR_IN : 0u));
    u->urb.ep.address = u->address;
    u->iso = iso;
    u->echo_packets = h->u.submit.number_of_packets;
    u->echo_start_frame = h->u.submit.start_frame;
    u->wire_length = (uint32_t)h->u.submit.transfer_buffer_length;
    u->urb.length = u->wire_length;
    if (h->u.submit.transfer_flags & WIRE_SHORT_NOT_OK && in && !iso)
        u->urb.flags |= USB_URB_SHORT_NOT_OK;
    if (h->u.submit.transfer_flags & WIRE_ZERO_PACKET && !in && h->ep != 0 && !iso)
        u->urb.flags |= USB_URB_ZERO_PACKET;
    if (h->ep == 0) {
        struct usb_setup setup = usb_setup_unpack(h->u.submit.setup);
        fit_control(u, &setup);
    }
}

// Slot and memory for what is about to arrive. IN buffers come later, when it is the URB's turn.
static struct session_urb *reserve_urb(struct session *s, const struct wire_urb_header *h, bool iso)
{
    struct session_urb *u = session_urb_get(s, h->seqnum, h->ep == 0);
    if (!u)
        return NULL;
    fill_urb(u, h, iso);
    uint32_t payload = h->direction == WIRE_DIR_OUT ? u->wire_length : 0;
    uint32_t packets = iso ? (uint32_t)h->u.submit.number_of_packets : 0;
    if (payload > 0) {
        u->urb.buffer = session_room_take(s, payload, true);
        u->buffer_size = u->urb.buffer ? payload : 0;
    }
    if (packets > 0) {
        u->urb.packets = session_room_take(s, packets * WIRE_ISO_PACKET_SIZE, true);
        u->urb.packet_count = u->urb.packets ? packets : 0;
    }
    if (payload > u->buffer_size || packets > u->urb.packet_count) {
        session_urb_release(s, u);
        return NULL;
    }
    return u;
}

// True: the header was taken. False: it has to wait, or the session has failed.
static bool parse_submit(struct session *s, const struct wire_urb_header *h)
{
    int32_t length = h->u.submit.transfer_buffer_length, packets = h->u.submit.number_of_packets;
    bool in = h->direction == WIRE_DIR_IN;
    if (h->direction > WIRE_DIR_IN) {
        session_fail(s, EVENT_BAD_DIRECTION, h->direction);
        return false;
    }
    if (!in && length < 0) {
        session_fail(s, EVENT_BAD_LENGTH, (uint32_t)length);
        return false;
    }
    if (session_urb_find(s, h->seqnum)) {
        session_fail(s, EVENT_DUPLICATE_SEQNUM, h->seqnum);
        return false;
    }
    bool iso = h->ep <= 15 && h->ep > 0 &&
               session_pipes_iso(s, (uint8_t)(h->ep | (in ? USB_DIR_IN : 0u)), packets);
    if (iso && packets > WIRE_ISO_PACKETS_SENT_MAX) {
        session_fail(s, EVENT_BAD_PACKET_COUNT, (uint32_t)packets);
        return false;
    }
    if (length < 0 || (iso && packets > WIRE_ISO_PACKETS_MAX))
        return refuse(s, h, iso, USB_STATUS_INVALID);
    if ((uint32_t)length > s->limits->max_urb_bytes)
        return refuse(s, h, iso, USB_STATUS_NO_MEMORY);
    if (h->ep > 15 || direction_contradicts(h))
        return refuse(s, h, iso, USB_STATUS_STALL);
    struct session_urb *u = reserve_urb(s, h, iso);
    if (!u)
        return !session_room_hold(s, h) && refuse(s, h, iso, USB_STATUS_NO_MEMORY);
    session_room_found(s);
    header_taken(s, h);
    s->rx.urb = u;
    s->rx.done = 0;
    return true;
}

static bool parse_unlink(struct session *s, const struct wire_urb_header *h)
{
    struct session_reply *r = session_reply_get(s);
    if (!r)
        return false; // the client does not read its replies: it gets no further ones
    r->seqnum = h->seqnum;
    r->victim = h->u.unlink.victim;
    s->rx.begin += WIRE_URB_HEADER_SIZE;
    session_unlink(s, session_urb_find(s, h->u.unlink.victim), r);
    return true;
}

static bool parse_header(struct session *s)
{
    struct wire_urb_header h;
    wire_urb_header_unpack(&h, s->rx.ahead + s->rx.begin);
    if (h.command != WIRE_CMD_SUBMIT && h.command != WIRE_CMD_UNLINK) {
        session_fail(s, EVENT_BAD_COMMAND, h.command);
        return false;
    }
    if (h.devid != s->rx.devid) {
        session_fail(s, EVENT_BAD_DEVID, h.devid);
        return false;
    }
    return h.command == WIRE_CMD_SUBMIT ? parse_submit(s, &h) : parse_unlink(s, &h);
}

// --- bodies --------------------------------------------------------------------------------------

// Packet descriptors to host order, where they are. A packet that does not lie in the buffer spoils
// the URB, not the frame. So do packets that lie on each other if they are more than the buffer
// together: the reply must not be longer than what was asked for.
static bool unpack_packets(struct session_urb *u)
{
    bool good = true;
    uint64_t total = 0;
    for (uint32_t i = 0; i < u->urb.packet_count; i++) {
        struct usb_iso_packet p;
        wire_iso_packet_unpack(&p, (uint8_t *)u->urb.packets + (size_t)i * WIRE_ISO_PACKET_SIZE);
        p.actual_length = 0;
        p.status = USB_STATUS_XDEV;
        good &= (uint64_t)p.offset + p.length <= u->wire_length;
        total += p.length;
        u->urb.packets[i] = p;
    }
    return good && total <= u->wire_length;
}

// True when the URB now arriving is whole.
static bool receive_body(struct session *s)
{
    struct session_urb *u = s->rx.urb;
    uint64_t size = body_size(u);
    while (s->rx.done < size && session_rx_ahead(s) > 0) {
        struct base_iovec part = body_part(u, s->rx.done);
        size_t n = part.size < session_rx_ahead(s) ? part.size : session_rx_ahead(s);
        memcpy(part.data, s->rx.ahead + s->rx.begin, n);
        s->rx.begin += n;
        s->rx.done += n;
    }
    if (s->rx.done < size)
        return false;
    s->rx.urb = NULL;
    if (!unpack_packets(u))
        u->kind = SESSION_URB_MALFORMED;
    session_order_append(s, u);
    session_unlink_if_overtaken(s, u);
    return true;
}

static bool read_away(struct session *s)
{
    s->rx.begin += session_refusal_read(s, s->rx.ahead + s->rx.begin, session_rx_ahead(s));
    return s->refusal.due == 0;
}

static bool parse_once(struct session *s)
{
    if (s->phase != SESSION_PHASE_URB)
        return false;
    if (s->refusal.due > 0)
        return read_away(s);
    if (s->rx.urb)
        return receive_body(s);
    return session_rx_ahead(s) >= WIRE_URB_HEADER_SIZE && parse_header(s);
}

bool session_rx_parse(struct session *s)
{
    bool any = false;
    while (parse_once(s))
        any = true;
    return any;
}
