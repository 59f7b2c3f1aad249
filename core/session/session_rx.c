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
    if (s->phase == SESSION_PHASE_CLOSING || s->peer_ended)
        return 0;
    for (uint64_t at = s->rx_done; s->rx_urb && at < body_size(s->rx_urb) && n < max; n++) {
        iov[n] = body_part(s->rx_urb, at);
        at += iov[n].size;
    }
    if (s->ahead_begin > 0) {
        memmove(s->ahead, s->ahead + s->ahead_begin, s->ahead_end - s->ahead_begin);
        s->ahead_end -= s->ahead_begin;
        s->ahead_begin = 0;
    }
    if (s->ahead_end < SESSION_AHEAD_SIZE && n < max)
        iov[n++] = (struct base_iovec){s->ahead + s->ahead_end, SESSION_AHEAD_SIZE - s->ahead_end};
    return n;
}

enum base_err session_rx_commit(struct session *s, size_t n, uint64_t now_us)
{
    s->now_us = now_us;
    s->counters.rx_bytes += n;
    if (s->rx_urb) {
        uint64_t due = body_size(s->rx_urb) - s->rx_done;
        size_t body = n < due ? n : (size_t)due;
        s->rx_done += body;
        n -= body;
    }
    s->ahead_end += n;
    session_parse(s);
    return s->phase == SESSION_PHASE_CLOSING ? BASE_ERR_PROTOCOL : BASE_OK;
}

static size_t ahead_bytes(const struct session *s)
{
    return s->ahead_end - s->ahead_begin;
}

// --- refusals ------------------------------------------------------------------------------------

// Answers a SUBMIT without executing it; `skip` bytes of it are still to come. The reply waits for
// them: a Linux client may still be sending from memory that it frees at the reply. False: no room
// for a reply now, the header stays where it is.
static bool refuse(struct session *s, const struct wire_urb_header *h, int32_t status,
                   uint64_t skip)
{
    struct session_reply *r = session_reply_get(s);
    if (!r)
        return false;
    struct wire_urb_header reply = {
        .command = WIRE_RET_SUBMIT,
        .seqnum = h->seqnum,
        .u.ret_submit = {.status = status,
                         .start_frame = h->u.submit.start_frame,
                         .number_of_packets = h->u.submit.number_of_packets == -1 ? -1 : 0},
    };
    wire_urb_header_pack(r->tx.header, &reply);
    s->counters.urbs_refused++;
    s->last_seqnum = h->seqnum;
    s->ahead_begin += WIRE_URB_HEADER_SIZE;
    s->rx_skip = skip;
    s->rx_skip_reply = r;
    if (skip == 0) {
        session_queue_reply(s, r);
        s->rx_skip_reply = NULL;
    }
    return true;
}

// The SUBMIT does not fit now. It waits (nothing behind it is read) for what may come free, but not
// for ever: behind it may be the very UNLINK that frees something.
static bool no_room(struct session *s, const struct wire_urb_header *h, uint64_t skip)
{
    s->starved = true;
    s->starved_at = s->budget->in_use;
    if (!s->refusing && !s->held) {
        s->held = true;
        s->hold_deadline_us = s->now_us + s->limits->hold_us;
        session_record(s, EVENTLOG_WITH(budget_exhausted, .bytes = (uint32_t)s->bytes));
    }
    if (!s->refusing && s->now_us < s->hold_deadline_us)
        return false;
    if (!s->refusing)
        session_record(s, EVENTLOG_WITH(urb_refused, .endpoint = h->ep,
                                        .length = (uint32_t)h->u.submit.transfer_buffer_length));
    s->refusing = true;
    s->held = false;
    return refuse(s, h, USB_STATUS_NO_MEMORY, skip);
}

// --- SUBMIT --------------------------------------------------------------------------------------

// Is the endpoint isochronous? By the descriptors, never by the client's fields: the current
// alternate settings first; else any setting that has the endpoint (the change to it may be on its
// way, or the URB is late).
static bool is_iso(const struct session *s, uint8_t address)
{
    struct usb_endpoint ep;
    unsigned dir = address >> 7, number = address & 0x0f;
    if (s->endpoints.present[dir][number])
        return s->endpoints.ep[dir][number].type == USB_ISOCHRONOUS;
    for (unsigned i = 0; i < s->info->config_count; i++)
        if (usb_config_find_endpoint(s->info->config[i], address, &ep))
            return ep.type == USB_ISOCHRONOUS;
    return false;
}

// The requests that a server must not just forward (usbip-wire facts section 3; Linux stub_rx.c).
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
        if (setup->wIndex >= USB_MAX_INTERFACES)
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

