// SPDX-License-Identifier: Apache-2.0
// Why the next run begins. The real program is program_restart_test.c's.
#include "ports/posix/posix_restart.h"
#include "tests/support/check.h"

// The loop may have ended, for a restart that somebody else has asked for, before who has had all
// removed could ask.
TEST(restart_is_a_reset_once_all_is_removed)
{
    struct posix_restart r = {.why = EVENT_START_RESTART, .asked = true};
    CHECK_EQ(posix_restart_why(&r), EVENT_START_RESTART);
    posix_restart_erased(&r);
    CHECK_EQ(posix_restart_why(&r), EVENT_START_FACTORY_RESET);
}
