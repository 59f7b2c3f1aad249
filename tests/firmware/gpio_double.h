// SPDX-License-Identifier: Apache-2.0
// GPIO pins and one timer of ESP-IDF. One thread.
#pragma once

#include <stdbool.h>

void gpio_double_reset(void);
void gpio_double_set(int pin, bool high);

// Calls the timer's function `times` times; false: there is no timer running.
bool gpio_double_tick(unsigned times);

// What was done to pins, separated by blanks: "20=1" (level), "20out", "20in+" (pull-up). Borrowed.
const char *gpio_double_calls(void);

void gpio_double_fail(int pin); // calls for it fail
