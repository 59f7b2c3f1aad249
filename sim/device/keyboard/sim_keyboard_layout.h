// SPDX-License-Identifier: Apache-2.0
// Which key of a US keyboard types what. Pure functions, any thread.
#pragma once

#include "base/base_err.h"

#include <stddef.h>
#include <stdint.h>

enum { SIM_KEYBOARD_SHIFTED = 0x80 }; // our mark on a usage, those of the keys here are smaller

// The usage of the key that types `c` (HID Usage Tables chapter 10), marked if it takes Shift. 0:
// there is none.
uint8_t sim_keyboard_key(char c);

// BASE_OK if all of the UTF-8 `text` can be typed (of it, only ASCII has keys) and is at most
// `room` characters. BASE_ERR_INVALID or BASE_ERR_LIMIT.
enum base_err sim_keyboard_check_text(const char *text, size_t room);
