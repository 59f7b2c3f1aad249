// SPDX-License-Identifier: Apache-2.0
#include "eventlog/eventlog_refusals.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "wire/wire_op.h"

#include <string.h>

static const uint64_t second_us = 1000000, hour_us = 3600000000;

static struct eventlog *log_of_one(struct heap_meter *m)
{
    heap_meter_begin(m);
    struct eventlog *log = eventlog_create(&m->alloc, 1); // forgets at once
    CHECK(log != NULL);
    return log;
}

static void record(struct eventlog *log, uint64_t now_us, const char *peer,
                   struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = now_us, .what = what};
    strcpy(e.peer, peer);
    eventlog_record(log, &e);
}

static uint64_t count(const struct eventlog *log, const char *reason)
{
    for (unsigned i = 0; i < EVENTLOG_REFUSALS; i++)
        if (strcmp(eventlog_refusal_reason(i), reason) == 0)
            return eventlog_refusals(log)->by_reason[i];
    check_fail(__FILE__, __LINE__, "no reason %s", reason);
}

static const struct eventlog_what busy = EVENTLOG_WITH(import_refused, .status = WIRE_ST_DEV_BUSY);

// The ring has forgotten all but the last event of each.
TEST(refusals_by_reason)
{
    struct heap_meter m;
    struct eventlog *log = log_of_one(&m);
    const struct eventlog_what told = EVENTLOG_WITH(import_refused, .status = WIRE_ST_NODEV);
    for (unsigned i = 0; i < 5; i++)
        record(log, 0, "10.0.0.7:1", busy);
    record(log, 0, "10.0.0.7:1", told);
    record(log, 0, "10.0.0.8:1", EVENTLOG_WITH(access_denied, .reason = ACCESS_RULE_HIDES));
    record(log, 0, "10.0.0.8:1", told); // that is no reason of its own
    record(log, 0, "10.0.0.8:2", told);
    record(log, 0, "", EVENTLOG_WITH(connection_refused, .reason = EVENT_REFUSED_NO_DESCRIPTOR));
    record(log, 0, "", EVENTLOG_WITH(access_denied, .reason = (enum access_reason)99));
    record(log, 0, "", EVENTLOG(server_stopping));
    CHECK_EQ(count(log, "busy"), 5);
    CHECK_EQ(count(log, "no_device"), 2);
    CHECK_EQ(count(log, "rule_hides"), 1);
    CHECK_EQ(count(log, "no_descriptor"), 1);
    CHECK_EQ(count(log, "other"), 1);
    CHECK_EQ(count(log, "limit"), 0);
    CHECK_EQ(eventlog_refusals_no_descriptor(eventlog_refusals(log)), 1);
    CHECK_EQ(eventlog_refusals_lately(eventlog_refusals(log), 0), 10);
    eventlog_destroy(log);
}

TEST(refusals_of_the_last_hour)
{
    struct heap_meter m;
    struct eventlog *log = log_of_one(&m);
    const struct eventlog_refusals *r = eventlog_refusals(log);
    CHECK_EQ(eventlog_refusals_lately(r, 5 * hour_us), 0);
    for (unsigned minute = 0; minute < 180; minute++)
        record(log, 5 * hour_us + minute * 60 * second_us, "", busy);
    uint64_t now_us = 5 * hour_us + 179 * 60 * second_us;
    CHECK_EQ(eventlog_refusals_lately(r, now_us), 60);
    CHECK_EQ(eventlog_refusals_lately(r, now_us + 10 * 60 * second_us), 50);
    CHECK_EQ(eventlog_refusals_lately(r, now_us + hour_us - 60 * second_us), 1);
    CHECK_EQ(eventlog_refusals_lately(r, now_us + hour_us), 0);
    record(log, now_us + 100 * hour_us, "", busy); // what is old does not come back
    CHECK_EQ(eventlog_refusals_lately(r, now_us + 100 * hour_us), 1);
    CHECK_EQ(r->latest.time_us, now_us + 100 * hour_us);
    eventlog_destroy(log);
}

TEST(refusals_have_words)
{
    for (unsigned i = 0; i < EVENTLOG_REFUSALS; i++) {
        CHECK(strcmp(eventlog_refusal_reason(i), "unknown") != 0);
        for (unsigned other = 0; other < i; other++)
            CHECK(strcmp(eventlog_refusal_reason(i), eventlog_refusal_reason(other)) != 0);
    }
}
