// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_patch.h"

#include "base/base_text.h"
#include "settings/settings_json.h"

#include <cJSON.h>
#include <string.h>

// --- RFC 7396 ------------------------------------------------------------------------------------

static bool merge(cJSON *target, const cJSON *patch);

// False: no memory.
static bool merge_member(cJSON *target, const cJSON *item) // NOLINT(misc-no-recursion): limited
{
    cJSON *there = cJSON_GetObjectItemCaseSensitive(target, item->string);
    if (cJSON_IsNull(item)) {
        cJSON_DeleteItemFromObjectCaseSensitive(target, item->string);
        return true;
    }
    if (cJSON_IsObject(item) && cJSON_IsObject(there))
        return merge(there, item);
    cJSON *copy = cJSON_IsObject(item) ? cJSON_CreateObject() : cJSON_Duplicate(item, true);
    if (!copy || (cJSON_IsObject(item) && !merge(copy, item))) {
        cJSON_Delete(copy);
        return false;
    }
    bool added = there ? cJSON_ReplaceItemInObjectCaseSensitive(target, item->string, copy)
                       : cJSON_AddItemToObject(target, item->string, copy);
    if (!added)
        cJSON_Delete(copy);
    return added;
}

static bool merge(cJSON *target, const cJSON *patch) // NOLINT(misc-no-recursion): limited
{
    const cJSON *item;
    cJSON_ArrayForEach(item, patch)
    {
        if (!merge_member(target, item))
            return false;
    }
    return true;
}

// --- what it is about ----------------------------------------------------------------------------

static const cJSON *find(const cJSON *patch, const char *key)
{
    char section[32];
    size_t size = strcspn(key, ".");
    if (!key[size])
        return cJSON_GetObjectItemCaseSensitive(patch, key);
    memcpy(section, key, size);
    section[size] = '\0';
    const cJSON *in = cJSON_GetObjectItemCaseSensitive(patch, section);
    if (cJSON_IsNull(in)) // all of the section
        return in;
    return cJSON_IsObject(in) ? cJSON_GetObjectItemCaseSensitive(in, key + size + 1) : NULL;
}

static struct settings_keys keys_of(const cJSON *patch)
{
    struct settings_keys keys = {.bits = 0};
    const char *key;
    for (unsigned i = 0; (key = settings_document_key(i)); i++)
        if (find(patch, key))
            keys.bits |= UINT64_C(1) << i;
    return keys;
}

// The library would take the first of two for the one, and both for the other.
static enum base_err refuse_twice(const cJSON *object, const struct settings_place *in,
                                  struct settings_errors *e)
{
    const cJSON *item;
    enum base_err err = BASE_OK;
    cJSON_ArrayForEach(item, object)
    {
        const struct settings_place place = {.in = in, .name = item->string};
        if (cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            err = settings_error_add(e, &place, "it is there twice");
        else if (!in && cJSON_IsObject(item) && refuse_twice(item, &place, e) != BASE_OK)
            err = BASE_ERR_INVALID;
    }
    return err;
}

// --- the whole -----------------------------------------------------------------------------------

static enum base_err too_long(const struct settings *s, struct settings_errors *e)
{
    struct base_text t;
    settings_error_begin(e, NULL, &t);
    base_text_str(&t, "the document would be longer than ");
    base_text_u64(&t, settings_max_bytes(s->port));
    base_text_str(&t, " bytes");
    return BASE_ERR_LIMIT;
}

// The whole document anew, from the defaults on, and whether there is room for it.
static enum base_err take(struct settings *s, const cJSON *document, char *text,
                          struct settings_errors *e)
{
    struct settings changed;
    settings_default(&changed, s->port);
    if (!cJSON_PrintPreallocated((cJSON *)document, text, (int)settings_max_bytes(s->port) + 1,
                                 false))
        return too_long(s, e);
    enum base_err err = settings_parse_all(&changed, text, strlen(text), e, NULL);
    if (err != BASE_OK)
        return err;
    if (settings_print(&changed, SETTINGS_CHANGED, text, settings_max_bytes(s->port) + 1) ==
        settings_max_bytes(s->port)) {
        settings_drop(&changed);
        return too_long(s, e);
    }
    settings_drop(s);
    *s = changed;
    return BASE_OK;
}

static enum base_err merged(struct settings *s, const cJSON *patch, char *text,
                            struct settings_errors *e)
{
    size_t size = settings_print(s, SETTINGS_CHANGED, text, settings_max_bytes(s->port) + 1);
    cJSON *document = cJSON_ParseWithLength(text, size);
    enum base_err err = BASE_ERR_NOMEM;
    if (document && merge(document, patch))
        err = take(s, document, text, e);
    cJSON_Delete(document);
    return err;
}

enum base_err settings_patch(struct settings *s, const char *patch, size_t size,
                             struct settings_errors *errors, struct settings_keys *set)
{
    char why[SETTINGS_WHY_SIZE];
    if (!settings_json_check(patch, size, settings_max_bytes(s->port), why))
        return settings_error_add(errors, NULL, why);
    cJSON *tree = cJSON_ParseWithLength(patch, size);
    char *text = cJSON_malloc(settings_max_bytes(s->port) + 1);
    enum base_err err = tree && text ? refuse_twice(tree, NULL, errors) : BASE_ERR_NOMEM;
    if (err == BASE_OK && set)
        *set = keys_of(tree);
    if (err == BASE_OK)
        err = merged(s, tree, text, errors);
    cJSON_free(text);
    cJSON_Delete(tree);
    return err;
}
