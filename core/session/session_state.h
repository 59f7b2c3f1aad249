// SPDX-License-Identifier: Apache-2.0
// What a session consists of; for session/*.c only.
//
// Its files are a list, in the order of this header (before it: session_pool.c, session_figures.c).
// Each calls those above, never those below. A part of struct session stands with its file.
#pragma once

#include "session/session.h"
#include "session/session_urb.h"

enum { SESSION_AHEAD_SIZE = 4096 }; // headers read ahead; also swallows unwanted payload

// session_record.c: what happened goes to the event log.
void session_record(struct session *s, struct eventlog_what what);

// session_pipes.c: the device as the client has configured it.
struct session_pipes {
    uint8_t active_config;
    uint8_t alternate[USB_MAX_INTERFACES]; // by order of appearance
    struct usb_endpoint_table endpoints;
    struct usb_endpoint_names names; // of all configurations
    // Of endpoints that exist or existed; NULL: no memory. Endpoint 0 has one for both directions.
    struct session_figures *figures[2][16];
    // URBs that ended without their endpoint; and what an endpoint did while its type was another
    // is added here to that one and taken from the new one, modulo 2^64.
    struct session_type_counters by_type[SESSION_TYPES];
};
enum { SESSION_ENDPOINTS = 32 };
// Of the i-th endpoint, each once: endpoint 0 is one. NULL: it has none.
struct session_figures *session_pipes_figures_of(const struct session *s, unsigned i);
void session_pipes_create(struct session *s);
void session_pipes_destroy(struct session *s);
void session_pipes_change(struct session *s, const struct usb_control_op *op); // it was done
bool session_pipes_usable(const struct session *s, uint8_t address);           // now
// How the client has framed an URB with that number_of_packets.
bool session_pipes_iso(const struct session *s, uint8_t address, int32_t packets);
struct session_figures *session_pipes_figures(const struct session *s, uint8_t address); // or NULL
// enum usb_transfer_type, as it is or was last; SESSION_NO_ENDPOINT: it never existed.
unsigned session_pipes_type(const struct session *s, uint8_t address);

void session_pipes_count(struct session *s, const struct session_urb *u); // ended without it

// session_past.c: what the endpoints had done a while ago.
struct session_past {
    uint64_t mark_us[SESSION_MARKS]; // when the figures' marks were made
    unsigned oldest;                 // of them
    uint64_t steps;                  // since the newest
};
void session_past_begin(struct session *s); // with the device

// session_room.c: payload memory within budgets, and what is done while there is none.
enum session_room_state {
    SESSION_ROOM_ENOUGH,
    SESSION_ROOM_STARVING, // an IN whose turn it is waits for memory
    SESSION_ROOM_HOLDING,  // the next SUBMIT waits, unread, for a slot or memory
    SESSION_ROOM_REFUSING, // it got none in time: until one does, none waits
};
struct session_room {
    enum session_room_state state;
    uint64_t deadline_us;  // HOLDING: until then; STARVING: to be looked for again
    struct base_list link; // on the budget's `starving` since the session looked last
    bool others;           // memory that was missing last, other sessions have
    bool prolonged;        // HOLDING: until the silent ones were asked
    uint64_t bytes;        // of the budget
    uint64_t reserve;      // once imported: what nobody else can take
    // One URB of over 1 MiB at a time goes beyond the session's budget: that is for many.
    void *long_urb; // its memory, or NULL
    uint64_t long_bytes;
};
bool session_room_reserve(struct session *s); // false: not so much is left
void session_room_unreserve(struct session *s);
// Payload memory, counted; NULL: none now, or (if it must be within_budget) none allowed.
void *session_room_take(struct session *s, uint32_t size, bool within_budget);
void session_room_give(struct session *s, void *p, uint32_t size);
void session_room_found(struct session *s); // by a SUBMIT
// None was found by a SUBMIT. True: hold it; false: it, or one before it, was held long enough.
bool session_room_hold(struct session *s, const struct wire_urb_header *h);
void session_room_starve(struct session *s); // none was found by an IN
// The session looks for room now: who finds none has to say so again.
void session_room_look(struct session *s);
void session_room_leave(struct session *s); // it wants none any more
uint64_t session_room_deadline(const struct session *s);

