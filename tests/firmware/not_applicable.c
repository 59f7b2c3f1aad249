// SPDX-License-Identifier: Apache-2.0
// What the suites of all backends ask that the USB host library of the chip cannot do, and why.
#include "tests/support/check.h"

#include <string.h>

struct entry {
    const char *suite;
    struct check_exclusion exclusion;
};

static const struct entry table[] = {
    {"conformance", {"none", "none"}},
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
