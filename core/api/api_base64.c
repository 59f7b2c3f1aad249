// SPDX-License-Identifier: Apache-2.0
#include "api/api_base64.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static int digit(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c ? strchr(digits, c) : NULL;
    return found ? (int)(found - digits) : -1;
}

bool api_base64_text(const char *digits, char text[API_BASE64_MAX])
{
    size_t count =
        strspn(digits, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    const char *rest = digits + count;
    size_t size = count * 6 / 8;
    uint32_t bits = 0;
    if (rest[strspn(rest, "=")] != '\0' || (count + strlen(rest)) % 4 != 0 || strlen(rest) > 2 ||
        size >= API_BASE64_MAX)
        return false;
    for (size_t i = 0, n = 0; i < count; i++) {
        bits = bits << 6 | (uint32_t)digit(digits[i]);
        if (i % 4 == 0)
            continue;
        text[n] = (char)(bits >> (6 - i % 4 * 2) & 0xff);
        if (text[n++] == '\0')
            return false;
    }
    text[size] = '\0';
    return true;
}
