// SPDX-License-Identifier: Apache-2.0
// Text into a fixed buffer without printf. Always NUL-terminated; what does not fit is cut off and
// `cut` says so. Any thread (the object belongs to its caller).
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct base_text {
    char *buf;
    size_t size; // of buf, > 0
    size_t length;
    bool cut;
};

void base_text_init(struct base_text *t, char *buf, size_t size);
void base_text_str(struct base_text *t, const char *s); // NULL adds nothing
void base_text_char(struct base_text *t, char c);
void base_text_u64(struct base_text *t, uint64_t v);
void base_text_hex(struct base_text *t, uint32_t v, unsigned digits); // zero-padded, no 0x

// "2026-11-22T12:34:56.789Z" (ISO 8601) of microseconds since 1970; "?" from the year 10000 on.
void base_text_utc(struct base_text *t, uint64_t unix_us);

// Copies at most size-1 characters and terminates; returns false if `s` was cut.
bool base_text_copy(char *buf, size_t size, const char *s);
