// SPDX-License-Identifier: Apache-2.0
// Pieces of text that several console commands need. Any thread.
#pragma once

#include "base/base_text.h"

#include <stddef.h>
#include <stdint.h>

// Text from outside: what is not printable ASCII becomes '?', as in the log. Control characters
// could steer the terminal, also those above ASCII (U+009B is ESC and [ in one).
void console_text_foreign(struct base_text *t, const char *s);

// Fills up with spaces to `column`, counted from `line_start` (a former t->length); at least one.
void console_text_column(struct base_text *t, size_t line_start, size_t column);

// "3 d 04:05:06"
void console_text_duration(struct base_text *t, uint64_t us);

// "12 KiB", "3.4 MiB"
void console_text_bytes(struct base_text *t, uint64_t bytes);

// "1 session", "2 sessions"
void console_text_count(struct base_text *t, uint64_t n, const char *what);
