// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_time.h"
#include "tests/support/check.h"

#include <unistd.h>

// Coming back before the deadline would make the loop turn for nothing until it has come.
TEST(time_poll_is_never_short)
{
    for (uint64_t wait_us = 1; wait_us < 5000; wait_us = wait_us * 3 + 1) {
        uint64_t deadline_us = posix_now_us() + wait_us;
        CHECK_EQ(posix_poll_until(NULL, 0, deadline_us), 0);
        CHECK(posix_now_us() >= deadline_us);
    }
}

TEST(time_poll_past_deadline_only_looks)
{
    int fds[2];
    CHECK_EQ(pipe(fds), 0);
    struct pollfd p = {.fd = fds[0], .events = POLLIN};
    CHECK_EQ(posix_poll_until(&p, 1, 0), 0);
    CHECK_EQ(write(fds[1], "x", 1), 1);
    CHECK_EQ(posix_poll_until(&p, 1, 0), 1);
    CHECK_EQ(posix_poll_until(&p, 1, UINT64_MAX), 1);
    close(fds[0]);
    close(fds[1]);
}
