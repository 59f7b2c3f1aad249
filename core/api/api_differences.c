// SPDX-License-Identifier: Apache-2.0
#include "api/api_differences.h"

#include "base/base_text.h"
#include "settings/settings.h"

#include <cJSON.h>
#include <string.h>

enum { POINTER_SIZE = 80 };

void api_differences_pointer(struct api_json *j, const char *name, const char *key)
{
    char pointer[POINTER_SIZE];
    struct base_text t;
    base_text_init(&t, pointer, sizeof pointer);
    base_text_char(&t, '/');
    for (; *key; key++)
        base_text_char(&t, *key == '.' ? '/' : *key);
    api_json_text(j, name, pointer);
}

// NULL: it is not there.
static const cJSON *value(const cJSON *document, const char *key)
{
    char section[32];
    size_t size = strcspn(key, ".");
    if (!key[size])
        return cJSON_GetObjectItemCaseSensitive(document, key);
    (void)base_text_copy(section, size + 1 < sizeof section ? size + 1 : sizeof section, key);
    return cJSON_GetObjectItemCaseSensitive(cJSON_GetObjectItemCaseSensitive(document, section),
                                            key + size + 1);
}

static void add_value(struct api_json *j, const char *name, const cJSON *v)
{
    char *text = v ? cJSON_PrintUnformatted(v) : NULL;
    if (text)
        api_json_raw(j, name, text, strlen(text));
    else if (!v)
        api_json_null(j, name);
    j->failed |= v && !text;
    cJSON_free(text);
}

static void add_difference(struct api_json *j, const char *key, const cJSON *from, const cJSON *to)
{
    if ((!from && !to) || cJSON_Compare(from, to, true))
        return;
    api_json_object(j, NULL);
    api_differences_pointer(j, "pointer", key);
    add_value(j, "from", from);
    add_value(j, "to", to);
    api_json_object_end(j);
}

void api_differences_add(struct api_json *j, const char *before, const char *after)
{
    cJSON *from = cJSON_Parse(before), *to = cJSON_Parse(after);
    const char *key;
    j->failed |= !from || !to;
    api_json_array(j, "differences");
    for (unsigned i = 0; (key = settings_document_key(i)); i++)
        add_difference(j, key, value(from, key), value(to, key));
    api_json_array_end(j);
    cJSON_Delete(from);
    cJSON_Delete(to);
}

// --- users ---------------------------------------------------------------------------------------

static bool same_user(const struct users_user *a, const struct users_user *b)
{
    return b && a->role == b->role && users_password_equal(&a->password, &b->password);
}

// Names in one document that are other ones in `other`, or not there; with `missing` only these.
static void add_users(struct api_json *j, const struct users_document *d,
                      const struct users_document *other, bool missing)
{
    for (unsigned i = 0; i < d->user_count; i++) {
        const struct users_user *u = users_find(other, d->users[i].name);
        if (missing ? !u : !same_user(&d->users[i], u))
            api_json_text(j, NULL, d->users[i].name);
    }
}

static bool same_token(const struct users_token *a, const struct users_token *b)
{
    return b && a->role == b->role && strcmp(a->name, b->name) == 0 &&
           memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

static void add_tokens(struct api_json *j, const struct users_document *d,
                       const struct users_document *other, bool missing)
{
    for (unsigned i = 0; i < d->token_count; i++) {
        const struct users_token *k = users_find_token(other, d->tokens[i].id);
        if (missing ? !k : !same_token(&d->tokens[i], k))
            api_json_text(j, NULL, d->tokens[i].name);
    }
}

void api_differences_add_users(struct api_json *j, const struct users_document *before,
                               const struct users_document *after)
{
    if (!before) {
        api_json_null(j, "secrets");
        return;
    }
    api_json_object(j, "secrets");
    api_json_array(j, "users");
    add_users(j, after, before, false);
    add_users(j, before, after, true);
    api_json_array_end(j);
    api_json_array(j, "tokens");
    add_tokens(j, after, before, false);
    add_tokens(j, before, after, true);
    api_json_array_end(j);
    api_json_object_end(j);
}
