// SPDX-License-Identifier: Apache-2.0
#include "base/base_utc.h"

// Exactly so many digits, and the sign behind them (NUL: none). *text moves on.
static bool take(const char **text, unsigned digits, char behind, unsigned *v)
{
    const char *c = *text;
    for (*v = 0; digits > 0; digits--, c++) {
        if (*c < '0' || *c > '9')
            return false;
        *v = *v * 10 + (unsigned)(*c - '0');
    }
    if (behind && *c++ != behind)
        return false;
    *text = c;
    return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    return days[month - 1] + (month == 2 && leap);
}

// Since 1970. Counted in years that begin on 1 March, so that the leap day is a year's last.
static uint64_t days_since(unsigned year, unsigned month, unsigned day)
{
    unsigned y = year - (month <= 2), m = month > 2 ? month - 3 : month + 9;
    return 365 * y + y / 4 - y / 100 + y / 400 + (153 * m + 2) / 5 + day - 1 - 719468;
}

static bool take_date(const char **text, uint64_t *days)
{
    unsigned year, month, day;
    if (!take(text, 4, '-', &year) || !take(text, 2, '-', &month) || !take(text, 2, 'T', &day) ||
        year < 1970 || month < 1 || month > 12 || day < 1 || day > days_in(year, month))
        return false;
    *days = days_since(year, month, day);
    return true;
}

// ".25": what is less than a microsecond is left out.
static bool take_fraction(const char **text, uint64_t *us)
{
    unsigned digit, worth = 1000000;
    if (**text != '.')
        return true;
    ++*text;
    if (!take(text, 1, '\0', &digit))
        return false;
    do
        *us += digit * (worth /= 10);
    while (take(text, 1, '\0', &digit));
    return true;
}

bool base_utc_parse(const char *text, uint64_t *unix_us)
{
    uint64_t days, us = 0;
    unsigned hour, minute, second;
    if (!take_date(&text, &days) || !take(&text, 2, ':', &hour) || !take(&text, 2, ':', &minute) ||
        !take(&text, 2, '\0', &second) || hour > 23 || minute > 59 || second > 59 ||
        !take_fraction(&text, &us) || text[0] != 'Z' || text[1])
        return false;
    *unix_us = (((days * 24 + hour) * 60 + minute) * 60 + second) * 1000000 + us;
    return true;
}
