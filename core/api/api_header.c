// SPDX-License-Identifier: Apache-2.0
#include "api/api_header.h"

#include <string.h>

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

// Behind `b`, with which `a` begins; NULL: it begins with something else.
static const char *after(const char *a, const char *b)
{
    for (; *b; a++, b++)
        if (lower(*a) != lower(*b))
            return NULL;
    return a;
}

bool api_header_same(const char *a, const char *b)
{
    const char *end = after(a, b);
    return end && *end == '\0';
}

bool api_header_has(const char *value, const char *token)
{
    for (;;) {
        value += strspn(value, ", \t");
        const char *end = after(value, token);
        if (end && strchr(", \t", *end)) // its NUL is one of them
            return true;
        if (*value == '\0')
            return false;
        value += strcspn(value, ", \t");
    }
}
