// SPDX-License-Identifier: Apache-2.0
// Typed events in a ring. Recording copies a few words and never fails; text is made when somebody
// reads. The ring may live in memory that the port keeps over a reset: events of earlier runs are
// then still there, each marked with the run ("boot") it belongs to. Loop thread.
#pragma once

#include "base/base_alloc.h"
#include "usb/usb_device.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum eventlog_type {
    EVENT_SERVER_STARTED = 1, // a: enum eventlog_start, b: damaged events of earlier runs dropped
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
    EVENT_CLOCK_SET,          // the time of day became known, or moved by more than a second
    EVENT_NETWORK_UP,         // peer: the address; a: enum eventlog_address
    EVENT_NETWORK_DOWN,       // a: enum eventlog_network_end
    EVENT_NETWORK_FALLBACK,   // the static address is not used; a: enum eventlog_fallback
    EVENT_TYPE_COUNT
};

// Where the address of a port that sets up its own network comes from.
enum eventlog_address {
    EVENT_ADDRESS_STATIC = 1,
    EVENT_ADDRESS_DHCP,
    EVENT_ADDRESS_LINK_LOCAL,
};

enum eventlog_network_end {
    EVENT_NETWORK_NO_LINK = 1,
    EVENT_NETWORK_NO_ADDRESS,
};

enum eventlog_fallback {
    EVENT_FALLBACK_IN_USE = 1,     // another station has it
    EVENT_FALLBACK_GATEWAY_SILENT, // nobody answers there
};

// Why this run began.
enum eventlog_start {
    EVENT_START_UNKNOWN = 0,
    EVENT_START_POWER_ON,
    EVENT_START_RESTART,       // somebody asked for it
    EVENT_START_FACTORY_RESET, // as RESTART
    EVENT_START_UPDATE,        // as RESTART
    EVENT_START_PANIC,         // from here on: something went wrong
    EVENT_START_TASK_WATCHDOG,
    EVENT_START_INTERRUPT_WATCHDOG,
    EVENT_START_WATCHDOG, // which one is not known
    EVENT_START_LOCKUP,   // a fault while a fault was handled
    EVENT_START_BROWNOUT,
    EVENT_START_POWER_GLITCH,
    EVENT_START_EXTERNAL, // reset pin; from here on: from outside, nothing is wrong
    EVENT_START_DEBUGGER, // JTAG, or the chip's own USB port
    EVENT_START_COUNT
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
    uint64_t number;    // 1, 2, 3 ... without gaps; goes on over a reset if the ring does
    uint64_t time_us;   // the port's monotonic clock, which means nothing outside of its own run
    uint64_t uptime_us; // since the first event of its run
    uint64_t unix_us;   // time of day, UTC; 0: not known
    uint32_t boot;      // the run it belongs to: 1, 2, 3 ...
    enum eventlog_type type;
    uint32_t session; // 0: none
    uint32_t a, b;
    char busid[USB_BUSID_SIZE];
    char peer[EVENTLOG_PEER_SIZE];
};

struct eventlog;

// `capacity` events >= 1; NULL if there is no memory.
struct eventlog *eventlog_create(const struct base_alloc *alloc, unsigned capacity);

// Memory of the port that keeps its content over a reset, or at least sometimes. What is in it is
// not trusted: an event that is not whole is dropped, and a ring of another layout or size wholly.
struct eventlog_memory {
    void *bytes;                            // aligned for uint64_t; borrowed for the log's life
    size_t size;                            // eventlog_memory_size() or more
    void (*written)(void *at, size_t size); // after each change, to write back a cache; may be NULL
};

size_t eventlog_memory_size(unsigned capacity);

// With as many events as fit (at most 65536), earlier ones included. NULL: no memory for the object
// itself, or room for less than one event.
struct eventlog *eventlog_create_in(const struct base_alloc *alloc,
                                    const struct eventlog_memory *memory);
void eventlog_destroy(struct eventlog *log); // the port's memory stays as it is

// Copies `e`; `number`, `boot`, `uptime_us` and `unix_us` are filled in. The oldest event makes
// room.
void eventlog_record(struct eventlog *log, const struct eventlog_event *e);

// The time of day is `unix_us` (UTC) when the port's clock says `now_us`. Events of this run that
// have no time of day get it; if that is news, EVENT_CLOCK_SET is recorded. 0 is ignored.
void eventlog_set_clock(struct eventlog *log, uint64_t unix_us, uint64_t now_us);

unsigned eventlog_capacity(const struct eventlog *log);
uint32_t eventlog_boot(const struct eventlog *log);    // this run
uint32_t eventlog_dropped(const struct eventlog *log); // damaged events found at creation

// The oldest kept event whose number is > `after`. A gap in numbers means that events were lost.
// False if there is none. Borrowed until the next record.
const struct eventlog_event *eventlog_next(const struct eventlog *log, uint64_t after);

enum eventlog_level { EVENTLOG_ERROR, EVENTLOG_WARNING, EVENTLOG_INFO, EVENTLOG_DEBUG };

enum eventlog_level eventlog_level(const struct eventlog_event *e);

// "after a panic"; "" for EVENT_START_UNKNOWN and "?" for what is none. Never NULL.
const char *eventlog_start_text(uint32_t start);

// Stable machine name of a type ("imported"), for JSON. Never NULL.
const char *eventlog_name(enum eventlog_type type);

// One plain English line without a line end, e.g. "session 3: 127.0.0.1:5123 imported 1-1".
// Returns the length; cut to fit.
size_t eventlog_text(const struct eventlog_event *e, char *buf, size_t size);
