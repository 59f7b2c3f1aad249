// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_list.h"

#include <string.h>

static bool same_naming(const struct access_naming *a, const struct access_naming *b)
{
    return a->by == b->by && strcmp(a->key, b->key) == 0 &&
           access_names_equal(&a->names, &b->names);
}

static bool same_element(const struct settings_lists *a, const struct settings_lists *b,
                         enum settings_list which, unsigned i)
{
    if (which == SETTINGS_LIST_ALLOW)
        return access_allowed_equal(&a->access->allow[i], &b->access->allow[i]);
    if (which == SETTINGS_LIST_RULES)
        return access_rule_equal(&a->access->rules[i], &b->access->rules[i]);
    if (which == SETTINGS_LIST_EXPORT)
        return access_rule_equal(&a->access->export_rules[i], &b->access->export_rules[i]);
    if (which == SETTINGS_LIST_HOSTS)
        return strcmp(a->hosts[i], b->hosts[i]) == 0;
    return same_naming(&a->namings[i], &b->namings[i]);
}

const char *settings_list_changed(const struct settings *a, const struct settings *b, unsigned i)
{
    if (i >= SETTINGS_LISTS)
        return NULL;
    enum settings_list which = (enum settings_list)i;
    unsigned count = settings_list_count(a, which);
    bool same = count == settings_list_count(b, which);
    for (unsigned k = 0; same && k < count; k++)
        same = same_element(a->lists, b->lists, which, k);
    return same ? "" : settings_list_key(which);
}
