// SPDX-License-Identifier: Apache-2.0
// The time of day: events have it, and leases until a time. Somebody sets it, or the machine sleeps
// and wakes up: the kernel says so at once. Loop thread.
#pragma once

#include "eventlog/eventlog.h"
#include "ports/posix/posix_loop.h"

struct wall_clock {
    struct posix_watch watch;
    struct eventlog *log;
};

uint64_t wall_clock_unix_us(void); // any thread

// Tells `log`, which is borrowed, when it jumps. False: it cannot be watched. The object stays at
// one place.
bool wall_clock_begin(struct wall_clock *w, struct posix_loop *loop, struct eventlog *log);

// When the loop does not run any more.
void wall_clock_end(struct wall_clock *w);
