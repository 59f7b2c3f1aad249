// SPDX-License-Identifier: Apache-2.0
#include "access/access_name.h"

#include "base/base_number.h"

#include <string.h>

bool access_looks_like_busid(const char *text)
{
    uint64_t n;
    if (!base_number_take(&text, UINT64_MAX, &n) || *text++ != '-')
        return false;
    while (base_number_take(&text, UINT64_MAX, &n) && *text == '.')
        text++;
    return *text == '\0' && text[-1] != '-' && text[-1] != '.';
}

bool access_alias_valid(const char *alias)
{
    size_t size = strlen(alias);
    for (size_t i = 0; i < size; i++)
        if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789._-", alias[i]))
            return false;
    return size > 0 && size < ACCESS_NAME_SIZE && !access_looks_like_busid(alias);
}

bool access_names_equal(const struct access_names *a, const struct access_names *b)
{
    if (a->hidden != b->hidden || a->exported != b->exported ||
        a->take_from_host != b->take_from_host || a->label_count != b->label_count)
        return false;
    for (unsigned i = 0; i < a->label_count; i++)
        if (strcmp(a->labels[i], b->labels[i]) != 0)
            return false;
    return strcmp(a->alias, b->alias) == 0;
}

static const struct access_naming *find(const struct access_naming *namings, unsigned count,
                                        enum access_follow by, const char *key)
{
    for (unsigned i = 0; i < count && key[0]; i++)
        if (namings[i].by == by && strcmp(namings[i].key, key) == 0)
            return &namings[i];
    return NULL;
}

const struct access_naming *access_naming_find(const struct access_naming *namings, unsigned count,
                                               const char *busid, const char *serial)
{
    const struct access_naming *n = find(namings, count, ACCESS_FOLLOW_SERIAL, serial);
    return n ? n : find(namings, count, ACCESS_FOLLOW_PORT, busid);
}
