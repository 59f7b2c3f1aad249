// SPDX-License-Identifier: Apache-2.0
// One USB/IP connection as a sans-IO engine: bytes and time in, bytes and actions out. Nothing
// calls back, nothing re-enters, nothing blocks. Loop thread. Time: the port's monotonic
// microseconds.
//
// The port moves bytes (rx_*, tx_*); the server carries out actions (next_action) and reports
// results (list_reply, import_reply, urb_done, control_done). Rules of the wire: docs/wire.md.
#pragma once

#include "base/base_address.h"
#include "base/base_bytes.h"
#include "base/base_list.h"
#include "eventlog/eventlog.h"
#include "session/session_figures.h"
#include "session/session_pool.h"
#include "usb/usb_device.h"
#include "usb/usb_urb.h"
#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct session_limits {
    uint32_t max_urb_bytes;     // longest transfer each way; longer ones are refused
    uint32_t max_urbs;          // URBs in flight per session, at least 64
    uint64_t budget_bytes;      // payload bytes in flight per session
    uint64_t op_timeout_us;     // for a whole operation request
    uint64_t import_timeout_us; // for the answer to an IMPORT, whatever the device does
    uint64_t hold_us;           // how long a SUBMIT may wait for room before it is refused, so that
                                // an UNLINK behind it is read; and how long an UNLINK that
                                // came before its SUBMIT waits for it
    uint64_t unlink_us;         // how long an UNLINK waits for the backend before it is answered
    uint64_t linger_us;         // how long a closing connection may take to take its last bytes
    uint64_t silent_us;         // how long a peer that does not answer keeps its device
    uint64_t full_us;           // the same of one that answers, but takes no byte of a reply
};

// Payload bytes that a session can always have, whatever the others do.
uint32_t session_reserve(const struct session_limits *limits);

struct session_counters {
    uint64_t urbs_submitted, urbs_completed, urbs_failed, urbs_unlinked, urbs_refused;
    uint64_t bytes_in, bytes_out; // payload, from and to the device
    uint64_t rx_bytes, tx_bytes;  // on the connection
};

struct session;

// How a session says that something has happened in it, which its owner has to look at: it puts
// itself on the owner's list. Its owner takes it off before it looks.
struct session_notice {
    struct base_list link;  // on `list`, or empty
    struct base_list *list; // the owner's
};

// Once is enough until the owner has looked.
static inline void session_give_notice(struct session_notice *n)
{
    if (base_list_empty(&n->link))
        base_list_append(n->list, &n->link);
}

// `log`, `alloc` and `limits` are borrowed for the session's life. NULL if there is no memory.
// `peer` is copied; `notice` is borrowed like `log`, and given at once.
struct session *session_create(const struct base_alloc *alloc, const struct session_limits *limits,
                               struct eventlog *log, uint32_t id, const struct base_peer *peer,
                               struct session_notice *notice, uint64_t now_us);
struct session_notice *session_notice(const struct session *s);
const struct base_peer *session_peer_address(const struct session *s);

// Anything that the port wants to find again by the session; NULL at first.
void session_set_port(struct session *s, void *port);
void *session_port(const struct session *s);

// All URBs must be back (session_is_idle).
void session_destroy(struct session *s);

// --- bytes: for the port -------------------------------------------------------------------------

// Where the next received bytes go: the rest of the payload now arriving (the URB's own memory),
// then a small area for the headers behind it. Returns the number of vectors, 0: do not read now.
// Borrowed until the next call that changes the session.
unsigned session_rx_vectors(struct session *s, struct base_iovec *iov, unsigned max);

// Bytes of the payload now arriving that are still to come; 0: a header is next.
uint64_t session_rx_missing(const struct session *s);

// `n` bytes were written there, from the first vector on. If they end the session, nothing more is
// read: session_rx_vectors() returns 0, and session_port_state() says what to do.
void session_rx_commit(struct session *s, size_t n, uint64_t now_us);

// The peer sends no more (FIN, `lost` false) or the connection is broken (`lost` true).
void session_rx_end(struct session *s, bool lost, uint64_t now_us);

