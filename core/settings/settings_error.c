// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_error.h"

#include "base/base_number.h"

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

// The pointer; which of its names are indexes.
static uint8_t add_place(struct base_text *t, const struct settings_place *place)
{
    const struct settings_place *down[8];
    uint8_t indexes = 0;
    unsigned depth = 0;
    for (; place && depth < sizeof down / sizeof *down; place = place->in)
        down[depth++] = place;
    for (unsigned i = 0; i < depth; i++) {
        const struct settings_place *p = down[depth - 1 - i];
        base_text_char(t, '/');
        if (p->name) {
            add_name(t, p->name);
        } else {
            base_text_u64(t, p->index);
            indexes |= (uint8_t)(1u << i);
        }
    }
    return indexes;
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
    error->indexes = add_place(t, place);
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

// The name at *at, which is behind it then.
static void take_name(struct base_text *t, const char **at)
{
    for (; **at && **at != '/' && t->length < NAME_MOST; ++*at) {
        if (**at != '~') {
            base_text_char(t, **at);
        } else {
            base_text_char(t, *++*at == '0' ? '~' : '/');
        }
    }
}

void settings_error_text(const struct settings_error *error, char *why)
{
    struct base_text t;
    const char *at = error->pointer;
    uint64_t index;
    bool behind_index = false;
    base_text_init(&t, why, SETTINGS_WHY_SIZE);
    for (unsigned i = 0; *at == '/' && t.length < NAME_MOST; i++) {
        at++;
        bool is_index = i < 8 && error->indexes >> i & 1 && base_number_take(&at, 1u << 31, &index);
        if (t.length)
            base_text_str(&t, is_index || behind_index ? ", " : ".");
        base_text_str(&t, is_index ? "entry " : "");
        if (is_index)
            base_text_u64(&t, index + 1);
        else
            take_name(&t, &at);
        behind_index = is_index;
    }
    base_text_str(&t, error->pointer[0] ? ": " : "");
    base_text_str(&t, error->detail);
}
