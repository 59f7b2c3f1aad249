// SPDX-License-Identifier: Apache-2.0
// The ports' monotonic clock, in microseconds, and waiting on it. Any thread.
#pragma once

#include <stdint.h>
#include <sys/poll.h>

uint64_t posix_now_us(void);

// Microseconds to wait until `deadline_us`; at most a day, so that they fit every type.
uint64_t posix_time_left(uint64_t deadline_us);

// poll() until `deadline_us` (UINT64_MAX: for ever), never shorter: a loop that waits for a
// deadline must not come back before it. Returns what poll() does.
int posix_poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline_us);
