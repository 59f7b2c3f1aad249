// SPDX-License-Identifier: Apache-2.0
// The event ring in memory that a reset leaves as it is, or does not.
#include "eventlog/eventlog_word.h"
#include "server/server.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <string.h>

enum { CAPACITY = 5, SIZE = 2048 };

// What a reset keeps. `back` is what has reached it if a cache lies between.
static union {
    uint64_t align;
    uint8_t bytes[SIZE];
} kept, back;

static void write_back(void *at, size_t size)
{
    size_t offset = (size_t)((uint8_t *)at - kept.bytes);
    CHECK(offset + size <= SIZE);
    memcpy(back.bytes + offset, at, size);
}

static struct eventlog *boot_with(unsigned capacity)
{
    const struct eventlog_memory memory = {
        .bytes = kept.bytes, .size = eventlog_memory_size(capacity), .written = write_back};
    CHECK(memory.size <= SIZE);
    struct eventlog *log = eventlog_create_in(&heap, &memory);
    CHECK(log != NULL);
    return log;
}

static struct eventlog *boot(void)
{
    return boot_with(CAPACITY);
}

// The cache's content is lost with the reset.
static void reset(struct eventlog *log)
{
    eventlog_destroy(log);
    kept = back;
}

static void fill(int byte)
{
    memset(&kept, byte, sizeof kept);
    back = kept;
}

static void record(struct eventlog *log, uint32_t a)
{
    eventlog_record(log, &(struct eventlog_event){.time_us = 1000 * a,
                                                  .what = EVENTLOG_WITH(devlist, .devices = a)});
}

static unsigned count(const struct eventlog *log)
{
    unsigned n = 0;
    const struct eventlog_event *e;
    for (uint64_t after = 0; (e = eventlog_next(log, after)) != NULL; after = e->number)
        n++;
    return n;
}

TEST(eventlog_of_an_earlier_run)
{
    fill(0);
    struct eventlog *log = boot();
    CHECK_EQ(eventlog_capacity(log), CAPACITY);
    CHECK_EQ(eventlog_boot(log), 1);
    CHECK(!eventlog_next(log, 0));
    record(log, 10);
    record(log, 11);
    reset(log);
    log = boot();
    CHECK_EQ(eventlog_boot(log), 2);
    CHECK_EQ(eventlog_dropped(log), 0);
    record(log, 7);
    const struct eventlog_event *e = eventlog_next(log, 1);
    CHECK_EQ(e->number, 2);
    CHECK_EQ(e->what.devlist.devices, 11);
    CHECK_EQ(e->boot, 1);
    CHECK_EQ(e->uptime_us, 1000);
    e = eventlog_next(log, 2);
    CHECK_EQ(e->number, 3);
    CHECK_EQ(e->boot, 2);
    CHECK_EQ(e->uptime_us, 0);
    reset(log);
    log = boot();
    CHECK_EQ(eventlog_boot(log), 3);
    CHECK_EQ(count(log), 3);
    reset(log);
}

TEST(eventlog_wraps_around_over_resets)
{
    fill(0);
    for (uint32_t n = 1; n <= 4; n++) {
        struct eventlog *log = boot();
        CHECK_EQ(eventlog_boot(log), n);
        for (uint32_t i = 0; i < CAPACITY - 1; i++)
            record(log, i);
        uint32_t all = n * (CAPACITY - 1);
        CHECK_EQ(count(log), all < CAPACITY ? all : CAPACITY);
        CHECK_EQ(eventlog_next(log, all - 1)->number, all);
        CHECK(!eventlog_next(log, all));
        CHECK_EQ(eventlog_dropped(log), 0);
        reset(log);
    }
}

