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

void base_text_i64(struct base_text *t, int64_t v)
{
    if (v < 0)
        base_text_char(t, '-');
    base_text_u64(t, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void base_text_hex(struct base_text *t, uint32_t v, unsigned digits)
{
    while (digits--)
        base_text_char(t, "0123456789abcdef"[v >> 4 * digits & 15]);
}

bool base_text_copy(char *buf, size_t size, const char *s)
{
    struct base_text t;
    base_text_init(&t, buf, size);
    base_text_str(&t, s);
    return !t.cut;
}
