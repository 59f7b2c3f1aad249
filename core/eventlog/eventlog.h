// SPDX-License-Identifier: Apache-2.0
// Typed events in a ring. Recording copies a few words and never fails; text is made when somebody
// reads. Loop thread.
#pragma once

#include "base/base_alloc.h"
#include "usb/usb_device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eventlog_type {
    EVENT_SERVER_STARTED = 1,
    EVENT_SERVER_STOPPING,
    EVENT_DEVICE_PLUGGED,     // busid, a: vendor << 16 | product, b: speed
    EVENT_DEVICE_UNPLUGGED,   // busid
    EVENT_DEVICE_REFUSED,     // busid; a: enum eventlog_refusal
    EVENT_CONNECTION_OPENED,  // session, peer
    EVENT_CONNECTION_REFUSED, // peer; a: enum eventlog_refusal
    EVENT_CONNECTION_CLOSED,  // session, peer; operation phase only; a: enum eventlog_end
    EVENT_DEVLIST,            // session, peer; a: devices listed
    EVENT_IMPORTED,           // session, peer, busid
    EVENT_IMPORT_REFUSED,     // session, peer, busid (as asked); a: enum wire_op_status
    EVENT_SESSION_ENDED,      // session, peer, busid; a: enum eventlog_end, b: URBs served
    EVENT_PROTOCOL_ERROR,     // session, peer, busid; a: enum eventlog_protocol, b: offending value
    EVENT_BUDGET_EXHAUSTED,   // session, busid; reading has stopped; b: bytes in use
    EVENT_URB_REFUSED,        // session, busid; no memory came free in time; a: endpoint, b: length
    EVENT_UNLINK_OVERDUE,     // session, busid; backend did not give an URB back; a: endpoint
    EVENT_DEVICE_RESET,       // session, busid; the client asked for a port reset
    EVENT_DEVICE_OBSTACLE,    // busid; a: enum usb_obstacle
    EVENT_TYPE_COUNT
};

enum eventlog_refusal {
    EVENT_REFUSED_DESCRIPTORS = 1, // device: its descriptors do not hold together
    EVENT_REFUSED_DUPLICATE,       // device: another one has that busid
    EVENT_REFUSED_LIMIT,           // device or connection: the configured number is reached
    EVENT_REFUSED_NO_MEMORY,
    EVENT_REFUSED_STOPPING,      // connection: the server is shutting down
    EVENT_REFUSED_NO_DESCRIPTOR, // connection: no file descriptor is left; once per shortage
};

enum eventlog_end {
    EVENT_END_PEER_CLOSED = 1, // FIN
    EVENT_END_PEER_LOST,       // reset or keepalive
    EVENT_END_DONE,            // operation phase: answered
    EVENT_END_TIMEOUT,         // operation phase: no whole request in time
    EVENT_END_PROTOCOL,        // after EVENT_PROTOCOL_ERROR
    EVENT_END_UNPLUGGED,
    EVENT_END_STOPPING, // server shut down
    EVENT_END_CROWDED,  // operation phase: had to make room for a newer connection
    EVENT_END_NO_MEMORY,
};

enum eventlog_protocol {
    EVENT_BAD_VERSION = 1,
    EVENT_BAD_OPERATION,
    EVENT_BAD_COMMAND,
    EVENT_BAD_DEVID,
    EVENT_BAD_DIRECTION,
    EVENT_BAD_LENGTH,
    EVENT_BAD_PACKET_COUNT,
    EVENT_DUPLICATE_SEQNUM,
};

enum { EVENTLOG_PEER_SIZE = 56 }; // "[IPv6 address]:port" and NUL

struct eventlog_event {
    uint64_t number;  // 1, 2, 3 ... without gaps
    uint64_t time_us; // the port's monotonic clock
    enum eventlog_type type;
    uint32_t session; // 0: none
    uint32_t a, b;
    char busid[USB_BUSID_SIZE];
    char peer[EVENTLOG_PEER_SIZE];
};

struct eventlog;

// `capacity` events >= 1; NULL if there is no memory.
struct eventlog *eventlog_create(const struct base_alloc *alloc, unsigned capacity);
void eventlog_destroy(struct eventlog *log);

// Copies `e`; `number` is assigned. The oldest event makes room.
void eventlog_record(struct eventlog *log, const struct eventlog_event *e);

// The oldest kept event whose number is > `after`. A gap in numbers means that events were lost.
// False if there is none. Borrowed until the next record.
const struct eventlog_event *eventlog_next(const struct eventlog *log, uint64_t after);

enum eventlog_level { EVENTLOG_ERROR, EVENTLOG_WARNING, EVENTLOG_INFO, EVENTLOG_DEBUG };

enum eventlog_level eventlog_level(const struct eventlog_event *e);

// Stable machine name of a type ("imported"), for JSON. Never NULL.
const char *eventlog_name(enum eventlog_type type);

// One plain English line without a line end, e.g. "session 3: 127.0.0.1:5123 imported 1-1".
// Returns the length; cut to fit.
size_t eventlog_text(const struct eventlog_event *e, char *buf, size_t size);
