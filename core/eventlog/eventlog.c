// SPDX-License-Identifier: Apache-2.0
#include "eventlog/eventlog.h"
#include "eventlog/eventlog_refusals.h"

#include <string.h>

// The ring in memory: a header that never changes while the ring is used, so that a reset cannot
// tear it, and records that each carry their own check. The rest is found by looking at them.
enum {
    LAYOUT_VERSION = 2, // one more whenever the meaning of what is stored changes
    MAX_CAPACITY = 65536,
    MAX_BOOT = 0x7fffffff,
    SECOND_US = 1000000,
};

static const uint32_t magic = 0x45564c47; // "EVLG"
static const uint64_t max_number = UINT64_C(1) << 53;

struct header {
    uint32_t magic, layout, capacity, check;
};

struct record {
    struct eventlog_event event; // number 0: none
    uint32_t check, unused;
};

struct ring {
    struct header header;
    struct record records[];
};

struct eventlog {
    const struct base_alloc *alloc;
    struct ring *ring;
    bool owns_ring;
    void (*written)(void *at, size_t size);
    uint64_t last; // number of the newest event
    unsigned capacity;
    uint32_t boot, dropped;
    bool started;        // this run has an event
    uint64_t started_us; // its time, on the port's clock
    uint64_t clock_us;   // time of day when the port's clock was 0; 0: not known
    struct eventlog_refusals refusals;
};

// FNV-1a by words, with a shift that lets high bits count: each step is one to one, so a change of
// one word never stays unseen.
static uint32_t check_of(const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    uint32_t h = 2166136261u;
    for (size_t i = 0; i + 4 <= size; i += 4) {
        uint32_t word;
        memcpy(&word, at + i, 4);
        h = (h ^ word) * 16777619u;
        h ^= h >> 15;
    }
    return h;
}

static void written(const struct eventlog *log, void *at, size_t size)
{
    if (log->written)
        log->written(at, size);
}

static struct record *slot_of(const struct eventlog *log, uint64_t number)
{
    return &log->ring->records[(number - 1) % log->capacity];
}

static void seal(const struct eventlog *log, struct record *r)
{
    r->unused = 0;
    r->check = check_of(&r->event, sizeof r->event);
    written(log, r, sizeof *r);
}

// --- what a reset has left -----------------------------------------------------------------------

static struct header header_for(unsigned capacity)
{
    struct header h = {
        .magic = magic,
        .layout = (uint32_t)LAYOUT_VERSION << 16 | (uint32_t)sizeof(struct record),
        .capacity = capacity,
    };
    h.check = check_of(&h, offsetof(struct header, check));
    return h;
}

static bool is_whole(const struct eventlog *log, const struct record *r)
{
    const struct eventlog_event *e = &r->event;
    return e->number >= 1 && e->number <= max_number && slot_of(log, e->number) == r &&
           e->boot >= 1 && e->boot <= MAX_BOOT && memchr(e->busid, 0, sizeof e->busid) &&
           memchr(e->peer, 0, sizeof e->peer) && r->check == check_of(e, sizeof *e);
}

static void drop(struct eventlog *log, struct record *r)
{
    log->dropped += r->event.number != 0;
    memset(r, 0, sizeof *r);
    written(log, r, sizeof *r);
}

// Numbers and runs go on behind the last ones found.
static void adopt(struct eventlog *log)
{
    for (unsigned i = 0; i < log->capacity; i++) {
        struct record *r = &log->ring->records[i];
        if (!is_whole(log, r)) {
            drop(log, r);
            continue;
        }
        log->last = r->event.number > log->last ? r->event.number : log->last;
        log->boot = r->event.boot > log->boot ? r->event.boot : log->boot;
    }
    for (unsigned i = 0; i < log->capacity; i++) { // older than a whole round: its follower is gone
        struct record *r = &log->ring->records[i];
        if (r->event.number && r->event.number + log->capacity <= log->last)
            drop(log, r);
    }
}

static void clear(struct eventlog *log, const struct header *h)
{
    memset(log->ring->records, 0, log->capacity * sizeof(struct record));
    written(log, log->ring->records, log->capacity * sizeof(struct record));
    log->ring->header = *h;
    written(log, &log->ring->header, sizeof log->ring->header);
}

// --- life ----------------------------------------------------------------------------------------

size_t eventlog_memory_size(unsigned capacity)
{
    return sizeof(struct ring) + capacity * sizeof(struct record);
}

