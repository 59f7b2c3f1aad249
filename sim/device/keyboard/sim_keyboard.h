// SPDX-License-Identifier: Apache-2.0
// A low-speed HID boot keyboard (interface 0) and boot mouse (interface 1), as in HID 1.11 appendix
// B. It types and moves on request, at most one report in 8 ms. Loop thread. What is queued is lost
// by a bus reset; the greeting stays.
#pragma once

#include "base/base_err.h"
#include "sim/device/sim_kind.h"

enum {
    SIM_KEYBOARD_QUEUE = 4096, // characters
    SIM_KEYBOARD_MOVES = 64,
};

extern const struct sim_kind sim_keyboard_kind;

// NULL if there is no memory.
struct sim_device *sim_keyboard_create(struct sim_bus *bus);

// Queues a text (copied) to be typed on a US keyboard: printable ASCII, \n (Enter), \t and \b.
// BASE_ERR_INVALID: a character has no key there, BASE_ERR_LIMIT: the queue has no room for all of
// it; then nothing is queued.
enum base_err sim_keyboard_type(struct sim_device *d, const char *utf8_text);

// From now on types `utf8_text` (copied; NULL or "": nothing) two seconds after each
// SET_CONFIGURATION. BASE_ERR_INVALID and BASE_ERR_LIMIT as above, BASE_ERR_NOMEM: nothing changed.
enum base_err sim_keyboard_set_greeting(struct sim_device *d, const char *utf8_text);

// What the host has set: bit 0 Num Lock, 1 Caps Lock, 2 Scroll Lock, 3 Compose, 4 Kana.
uint8_t sim_keyboard_leds(const struct sim_device *d);

// Queues a movement of the mouse; one that is too long for a report goes in several. `buttons` are
// those held from its first report on: bit 0 left, 1 right, 2 middle, 3 and 4 on the side.
// BASE_ERR_LIMIT: the queue is full.
enum base_err sim_keyboard_move(struct sim_device *d, int16_t dx, int16_t dy, uint8_t buttons,
                                int8_t wheel);
