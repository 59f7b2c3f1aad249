// SPDX-License-Identifier: Apache-2.0
// What a session consists of; for session/*.c only.
#pragma once

#include "session/session.h"

enum {
    SESSION_AHEAD_SIZE = 4096,  // headers read ahead; also swallows payload that nobody wants
    SESSION_HASH_SIZE = 64,     // power of two
    SESSION_SPARE_REPLIES = 64, // UNLINK replies and refusals beyond one per URB
};

enum session_phase {
    SESSION_PHASE_OP,     // waiting for an operation request
    SESSION_PHASE_LIST,   // DEVLIST asked, the server has to answer
    SESSION_PHASE_IMPORT, // IMPORT asked, the server has to answer
    SESSION_PHASE_URB,    // device imported
    SESSION_PHASE_CLOSING // nothing is read any more; what is queued is sent
};

enum session_tx_kind {
    SESSION_TX_OP,    // operation reply: header of 8 bytes and a body
    SESSION_TX_URB,   // RET_SUBMIT with its data; embedded in a session_urb
    SESSION_TX_REPLY, // 48 bytes: RET_UNLINK, or RET_SUBMIT of a refused URB
};

// Something to send. The first in the queue has s->tx_sent bytes of it sent already.
struct session_tx {
    struct base_list link;
    enum session_tx_kind kind;
    uint64_t size; // all bytes of it
    uint8_t header_size;
    uint8_t header[WIRE_URB_HEADER_SIZE];
};

// A reply without data; from s->free_replies.
struct session_reply {
    struct session_tx tx; // link: free, waiting (at its victim or early), or in the tx queue
    uint32_t seqnum;
    uint32_t victim;      // of an early UNLINK ...
    uint64_t deadline_us; // ... and how long it waits for it
};

enum session_urb_state {
    SESSION_URB_FREE,
    SESSION_URB_RECEIVING, // its payload is arriving
    SESSION_URB_WAITING,   // for its turn, for memory, or for a pipe change before it
    SESSION_URB_ACTIVE,    // at the backend
    SESSION_URB_REPLY,     // in the tx queue
};

enum session_urb_kind {
    SESSION_URB_TRANSFER,    // goes to the backend as an URB
    SESSION_URB_CONTROL_OP,  // goes to the backend as a control operation
    SESSION_URB_SET_ADDRESS, // answered here: it must never reach the device
    SESSION_URB_MALFORMED,   // isochronous packets outside the buffer: fails here
};

struct session_urb {
    struct usb_urb urb; // first: the backend gives a pointer to it back
    struct session *session;
    struct session_tx tx;       // tx.link is also the link of the free, waiting and active lists
    struct session_urb *hashed; // next of the same hash
    uint32_t seqnum;
    uint8_t state, kind;
    bool iso;           // framed with packet descriptors
    bool cancel_wanted; // somebody wants it back from the backend ...
    bool cancel_sent;   // ... and the backend has been asked
    bool shutdown;      // cancelled by a pipe change, not by an UNLINK
    bool answered;      // its UNLINK was answered without waiting for it: swallow the completion
    uint8_t address;    // endpoint address asked for
    int32_t echo_packets, echo_start_frame; // number_of_packets, start_frame as asked
    uint32_t wire_length;                   // transfer_buffer_length
    uint32_t buffer_size;                   // of urb.buffer
    uint64_t submitted_us;                  // when the backend got it
    uint64_t unlink_deadline_us;
    struct base_list unlinks; // session_reply of each UNLINK that waits for this URB
    struct usb_control_op op;
};

struct session {
    const struct base_alloc *alloc;
    const struct session_limits *limits;
    struct eventlog *log;
    uint32_t id;
    char peer[EVENTLOG_PEER_SIZE];
    char busid[USB_BUSID_SIZE];
    uint64_t now_us, since_us;
    uint64_t deadline_us; // operation phase: end of patience; closing: of the last bytes
    enum session_phase phase;
    bool asked;        // LIST or IMPORT action has been handed out
    bool answered_one; // at least one operation was answered
    bool imported;     // has, or had until the end, a device
    bool peer_ended;   // FIN seen
    bool broken;       // connection lost: nothing can be sent
    uint16_t version;  // of the last operation request, echoed