// Power on: whatever is there, it is no event and does no harm.
TEST(eventlog_of_random_memory)
{
    uint32_t seed = 1;
    for (int round = 0; round < 200; round++) {
        for (unsigned i = 0; i < SIZE; i++) {
            seed = seed * 1103515245 + 12345;
            kept.bytes[i] = (uint8_t)(seed >> 16);
        }
        back = kept;
        struct eventlog *log = boot();
        CHECK_EQ(eventlog_boot(log), 1);
        CHECK(!eventlog_next(log, 0));
        record(log, 1);
        CHECK_EQ(eventlog_next(log, 0)->number, 1);
        reset(log);
    }
    fill(0xff);
    struct eventlog *log = boot();
    CHECK(!eventlog_next(log, 0));
    reset(log);
}

// Three records; a reset while the third was written lets its first `n` bytes be new.
static void torn_at(size_t n, size_t record_size)
{
    static uint8_t before[SIZE];
    fill(0);
    struct eventlog *log = boot();
    for (uint32_t i = 1; i <= CAPACITY + 2; i++)
        record(log, i); // slot 2 has number 3, which goes next
    memcpy(before, kept.bytes, SIZE);
    record(log, 99);
    size_t at = eventlog_memory_size(2);
    memcpy(back.bytes + at + n, before + at + n, record_size - n);
    reset(log);
    log = boot();
    const struct eventlog_event *e = eventlog_next(log, CAPACITY + 2);
    bool old = eventlog_next(log, 2)->number == 3;
    CHECK(!e || e->what.devlist.devices == 99); // all of it, or nothing
    CHECK(!(old && e));
    CHECK_EQ(count(log), CAPACITY - !(e || old));
    CHECK_EQ(eventlog_dropped(log), !(e || old));
    record(log, 100);
    CHECK_EQ(eventlog_next(log, CAPACITY + 2 + (e != NULL))->what.devlist.devices, 100);
    reset(log);
}

TEST(eventlog_torn_at_every_byte)
{
    size_t record_size = eventlog_memory_size(2) - eventlog_memory_size(1);
    for (size_t n = 0; n <= record_size; n++)
        torn_at(n, record_size);
}

// One bit of the memory has turned: that event is gone, or all of them if it was in the header.
TEST(eventlog_with_any_bit_turned)
{
    static uint8_t good[SIZE];
    fill(0);
    struct eventlog *log = boot();
    for (uint32_t i = 1; i <= CAPACITY; i++)
        record(log, i);
    memcpy(good, kept.bytes, SIZE);
    reset(log);
    size_t header = eventlog_memory_size(0), end = eventlog_memory_size(CAPACITY);
    for (size_t bit = 0; bit < 8 * end; bit++) {
        memcpy(kept.bytes, good, SIZE);
        kept.bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
        back = kept;
        log = boot();
        unsigned n = count(log);
        if (bit / 8 < header)
            CHECK_EQ(n, 0);
        else // the filler behind a check has no meaning
            CHECK(n == CAPACITY - 1 || (n == CAPACITY && eventlog_dropped(log) == 0));
        eventlog_destroy(log);
    }
}

// The highest bits of any two words have turned: each change by itself stays in the highest bit.
TEST(eventlog_with_any_two_high_bits_turned)
{
    static uint8_t good[SIZE];
    fill(0);
    struct eventlog *log = boot();
    record(log, 1);
    memcpy(good, kept.bytes, SIZE);
    reset(log);
    size_t begin = eventlog_memory_size(0), end = begin + sizeof(struct eventlog_event);
    for (size_t i = begin + 3; i < end; i += 4)
        for (size_t j = i + 4; j < end; j += 4) {
            memcpy(kept.bytes, good, SIZE);
            kept.bytes[i] ^= 0x80;
            kept.bytes[j] ^= 0x80;
            back = kept;
            log = boot();
            CHECK(!eventlog_next(log, 0));
            eventlog_destroy(log);
        }
}

