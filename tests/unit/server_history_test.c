// SPDX-License-Identifier: Apache-2.0
#include "server/server_history.h"
#include "tests/support/check.h"

enum { LAST = SERVER_HISTORY_POINTS - 1 };

static void add(struct server_history *h, uint64_t in, uint64_t out, uint64_t urbs)
{
    const struct server_moved moved = {{in, out}, urbs};
    server_history_add(h, &moved);
}

TEST(server_history_knows_nothing_at_first)
{
    struct server_history h = {0};
    server_history_init(&h, 0);
    CHECK_EQ(server_history_point(&h.minute, 0, 0), UINT32_MAX);
    CHECK_EQ(server_history_point(&h.hour, 1, LAST), UINT32_MAX);
    CHECK_EQ(server_history_rates(&h).bytes_per_s[0], 0);
    add(&h, 100, 200, 3);
    CHECK_EQ(server_history_point(&h.minute, 0, LAST), 200); // bytes per second
    CHECK_EQ(server_history_point(&h.minute, 1, LAST), 400);
    CHECK_EQ(server_history_point(&h.minute, 0, LAST - 1), UINT32_MAX);
    CHECK_EQ(server_history_rates(&h).bytes_per_s[0], 200); // of what is known
    CHECK_EQ(server_history_rates(&h).bytes_per_s[1], 400);
}

TEST(server_history_of_a_minute_goes_round)
{
    struct server_history h = {0};
    server_history_init(&h, 0);
    for (unsigned i = 0; i < 3 * SERVER_HISTORY_POINTS; i++)
        add(&h, i, 0, 1);
    CHECK_EQ(server_history_point(&h.minute, 0, LAST), 2 * (3 * SERVER_HISTORY_POINTS - 1));
    CHECK_EQ(server_history_point(&h.minute, 0, 0), 2 * (2 * SERVER_HISTORY_POINTS));
    CHECK_EQ(server_history_rates(&h).urbs_per_s, 2);
    // The hour has the mean of each half minute: 0..59 bytes, 60..119 and so on, twice a second.
    CHECK_EQ(server_history_point(&h.hour, 0, LAST - 5), 59);
    CHECK_EQ(server_history_point(&h.hour, 0, LAST), 59 + 5 * 120);
    CHECK_EQ(server_history_point(&h.hour, 0, LAST - 6), UINT32_MAX);
}

// Idle for `steps` is the same as that many steps with nothing in them.
TEST(server_history_idle_is_many_empty_steps)
{
    static const uint64_t steps[] = {0, 1, 2, 59, 60, 61, 119, 120, 121, 7199, 7200, 30001};
    for (unsigned i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct server_history one = {0}, other = {0};
        server_history_init(&one, 7);
        server_history_init(&other, 7);
        add(&one, 5000, 1000, 9);
        add(&other, 5000, 1000, 9);
        server_history_idle(&one, steps[i]);
        for (uint64_t n = 0; n < steps[i]; n++)
            add(&other, 0, 0, 0);
        check_context("idle steps", (uint32_t)steps[i]);
        for (unsigned k = 0; k < SERVER_HISTORY_POINTS; k++) {
            CHECK_EQ(server_history_point(&one.minute, 0, k),
                     server_history_point(&other.minute, 0, k));
            CHECK_EQ(server_history_point(&one.hour, 1, k),
                     server_history_point(&other.hour, 1, k));
        }
        CHECK_EQ(one.hour_steps, other.hour_steps);
        CHECK_EQ(server_history_rates(&one).urbs_per_s, server_history_rates(&other).urbs_per_s);
    }
}

TEST(server_history_points_never_look_unknown)
{
    struct server_history h = {0};
    server_history_init(&h, 0);
    add(&h, UINT64_MAX / 4, 0, UINT64_MAX);
    CHECK_EQ(server_history_point(&h.minute, 0, LAST), UINT32_MAX - 1);
}
