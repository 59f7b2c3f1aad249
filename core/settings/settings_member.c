// SPDX-License-Identifier: Apache-2.0
#include "settings/settings_member.h"

#include <string.h>

static bool is_among(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

void settings_member_only(const cJSON *object, const char *const *names,
                          const struct settings_place *in, struct settings_errors *e)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, object)
    {
        const struct settings_place place = {.in = in, .name = item->string};
        if (cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            (void)settings_error_add(e, &place, "it is there twice");
        else if (!is_among(item->string, names))
            (void)settings_error_add(e, &place, "there is no such setting here");
    }
}

bool settings_member_object(const cJSON *item, const struct settings_place *place,
                            struct settings_errors *e)
{
    if (cJSON_IsObject(item))
        return true;
    (void)settings_error_add(e, place, "its members in { } are wanted");
    return false;
}

static bool is_plain(const char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7f)
            return false;
    return true;
}

static void add_number(struct base_text *t, const char *before, size_t n, const char *behind)
{
    base_text_str(t, before);
    base_text_u64(t, n);
    base_text_str(t, behind);
}

const char *settings_member_text(const cJSON *item, size_t size, bool empty,
                                 const struct settings_place *place, struct settings_errors *e)
{
    const char *text = cJSON_IsString(item) ? item->valuestring : NULL;
    if (text && is_plain(text) && strlen(text) < size && (empty || text[0]))
        return text;
    struct base_text t;
    settings_error_begin(e, place, &t);
    add_number(&t, empty ? "a text of up to " : "a text of 1 to ", size - 1,
               " bytes without control characters is wanted");
    return NULL;
}

bool settings_member_block(const cJSON *item, struct base_block *b,
                           const struct settings_place *place, struct settings_errors *e)
{
    struct base_text t;
    if (!cJSON_IsString(item) || !base_block_parse(item->valuestring, b)) {
        (void)settings_error_add(e, place,
                                 "an IPv4 or IPv6 address or a block like 10.0.0.0/28 is wanted");
        return false;
    }
    if (base_block_begins(item->valuestring))
        return true;
    settings_error_begin(e, place, &t); // one machine, or all of its network?
    base_text_str(&t, "write ");
    base_block_text(b, &t);
    base_text_str(&t, " for that whole network, or the address without a / for one machine");
    return false;
}

// --- which device --------------------------------------------------------------------------------

static bool take_hex(const char **text, unsigned digits, uint32_t *v)
{
    static const char all[] = "0123456789abcdef0123456789ABCDEF";
    for (; digits; digits--, ++*text) {
        const char *at = **text ? strchr(all, **text) : NULL;
        if (!at)
            return false;
        *v = *v << 4 | ((uint32_t)(at - all) & 15);
    }
    return true;
}

static bool take_id(const char *text, uint32_t *v)
{
    return take_hex(&text, 4, v) && *text++ == ':' && take_hex(&text, 4, v) && !*text;
}

static bool take_class(const char *text, uint32_t *v)
{
    return take_hex(&text, 2, v) && !*text;
}

static const struct selector {
    const char *name, *wants; // NULL: any text
    size_t size;
} selectors[] = {
    [ACCESS_BY_BUSID] = {"busid", "a busid like 1-2.1 is wanted", 32},
    [ACCESS_BY_ALIAS] = {"alias", "an alias is wanted: 1 to 31 of a-z, 0-9, '.', '_' and '-'", 32},
    [ACCESS_BY_SERIAL] = {"serial", NULL, ACCESS_KEY_SIZE},
    [ACCESS_BY_LABEL] = {"label", NULL, ACCESS_NAME_SIZE},
    [ACCESS_BY_ID] = {"id", "vendor and product in hex like 0483:374b are wanted", 10},
    [ACCESS_BY_CLASS] = {"class", "a class of two hex digits like 03 is wanted", 3},
};
enum { SELECTORS = sizeof selectors / sizeof selectors[0] };

static bool is_right(struct access_rule *r)
{
    switch (r->by) {
    case ACCESS_BY_BUSID:
        return access_looks_like_busid(r->text) && strlen(r->text) < 32;
    case ACCESS_BY_ALIAS:
        return access_alias_valid(r->text);
    case ACCESS_BY_ID:
        return take_id(r->text, &r->number);
    case ACCESS_BY_CLASS:
        return take_class(r->text, &r->number);
    case ACCESS_BY_SERIAL:
    case ACCESS_BY_LABEL:
        break;
    }
    return true;
}

static void take_selector(const cJSON *item, struct access_rule *r,
                          const struct settings_place *place, struct settings_errors *e)
{
    const struct selector *by = &selectors[r->by];
    const struct settings_place at = {.in = place, .name = by->name};
    r->number = 0;
    if (by->wants) {
        r->text = cJSON_IsString(item) ? item->valuestring : "";
        if (!is_right(r))
            (void)settings_error_add(e, &at, by->wants);
        return;
    }
    r->text = settings_member_text(item, by->size, false, &at, e);
}

void settings_member_device(const cJSON *object, struct access_rule *r,
                            const struct settings_place *place, struct settings_errors *e)
{
    const char *names[SELECTORS + 1] = {NULL};
    unsigned found = 0;
    for (unsigned i = 0; i < SELECTORS; i++)
        names[i] = selectors[i].name;
    settings_member_only(object, names, place, e);
    for (unsigned i = 0; i < SELECTORS; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, selectors[i].name);
        if (!item || found++)
            continue;
        r->by = (enum access_selector)i;
        take_selector(item, r, place, e);
    }
    if (found != 1)
        (void)settings_error_add(e, place,
                                 "one of busid, alias, serial, label, id and class is wanted");
}