TEST(eventlog_record_in_a_place_of_another)
{
    fill(0);
    struct eventlog *log = boot();
    record(log, 1);
    record(log, 2);
    size_t at = eventlog_memory_size(0), size = eventlog_memory_size(1) - at;
    memcpy(back.bytes + at + 3 * size, back.bytes + at + size, size);
    reset(log);
    log = boot();
    CHECK_EQ(eventlog_dropped(log), 1);
    CHECK_EQ(count(log), 2);
    reset(log);
}

TEST(eventlog_of_another_size)
{
    for (unsigned other = 1; other <= CAPACITY + 2; other++) {
        fill(0);
        struct eventlog *log = boot();
        record(log, 1);
        reset(log);
        log = boot_with(other);
        CHECK_EQ(eventlog_capacity(log), other);
        CHECK_EQ(count(log), other == CAPACITY);
        record(log, 2);
        CHECK(eventlog_next(log, other == CAPACITY)->what.devlist.devices == 2);
        reset(log);
    }
}

// The layout's version and record size are the header's second word; its check the fourth. Another
// version whose header is whole is not read either.
TEST(eventlog_of_another_version)
{
    for (unsigned byte = 4; byte < 8; byte++) {
        fill(0);
        struct eventlog *log = boot();
        record(log, 1);
        reset(log);
        kept.bytes[byte]++;
        log = boot();
        CHECK(!eventlog_next(log, 0));
        CHECK_EQ(eventlog_boot(log), 1);
        CHECK_EQ(eventlog_dropped(log), 0);
        reset(log);
    }
}

// Each record is whole by itself, but what they say together cannot be: a lap is missing.
TEST(eventlog_drops_what_its_followers_should_have_overwritten)
{
    static uint8_t first[SIZE];
    fill(0);
    struct eventlog *log = boot();
    for (uint32_t i = 1; i <= CAPACITY; i++)
        record(log, i);
    memcpy(first, kept.bytes, SIZE);
    for (uint32_t i = 1; i <= CAPACITY; i++)
        record(log, 100 + i);
    size_t at = eventlog_memory_size(1), size = eventlog_memory_size(2) - at;
    memcpy(back.bytes + at, first + at, size); // number 2 where 7 should be
    reset(log);
    log = boot();
    CHECK_EQ(eventlog_dropped(log), 1);
    CHECK_EQ(count(log), CAPACITY - 1);
    CHECK_EQ(eventlog_next(log, 6)->number, 8);
    reset(log);
}

TEST(eventlog_in_too_little_memory)
{
    struct eventlog_memory memory = {.bytes = kept.bytes, .size = eventlog_memory_size(1) - 1};
    CHECK(!eventlog_create_in(&heap, &memory));
    memory.size++;
    CHECK(!eventlog_create_in(&no_heap, &memory));
    struct eventlog *log = eventlog_create_in(&heap, &memory);
    CHECK_EQ(eventlog_capacity(log), 1);
    record(log, 1);
    record(log, 2);
    CHECK_EQ(eventlog_next(log, 0)->what.devlist.devices, 2);
    CHECK(!eventlog_next(log, UINT64_MAX));
    eventlog_destroy(log);
}

// --- time of day ---------------------------------------------------------------------------------

TEST(eventlog_clock_dates_the_events_of_this_run)
{
    const uint64_t noon_us = UINT64_C(1795348800) * 1000000;
    fill(0);
    struct eventlog *log = boot();
    record(log, 1);
    reset(log);
    log = boot();
    record(log, 2);                                // 2 ms
    eventlog_set_clock(log, noon_us + 9000, 9000); // 9 ms
    record(log, 10);
    CHECK_EQ(eventlog_next(log, 0)->unix_us, 0); // nobody knows
    CHECK_EQ(eventlog_next(log, 1)->unix_us, noon_us + 2000);
    const struct eventlog_event *e = eventlog_next(log, 2);
    CHECK_EQ(e->what.type, EVENT_CLOCK_SET);
    CHECK_EQ(e->unix_us, noon_us + 9000);
    char line[100];
    eventlog_text(e, line, sizeof line);
    CHECK_STR(line, "clock set to 2026-11-22T12:00:00.009Z");
    CHECK_EQ(eventlog_next(log, 3)->unix_us, noon_us + 10000);
    reset(log);
    log = boot();
    CHECK_EQ(eventlog_dropped(log), 0);
    CHECK_EQ(eventlog_next(log, 1)->unix_us, noon_us + 2000);
    record(log, 20);
    CHECK_EQ(eventlog_next(log, 4)->unix_us, 0);
    reset(log);
}