// What to send next; several replies at once if they are ready. Returns the number of vectors.
// Borrowed until the next call that changes the session.
unsigned session_tx_vectors(struct session *s, struct base_iovec *iov, unsigned max);
void session_tx_consume(struct session *s, size_t n);
bool session_tx_pending(const struct session *s);

// What the port does with the connection now.
enum session_port_state {
    SESSION_PORT_OPEN,   // read when rx_vectors says so, write when tx is pending
    SESSION_PORT_FINISH, // all is sent: shut down the sending side, read and drop what comes until
                         // the peer's FIN or the next deadline, then close
    SESSION_PORT_CLOSE,  // close now
    SESSION_PORT_RESET,  // the same, with a reset: the peer does not answer, and what it may still
                         // send is answered with a reset, too
};
enum session_port_state session_port_state(const struct session *s);

// What the port sees of the peer, to be told about every second. A port that does not tell has
// peers that always answer, until the connection breaks.
struct session_heard {
    uint64_t last_us;       // when its last segment came, of any kind
    unsigned unanswered;    // segments since that it had to answer: data, keepalives, window probes
    bool full;              // bytes wait to be sent, and it has no room for them
    uint64_t taken;         // bytes that it has taken, in all
    uint64_t round_trip_us; // how long an answer of its TCP takes, smoothed; 0: not known
};
void session_peer_heard(struct session *s, const struct session_heard *h, uint64_t now_us);

enum session_peer {
    SESSION_PEER_ANSWERS,
    SESSION_PEER_SILENT, // for 10 s, and did not answer. It keeps its device
    SESSION_PEER_PROBED, // silent, and somebody wants its device: a keepalive each second
    SESSION_PEER_DEAD,   // did not answer that for 3 s either
};
enum session_peer session_peer(const struct session *s);

// --- actions: for the server ---------------------------------------------------------------------

enum session_action_type {
    SESSION_ACTION_NONE,
    SESSION_ACTION_LIST,    // answer with session_list_reply
    SESSION_ACTION_IMPORT,  // name; answer with session_import_reply
    SESSION_ACTION_SUBMIT,  // urb: to the backend; it comes back with session_urb_done
    SESSION_ACTION_CANCEL,  // urb: it is at the backend, ask for it back
    SESSION_ACTION_CONTROL, // op: answer with session_control_done
};

struct session_action {
    enum session_action_type type;
    const char *name; // busid, alias or serial number; borrowed until the next call
    struct usb_urb *urb;
    struct usb_control_op op;
};

// The next action, which is under way then. Call until NONE, whenever the session has given notice
// or session_tick() was due.
struct session_action session_next_action(struct session *s, uint64_t now_us);

// Answers LIST. `bytes` is a whole body (ndev and records) from `alloc`, taken; NULL: out of
// memory.
void session_list_reply(struct session *s, uint8_t *bytes, size_t size, unsigned devices,
                        uint64_t now_us);

// What a session needs of the device that it has imported.
struct session_device {
    const struct usb_device_info *info; // borrowed until session_is_idle after the end
    void *backend_device;               // goes into each URB
    struct session_pool *pool;          // borrowed, as info
    struct session_budget *budget;      // borrowed, as info
};

// Answers IMPORT. `device` NULL unless `status` is WIRE_ST_OK. Returns BASE_ERR_NOMEM if the
// session has no memory for URBs: it does not hold the device, and the answer is still due.
enum base_err session_import_reply(struct session *s, enum wire_op_status status,
                                   const struct session_device *device, uint64_t now_us);

// The session that an URB of a SUBMIT action belongs to.
struct session *session_of(struct usb_urb *urb);

// An URB is back from the backend, with its status and lengths set.
void session_urb_done(struct session *s, struct usb_urb *urb, uint64_t now_us);
void session_control_done(struct session *s, int32_t status, uint64_t now_us);

// Ends the session: whole replies already queued are sent, then FIN. Idempotent.
void session_close(struct session *s, enum eventlog_end why, uint64_t now_us);

