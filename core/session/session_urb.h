// SPDX-License-Identifier: Apache-2.0
// URBs and replies as a session keeps them; for session/*.c only.
#pragma once

#include "base/base_err.h"
#include "base/base_list.h"
#include "usb/usb_urb.h"
#include "wire/wire_urb.h"

#include <stdbool.h>
#include <stdint.h>

struct session;

enum session_tx_kind {
    SESSION_TX_OP,    // operation reply: header of 8 bytes and a body
    SESSION_TX_URB,   // RET_SUBMIT with its data; embedded in a session_urb
    SESSION_TX_REPLY, // RET_UNLINK, or RET_SUBMIT of a refused URB
};

// Something to send. The first in the queue has tx.sent bytes of it sent already.
struct session_tx_item {
    struct base_list link;
    enum session_tx_kind kind;
    uint64_t size; // all bytes of it
    uint8_t header_size;
    uint8_t header[WIRE_URB_HEADER_SIZE];
};

// A reply without data.
struct session_reply {
    struct session_tx_item tx; // link: free, waiting (at its victim or early), or in the tx queue
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
    struct session_urb *hashed; // next of the same hash
    uint32_t seqnum;
    uint8_t state, kind;
    uint8_t address;    // endpoint address asked for
    bool iso;           // framed with packet descriptors
    bool cancel_wanted; // somebody wants it back from the backend ...
    bool cancel_sent;   // ... and the backend has been asked
    bool shutdown;      // cancelled by a pipe change, not by an UNLINK
    bool answered;      // its UNLINK was answered without waiting for it: swallow the completion
    int32_t echo_packets, echo_start_frame; // number_of_packets, start_frame as asked
    uint32_t wire_length;                   // transfer_buffer_length
    uint32_t buffer_size;                   // of urb.buffer
    uint64_t submitted_us;                  // when the backend got it
    uint64_t unlink_deadline_us;
    struct base_list unlinks; // session_reply of each UNLINK that waits for this URB
    struct usb_control_op op;
    struct session_tx_item tx; // tx.link is also the link of the free, waiting and active lists
};

static inline bool session_urb_is_control(const struct session_urb *u)
{
    return (u->address & 0x0f) == 0;
}

// --- session_urbs.c ------------------------------------------------------------------------------

enum { SESSION_HASH_SIZE = 64 }; // power of two

struct session_urbs {
    struct session_urb *slots; // limits->max_urbs and one for endpoint 0, from import to destroy
    struct session_reply *replies;
    struct base_list free, free_replies;
    struct session_urb *hash[SESSION_HASH_SIZE];
};

enum base_err session_urbs_create(struct session *s);
void session_urbs_destroy(struct session *s);
// Or NULL; the last one is for endpoint 0 (`control`).
struct session_urb *session_urb_get(struct session *s, uint32_t seqnum, bool control);
void session_urb_release(struct session *s, struct session_urb *u);
struct session_urb *session_urb_find(const struct session *s, uint32_t seqnum);
// From now on its seqnum may come again (docs/wire.md 2.2). Idempotent.
void session_urb_forget(struct session *s, struct session_urb *u);
struct session_reply *session_reply_get(struct session *s); // or NULL
void session_reply_release(struct session *s, struct session_reply *r);