TEST(eventlog_clock_that_moves_a_little_is_no_event)
{
    const uint64_t noon_us = UINT64_C(1795348800) * 1000000;
    fill(0);
    struct eventlog *log = boot();
    eventlog_set_clock(log, 0, 5);
    eventlog_set_clock(log, 5, 5);
    CHECK_EQ(count(log), 0);
    eventlog_set_clock(log, noon_us, 0);
    eventlog_set_clock(log, noon_us + 1000000, 0);
    eventlog_set_clock(log, noon_us, 0);
    CHECK_EQ(count(log), 1);
    record(log, 1);
    CHECK_EQ(eventlog_next(log, 1)->unix_us, noon_us + 1000);
    eventlog_set_clock(log, noon_us - 2000000, 0);
    CHECK_EQ(count(log), 3);
    CHECK_EQ(eventlog_next(log, 1)->unix_us, noon_us + 1000); // as it was written
    reset(log);
}

// --- why it started ------------------------------------------------------------------------------

TEST(eventlog_start_in_plain_words)
{
    char line[200];
    struct eventlog_event e = {.what = {.type = EVENT_SERVER_STARTED}};
    eventlog_text(&e, line, sizeof line);
    CHECK_STR(line, "server started");
    CHECK_EQ(eventlog_level(&e), EVENTLOG_INFO);
    e.what = EVENTLOG_WITH(server_started, .reason = EVENT_START_PANIC, .damaged_events = 2);
    eventlog_text(&e, line, sizeof line);
    CHECK_STR(line, "server started after a panic, damaged events dropped: 2");
    for (uint32_t a = EVENT_START_POWER_ON; a < EVENT_START_COUNT; a++) {
        e = (struct eventlog_event){.what = EVENTLOG_WITH(server_started, .reason = a)};
        bool bad = a >= EVENT_START_PANIC && a < EVENT_START_EXTERNAL;
        CHECK(strlen(eventlog_word_text(EVENTLOG_KIND_eventlog_start, a)) > 5);
        CHECK_EQ(eventlog_level(&e), bad ? EVENTLOG_WARNING : EVENTLOG_INFO);
    }
    CHECK_STR(eventlog_word_text(EVENTLOG_KIND_eventlog_start, EVENT_START_COUNT), "?");
}

// --- in a server ---------------------------------------------------------------------------------

TEST(eventlog_of_a_server_that_starts_again)
{
    struct server_config config;
    server_config_default(&config);
    config.eventlog_memory = (struct eventlog_memory){
        .bytes = kept.bytes, .size = eventlog_memory_size(CAPACITY), .written = write_back};
    fill(0x5a);
    for (uint32_t n = 1; n <= 3; n++) {
        config.start = n == 1 ? EVENT_START_POWER_ON : EVENT_START_BROWNOUT;
        struct usbip_server *server = server_create(&config, &heap, 77);
        CHECK(server != NULL);
        CHECK_EQ(server_config(server)->eventlog_capacity, CAPACITY);
        const struct eventlog_event *e = eventlog_next(server_eventlog(server), n - 1);
        CHECK_EQ(e->what.type, EVENT_SERVER_STARTED);
        CHECK_EQ(e->what.server_started.reason, config.start);
        CHECK_EQ(e->boot, n);
        server_destroy(server);
        kept = back;
    }
    config.eventlog_memory.size = 10; // no room for an event
    CHECK(!server_create(&config, &heap, 77));
}
