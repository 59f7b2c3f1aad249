// SPDX-License-Identifier: Apache-2.0
// How many bytes went each way, over time: the last minute in steps of half a second, the last hour
// in steps of 30 s. Bounded: 2 KiB for each device that was ever used. Loop thread.
#pragma once

#include <stdint.h>

enum {
    SERVER_HISTORY_POINTS = 120,
    SERVER_HISTORY_STEP_US = 500000, // of the last minute
    SERVER_HISTORY_STEPS = 60,       // of these make one of the last hour's
};

// Rings of bytes per second; the oldest point is at [next].
struct server_history_ring {
    uint32_t point[2][SERVER_HISTORY_POINTS]; // [0: from, 1: to the device]
    uint32_t next;
};

struct server_history {
    struct server_history_ring minute, hour;
    uint64_t hour_bytes[2]; // of the step of the hour that is not over
    uint32_t hour_steps;    // of it are over
    uint32_t urbs[2];       // that ended in the last two steps, the newer one first
};

// What has moved in some time.
struct server_moved {
    uint64_t bytes[2]; // [0: from, 1: to the device]
    uint64_t urbs;
};

// Nothing is known of the past. `hour_steps` of the running step of the hour are over already.
void server_history_init(struct server_history *h, uint32_t hour_steps);

// A step is over, in which that has moved.
void server_history_add(struct server_history *h, const struct server_moved *moved);

// `steps` more are over, in which nothing has moved.
void server_history_idle(struct server_history *h, uint64_t steps);

// Point 0 (the oldest) to SERVER_HISTORY_POINTS - 1; UINT32_MAX: not known.
uint32_t server_history_point(const struct server_history_ring *r, unsigned direction, unsigned i);

// Of the last second, as far as it is known.
struct server_rates {
    uint32_t bytes_per_s[2], urbs_per_s;
};
struct server_rates server_history_rates(const struct server_history *h);
