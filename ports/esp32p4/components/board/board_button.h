// SPDX-License-Identifier: Apache-2.0
// A button that must be held for long, because what it does cannot be undone. Pure logic: told the
// level, time as an argument in microseconds. One task.
#pragma once

#include <stdbool.h>
#include <stdint.h>

enum { BOARD_BUTTON_DEBOUNCE_MS = 50 }; // a level counts when it has lasted so long

struct board_button {
    uint64_t hold_us;
    bool level;        // last told
    uint64_t since_us; // since when it is so
    bool armed;        // has been seen released since the last time it was held, and since start
    bool pressed;      // debounced
    uint64_t pressed_us;
};

// A pin that is stuck at "pressed" does nothing: the button must be seen released first.
void board_button_init(struct board_button *b, unsigned hold_ms);

// True once, when it has been held long enough.
bool board_button_told(struct board_button *b, bool level, uint64_t now_us);
