// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_field.h"
#include "settings/settings_json.h"
#include "settings/settings_migrate.h"

#include <string.h>

static enum base_err refuse(char *why, const cJSON *section, const char *name, const char *sentence)
{
    struct base_text t;
    base_text_init(&t, why, SETTINGS_WHY_SIZE);
    if (section) {
        base_text_str(&t, section->string);
        base_text_char(&t, '.');
    }
    for (unsigned i = 0; name[i] && i < 80; i++) // so that the sentence still fits
        base_text_char(&t, name[i]);
    base_text_str(&t, ": ");
    base_text_str(&t, sentence);
    return BASE_ERR_INVALID;
}

// --- one value -----------------------------------------------------------------------------------

static bool take_value(struct settings *s, const struct settings_field *f, const cJSON *item)
{
    if (f->kind != SETTINGS_KIND_NUMBER)
        return cJSON_IsString(item) && settings_field_from_text(s, f, item->valuestring);
    double v = item->valuedouble;
    if (!cJSON_IsNumber(item) || v < 0 || v > UINT32_MAX || v != (uint32_t)v)
        return false;
    settings_field_set_number(s, f, (uint32_t)v);
    return true;
}

static const struct settings_field *find(const struct settings_port *port, const char *section,
                                         const char *name)
{
    const struct settings_field *f;
    for (unsigned i = 0; (f = settings_field(port, i)); i++)
        if (settings_field_in(f, section) && strcmp(settings_field_name(f), name) == 0)
            break;
    return f;
}

static enum base_err apply_value(struct settings *s, const cJSON *section, const cJSON *item,
                                 char *why)
{
    const struct settings_field *f = find(s->port, section ? section->string : "", item->string);
    if (!f)
        return refuse(why, section, item->string, "there is no such setting here");
    if (take_value(s, f, item))
        return BASE_OK;
    char wants[SETTINGS_WHY_SIZE];
    struct base_text t;
    base_text_init(&t, wants, sizeof wants);
    settings_field_wants(s->port, f, &t);
    return refuse(why, section, item->string, wants);
}

// --- the whole -----------------------------------------------------------------------------------

// The library keeps all members of one name and finds the first of them.
static const cJSON *twice(const cJSON *object)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        if (cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            return item;
    }
    return NULL;
}

static enum base_err refuse_twice(const cJSON *document, char *why)
{
    const cJSON *section, *item = twice(document);
    if (item)
        return refuse(why, NULL, item->string, "it is there twice");
    cJSON_ArrayForEach(section, document)
    {
        item = cJSON_IsObject(section) ? twice(section) : NULL;
        if (item)
            return refuse(why, section, item->string, "it is there twice");
    }
    return BASE_OK;
}

static bool is_section(const struct settings_port *port, const char *name)
{
    const struct settings_field *f;
    for (unsigned i = 0; (f = settings_field(port, i)); i++)
        if (f->section_size && settings_field_in(f, name))
            return true;
    return false;
}

static enum base_err apply_section(struct settings *s, const cJSON *section, char *why)
{
    const cJSON *item;
    enum base_err err = BASE_OK;
    if (!cJSON_IsObject(section))
        return refuse(why, NULL, section->string, "its settings in { } are wanted");
    cJSON_ArrayForEach(item, section)
    {
        if (err == BASE_OK)
            err = apply_value(s, section, item, why);
    }
    return err;
}

static enum base_err apply(struct settings *s, const cJSON *document, char *why)
{
    const cJSON *item;
    enum base_err err = BASE_OK;
    cJSON_ArrayForEach(item, document)
    {
        if (err != BASE_OK || strcmp(item->string, "version") == 0)
            continue;
        err = is_section(s->port, item->string) ? apply_section(s, item, why)
                                                : apply_value(s, NULL, item, why);
    }
    return err;
}

static enum base_err parse(struct settings *s, cJSON *document, char *why)
{
    // From version n to n + 1 at [n]. There is only one version so far.
    static const settings_step steps[SETTINGS_VERSION] = {NULL};
    enum base_err err = refuse_twice(document, why);
    if (err == BASE_OK)
        err = settings_migrate(document, steps, SETTINGS_VERSION, why);
    if (err == BASE_OK)
        err = apply(s, document, why);
    return err == BASE_OK ? settings_check(s, why) : err;
}

enum base_err settings_parse(struct settings *s, const char *json, size_t size, char *why)
{
    static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'}; // some editors write one
    if (size >= sizeof byte_order_mark &&
        memcmp(json, byte_order_mark, sizeof byte_order_mark) == 0) {
        json += sizeof byte_order_mark;
        size -= sizeof byte_order_mark;
    }
    if (!settings_json_check(json, size, why))
        return BASE_ERR_INVALID;
    cJSON *document = cJSON_ParseWithLength(json, size);
    if (!document) {
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, "no memory to read the document");
        return BASE_ERR_NOMEM;
    }
    struct settings changed = *s;
    enum base_err err = parse(&changed, document, why);
    cJSON_Delete(document);
    if (err == BASE_OK)
        *s = changed;
    return err;
}
