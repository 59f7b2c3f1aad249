// SPDX-License-Identifier: Apache-2.0
// The byte vectors that every USB/IP server must understand or give (docs/wire.md 10), as hex text
// by name.
#pragma once

#include <stddef.h>
#include <stdint.h>

struct golden_vector {
    const char *name;
    const char *hex;
};

extern const struct golden_vector golden_vectors[];
extern const unsigned golden_vector_count;

enum { GOLDEN_MAX = 1024 };

// The bytes of the vector of that name into `out` (GOLDEN_MAX); returns how many. The test fails if
// there is none of that name.
size_t golden(uint8_t out[GOLDEN_MAX], const char *name);
