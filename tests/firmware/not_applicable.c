// SPDX-License-Identifier: Apache-2.0
// What the suites of all backends ask that the USB host library of the chip cannot do, and why.
#include "tests/support/check.h"

#include <string.h>

struct entry {
    const char *suite;
    struct check_exclusion exclusion;
};

#define CONTROL                                                                                    \
    "a control transfer that has begun cannot be taken back: endpoint 0 waits for its end"
#define HIGH_BANDWIDTH "the library moves one packet per microframe"
#define SHORT_CONFIG "the library does not enumerate a device that gives less than it says"
#define LONG_CONFIG "the library does not enumerate a device whose configuration exceeds 8128 bytes"
#define ODD_DEVICE "the library does not look at these fields of a device descriptor"
#define TIMING "the test lets the bus go on while no task of the library runs"

static const struct entry table[] = {
    {"conformance", {"conformance_045_unanswered_request*", CONTROL}},
    {"conformance", {"conformance_084_pending_control*", CONTROL}},
    {"conformance", {"conformance_084_late_control*", CONTROL}},
    {"conformance", {"conformance_100_high_bandwidth*", HIGH_BANDWIDTH}},
    {"conformance", {"conformance_100_server_late*", TIMING}},
    {"conformance", {"conformance_116_configuration_shorter_than_it_says*", SHORT_CONFIG}},
    {"conformance", {"conformance_116_multiplier_3*", HIGH_BANDWIDTH}},
    {"conformance", {"conformance_116_refused", ODD_DEVICE}},
    {"conformance", {"conformance_117_longest_configuration*", LONG_CONFIG}},
    {"scenario", {"reset_frees_a_stuck_control_endpoint", CONTROL}},
};

__attribute__((constructor)) static void exclude(void)
{
    static struct check_exclusion list[sizeof table / sizeof *table];
    size_t count = 0;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (strcmp(table[i].suite, SUITE) == 0)
            list[count++] = table[i].exclusion;
    check_exclude(list, count);
}
