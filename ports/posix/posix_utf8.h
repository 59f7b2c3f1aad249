// SPDX-License-Identifier: Apache-2.0
// Whether bytes that come in pieces are UTF-8 (RFC 3629): no surrogates, nothing longer than it has
// to be. Pure functions.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct posix_utf8 {
    unsigned left;     // bytes of a character that are to come; zeros at the beginning
    uint8_t low, high; // what the next of them may be
};

// False: it is not, whatever comes.
bool posix_utf8_take(struct posix_utf8 *u, const uint8_t *bytes, size_t size);

// Whether it may end here.
static inline bool posix_utf8_whole(const struct posix_utf8 *u)
{
    return u->left == 0;
}
