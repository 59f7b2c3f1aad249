// SPDX-License-Identifier: Apache-2.0
#include "sim_set_kind.h"

#include "base/base_number.h"

#include <string.h>

enum base_err sim_set_refuse(struct sim_set *set, enum base_err err, const char *const parts[])
{
    for (; *parts; parts++)
        base_text_str(&set->why, *parts);
    return err;
}

enum base_err sim_set_no_memory(struct sim_set *set)
{
    return SIM_SET_REFUSE(set, BASE_ERR_NOMEM, "there is not enough memory");
}

char *sim_set_cut(char *text, char end)
{
    char *at = strchr(text, end);
    if (at)
        *at++ = '\0';
    return at;
}

bool sim_set_next_option(char **options, struct sim_set_option *o)
{
    char *text = *options;
    if (!text)
        return false;
    *options = sim_set_cut(text, ':');
    o->name = text;
    o->value = sim_set_cut(text, '=');
    return true;
}

bool sim_set_option_is(const struct sim_set_option *o, const char *name)
{
    return strcmp(o->name, name) == 0;
}

enum base_err sim_set_refuse_option(struct sim_set *set, const struct sim_set_option *o)
{
    return SIM_SET_REFUSE(set, BASE_ERR_INVALID, set->kind->name, ": unknown option '", o->name,
                          "'");
}

uint64_t sim_set_read_size(const char *s)
{
    uint64_t size = 0;
    (void)base_number_size(s, 0, UINT64_MAX, &size);
    return size;
}

enum base_err sim_set_needs_value(struct sim_set *set, const struct sim_set_option *o)
{
    return SIM_SET_REFUSE(set, BASE_ERR_INVALID, set->kind->name, ": '", o->name,
                          "=' needs a value");
}