static void fill(struct session_urb *u, const struct wire_urb_header *h, bool iso)
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
static struct session_urb *reserve(struct session *s, const struct wire_urb_header *h, bool iso)
{
    struct session_urb *u = session_urb_get(s, h->seqnum);
    if (!u)
        return NULL;
    fill(u, h, iso);
    uint32_t payload = h->direction == WIRE_DIR_OUT ? u->wire_length : 0;
    uint32_t packets = iso ? (uint32_t)h->u.submit.number_of_packets : 0;
    if (payload > 0) {
        u->urb.buffer = session_take(s, payload, true);
        u->buffer_size = u->urb.buffer ? payload : 0;
    }
    if (packets > 0) {
        u->urb.packets = session_take(s, packets * WIRE_ISO_PACKET_SIZE, true);
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
    if (!in && (length < 0 || (uint32_t)length > s->limits->max_urb_bytes)) {
        session_fail(s, EVENT_BAD_LENGTH, (uint32_t)length);
        return false;
    }
    if (session_urb_find(s, h->seqnum)) {
        session_fail(s, EVENT_DUPLICATE_SEQNUM, h->seqnum);
        return false;
    }
    bool iso = h->ep <= 15 && h->ep > 0 && is_iso(s, (uint8_t)(h->ep | (in ? USB_DIR_IN : 0u)));
    if (iso && (packets < 0 || packets > WIRE_ISO_PACKETS_MAX)) {
        session_fail(s, EVENT_BAD_PACKET_COUNT, (uint32_t)packets);
        return false;
    }
    uint64_t skip =
        (in ? 0 : (uint64_t)length) + (iso ? (uint64_t)packets * WIRE_ISO_PACKET_SIZE : 0);
    if (length < 0)
        return refuse(s, h, USB_STATUS_INVALID, skip);
    if ((uint32_t)length > s->limits->max_urb_bytes)
        return refuse(s, h, USB_STATUS_NO_MEMORY, skip);
    if (h->ep > 15 || direction_contradicts(h))
        return refuse(s, h, USB_STATUS_STALL, skip);
    struct session_urb *u = reserve(s, h, iso);
    if (!u)
        return no_room(s, h, skip);
    s->held = s->refusing = false;
    s->last_seqnum = h->seqnum;
    s->ahead_begin += WIRE_URB_HEADER_SIZE;
    s->rx_urb = u;
    s->rx_done = 0;
    return true;
}

static bool parse_unlink(struct session *s, const struct wire_urb_header *h)
{
    struct session_reply *r = session_reply_get(s);
    if (!r)
        return false; // the client does not read its replies: it gets no further ones
    r->seqnum = h->seqnum;
    r->victim = h->u.unlink.victim;
    s->ahead_begin += WIRE_URB_HEADER_SIZE;
    session_unlink(s, session_urb_find(s, h->u.unlink.victim), r);
    return true;
}

static bool parse_header(struct session *s)
{
    struct wire_urb_header h;
    wire_urb_header_unpack(&h, s->ahead + s->ahead_begin);
    if (h.command != WIRE_CMD_SUBMIT && h.command != WIRE_CMD_UNLINK) {
        session_fail(s, EVENT_BAD_COMMAND, h.command);
        return false;
    }
    if (h.devid != s->devid) {
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
    struct session_urb *u = s->rx_urb;
    uint64_t size = body_size(u);
    while (s->rx_done < size && ahead_bytes(s) > 0) {
        struct base_iovec part = body_part(u, s->rx_done);
        size_t n = part.size < ahead_bytes(s) ? part.size : ahead_bytes(s);
        memcpy(part.data, s->ahead + s->ahead_begin, n);
        s->ahead_begin += n;
        s->rx_done += n;
    }
    if (s->rx_done < size)
        return false;
    s->rx_urb = NULL;
    if (!unpack_packets(u))
        u->kind = SESSION_URB_MALFORMED;
    session_urb_received(s, u);
    session_unlink_early(s, u);
    return true;
}

static bool skip_body(struct session *s)
{
    size_t n = ahead_bytes(s) < s->rx_skip ? ahead_bytes(s) : (size_t)s->rx_skip;
    s->ahead_begin += n;
    s->rx_skip -= n;
    if (s->rx_skip > 0)
        return false;
    session_queue_reply(s, s->rx_skip_reply);
    s->rx_skip_reply = NULL;
    return true;
}

static bool parse_once(struct session *s)
{
    if (s->phase == SESSION_PHASE_OP)
        return session_op_parse(s);
    if (s->phase != SESSION_PHASE_URB)
        return false;
    if (s->rx_skip > 0)
        return skip_body(s);
    if (s->rx_urb)
        return receive_body(s);
    return ahead_bytes(s) >= WIRE_URB_HEADER_SIZE && parse_header(s);
}

void session_parse(struct session *s)
{
    while (parse_once(s))
        s->look_again = true;
}
