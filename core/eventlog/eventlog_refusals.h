// SPDX-License-Identifier: Apache-2.0
// Clients that were refused, by reason and in the last hour: counted when it is recorded, whatever
// the ring still has. Of this run. Loop thread.
#pragma once

#include "eventlog/eventlog.h"

enum { EVENTLOG_REFUSALS = 12, EVENTLOG_REFUSAL_MINUTES = 60 };

struct eventlog_refusals {
    uint64_t by_reason[EVENTLOG_REFUSALS];
    struct eventlog_event latest; // type EVENT_NONE: there was none
    uint64_t minute;              // of the latest, on the port's clock
    uint32_t in_minute[EVENTLOG_REFUSAL_MINUTES];
};

// An event was recorded. If it is a refusal it counts, unless it only tells a client what an event
// before it has given the reason for.
void eventlog_refusals_add(struct eventlog_refusals *r, const struct eventlog_event *e);

// In the last hour, to a minute.
uint64_t eventlog_refusals_lately(const struct eventlog_refusals *r, uint64_t now_us);

// "busy", for programs.
const char *eventlog_refusal_reason(unsigned i);

// "device busy"; of a refusal.
const char *eventlog_refusal_text(const struct eventlog_event *e);

// Connections for which the port had no descriptor, which are nobody's sessions.
uint64_t eventlog_refusals_no_descriptor(const struct eventlog_refusals *r);