    // Receiving: ahead[begin..end) is not parsed yet; before that, the body of rx_urb or rx_skip
    // bytes are due.
    uint8_t ahead[SESSION_AHEAD_SIZE];
    size_t ahead_begin, ahead_end;
    struct session_urb *rx_urb;
    uint64_t rx_done; // bytes of rx_urb's body that are there
    uint64_t rx_skip;
    struct session_reply *rx_skip_reply; // sent when the skipped bytes are through
    bool held;                           // the SUBMIT at ahead[begin] waits for room ...
    uint64_t hold_deadline_us;           // ... at most until then
    bool refusing;                       // it did not get any: the next ones need not wait

    // Sending.
    struct base_list tx_queue;
    uint64_t tx_sent;
    struct session_tx op_tx;
    uint8_t op_record[WIRE_DEVICE_SIZE];
    uint8_t *op_body; // op_record, or taken from session_list_reply

    // The imported device.
    const struct usb_device_info *info;
    void *backend_device;
    struct session_pool *pool;
    struct session_budget *budget;
    uint32_t devid;
    uint8_t active_config;
    uint8_t alternate[USB_MAX_INTERFACES];
    struct usb_endpoint_table endpoints;

    // URBs.
    struct session_urb *urbs; // limits->max_urbs, from import to destroy
    struct session_reply *replies;
    struct base_list free_urbs, free_replies, waiting, active;
    struct base_list early; // session_reply of UNLINKs that came before their SUBMIT
    uint32_t last_seqnum;   // of the SUBMIT seen last
    struct session_urb *hash[SESSION_HASH_SIZE];
    unsigned active_count, cancels_due, unlinks_open;
    bool control_endpoint_busy;
    struct session_urb *control_op; // being executed; on no list
    uint64_t bytes;                 // of the budget
    uint64_t reserve;               // bytes that nobody else can take: one longest URB
    bool look_again;                // something came in since the last "no action"
    bool starved;                   // somebody waits for payload memory ...
    uint64_t starved_at;            // ... since the budget's use was this
    struct session_counters counters;
    struct session_figures *figures[2][16]; // of endpoints that exist or existed; NULL: no memory
};

// session.c
void session_record(struct session *s, struct eventlog_what what);
void session_fail(struct session *s, enum eventlog_protocol why, uint32_t value);
bool session_op_parse(struct session *s); // true: a request was taken

// session_rx.c
void session_parse(struct session *s); // goes on with what has been received as far as it can

// session_tx.c
void session_queue_op(struct session *s, uint16_t code, uint32_t status, uint8_t *body,
                      size_t body_size);
void session_queue_reply(struct session *s, struct session_reply *r);
void session_queue_urb(struct session *s, struct session_urb *u);
void session_drop_tx(struct session *s);

// session_urbs.c
enum base_err session_urbs_create(struct session *s);
void session_urbs_destroy(struct session *s);
// Payload memory, counted; NULL: none now, or (if it must be within_budget) none allowed.
void *session_take(struct session *s, uint32_t size, bool within_budget);
void session_give(struct session *s, void *p, uint32_t size);
struct session_urb *session_urb_get(struct session *s, uint32_t seqnum); // or NULL
void session_urb_release(struct session *s, struct session_urb *u);
struct session_urb *session_urb_find(const struct session *s, uint32_t seqnum);
struct session_reply *session_reply_get(struct session *s); // or NULL
// From now on its seqnum may come again (usbip-wire facts 2.2). Idempotent.
void session_urb_forget(struct session *s, struct session_urb *u);

static inline bool session_urb_is_control(const struct session_urb *u)
{
    return (u->address & 0x0f) == 0;
}

// Figures for the endpoints that exist now and have none yet.
void session_figures_create(struct session *s);
void session_figures_destroy(struct session *s);

static inline struct session_figures *session_urb_figures(const struct session_urb *u)
{
    return u->session->figures[u->address >> 7][u->address & 0x0f];
}

// session_order.c
void session_urb_received(struct session *s, struct session_urb *u); // it is whole: it may go
void session_urb_cancel(struct session *s, struct session_urb *u);   // the backend has it
struct session_action session_urb_action(struct session *s);

// session_done.c
// Answers an URB that the backend does not have (any more).
void session_urb_finish(struct session *s, struct session_urb *u, int32_t status);
// `u` NULL: the victim is not in flight.
void session_unlink(struct session *s, struct session_urb *u, struct session_reply *r);
// The SUBMIT of `u` is whole: an UNLINK that came before it takes it back.
void session_unlink_early(struct session *s, struct session_urb *u);
void session_unlink_tick(struct session *s);
uint64_t session_unlink_deadline(const struct session *s);
void session_urbs_close(struct session *s);
