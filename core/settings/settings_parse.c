// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_parse.h"
#include "settings/settings_field.h"
#include "settings/settings_json.h"
#include "settings/settings_list.h"
#include "settings/settings_migrate.h"

#include <string.h>

// What is parsed, and what comes of it. Not on the stack, of which the chip has little.
struct parsing {
    struct settings s;
    struct settings_draft lists;
    struct settings_keys set;
    struct settings_errors *errors;
    char why[SETTINGS_WHY_SIZE];
};

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

static bool is_key(const char *key, size_t section_size, const char *section, const char *name)
{
    return strlen(section) == section_size && memcmp(key, section, section_size) == 0 &&
           strcmp(key + section_size + (section_size > 0), name) == 0;
}

static const struct settings_field *find(const struct settings_port *port, const char *section,
                                         const char *name)
{
    const struct settings_field *f;
    for (unsigned i = 0; (f = settings_field(port, i)); i++)
        if (is_key(f->key, f->section_size, section, name))
            break;
    return f;
}

static enum settings_list find_list(const struct settings_port *port, const char *section,
                                    const char *name)
{
    enum settings_list i = 0;
    for (; i < SETTINGS_LISTS; i++)
        if (settings_list_exists(port, i) &&
            is_key(settings_list_key(i), settings_list_section_size(i), section, name))
            break;
    return i;
}

static void remember(struct settings_keys *set, const char *key)
{
    const char *other;
    for (unsigned i = 0; (other = settings_document_key(i)); i++)
        if (strcmp(other, key) == 0)
            set->bits |= UINT64_C(1) << i;
}

static void apply_value(struct parsing *p, const cJSON *section, const cJSON *item)
{
    const struct settings_place in = {.name = section ? section->string : NULL};
    const struct settings_place place = {.in = section ? &in : NULL, .name = item->string};
    const char *section_name = section ? section->string : "";
    const struct settings_field *f = find(p->s.port, section_name, item->string);
    enum settings_list list = find_list(p->s.port, section_name, item->string);
    if (f && !take_value(&p->s, f, item)) {
        struct base_text t;
        settings_error_begin(p->errors, &place, &t);
        settings_field_wants(p->s.port, f, &t);
    } else if (list < SETTINGS_LISTS) {
        settings_draft_take(&p->lists, list, item, p->errors);
        remember(&p->set, settings_list_key(list));
    } else if (!f) {
        (void)settings_error_add(p->errors, &place, "there is no such setting here");
    }
    if (f)
        remember(&p->set, f->key);
}

// --- the whole -----------------------------------------------------------------------------------

// The library keeps all members of one name and finds the first of them.
static void refuse_twice(const cJSON *object, const struct settings_place *in,
                         struct settings_errors *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        const struct settings_place place = {.in = in, .name = item->string};
        if (cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            (void)settings_error_add(e, &place, "it is there twice");
    }
}

bool settings_parse_section(const struct settings_port *port, const char *name)
{
    const struct settings_field *f;
    for (unsigned i = 0; (f = settings_field(port, i)); i++)
        if (f->section_size && settings_field_in(f, name))
            return true;
    for (enum settings_list list = 0; list < SETTINGS_LISTS; list++) {
        size_t size = settings_list_section_size(list);
        if (size && settings_list_exists(port, list) && strlen(name) == size &&
            memcmp(settings_list_key(list), name, size) == 0)
            return true;
    }
    return false;
}

static void apply_section(struct parsing *p, const cJSON *section)
{
    const struct settings_place place = {.name = section->string};
    const cJSON *item;
    if (!cJSON_IsObject(section)) {
        (void)settings_error_add(p->errors, &place, "its settings in { } are wanted");
        return;
    }
    refuse_twice(section, &place, p->errors);
    cJSON_ArrayForEach(item, section)
    {
        apply_value(p, section, item);
    }
}

static void apply(struct parsing *p, const cJSON *document)
{
    const cJSON *item;
    refuse_twice(document, NULL, p->errors);
    cJSON_ArrayForEach(item, document)
    {
        if (strcmp(item->string, "version") == 0)
            continue;
        if (settings_parse_section(p->s.port, item->string))
            apply_section(p, item);
        else
            apply_value(p, NULL, item);
    }
}

