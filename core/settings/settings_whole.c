// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_whole.h"

#include "base/base_text.h"
#include "settings/settings_field.h"
#include "settings/settings_list.h"
#include "settings/settings_parse.h"

#include <string.h>

enum { KEY_SIZE = 64 }; // longer names are nobody's

// "access.mode"; longer keys are cut, and are none.
static void name_key(char key[KEY_SIZE], const char *section, const char *name)
{
    struct base_text t;
    base_text_init(&t, key, KEY_SIZE);
    base_text_str(&t, section);
    base_text_str(&t, section ? "." : "");
    base_text_str(&t, name);
}

static bool is_list_here(const struct settings_port *port, const char *key)
{
    for (enum settings_list i = 0; i < SETTINGS_LISTS; i++)
        if (strcmp(settings_list_key(i), key) == 0)
            return settings_list_exists(port, i);
    return false;
}

static bool is_known(const char *key)
{
    const char *known;
    for (unsigned i = 0; (known = settings_document_key(i)); i++)
        if (strcmp(known, key) == 0)
            return true;
    return false;
}

// Whether it is for this port to take.
static bool judge(const struct settings_whole *w, const char *key)
{
    enum settings_left why = SETTINGS_LEFT_FIXED;
    if (!is_known(key))
        why = SETTINGS_LEFT_UNKNOWN;
    else if (!settings_field_find(w->port, key) && !is_list_here(w->port, key))
        why = SETTINGS_LEFT_PORT;
    else if (!w->is_fixed(w->ctx, key))
        return true;
    w->left(w->ctx, key, why);
    return false;
}

// --- what is not for this port -------------------------------------------------------------------

static void take_out(const struct settings_whole *w, cJSON *object, const char *section)
{
    char key[KEY_SIZE];
    for (cJSON *item = object->child, *next; item; item = next) {
        next = item->next;
        name_key(key, section, item->string);
        if (!judge(w, key))
            cJSON_Delete(cJSON_DetachItemViaPointer(object, item));
    }
}

// Whether something of a member stays. Of a section that is for each of its values; one that is no
// object is for who reads it to refuse.
static bool stays(const struct settings_whole *w, cJSON *item)
{
    char key[KEY_SIZE];
    if (cJSON_IsObject(item)) {
        take_out(w, item, item->string);
        return item->child != NULL;
    }
    name_key(key, NULL, item->string);
    return settings_parse_section(w->port, key) ? !cJSON_IsNull(item) : judge(w, key);
}

static void take_out_all(const struct settings_whole *w, cJSON *document)
{
    for (cJSON *item = document->child, *next; item; item = next) {
        next = item->next;
        if (!stays(w, item))
            cJSON_Delete(cJSON_DetachItemViaPointer(document, item));
    }
}

// --- what is not in it any more ------------------------------------------------------------------

static bool add_null(cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name) || cJSON_AddNullToObject(object, name);
}

static bool clear_section(const struct settings_whole *w, cJSON *document, const cJSON *present)
{
    cJSON *section = cJSON_GetObjectItemCaseSensitive(document, present->string);
    const cJSON *item;
    char key[KEY_SIZE];
    if (!section)
        section = cJSON_AddObjectToObject(document, present->string);
    if (!section)
        return false;
    cJSON_ArrayForEach(item, present)
    {
        name_key(key, present->string, item->string);
        if (cJSON_IsObject(section) && !w->is_fixed(w->ctx, key) &&
            !add_null(section, item->string))
            return false;
    }
    return true;
}

// False: no memory.
static bool clear(const struct settings_whole *w, cJSON *document, const cJSON *present)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, present)
    {
        if (strcmp(item->string, "version") == 0)
            continue;
        if (cJSON_IsObject(item)
                ? !clear_section(w, document, item)
                : !w->is_fixed(w->ctx, item->string) && !add_null(document, item->string))
            return false;
    }
    return true;
}

enum base_err settings_whole(const struct settings_whole *w, cJSON *document, const cJSON *present,
                             char *why)
{
    enum base_err err = settings_parse_migrate(document, why);
    if (err != BASE_OK)
        return err;
    cJSON_DeleteItemFromObjectCaseSensitive(document, "version");
    take_out_all(w, document);
    return clear(w, document, present) ? BASE_OK : BASE_ERR_NOMEM;
}