// session_urbs.c: slots for URBs and replies, the seqnums in flight; in session_urb.h.

// session_active.c: what the backend has.
struct session_active {
    struct base_list urbs; // in the order in which it got them
    unsigned count;
    unsigned cancels_due; // of them: the backend has yet to be asked for them back
    bool control_endpoint_busy;
    struct session_urb *control_op; // being executed; on no list
    enum session_reset {
        SESSION_RESET_NONE,
        SESSION_RESET_DUE,  // as soon as the backend has nothing of the session
        SESSION_RESET_BEGUN // the backend has to answer
    } reset;                // that somebody here has asked for, and no client
};
struct session_action session_active_submit(struct session *s, struct session_urb *u);
struct session_action session_active_control(struct session *s, struct session_urb *u);
void session_active_cancel(struct session *s, struct session_urb *u); // it is wanted back
void session_active_want_reset(struct session *s);
struct session_action session_active_reset(struct session *s);
void session_active_reset_over(struct session *s, enum eventlog_reset why); // 0: it was done
struct session_action session_active_next_cancel(struct session *s);
void session_active_returned(struct session *s, struct session_urb *u);
struct session_urb *session_active_control_returned(struct session *s);

// session_tx.c: sending.
struct session_tx {
    struct base_list queue; // of session_tx_item
    uint64_t sent;          // bytes of the first
    struct session_tx_item op;
    uint8_t op_record[WIRE_DEVICE_SIZE];
    uint8_t *op_body; // op_record, or taken from session_list_reply
    // Room for the packet descriptors of one reply, in wire order; NULL: the device has no
    // isochronous endpoints.
    uint8_t *packets;
    const struct session_reply *packets_of; // this one in the queue has them, or NULL
};
enum base_err session_tx_create(struct session *s); // when its pipes are known
void session_tx_destroy(struct session *s);
void session_tx_op(struct session *s, uint16_t code, uint32_t status, uint8_t *body,
                   size_t body_size);
// With the first `size` bytes of tx.packets behind it.
void session_tx_reply(struct session *s, struct session_reply *r, uint32_t size);
void session_tx_urb(struct session *s, struct session_urb *u);
bool session_tx_sent(struct session *s, size_t n); // true: what a reply had is free again
void session_tx_drop(struct session *s);

// session_refusal.c: a SUBMIT that is answered without being executed, while its body arrives.
struct session_refusal {
    uint64_t due; // bytes still to come
    struct session_reply *reply;
    uint32_t packets_size; // the last part of the body: descriptors that it is answered with
};
// False: not now, for want of a reply or because another refusal has packets; look again when
// something was sent.
bool session_refuse(struct session *s, const struct wire_urb_header *h, int32_t status,
                    uint64_t payload, uint32_t packets);
size_t session_refusal_read(struct session *s, const uint8_t *bytes, size_t size); // taken of it
void session_refusal_drop(struct session *s); // it gets no answer

// session_unlink.c: UNLINKs that wait, and their answers.
struct session_unlinks {
    struct base_list early; // session_reply of UNLINKs that came before their SUBMIT
    unsigned open;          // URBs that UNLINKs wait for
};
// `u` NULL: the victim is not in flight.
void session_unlink(struct session *s, struct session_urb *u, struct session_reply *r);
// The SUBMIT of `u` is whole: an UNLINK that came before it takes it back.
void session_unlink_if_overtaken(struct session *s, struct session_urb *u);
void session_unlink_cancelled(struct session *s, struct session_urb *u); // it ends without reply
void session_unlink_too_late(struct session *s, struct session_urb *u);  // its reply is queued
void session_unlink_tick(struct session *s);
uint64_t session_unlink_deadline(const struct session *s);
void session_unlink_drop(struct session *s); // those that wait get no answer

