// SPDX-License-Identifier: Apache-2.0
#include "api/api_json.h"

#include "base/base_text.h"

// Takes `item`. NULL counts as failure.
static cJSON *add(struct api_json *j, cJSON *parent, const char *name, cJSON *item)
{
    bool added =
        item && parent && !j->failed &&
        (name ? cJSON_AddItemToObject(parent, name, item) : cJSON_AddItemToArray(parent, item));
    if (added)
        return item;
    cJSON_Delete(item);
    j->failed = true;
    return NULL;
}

void api_json_begin(struct api_json *j)
{
    j->root = cJSON_CreateObject();
    j->failed = !j->root;
}

char *api_json_end(struct api_json *j)
{
    char *text = j->failed ? NULL : cJSON_PrintUnformatted(j->root);
    cJSON_Delete(j->root);
    j->root = NULL;
    return text;
}

cJSON *api_json_object(struct api_json *j, cJSON *parent, const char *name)
{
    return add(j, parent, name, cJSON_CreateObject());
}

cJSON *api_json_array(struct api_json *j, cJSON *parent, const char *name)
{
    return add(j, parent, name, cJSON_CreateArray());
}

void api_json_number(struct api_json *j, cJSON *parent, const char *name, uint64_t v)
{
    add(j, parent, name, cJSON_CreateNumber((double)v));
}

// With milliseconds: more would be noise.
void api_json_seconds(struct api_json *j, cJSON *parent, const char *name, uint64_t us)
{
    uint64_t ms = us / 1000;
    add(j, parent, name, cJSON_CreateNumber((double)ms / 1000));
}

void api_json_bool(struct api_json *j, cJSON *parent, const char *name, bool v)
{
    add(j, parent, name, cJSON_CreateBool(v));
}

// Bytes of the UTF-8 character at `s` (RFC 3629: no overlong forms, surrogates, or above U+10FFFF);
// 0 if there is none.
static unsigned utf8_length(const uint8_t *s)
{
    unsigned n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] > 0xf4)
        return 0;
    for (unsigned i = 1; i < n; i++) // a NUL ends this too
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    bool overlong = (s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xf0 && s[1] < 0x90);
    bool outside = (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf4 && s[1] > 0x8f);
    return overlong || outside ? 0 : n;
}

static void replace_invalid(char *text)
{
    for (uint8_t *s = (uint8_t *)text; *s;) {
        unsigned n = utf8_length(s);
        if (n == 0)
            *s = '?';
        s += n ? n : 1;
    }
}

void api_json_text(struct api_json *j, cJSON *parent, const char *name, const char *text)
{
    cJSON *item = add(j, parent, name, text ? cJSON_CreateString(text) : cJSON_CreateNull());
    if (item && text)
        replace_invalid(cJSON_GetStringValue(item));
}

void api_json_usb_id(struct api_json *j, cJSON *parent, const char *name, uint16_t vendor,
                     uint16_t product)
{
    char text[10];
    struct base_text t;
    base_text_init(&t, text, sizeof text);
    base_text_hex(&t, vendor, 4);
    base_text_char(&t, ':');
    base_text_hex(&t, product, 4);
    api_json_text(j, parent, name, text);
}
