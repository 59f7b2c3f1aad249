// SPDX-License-Identifier: Apache-2.0
// ESP-IDF's console on the host: keeps the commands and runs lines. One thread.
#pragma once

#include "esp_err.h"

#include <stdbool.h>
#include <stddef.h>

// Forgets all commands; then the n-th call of the console's functions fails (1: the first), 0:
// none.
void console_double_begin(unsigned fail_at);

bool console_double_started(void);

// Commands that are registered.
unsigned console_double_commands(void);

// Splits the line at spaces, runs the command and returns what it printed (until the next call).
// *answer is what the command returned; -1: there is no such command.
const char *console_double_run(const char *line, int *answer);

// What is typed while the next command runs; then the terminal is gone. At first nothing.
void console_double_type(const char *keys);

// Bytes printed so far by the command that runs or was the last, and most of them in one call of
// stdio, which has the terminal's lock for so long.
size_t console_double_printed(void);
size_t console_double_longest_print(void);

// Words of a line, changed in place; quotation marks around a word keep its spaces.
int console_double_split(char *line, char **argv, int max);
