// SPDX-License-Identifier: Apache-2.0
#include "tests/golden/vectors.h"
#include "tests/support/check.h"

#include <string.h>

static unsigned nibble(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : c - 'a' + 10);
}

size_t golden(uint8_t out[GOLDEN_MAX], const char *name)
{
    for (unsigned i = 0; i < golden_vector_count; i++) {
        const struct golden_vector *v = &golden_vectors[i];
        if (strcmp(v->name, name) != 0)
            continue;
        size_t size = strlen(v->hex) / 2;
        CHECK(size <= GOLDEN_MAX);
        for (size_t at = 0; at < size; at++)
            out[at] = (uint8_t)(nibble(v->hex[2 * at]) << 4 | nibble(v->hex[2 * at + 1]));
        return size;
    }
    check_fail(__FILE__, __LINE__, "no vector %s", name);
}
