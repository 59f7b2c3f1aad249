// SPDX-License-Identifier: Apache-2.0
#include "users/users_attempts.h"

#include <string.h>

enum { SECOND_US = 1000000 };

static struct base_address who(const struct base_address *from)
{
    struct base_address a = *from;
    if (a.bits == 128)
        memset(a.bytes + 8, 0, 8);
    return a;
}

static unsigned wait_after(unsigned failures)
{
    unsigned doublings = failures - USERS_FREE_FAILURES - 1;
    if (failures <= USERS_FREE_FAILURES)
        return 0;
    return doublings < 6 ? 1u << doublings : USERS_WAIT_MAX_S;
}

// Its place; USERS_ADDRESSES_MAX: it has none.
static unsigned find(const struct users_attempts *a, const struct base_address *address)
{
    unsigned i = 0;
    while (i < USERS_ADDRESSES_MAX &&
           !(a->list[i].failures && base_address_equal(&a->list[i].address, address)))
        i++;
    return i;
}

// A free place, or that of the address that failed longest ago.
static unsigned make_place(const struct users_attempts *a)
{
    unsigned best = 0;
    for (unsigned i = 0; i < USERS_ADDRESSES_MAX; i++) {
        if (a->list[i].failures == 0)
            return i;
        if (a->list[i].last_us < a->list[best].last_us)
            best = i;
    }
    return best;
}

unsigned users_attempt_wait(const struct users_attempts *a, const struct base_address *from,
                            uint64_t now_us)
{
    const struct base_address address = who(from);
    unsigned i = find(a, &address);
    if (i == USERS_ADDRESSES_MAX || a->list[i].until_us <= now_us)
        return 0;
    return (unsigned)((a->list[i].until_us - now_us + SECOND_US - 1) / SECOND_US);
}

unsigned users_attempt_begin(struct users_attempts *a, const struct base_address *from,
                             uint64_t now_us)
{
    const struct base_address address = who(from);
    unsigned i = find(a, &address), wait = users_attempt_wait(a, from, now_us);
    bool known = i < USERS_ADDRESSES_MAX;
    if (wait)
        return wait;
    if (!known)
        i = make_place(a);
    if (!known || now_us >= a->list[i].last_us + USERS_FAILURES_US)
        a->list[i].failures = 0;
    a->list[i].address = address;
    a->list[i].failures++;
    a->list[i].last_us = now_us;
    a->list[i].until_us = now_us + (uint64_t)wait_after(a->list[i].failures) * SECOND_US;
    return 0;
}

void users_attempt_good(struct users_attempts *a, const struct base_address *from)
{
    const struct base_address address = who(from);
    unsigned i = find(a, &address);
    if (i == USERS_ADDRESSES_MAX)
        return;
    a->list[i].failures--;
    a->list[i].until_us = 0;
}
