// SPDX-License-Identifier: Apache-2.0
#include "sim_keyboard_layout.h"

#include <assert.h>

uint8_t sim_keyboard_key(char c)
{
    enum { FIRST = 0x1e };
    static const char plain[] = "1234567890\n\0\b\t -=[]\\\0;'`,./";
    static const char shifted[] = "!@#$%^&*()\0\0\0\0\0_+{}|\0:\"~<>?";
    static_assert(sizeof plain == sizeof shifted, "one character for each key");

    if (c >= 'a' && c <= 'z')
        return (uint8_t)(4 + c - 'a');
    if (c >= 'A' && c <= 'Z')
        return (uint8_t)((4 + c - 'A') | SIM_KEYBOARD_SHIFTED);
    for (unsigned i = 0; c != 0 && i < sizeof plain; i++) {
        if (plain[i] == c)
            return (uint8_t)(FIRST + i);
        if (shifted[i] == c)
            return (uint8_t)((FIRST + i) | SIM_KEYBOARD_SHIFTED);
    }
    return 0;
}

enum base_err sim_keyboard_check_text(const char *text, size_t room)
{
    const char *p = text;
    while (*p && sim_keyboard_key(*p))
        p++;
    if (*p)
        return BASE_ERR_INVALID;
    return (size_t)(p - text) > room ? BASE_ERR_LIMIT : BASE_OK;
}
