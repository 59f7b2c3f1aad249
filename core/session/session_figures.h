// SPDX-License-Identifier: Apache-2.0
// What one endpoint of a session has done: counts, bytes and how long its URBs took. Loop thread.
#pragma once

#include "usb/usb_urb.h"

#include <stdint.h>

// Latency classes as HdrHistogram has them: exact below 8 us, then four per power of two (a class
// is at most a quarter wider than its lower bound), up to about 71 minutes; longer ones are in the
// last.
enum { SESSION_LATENCY_CLASSES = 8 + 29 * 4 };

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
};

// An URB came back from the backend after `latency_us`.
void session_figures_add(struct session_figures *f, const struct usb_urb *urb, uint64_t latency_us);

// The class of a latency, and the lowest and highest latency (us) of a class.
unsigned session_latency_class(uint64_t us);
uint32_t session_latency_lowest(unsigned latency_class);
uint32_t session_latency_highest(unsigned latency_class);

// The latency (us) that `percent` 0..100 of the URBs did not exceed (upper bound of its class, at
// most the maximum). 0 if there were none.
uint32_t session_latency_percentile(const struct session_figures *f, unsigned percent);
