// SPDX-License-Identifier: Apache-2.0
// What one endpoint of a session has done: counts, bytes and how long its URBs took. Loop thread.
#pragma once

#include "usb/usb_urb.h"

#include <stdint.h>

// Latency classes as HdrHistogram has them: exact below 8 us, then four per power of two (a class
// is at most a quarter wider than its lower bound), up to about 71 minutes; longer ones are in the
// last.
enum { SESSION_LATENCY_CLASSES = 8 + 29 * 4 };

// What had been counted at some moment: now less that is what came since.
struct session_mark {
    uint64_t urbs;
    uint64_t latency_sum_us;
    uint32_t latency[SESSION_LATENCY_CLASSES];
};

struct session_step {
    uint64_t urbs, bytes;
};

enum {
    SESSION_MARKS = 5, // each 15 s: the oldest is a minute old, or up to a quarter more
    SESSION_STEPS = 3, // each 0.5 s: the oldest is a second older than the newest
};

struct session_figures {
    struct usb_endpoint ep; // as it is, or was when it last existed
    uint64_t urbs;          // ended, unlinked ones not counted
    uint64_t bytes;         // payload
    uint64_t errors;        // URBs that ended with a status other than OK
    uint64_t unlinked;
    uint64_t iso_late; // isochronous packets that were not executed in their frame (XDEV) ...
    uint64_t iso_lost; // ... and those that failed otherwise
    uint64_t latency_sum_us;
    uint32_t latency_max_us;
    uint32_t latency[SESSION_LATENCY_CLASSES]; // URBs per class: backend's submit to completion
    struct session_step step[SESSION_STEPS];   // when the last steps were over, the newest first
    struct session_mark mark[SESSION_MARKS];   // a ring; session_past.c knows their times
};

// An URB came back from the backend after `latency_us`.
void session_figures_add(struct session_figures *f, const struct usb_urb *urb, uint64_t latency_us);

// `steps` of half a second are over, and nothing was counted since the first of them was.
void session_figures_step(struct session_figures *f, uint64_t steps);
void session_figures_mark(struct session_figures *f, unsigned mark);

// What was counted in the last second that is over in steps.
struct session_step session_figures_rates(const struct session_figures *f);

// How long the URBs took that have ended since the mark; NULL: all. Without `urbs` all is 0.
struct session_latencies {
    uint64_t urbs;
    uint32_t p50_us, p99_us, mean_us, max_us; // up to a quarter too long, but never beyond the
                                              // longest of all
};
struct session_latencies session_latencies(const struct session_figures *f,
                                           const struct session_mark *since);

// The class of a latency, and the lowest and highest latency (us) of a class.
unsigned session_latency_class(uint64_t us);
uint32_t session_latency_lowest(unsigned latency_class);
uint32_t session_latency_highest(unsigned latency_class);

// The latency (us) that `percent` 0..100 of the URBs did not exceed (upper bound of its class, at
// most the maximum). 0 if there were none.
uint32_t session_latency_percentile(const struct session_figures *f, unsigned percent);
