// SPDX-License-Identifier: Apache-2.0
#include "eventlog/eventlog_refusals.h"

#include "eventlog/eventlog_word.h"

#include <string.h>

enum { NO_DESCRIPTOR = 3, OTHER = EVENTLOG_REFUSALS - 1 };

static const uint64_t minute_us = 60000000;

// A reason is told by its type of event and that one's value.
static const struct reason {
    enum eventlog_type type;
    enum eventlog_kind kind;
    uint32_t value;
} reasons[OTHER] = {
    {EVENT_CONNECTION_REFUSED, EVENTLOG_KIND_eventlog_refusal, EVENT_REFUSED_LIMIT},
    {EVENT_CONNECTION_REFUSED, EVENTLOG_KIND_eventlog_refusal, EVENT_REFUSED_NO_MEMORY},
    {EVENT_CONNECTION_REFUSED, EVENTLOG_KIND_eventlog_refusal, EVENT_REFUSED_STOPPING},
    {EVENT_CONNECTION_REFUSED, EVENTLOG_KIND_eventlog_refusal, EVENT_REFUSED_NO_DESCRIPTOR},
    {EVENT_IMPORT_REFUSED, EVENTLOG_KIND_status, 1}, // enum wire_op_status: not available
    {EVENT_IMPORT_REFUSED, EVENTLOG_KIND_status, 2}, // busy
    {EVENT_IMPORT_REFUSED, EVENTLOG_KIND_status, 3}, // device error
    {EVENT_IMPORT_REFUSED, EVENTLOG_KIND_status, 4}, // no such device
    {EVENT_ACCESS_DENIED, EVENTLOG_KIND_access_reason, ACCESS_NOT_ON_LIST},
    {EVENT_ACCESS_DENIED, EVENTLOG_KIND_access_reason, ACCESS_RULE_HIDES},
    {EVENT_ACCESS_DENIED, EVENTLOG_KIND_access_reason, ACCESS_IS_NOT_EXPORTED},
};

static uint32_t value_of(const struct eventlog_event *e)
{
    switch (e->what.type) {
    case EVENT_CONNECTION_REFUSED:
        return e->what.connection_refused.reason;
    case EVENT_IMPORT_REFUSED:
        return e->what.import_refused.status;
    case EVENT_ACCESS_DENIED:
        return e->what.access_denied.reason;
    default:
        return 0;
    }
}

static bool is_refusal(const struct eventlog_event *e)
{
    return e->what.type == EVENT_CONNECTION_REFUSED || e->what.type == EVENT_IMPORT_REFUSED ||
           e->what.type == EVENT_ACCESS_DENIED;
}

static unsigned reason_of(const struct eventlog_event *e)
{
    unsigned i = 0;
    while (i < OTHER && (reasons[i].type != e->what.type || reasons[i].value != value_of(e)))
        i++;
    return i;
}

// What the client was told, of a refusal whose reason stands before it.
static bool only_tells(const struct eventlog_event *e, const struct eventlog_event *before)
{
    return e->what.type == EVENT_IMPORT_REFUSED && before->what.type != EVENT_NONE &&
           before->what.type != EVENT_IMPORT_REFUSED && strcmp(e->peer, before->peer) == 0;
}

static void count_minute(struct eventlog_refusals *r, uint64_t minute)
{
    for (unsigned n = 0; n < EVENTLOG_REFUSAL_MINUTES && r->minute < minute; n++)
        r->in_minute[++r->minute % EVENTLOG_REFUSAL_MINUTES] = 0;
    r->minute = minute;
    r->in_minute[minute % EVENTLOG_REFUSAL_MINUTES]++;
}

void eventlog_refusals_add(struct eventlog_refusals *r, const struct eventlog_event *e)
{
    if (!is_refusal(e) || only_tells(e, &r->latest))
        return;
    r->by_reason[reason_of(e)]++;
    r->latest = *e;
    count_minute(r, e->time_us / minute_us);
}

uint64_t eventlog_refusals_lately(const struct eventlog_refusals *r, uint64_t now_us)
{
    uint64_t now = now_us / minute_us, count = 0;
    for (uint64_t n = 0; n < EVENTLOG_REFUSAL_MINUTES && n <= r->minute; n++)
        if (r->minute - n + EVENTLOG_REFUSAL_MINUTES > now)
            count += r->in_minute[(r->minute - n) % EVENTLOG_REFUSAL_MINUTES];
    return count;
}

const char *eventlog_refusal_reason(unsigned i)
{
    return i < OTHER ? eventlog_word_json(reasons[i].kind, reasons[i].value) : "other";
}

const char *eventlog_refusal_text(const struct eventlog_event *e)
{
    unsigned i = reason_of(e);
    if (e->what.type == EVENT_ACCESS_DENIED)
        return "may not have it"; // by which rule is nobody's business but the log's
    return i < OTHER ? eventlog_word_text(reasons[i].kind, reasons[i].value) : "for another reason";
}

uint64_t eventlog_refusals_no_descriptor(const struct eventlog_refusals *r)
{
    return r->by_reason[NO_DESCRIPTOR];
}