// Begins to reset the imported device: URBs that the backend has come back with
// USB_STATUS_PROTOCOL, those that wait go to the device afterwards. Outcome: an event. False: there
// is no device, the session is closing, or this is under way already.
bool session_reset(struct session *s, uint64_t now_us);

// The imported device is gone; the backend has given back its URBs. Closes the session, and drops
// what a session that was closing already still waited for.
void session_unplugged(struct session *s, uint64_t now_us);

// True when no URB is at the backend: the device may be given up.
bool session_is_idle(const struct session *s);
bool session_is_closing(const struct session *s);

// Somebody wants what a silent peer has: is it still there? In 3 s session_peer() is another than
// PROBED. SILENT then means that it cannot be told.
void session_peer_probe(struct session *s, uint64_t now_us);

// --- time ----------------------------------------------------------------------------------------

// Does what is due at now_us. Call when session_next_deadline() has come.
void session_tick(struct session *s, uint64_t now_us);
uint64_t session_next_deadline(const struct session *s); // UINT64_MAX: none

// --- what others may see -------------------------------------------------------------------------

struct session_view {
    uint32_t id;
    char peer[BASE_PEER_TEXT_SIZE];
    const char *busid;      // "" before an import
    uint64_t since_us;      // connection accepted, or device imported
    uint64_t heard_us;      // if session_peer() is not ANSWERS: when its last segment came
    uint64_t round_trip_us; // session_heard's
    uint32_t urbs_in_flight;
    uint64_t bytes_in_flight;
    struct session_counters counters;
};
void session_view(const struct session *s, struct session_view *v);
const struct session_counters *session_counters(const struct session *s); // its life

uint32_t session_id(const struct session *s);
bool session_failed(const struct session *s);           // the client broke the protocol
uint8_t session_active_config(const struct session *s); // bConfigurationValue, as the client set it

// How long the backend has had the oldest URB that does not wait for the device's data: control,
// OUT or isochronous. 0: there is none; else *address is its endpoint's.
uint64_t session_oldest_pending_us(const struct session *s, uint64_t now_us, uint8_t *address);

// Steps of half a second are over, the last at `over_us`, and all that was done since the step
// before was done in the first of them: what is told of the last second and minute is made of that.
enum { SESSION_STEP_US = 500000 };
void session_sample(struct session *s, uint64_t steps, uint64_t over_us);

struct session_endpoint_view {
    struct usb_endpoint ep; // as the current alternate settings have it, or had it last
    uint32_t pending;       // URBs at the backend
    uint64_t oldest_us;     // how long the oldest of them has been there; 0: none
    const struct session_figures *figures; // borrowed until the next call that changes the session
    const struct session_mark *minute_ago; // of these, borrowed as well ...
    uint64_t minute_us;                    // ... and how long ago that really is
};

// URBs by the type of their endpoint, enum usb_transfer_type, or for one that does not exist.
enum { SESSION_NO_ENDPOINT = 4, SESSION_TYPES };
struct session_type_counters {
    uint64_t completed, failed, unlinked, refused; // failed ones are completed as well
};
void session_type_counters(const struct session *s,
                           struct session_type_counters by_type[SESSION_TYPES]);

// How long URBs took, in classes of powers of 4: the first has those below
// SESSION_LATENCY_FIRST_US.
enum { SESSION_LATENCY_BUCKETS = 16, SESSION_LATENCY_FIRST_US = 64 };
struct session_latency {
    uint64_t bucket[SESSION_LATENCY_BUCKETS]; // longer ones are in `count` only
    uint64_t count, sum_us;
};
// Adds the session's URBs by the type of their endpoint.
void session_latency_add(const struct session *s, struct session_latency by_type[4]);

// The endpoint with that number and direction; 0 is one for both, as an OUT. False if the session
// never had it, or has no figures for want of memory.
bool session_endpoint_view(const struct session *s, bool in, unsigned number, uint64_t now_us,
                           struct session_endpoint_view *v);
