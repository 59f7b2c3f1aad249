// SPDX-License-Identifier: Apache-2.0
// The secret document from text. What is wrong is said by place, never with a value.
#include "users/users_document.h"

#include "settings/settings_json.h"
#include "settings/settings_migrate.h"
#include "users/users_hex.h"

#include <cJSON.h>
#include <string.h>

struct parsing {
    struct users_document *d;
    char *why;
};

static bool refuse(const struct parsing *p, const char *list, unsigned i, const char *sentence)
{
    struct base_text t;
    base_text_init(&t, p->why, SETTINGS_WHY_SIZE);
    base_text_str(&t, list);
    if (list[0] && i) {
        base_text_char(&t, '.');
        base_text_u64(&t, i);
    }
    base_text_str(&t, list[0] ? ": " : "");
    base_text_str(&t, sentence);
    return false;
}

// Whether the object has these members and no others, each once and a text.
static bool has_texts(const cJSON *object, const char *const *names)
{
    unsigned count = 0, wanted = 0;
    while (names[wanted])
        if (!cJSON_IsString(cJSON_GetObjectItemCaseSensitive(object, names[wanted++])))
            return false;
    for (const cJSON *o = object->child; o; o = o->next)
        count++;
    return cJSON_IsObject(object) && count == wanted;
}

static const char *text(const cJSON *object, const char *name)
{
    return cJSON_GetObjectItemCaseSensitive(object, name)->valuestring;
}

static const char *take_user(struct users_document *d, const cJSON *item)
{
    static const char *const names[] = {"name", "role", "password", NULL};
    struct users_user u = {0};
    if (!has_texts(item, names))
        return "name, role and password are wanted";
    if (!users_name_is_good(text(item, "name")))
        return "the name is none";
    if (!users_role_parse(text(item, "role"), &u.role))
        return "the role is none";
    if (!users_password_parse(&u.password, text(item, "password")))
        return "the password is none that this program knows";
    (void)base_text_copy(u.name, sizeof u.name, text(item, "name"));
    if (users_find(d, u.name))
        return "the name is there twice";
    if (d->user_count == USERS_MAX)
        return "there are too many";
    d->users[d->user_count++] = u;
    return NULL;
}

static bool id_is_good(const char *id)
{
    uint8_t bytes[USERS_TOKEN_ID_SIZE / 2];
    return users_hex_take(id, strlen(id), bytes, sizeof bytes);
}

static const char *take_token(struct users_document *d, const cJSON *item)
{
    static const char *const names[] = {"id", "name", "role", "sha256", "by", NULL};
    static const char *const without[] = {"id", "name", "role", "sha256", NULL};
    struct users_token k = {.id = ""};
    bool made_by = cJSON_HasObjectItem(item, "by");
    if (!has_texts(item, made_by ? names : without))
        return "id, name, role and sha256 are wanted";
    if (!id_is_good(text(item, "id")) || !users_name_is_good(text(item, "name")))
        return "the ID or the name is none";
    if (!users_role_parse(text(item, "role"), &k.role))
        return "the role is none";
    const char *hash = text(item, "sha256");
    if (!users_hex_take(hash, strlen(hash), k.hash, sizeof k.hash))
        return "the hash is none";
    (void)base_text_copy(k.id, sizeof k.id, text(item, "id"));
    (void)base_text_copy(k.name, sizeof k.name, text(item, "name"));
    if (made_by)
        users_set_maker(d, &k, text(item, "by"));
    if (made_by && !k.by)
        return "who made it is no user";
    if (made_by && k.role > users_maker(d, &k)->role)
        return "it may do more than who made it";
    enum base_err err = users_add_token(d, &k);
    return err == BASE_OK          ? NULL
           : err == BASE_ERR_LIMIT ? "there are too many"
                                   : "it is there twice";
}

static bool take_list(const struct parsing *p, const cJSON *document, const char *name,
                      const char *(*take)(struct users_document *d, const cJSON *item))
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(document, name), *item;
    unsigned i = 0;
    if (!cJSON_IsArray(list))
        return refuse(p, name, 0, "a list is wanted");
    cJSON_ArrayForEach(item, list)
    {
        const char *wrong = take(p->d, item);
        i++;
        if (wrong)
            return refuse(p, name, i, wrong);
    }
    return true;
}

static bool has_admin(const struct users_document *d)
{
    for (unsigned i = 0; i < d->user_count; i++)
        if (d->users[i].role == USERS_ADMIN)
            return true;
    return false;
}

static bool take(const struct parsing *p, const cJSON *document)
{
    static const char *const names[] = {"version", "users", "tokens", NULL};
    for (const cJSON *o = document->child; o; o = o->next) {
        unsigned i = 0;
        while (names[i] && strcmp(names[i], o->string) != 0)
            i++;
        if (!names[i] || cJSON_GetObjectItemCaseSensitive(document, o->string) != o)
            return refuse(p, "", 0, "there is a member that is none, or one twice");
    }
    if (!take_list(p, document, "users", take_user) ||
        !take_list(p, document, "tokens", take_token))
        return false;
    if (!has_admin(p->d) && (p->d->user_count || p->d->token_count))
        return refuse(p, "users", 0, "there is no admin among them");
    return true;
}

enum base_err users_parse(struct users_document *d, const char *json, size_t size, char *why)
{
    static const settings_step steps[USERS_VERSION] = {NULL};
    if (!settings_json_check(json, size, USERS_MAX_BYTES, why))
        return BASE_ERR_INVALID;
    cJSON *document = cJSON_ParseWithLength(json, size);
    struct users_document *taken = cJSON_malloc(sizeof *taken);
    const struct parsing p = {taken, why};
    enum base_err err = BASE_ERR_NOMEM;
    if (taken)
        memset(taken, 0, sizeof *taken);
    if (document && taken)
        err = settings_migrate(document, steps, USERS_VERSION, why);
    else
        (void)base_text_copy(why, SETTINGS_WHY_SIZE, "no memory to read the document");
    if (err == BASE_OK && !take(&p, document))
        err = BASE_ERR_INVALID;
    if (err == BASE_OK)
        *d = *taken;
    cJSON_free(taken);
    cJSON_Delete(document);
    return err;
}
