// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/monotonic_cond.h"

#include <time.h>

void monotonic_cond_init(pthread_cond_t *c)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(c, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

bool monotonic_cond_wait(pthread_cond_t *c, pthread_mutex_t *lock, uint64_t limit_us)
{
    const struct timespec limit = {
        .tv_sec = (time_t)(limit_us / 1000000),
        .tv_nsec = (long)(limit_us % 1000000) * 1000,
    };
    return pthread_cond_timedwait(c, lock, &limit) == 0;
}
