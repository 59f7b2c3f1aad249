// SPDX-License-Identifier: Apache-2.0
#include "board_button.h"

void board_button_init(struct board_button *b, unsigned hold_ms)
{
    *b = (struct board_button){.hold_us = (uint64_t)hold_ms * 1000, .level = true};
}

// The level has lasted: it is what the finger does.
static void settle(struct board_button *b)
{
    if (b->level && !b->pressed)
        b->pressed_us = b->since_us;
    b->pressed = b->level;
    b->armed |= !b->pressed;
}

bool board_button_told(struct board_button *b, bool level, uint64_t now_us)
{
    if (level != b->level) {
        b->level = level;
        b->since_us = now_us;
    }
    if (now_us - b->since_us >= BOARD_BUTTON_DEBOUNCE_MS * 1000)
        settle(b);
    if (!b->armed || !b->pressed || now_us - b->pressed_us < b->hold_us)
        return false;
    b->armed = false;
    return true;
}
