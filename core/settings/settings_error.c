// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_error.h"

#include <string.h>

enum { NAME_MOST = 80 }; // characters of a place in a sentence, so that the rest still fits

static void add_name(struct base_text *t, const char *name)
{
    for (; *name; name++) {
        if (*name == '~' || *name == '/')
            base_text_str(t, *name == '~' ? "~0" : "~1");
        else
            base_text_char(t, *name);
    }
}

static void add_place(struct base_text *t, const struct settings_place *place)
{
    const struct settings_place *down[8];
    unsigned depth = 0;
    for (; place && depth < sizeof down / sizeof *down; place = place->in)
        down[depth++] = place;
    while (depth--) {
        base_text_char(t, '/');
        if (down[depth]->name)
            add_name(t, down[depth]->name);
        else
            base_text_u64(t, down[depth]->index);
    }
}

void settings_error_begin(struct settings_errors *e, const struct settings_place *place,
                          struct base_text *t)
{
    if (e->count++ >= e->max) {
        base_text_init(t, e->nowhere, sizeof e->nowhere);
        return;
    }
    struct settings_error *error = &e->list[e->count - 1];
    base_text_init(t, error->pointer, sizeof error->pointer);
    add_place(t, place);
    base_text_init(t, error->detail, sizeof error->detail);
}

enum base_err settings_error_add(struct settings_errors *e, const struct settings_place *place,
                                 const char *detail)
{
    struct base_text t;
    settings_error_begin(e, place, &t);
    base_text_str(&t, detail);
    return BASE_ERR_INVALID;
}

static char unescape(const char **at)
{
    char c = **at;
    if (c == '/')
        return '.';
    if (c != '~')
        return c;
    ++*at;
    return **at == '0' ? '~' : '/';
}

void settings_error_text(const struct settings_error *error, char *why)
{
    struct base_text t;
    base_text_init(&t, why, SETTINGS_WHY_SIZE);
    const char *at = error->pointer;
    at += *at == '/';
    for (unsigned i = 0; *at && i < NAME_MOST; at++, i++)
        base_text_char(&t, unescape(&at));
    base_text_str(&t, error->pointer[0] ? ": " : "");
    base_text_str(&t, error->detail);
}
