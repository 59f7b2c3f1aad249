// SPDX-License-Identifier: Apache-2.0
#include "base/base_text.h"

void base_text_init(struct base_text *t, char *buf, size_t size)
{
    *t = (struct base_text){.buf = buf, .size = size};
    buf[0] = '\0';
}

void base_text_char(struct base_text *t, char c)
{
    if (t->length + 1 >= t->size) {
        t->cut = true;
        return;
    }
    t->buf[t->length++] = c;
    t->buf[t->length] = '\0';
}

void base_text_str(struct base_text *t, const char *s)
{
    while (s && *s)
        base_text_char(t, *s++);
}

void base_text_u64(struct base_text *t, uint64_t v)
{
    char digits[20];
    unsigned n = 0;
    do {
        digits[n++] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    while (n)
        base_text_char(t, digits[--n]);
}

void base_text_hex(struct base_text *t, uint32_t v, unsigned digits)
{
    while (digits--)
        base_text_char(t, "0123456789abcdef"[v >> 4 * digits & 15]);
}

static void add_padded(struct base_text *t, unsigned v, unsigned digits, char behind)
{
    unsigned power = 1;
    while (--digits)
        power *= 10;
    for (; power; power /= 10)
        base_text_char(t, (char)('0' + v / power % 10));
    base_text_char(t, behind);
}

// Counted in years that begin on 1 March, so that the leap day is a year's last; an era has 400.
static void add_date(struct base_text *t, unsigned days_since_1970)
{
    unsigned days = days_since_1970 + 719468; // since 0000-03-01
    unsigned era = days / 146097, day = days % 146097;
    unsigned year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    day -= 365 * year + year / 4 - year / 100;
    unsigned month = (5 * day + 2) / 153; // 0: March
    day -= (153 * month + 2) / 5;
    add_padded(t, era * 400 + year + (month >= 10), 4, '-');
    add_padded(t, month < 10 ? month + 3 : month - 9, 2, '-');
    add_padded(t, day + 1, 2, 'T');
}

void base_text_utc(struct base_text *t, uint64_t unix_us)
{
    uint64_t seconds = unix_us / 1000000;
    if (seconds >= UINT64_C(253402300800)) {
        base_text_char(t, '?');
        return;
    }
    unsigned of_day = (unsigned)(seconds % 86400);
    add_date(t, (unsigned)(seconds / 86400));
    add_padded(t, of_day / 3600, 2, ':');
    add_padded(t, of_day / 60 % 60, 2, ':');
    add_padded(t, of_day % 60, 2, '.');
    add_padded(t, (unsigned)(unix_us / 1000 % 1000), 3, 'Z');
}

bool base_text_copy(char *buf, size_t size, const char *s)
{
    struct base_text t;
    base_text_init(&t, buf, size);
    base_text_str(&t, s);
    return !t.cut;
}
