// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_time.h"

#include <time.h>

uint64_t posix_now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}

uint64_t posix_time_left(uint64_t deadline_us)
{
    const uint64_t day_us = 86400ull * 1000000;
    uint64_t now = posix_now_us();
    uint64_t left = deadline_us > now ? deadline_us - now : 0;
    return left < day_us ? left : day_us;
}

int posix_poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline_us)
{
    if (deadline_us == UINT64_MAX)
        return poll(fds, count, -1);
    return poll(fds, count, (int)((posix_time_left(deadline_us) + 999) / 1000));
}
