// SPDX-License-Identifier: Apache-2.0
#include "console_text.h"

void console_text_foreign(struct base_text *t, const char *s)
{
    for (; *s; s++)
        base_text_char(t, *s < ' ' || *s > '~' ? '?' : *s);
}

void console_text_column(struct base_text *t, size_t line_start, size_t column)
{
    do
        base_text_char(t, ' ');
    while (!t->cut && t->length < line_start + column);
}

static void add_two_digits(struct base_text *t, uint64_t v)
{
    base_text_char(t, (char)('0' + v / 10));
    base_text_char(t, (char)('0' + v % 10));
}

void console_text_duration(struct base_text *t, uint64_t us)
{
    uint64_t seconds = us / 1000000;
    if (seconds >= 86400) {
        base_text_u64(t, seconds / 86400);
        base_text_str(t, " d ");
    }
    add_two_digits(t, seconds / 3600 % 24);
    base_text_char(t, ':');
    add_two_digits(t, seconds / 60 % 60);
    base_text_char(t, ':');
    add_two_digits(t, seconds % 60);
}

void console_text_bytes(struct base_text *t, uint64_t bytes)
{
    uint64_t kib = bytes / 1024;
    if (kib < 10 * 1024) {
        base_text_u64(t, kib);
        base_text_str(t, " KiB");
        return;
    }
    base_text_u64(t, kib / 1024);
    base_text_char(t, '.');
    base_text_u64(t, kib % 1024 * 10 / 1024);
    base_text_str(t, " MiB");
}

void console_text_count(struct base_text *t, uint64_t n, const char *what)
{
    base_text_u64(t, n);
    base_text_char(t, ' ');
    base_text_str(t, what);
    if (n != 1)
        base_text_char(t, 's');
}
