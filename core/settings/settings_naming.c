// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_naming.h"

#include "settings/settings_member.h"

#include <string.h>

static void take_labels(struct access_names *names, const cJSON *array,
                        const struct settings_place *place, struct settings_errors *e)
{
    const cJSON *item;
    unsigned n = 0;
    if (!cJSON_IsArray(array) || cJSON_GetArraySize(array) > ACCESS_MAX_LABELS) {
        (void)settings_error_add(e, place, "a list in [ ] of at most 8 labels is wanted");
        return;
    }
    cJSON_ArrayForEach(item, array)
    {
        const struct settings_place at = {.in = place, .index = n};
        const char *label = settings_member_text(item, ACCESS_NAME_SIZE, false, &at, e);
        (void)base_text_copy(names->labels[n++], ACCESS_NAME_SIZE, label);
    }
    names->label_count = n;
}

// The serial number or busid that the names follow.
static void take_key(struct access_naming *n, const cJSON *item, const struct settings_place *place,
                     struct settings_errors *e)
{
    const cJSON *serial = cJSON_GetObjectItemCaseSensitive(item, "serial");
    const cJSON *busid = cJSON_GetObjectItemCaseSensitive(item, "busid");
    const struct settings_place at = {.in = place, .name = serial ? "serial" : "busid"};
    if (!serial == !busid) {
        (void)settings_error_add(e, place, "either serial or busid is wanted");
        return;
    }
    n->by = serial ? ACCESS_FOLLOW_SERIAL : ACCESS_FOLLOW_PORT;
    const char *key = settings_member_text(serial ? serial : busid, ACCESS_KEY_SIZE, false, &at, e);
    (void)base_text_copy(n->key, sizeof n->key, key);
    if (key && busid && (!access_looks_like_busid(key) || strlen(key) >= 32))
        (void)settings_error_add(e, &at, "a busid like 1-2.1 is wanted");
}

static void take_names(struct access_names *n, const cJSON *item,
                       const struct settings_place *place, struct settings_errors *e)
{
    const struct settings_place at_alias = {.in = place, .name = "alias"};
    const struct settings_place at_labels = {.in = place, .name = "labels"};
    const struct settings_place at_exported = {.in = place, .name = "exported"};
    const struct settings_place at_take = {.in = place, .name = "take_from_host"};
    const cJSON *alias = cJSON_GetObjectItemCaseSensitive(item, "alias");
    const cJSON *labels = cJSON_GetObjectItemCaseSensitive(item, "labels");
    const cJSON *exported = cJSON_GetObjectItemCaseSensitive(item, "exported");
    const cJSON *take = cJSON_GetObjectItemCaseSensitive(item, "take_from_host");
    if (alias && cJSON_IsString(alias) && access_alias_valid(alias->valuestring))
        (void)base_text_copy(n->alias, sizeof n->alias, alias->valuestring);
    else if (alias)
        (void)settings_error_add(e, &at_alias,
                                 "1 to 31 of a-z, 0-9, '.', '_' and '-' are wanted, and not what "
                                 "looks like a busid");
    if (labels)
        take_labels(n, labels, &at_labels, e);
    n->hidden = cJSON_IsFalse(exported);
    n->exported = cJSON_IsTrue(exported);
    n->take_from_host = cJSON_IsTrue(take);
    if (exported && !cJSON_IsBool(exported))
        (void)settings_error_add(e, &at_exported, "true or false is wanted");
    if (take && !cJSON_IsBool(take))
        (void)settings_error_add(e, &at_take, "true or false is wanted");
}

static void take_device(struct access_naming *n, const cJSON *item,
                        const struct settings_place *place, struct settings_errors *e)
{
    static const char *const names[] = {"serial",   "busid",          "alias", "labels",
                                        "exported", "take_from_host", NULL};
    if (!settings_member_object(item, place, e))
        return;
    settings_member_only(item, names, place, e);
    take_key(n, item, place, e);
    take_names(&n->names, item, place, e);
}

// Two entries for one device, or one alias for two.
static void check_unique(const struct access_naming *n, unsigned last,
                         const struct settings_place *place, struct settings_errors *e)
{
    const struct access_naming *new = &n[last];
    const struct settings_place at_alias = {.in = place, .name = "alias"};
    const struct settings_place at_key = {
        .in = place, .name = new->by == ACCESS_FOLLOW_SERIAL ? "serial" : "busid"};
    for (unsigned i = 0; i < last; i++) {
        if (new->key[0] && n[i].by == new->by && strcmp(n[i].key, new->key) == 0)
            (void)settings_error_add(e, &at_key, "there is another entry for it");
        if (new->names.alias[0] && strcmp(n[i].names.alias, new->names.alias) == 0)
            (void)settings_error_add(e, &at_alias, "another device has this alias");
    }
}

void settings_naming_take(struct access_naming *list, unsigned i, const cJSON *item,
                          const struct settings_place *place, struct settings_errors *e)
{
    take_device(&list[i], item, place, e);
    check_unique(list, i, place, e);
}
