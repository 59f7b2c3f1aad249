// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_http_target.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>

// -1: not a hexadecimal digit.
static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

// The character at *target, which it moves on; -1: a bad escape.
static int next_character(const char **target)
{
    const char *t = *target;
    if (*t != '%') {
        *target = t + 1;
        return (unsigned char)*t;
    }
    int high = digit(t[1]);
    int low = high < 0 ? -1 : digit(t[2]);
    *target = t + 3;
    return low < 0 ? -1 : high * 16 + low;
}

// As for a proxy (RFC 9112 3.2.2): "http://host/path". What is not is left as it is.
static const char *without_authority(const char *target)
{
    const char *authority = strncasecmp(target, "http://", 7) == 0    ? target + 7
                            : strncasecmp(target, "https://", 8) == 0 ? target + 8
                                                                      : NULL;
    return authority ? authority + strcspn(authority, "/?#") : target;
}

int posix_http_target(const char *target, char path[POSIX_HTTP_PATH_SIZE], const char **query)
{
    const char *at = without_authority(target);
    size_t n = 0;
    if (at != target && *at != '/')
        path[n++] = '/';
    else if (*at != '/' && strcmp(at, "*") != 0)
        return 400;
    while (*at && *at != '?' && *at != '#') {
        int c = next_character(&at);
        if (c <= 0)
            return 400;
        if (n + 1 >= POSIX_HTTP_PATH_SIZE)
            return 414;
        path[n++] = (char)c;
    }
    path[n] = '\0';
    *query = *at == '?' ? at + 1 : "";
    return 0;
}
