// SPDX-License-Identifier: Apache-2.0
#include "http_esp_path.h"

#include <stddef.h>

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

// The character at *uri, which it moves on; -1: a bad escape.
static int next_character(const char **uri)
{
    const char *u = *uri;
    if (*u != '%') {
        *uri = u + 1;
        return (unsigned char)*u;
    }
    int high = digit(u[1]);
    int low = high < 0 ? -1 : digit(u[2]);
    *uri = u + 3;
    return low < 0 ? -1 : high * 16 + low;
}

bool http_esp_path(const char *uri, char path[HTTP_ESP_PATH_SIZE], const char **query)
{
    size_t n = 0;
    while (*uri && *uri != '?' && *uri != '#') {
        int c = next_character(&uri);
        if (c <= 0 || n + 1 >= HTTP_ESP_PATH_SIZE)
            return false;
        path[n++] = (char)c;
    }
    path[n] = '\0';
    *query = *uri == '?' ? uri + 1 : "";
    return true;
}
