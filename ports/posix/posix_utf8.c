// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_utf8.h"

static bool begin(struct posix_utf8 *u, uint8_t c)
{
    u->left = c < 0x80 ? 0 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    return c < 0x80 || (c >= 0xc2 && c <= 0xf4);
}

bool posix_utf8_take(struct posix_utf8 *u, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (u->left == 0) {
            if (!begin(u, bytes[i]))
                return false;
            continue;
        }
        if (bytes[i] < u->low || bytes[i] > u->high)
            return false;
        u->left--;
        u->low = 0x80;
        u->high = 0xbf;
    }
    return true;
}
