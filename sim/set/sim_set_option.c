// SPDX-License-Identifier: Apache-2.0
#include "sim_set_option.h"

#include "base/base_number.h"

#include <string.h>

char *sim_set_cut(char *text, char end)
{
    char *at = strchr(text, end);
    if (at)
        *at++ = '\0';
    return at;
}

static bool is_right(const struct sim_option *o, struct sim_value *v)
{
    if (o->max > 0)
        return base_number_size(v->text, o->min, o->max, &v->number);
    if (!o->words || !v->text)
        return true;
    for (v->number = 0; o->words[v->number]; v->number++)
        if (strcmp(o->words[v->number], v->text) == 0)
            return true;
    return false;
}

static void refuse_option(struct sim_spec *s, const char *before, const char *name,
                          const char *behind)
{
    sim_spec_refuse(s, BASE_ERR_INVALID, before);
    base_text_str(s->why, name);
    base_text_str(s->why, behind);
}

static void read_option(struct sim_spec *s, const char *name, const char *value, unsigned given)
{
    const struct sim_option *options = s->kind->options;
    unsigned i = 0;
    while (i < SIM_OPTIONS_MAX && options[i].name && strcmp(options[i].name, name) != 0)
        i++;
    if (i == SIM_OPTIONS_MAX || !options[i].name) {
        refuse_option(s, "unknown option '", name, "'");
    } else if (value && !options[i].value) {
        refuse_option(s, "'", name, "' takes no value");
    } else if (options[i].value && (!value || !*value)) {
        refuse_option(s, "'", name, "=' needs a value");
    } else {
        s->value[i] = (struct sim_value){.given = given, .text = value};
        if (!is_right(&options[i], &s->value[i]))
            sim_spec_refuse_value(s, i);
    }
}

bool sim_set_read_options(struct sim_spec *s, char *options)
{
    for (unsigned given = 1; options && s->err == BASE_OK; given++) {
        char *name = options;
        options = sim_set_cut(name, ':');
        char *value = sim_set_cut(name, '=');
        read_option(s, name, value, given);
    }
    return s->err == BASE_OK;
}
