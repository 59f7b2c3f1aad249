// SPDX-License-Identifier: Apache-2.0
// A condition variable that is waited for until a time of posix_now_us(). Any thread.
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

void monotonic_cond_init(pthread_cond_t *c); // all others: pthread_cond_*()

// False: not before `limit_us`.
bool monotonic_cond_wait(pthread_cond_t *c, pthread_mutex_t *lock, uint64_t limit_us);
