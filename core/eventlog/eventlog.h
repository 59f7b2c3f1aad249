// SPDX-License-Identifier: Apache-2.0
// Typed events in a ring. Recording copies a few words and never fails; text is made when somebody
// reads. The ring may live in memory that the port keeps over a reset: events of earlier runs are
// then still there, each marked with the run ("boot") it belongs to. Loop thread.
#pragma once

#include "base/base_alloc.h"
#include "eventlog/eventlog_type.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { EVENTLOG_PEER_SIZE = 56 }; // "[IPv6 address]:port" and NUL

struct eventlog_event {
    uint64_t number;    // 1, 2, 3 ... without gaps; goes on over a reset if the ring does
    uint64_t time_us;   // the port's monotonic clock, which means nothing outside of its own run
    uint64_t uptime_us; // since the first event of its run
    uint64_t unix_us;   // time of day, UTC; 0: not known
    uint32_t boot;      // the run it belongs to: 1, 2, 3 ...
    uint32_t session;   // 0: none
    struct eventlog_what what;
    union {
        char busid[USB_BUSID_SIZE];
        char user[USB_BUSID_SIZE]; // LOGIN, USER_CHANGED ...; TOKEN_...: the token's name
    };
    union {
        char peer[EVENTLOG_PEER_SIZE];
        char file[EVENTLOG_PEER_SIZE]; // FILE_...: the end of its path, in ASCII
    };
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

// Time of day (UTC) when the port's clock says `time_us`; 0: not known.
uint64_t eventlog_unix_us(const struct eventlog *log, uint64_t time_us);

// The same before the first event, which is no news.
void eventlog_begin_clock(struct eventlog *log, uint64_t unix_us, uint64_t now_us);

unsigned eventlog_capacity(const struct eventlog *log);
uint64_t eventlog_last(const struct eventlog *log);    // number of the newest event; 0: none
uint32_t eventlog_boot(const struct eventlog *log);    // this run
uint32_t eventlog_dropped(const struct eventlog *log); // damaged events found at creation

// The oldest kept event whose number is > `after`. A gap in numbers means that events were lost.
// False if there is none. Borrowed until the next record.
const struct eventlog_event *eventlog_next(const struct eventlog *log, uint64_t after);

struct eventlog_refusals; // eventlog_refusals.h
const struct eventlog_refusals *eventlog_refusals(const struct eventlog *log);

enum eventlog_level eventlog_level(const struct eventlog_event *e);

// "error", "warning", "info", "debug".
const char *eventlog_level_name(enum eventlog_level level);

// Stable machine name of a type ("imported"), for JSON. Never NULL.
const char *eventlog_name(enum eventlog_type type);

// A value of an event, for JSON.
struct eventlog_value {
    const char *name;
    const char *text; // NULL: `number` it is
    uint32_t number;
    char buf[16]; // where `text` may be
};

// Value 0 to EVENTLOG_MAX_VALUES - 1 of the event. False: there is none, or nothing to say.
bool eventlog_value(const struct eventlog_event *e, unsigned i, struct eventlog_value *v);

// One plain English line without a line end, e.g. "session 3: 127.0.0.1:5123 imported 1-1".
// Returns the length; cut to fit.
size_t eventlog_text(const struct eventlog_event *e, char *buf, size_t size);
