// SPDX-License-Identifier: Apache-2.0
#include "base/base_number.h"

#include <string.h>

bool base_number_take(const char **text, uint64_t max, uint64_t *v)
{
    const char *c = *text;
    uint64_t n = 0;
    for (; *c >= '0' && *c <= '9'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        if (digit > max || n > (max - digit) / 10)
            return false;
        n = n * 10 + digit;
    }
    if (c == *text)
        return false;
    *text = c;
    *v = n;
    return true;
}

bool base_number(const char *text, uint64_t min, uint64_t max, uint64_t *v)
{
    uint64_t n;
    if (!base_number_take(&text, max, &n) || *text || n < min)
        return false;
    *v = n;
    return true;
}

bool base_number_size(const char *text, uint64_t min, uint64_t max, uint64_t *v)
{
    static const char units[] = "KMG";
    uint64_t n;
    if (!base_number_take(&text, max, &n))
        return false;
    const char *unit = *text ? strchr(units, *text) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    if (text[unit != NULL] || n > max >> shift || n << shift < min)
        return false;
    *v = n << shift;
    return true;
}
