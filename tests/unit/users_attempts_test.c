// SPDX-License-Identifier: Apache-2.0
// How often an address may try a password.
#include "tests/support/check.h"
#include "users/users_attempts.h"

#include <string.h>

enum { SECOND_US = 1000000 };

static struct base_address address(const char *text)
{
    struct base_address a = {0};
    CHECK(base_address_parse(text, &a));
    return a;
}

#define ATTEMPTS_TEST(id) TEST_WITH(id, struct users_attempts, a, memset(a, 0, sizeof *a), (void)0)

static void fail(struct users_attempts *a, const char *from, unsigned times, uint64_t now_us)
{
    struct base_address who = address(from);
    while (times--)
        CHECK_EQ(users_attempt_begin(a, &who, now_us), 0);
}

ATTEMPTS_TEST(users_attempts_five_cost_nothing_then_the_wait_doubles)
{
    static const unsigned waits[] = {1, 2, 4, 8, 16, 32, 60, 60, 60};
    const struct base_address who = address("10.0.0.7");
    uint64_t now_us = 7 * SECOND_US;
    fail(a, "10.0.0.7", 5, now_us);
    for (unsigned i = 0; i < sizeof waits / sizeof waits[0]; i++) {
        CHECK_EQ(users_attempt_begin(a, &who, now_us), 0);
        CHECK_EQ(users_attempt_begin(a, &who, now_us), waits[i]);
        now_us += (uint64_t)waits[i] * SECOND_US;
        CHECK_EQ(users_attempt_begin(a, &who, now_us - 1), 1);
    }
}

ATTEMPTS_TEST(users_attempts_waiting_is_no_failure)
{
    const struct base_address who = address("10.0.0.7");
    fail(a, "10.0.0.7", 6, 0);
    for (unsigned i = 0; i < 20; i++)
        CHECK_EQ(users_attempt_begin(a, &who, SECOND_US / 2), 1);
    CHECK_EQ(users_attempt_begin(a, &who, SECOND_US), 0);
    CHECK_EQ(users_attempt_begin(a, &who, SECOND_US), 2);
}

ATTEMPTS_TEST(users_attempts_are_forgotten_after_ten_minutes)
{
    const struct base_address who = address("10.0.0.7");
    fail(a, "10.0.0.7", 6, 0);
    CHECK_EQ(users_attempt_begin(a, &who, USERS_FAILURES_US - 1), 0); // the seventh
    CHECK_EQ(users_attempt_begin(a, &who, USERS_FAILURES_US), 2);
    fail(a, "10.0.0.7", 5, 2 * USERS_FAILURES_US);
}

ATTEMPTS_TEST(users_attempts_good_ones_are_taken_back)
{
    const struct base_address who = address("10.0.0.7");
    fail(a, "10.0.0.7", 4, 0);
    for (unsigned i = 0; i < 20; i++) {
        CHECK_EQ(users_attempt_begin(a, &who, 0), 0);
        users_attempt_good(a, &who);
    }
    fail(a, "10.0.0.7", 2, 0);
    CHECK_EQ(users_attempt_begin(a, &who, 0), 1); // the four are not forgotten
    CHECK_EQ(users_attempt_begin(a, &who, SECOND_US), 0);
    users_attempt_good(a, &who);
    CHECK_EQ(users_attempt_begin(a, &who, SECOND_US), 0);
}

ATTEMPTS_TEST(users_attempts_many_at_once_are_no_way_around)
{
    const struct base_address who = address("10.0.0.7");
    fail(a, "10.0.0.7", 6, 0); // none of them has been answered yet
    CHECK(users_attempt_begin(a, &who, 0) > 0);
}

ATTEMPTS_TEST(users_attempts_count_per_address_and_ipv6_network)
{
    const struct base_address other = address("10.0.0.8"), neighbour = address("2001:db8::2");
    const struct base_address network = address("2001:db8:0:1::1");
    fail(a, "10.0.0.7", 6, 0);
    CHECK_EQ(users_attempt_begin(a, &other, 0), 0);
    fail(a, "2001:db8::1", 6, 0);
    CHECK_EQ(users_attempt_begin(a, &neighbour, 0), 1);
    CHECK_EQ(users_attempt_begin(a, &network, 0), 0);
}

ATTEMPTS_TEST(users_attempts_of_too_many_addresses_forget_the_oldest)
{
    struct base_address who = address("10.0.0.1");
    for (unsigned i = 0; i <= USERS_ADDRESSES_MAX; i++) {
        who.bytes[2] = (uint8_t)i;
        for (unsigned n = 0; n < 6; n++)
            CHECK_EQ(users_attempt_begin(a, &who, i), 0);
    }
    who.bytes[2] = 1;
    CHECK(users_attempt_begin(a, &who, 100) > 0);
    who.bytes[2] = 0;
    CHECK_EQ(users_attempt_begin(a, &who, 100), 0);
}