// "limits.max_urbs: sentence" to the place and the sentence.
static void add_why(struct settings_errors *e, char *why)
{
    char *colon = strstr(why, ": "), *dot = strchr(why, '.');
    struct settings_place section = {.name = why}, place = {.name = why};
    *colon = '\0';
    if (dot && dot < colon) {
        *dot = '\0';
        place = (struct settings_place){.in = &section, .name = dot + 1};
    }
    (void)settings_error_add(e, &place, colon + 2);
}

static enum base_err finish(struct parsing *p)
{
    if (p->lists.no_memory)
        return BASE_ERR_NOMEM;
    if (p->errors->count == 0 && settings_check(&p->s, p->why) != BASE_OK)
        add_why(p->errors, p->why);
    if (p->errors->count)
        return BASE_ERR_INVALID;
    return settings_draft_finish(&p->lists, &p->s.lists) ? BASE_OK : BASE_ERR_NOMEM;
}

// From version n to n + 1 at [n]. What is new in 2 is not in a document of 1; but a program that
// knows only 1 must not take one with rules for a damaged one, and do without them.
static bool from_1_to_2(cJSON *document)
{
    (void)document;
    return true;
}

enum base_err settings_parse_migrate(cJSON *document, char *why)
{
    static const settings_step steps[SETTINGS_VERSION] = {NULL, from_1_to_2};
    return settings_migrate(document, steps, SETTINGS_VERSION, why);
}

static enum base_err parse(struct parsing *p, cJSON *document)
{
    enum base_err err = settings_parse_migrate(document, p->why);
    if (err == BASE_ERR_INVALID || err == BASE_ERR_UNSUPPORTED)
        add_why(p->errors, p->why);
    if (err != BASE_OK)
        return err;
    apply(p, document);
    return finish(p);
}

static enum base_err parse_text(struct parsing *p, const char *json, size_t size)
{
    static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'}; // some editors write one
    size_t most = settings_max_bytes(p->s.port);
    if (size >= sizeof byte_order_mark &&
        memcmp(json, byte_order_mark, sizeof byte_order_mark) == 0) {
        json += sizeof byte_order_mark;
        size -= sizeof byte_order_mark;
    }
    if (!settings_json_check(json, size, most, p->why))
        return settings_error_add(p->errors, NULL, p->why);
    cJSON *document = cJSON_ParseWithLength(json, size);
    if (!document)
        return BASE_ERR_NOMEM;
    settings_draft_begin(&p->lists, &p->s);
    enum base_err err = parse(p, document);
    settings_draft_end(&p->lists);
    cJSON_Delete(document);
    return err;
}

static enum base_err no_memory(struct settings_errors *errors)
{
    (void)settings_error_add(errors, NULL, "no memory to read the document");
    return BASE_ERR_NOMEM;
}

enum base_err settings_parse_all(struct settings *s, const char *json, size_t size,
                                 struct settings_errors *errors, struct settings_keys *set)
{
    struct parsing *p = cJSON_malloc(sizeof *p);
    if (!p)
        return no_memory(errors);
    memset(p, 0, sizeof *p);
    p->s = *s;
    p->errors = errors;
    enum base_err err = parse_text(p, json, size);
    if (err == BASE_ERR_NOMEM)
        (void)no_memory(errors);
    if (err == BASE_OK) {
        settings_drop(s);
        *s = p->s;
    }
    if (err == BASE_OK && set)
        *set = p->set;
    cJSON_free(p);
    return err;
}

enum base_err settings_parse(struct settings *s, const char *json, size_t size, char *why)
{
    struct settings_error *first = cJSON_malloc(sizeof *first);
    struct settings_errors errors = {.list = first, .max = 1};
    if (!first) {
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, "no memory to read the document");
        return BASE_ERR_NOMEM;
    }
    enum base_err err = settings_parse_all(s, json, size, &errors, NULL);
    if (err != BASE_OK)
        settings_error_text(first, why);
    cJSON_free(first);
    return err;
}
