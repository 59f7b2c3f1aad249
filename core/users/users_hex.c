// SPDX-License-Identifier: Apache-2.0
#include "users/users_hex.h"

#include <string.h>

static const char hex[] = "0123456789abcdef";

void users_hex_add(struct base_text *t, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        base_text_char(t, hex[bytes[i] >> 4]);
        base_text_char(t, hex[bytes[i] & 15]);
    }
}

bool users_hex_take(const char *digits, size_t count, uint8_t *bytes, size_t size)
{
    if (count != 2 * size)
        return false;
    for (size_t i = 0; i < count; i++) {
        const char *digit = digits[i] ? strchr(hex, digits[i]) : NULL;
        if (!digit)
            return false;
        unsigned high = i % 2 ? bytes[i / 2] * 16u : 0;
        bytes[i / 2] = (uint8_t)(high + (unsigned)(digit - hex));
    }
    return true;
}
