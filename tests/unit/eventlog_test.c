// SPDX-License-Identifier: Apache-2.0
#include "eventlog/eventlog.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <string.h>

TEST(eventlog_without_memory)
{
    CHECK(!eventlog_create(&no_heap, 10));
    eventlog_destroy(NULL);
}

TEST(eventlog_keeps_the_newest_and_shows_the_gap)
{
    struct eventlog *log = eventlog_create(&heap, 3);
    CHECK(!eventlog_next(log, 0));
    for (uint32_t i = 1; i <= 5; i++)
        eventlog_record(log,
                        &(struct eventlog_event){.what = EVENTLOG_WITH(devlist, .devices = i)});
    const struct eventlog_event *e = eventlog_next(log, 0);
    CHECK_EQ(e->number, 3);
    CHECK_EQ(e->what.devlist.devices, 3);
    e = eventlog_next(log, 4);
    CHECK_EQ(e->number, 5);
    CHECK(!eventlog_next(log, 5));
    CHECK(!eventlog_next(log, 99));
    eventlog_destroy(log);
}

TEST(eventlog_text_is_plain_english)
{
    char line[200];
    struct eventlog_event e = {.what = EVENTLOG(imported), .session = 3, .busid = "1-1"};
    memcpy(e.peer, "192.0.2.7:5123", 15);
    eventlog_text(&e, line, sizeof line);
    CHECK_STR(line, "session 3: 192.0.2.7:5123 imported 1-1");
    e = (struct eventlog_event){
        .what = EVENTLOG_WITH(device_plugged, .id = 0x12090003, .speed = USB_SPEED_LOW),
        .busid = "1-2.1"};
    eventlog_text(&e, line, sizeof line);
    CHECK_STR(line, "1-2.1 plugged in: 1209:0003, low speed");
    e = (struct eventlog_event){.what = EVENTLOG_WITH(import_refused, .status = 2), .session = 1};
    eventlog_text(&e, line, sizeof line);
    CHECK_STR(line, "session 1:  was refused (no bus id): device busy");
    CHECK_EQ(eventlog_text(&e, line, 10), 9);
    CHECK_STR(line, "session 1");
}

TEST(eventlog_every_type_has_name_and_text)
{
    for (int type = 1; type < EVENT_TYPE_COUNT; type++) {
        struct eventlog_event e = {.what = {.type = type, .value = {1, 1}}};
        char line[200];
        CHECK(strcmp(eventlog_name(type), "unknown") != 0);
        CHECK(eventlog_text(&e, line, sizeof line) > 5);
        CHECK(!strchr(line, '%') && !strchr(line, '?'));
        CHECK(eventlog_level(&e) <= EVENTLOG_DEBUG);
    }
    CHECK_STR(eventlog_name(EVENT_TYPE_COUNT), "unknown");
}

// The reason of the last refusal once was "?".
TEST(eventlog_every_refusal_has_words)
{
    char line[200];
    for (uint32_t why = EVENT_REFUSED_DESCRIPTORS; why <= EVENT_REFUSED_NO_DESCRIPTOR; why++) {
        struct eventlog_event e = {.what = EVENTLOG_WITH(connection_refused, .reason = why)};
        eventlog_text(&e, line, sizeof line);
        CHECK(!strchr(line, '?'));
    }
}

TEST(eventlog_unknown_word_is_no_overrun)
{
    char line[200];
    struct eventlog_event e = {.what = EVENTLOG_WITH(session_ended, .reason = 1000)};
    eventlog_text(&e, line, sizeof line);
    CHECK(strchr(line, '?'));
}