struct eventlog *eventlog_create_in(const struct base_alloc *alloc,
                                    const struct eventlog_memory *memory)
{
    if (memory->size < eventlog_memory_size(1))
        return NULL;
    struct eventlog *log = base_alloc(alloc, sizeof *log);
    if (!log)
        return NULL;
    size_t fits = (memory->size - sizeof(struct ring)) / sizeof(struct record);
    log->alloc = alloc;
    log->ring = memory->bytes;
    log->written = memory->written;
    log->capacity = fits < MAX_CAPACITY ? (unsigned)fits : MAX_CAPACITY;
    struct header want = header_for(log->capacity);
    if (memcmp(&log->ring->header, &want, sizeof want) == 0)
        adopt(log);
    else
        clear(log, &want);
    log->boot++;
    return log;
}

struct eventlog *eventlog_create(const struct base_alloc *alloc, unsigned capacity)
{
    size_t size = eventlog_memory_size(capacity);
    void *bytes = base_alloc(alloc, size);
    if (!bytes)
        return NULL;
    struct eventlog *log =
        eventlog_create_in(alloc, &(struct eventlog_memory){.bytes = bytes, .size = size});
    if (log)
        log->owns_ring = true;
    else
        base_free(alloc, bytes);
    return log;
}

void eventlog_destroy(struct eventlog *log)
{
    if (!log)
        return;
    if (log->owns_ring)
        base_free(log->alloc, log->ring);
    base_free(log->alloc, log);
}

// --- use -----------------------------------------------------------------------------------------

void eventlog_record(struct eventlog *log, const struct eventlog_event *e)
{
    if (!log->started) {
        log->started = true;
        log->started_us = e->time_us;
    }
    struct record *r = slot_of(log, ++log->last);
    r->event = *e;
    r->event.number = log->last;
    r->event.boot = log->boot;
    r->event.uptime_us = e->time_us > log->started_us ? e->time_us - log->started_us : 0;
    r->event.unix_us = log->clock_us ? log->clock_us + e->time_us : 0;
    seal(log, r);
    eventlog_refusals_add(&log->refusals, &r->event);
}

const struct eventlog_refusals *eventlog_refusals(const struct eventlog *log)
{
    return &log->refusals;
}

static void date_earlier_events(struct eventlog *log)
{
    for (unsigned i = 0; i < log->capacity; i++) {
        struct record *r = &log->ring->records[i];
        if (r->event.number == 0 || r->event.boot != log->boot || r->event.unix_us)
            continue;
        r->event.unix_us = log->clock_us + r->event.time_us;
        seal(log, r);
    }
}

void eventlog_begin_clock(struct eventlog *log, uint64_t unix_us, uint64_t now_us)
{
    log->clock_us = unix_us > now_us ? unix_us - now_us : 0;
}

void eventlog_set_clock(struct eventlog *log, uint64_t unix_us, uint64_t now_us)
{
    if (unix_us <= now_us) // before 1970, so to say
        return;
    uint64_t clock_us = unix_us - now_us;
    uint64_t moved_us =
        clock_us > log->clock_us ? clock_us - log->clock_us : log->clock_us - clock_us;
    log->clock_us = clock_us;
    if (moved_us <= SECOND_US)
        return;
    date_earlier_events(log);
    eventlog_record(log, &(struct eventlog_event){.time_us = now_us, .what = EVENTLOG(clock_set)});
}

const struct eventlog_event *eventlog_next(const struct eventlog *log, uint64_t after)
{
    uint64_t oldest = log->last < log->capacity ? 1 : log->last - log->capacity + 1;
    uint64_t number = after >= oldest ? after + 1 : oldest;
    for (; after < log->last && number <= log->last; number++)
        if (slot_of(log, number)->event.number == number)
            return &slot_of(log, number)->event;
    return NULL;
}

uint64_t eventlog_unix_us(const struct eventlog *log, uint64_t time_us)
{
    return log->clock_us ? log->clock_us + time_us : 0;
}

uint64_t eventlog_last(const struct eventlog *log)
{
    return log->last;
}

unsigned eventlog_capacity(const struct eventlog *log)
{
    return log->capacity;
}

uint32_t eventlog_boot(const struct eventlog *log)
{
    return log->boot;
}

uint32_t eventlog_dropped(const struct eventlog *log)
{
    return log->dropped;
}
