// SPDX-License-Identifier: Apache-2.0
// Who tries passwords: the first five failures of an address within ten minutes cost nothing, each
// further one a wait of 1, 2, 4 ... 60 s. An attempt counts as a failure until it is known to be
// none, so that many at the same time are no way around. Monotonic time; one thread at a time.
#pragma once

#include "base/base_address.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    USERS_ADDRESSES_MAX = 64, // then the one that failed longest ago is forgotten
    USERS_FREE_FAILURES = 5,
    USERS_WAIT_MAX_S = 60,
};
#define USERS_FAILURES_US (UINT64_C(600) * 1000000)

struct users_attempts {
    struct {
        struct base_address address; // of IPv6 the first 64 bits: one machine has all of them
        unsigned failures;           // 0: this place is free
        uint64_t last_us;
        uint64_t until_us; // no attempt before
    } list[USERS_ADDRESSES_MAX];
};

// Seconds that the address has to wait, at least 1; 0: it may try.
unsigned users_attempt_wait(const struct users_attempts *a, const struct base_address *from,
                            uint64_t now_us);

// The same, and if it may, the attempt counts.
unsigned users_attempt_begin(struct users_attempts *a, const struct base_address *from,
                             uint64_t now_us);

// It was none: the one attempt is taken back, earlier failures stay.
void users_attempt_good(struct users_attempts *a, const struct base_address *from);