// session_done.c: how URBs end. This one the backend does not have (any more).
void session_urb_finish(struct session *s, struct session_urb *u, int32_t status);

// session_order.c: whose turn it is.
struct session_order {
    struct base_list waiting; // of session_urb, in the order of their SUBMITs
    struct base_list control; // of these, those that only an earlier one of endpoint 0 holds up
};
void session_order_append(struct session *s, struct session_urb *u); // it is whole: it may go
struct session_action session_order_next(struct session *s);

// session_end.c: closing.
void session_fail(struct session *s, enum eventlog_protocol why, uint32_t value);
// The same of who speaks something else from the start; told once in ten minutes for each address.
void session_fail_stranger(struct session *s, enum eventlog_protocol why, uint32_t value);
void session_end_sending(struct session *s); // what is not sent now never will be

// session_peer.c: whether the peer is still there; its functions are in session.h.

// session_rx.c: receiving in the URB phase. ahead[begin..end) is not parsed yet; before that, the
// body of `urb` or of a refused SUBMIT is due.
struct session_rx {
    uint8_t ahead[SESSION_AHEAD_SIZE];
    size_t begin, end;
    struct session_urb *urb;
    uint64_t done;        // bytes of its body that are there
    uint32_t devid;       // that each request names
    uint32_t last_seqnum; // of the SUBMIT seen last
    bool ended;           // FIN seen
};
void session_rx_received(struct session *s, size_t n); // to where session_rx_vectors() said
bool session_rx_parse(struct session *s);              // true: something was taken

// session_op.c: operation phase.
struct session_op {
    uint16_t version; // of the last request, echoed
    bool asks;        // the server has a LIST or IMPORT to take
    bool answered;    // at least one request was
};
bool session_op_parse(struct session *s); // true: a request was taken
struct session_action session_op_ask(struct session *s);
void session_op_overdue(struct session *s);

// session.c: where they are put together.
enum session_phase {
    SESSION_PHASE_OP,     // waiting for an operation request
    SESSION_PHASE_LIST,   // DEVLIST asked, the server has to answer
    SESSION_PHASE_IMPORT, // IMPORT asked, the server has to answer
    SESSION_PHASE_URB,    // device imported
    SESSION_PHASE_CLOSING // nothing is read any more; what is queued is sent
};

struct session {
    const struct base_alloc *alloc;
    const struct session_limits *limits;
    struct eventlog *log;
    struct session_notice *notice;
    void *port;
    uint32_t id;
    struct base_peer peer;
    char busid[USB_BUSID_SIZE]; // before the answer to IMPORT: the name asked for
    uint64_t now_us, since_us;
    uint64_t deadline_us; // operation phase: end of patience; URB phase: of a reset that is due;
                          // closing: of the last bytes
    enum session_phase phase;
    bool imported; // has, or had until the end, a device
    bool broken;   // connection lost: nothing can be sent
    bool resets;   // the port breaks the connection, instead of closing it
    bool failed;   // the client broke the protocol
    enum session_peer peer_state;
    uint64_t heard_us, probed_us;  // when the port last heard of the peer; PROBED: since when
    uint64_t taken, full_since_us; // session_heard's, and since when it has not changed
    uint64_t round_trip_us;        // session_heard's
    struct session_counters counters;
    struct session_device device;
    struct session_pipes pipes;
    struct session_room room;
    struct session_urbs urbs;
    struct session_active active;
    struct session_tx tx;
    struct session_refusal refusal;
    struct session_unlinks unlinks;
    struct session_order order;
    struct session_rx rx;
    struct session_op op;
    struct session_past past;
};

static inline size_t session_rx_ahead(const struct session *s)
{
    return s->rx.end - s->rx.begin;
}

// Its owner shall look at it.
static inline void session_touch(struct session *s)
{
    session_give_notice(s->notice);
}
