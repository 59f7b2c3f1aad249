// SPDX-License-Identifier: Apache-2.0
#include "users/users.h"

#include "users/users_hex.h"

#include <cJSON.h> // its memory only
#include <string.h>

static const char token_mark[] = "ub_";

// --- the document --------------------------------------------------------------------------------

static bool is_same_user(const struct users_user *a, const struct users_user *b)
{
    return b && a->role == b->role && users_password_equal(&a->password, &b->password);
}

void users_take(struct users *u, const struct users_document *now, uint32_t keep)
{
    for (unsigned i = 0; i < u->document.user_count; i++) {
        const struct users_user *was = &u->document.users[i];
        const struct users_user *is = users_find(now, was->name);
        if (!is_same_user(was, is))
            users_sessions_end(&u->sessions, was->name, is && is->role == was->role ? keep : 0);
    }
    u->document = *now;
}

void users_take_after(struct users *u, const struct users_document *was,
                      const struct users_document *now, uint32_t keep)
{
    if (users_equal(&u->document, was))
        users_take(u, now, keep);
}

static enum base_err parse(void *ctx, const char *text, size_t size, char *why)
{
    return users_parse(ctx, text, size, why);
}

enum settings_store_result users_read(const struct users_config *c, struct users_document *d)
{
    memset(d, 0, sizeof *d);
    return settings_store_load_as(c->store, "users", parse, d);
}

enum settings_store_result users_load(struct users *u)
{
    struct users_document *now = cJSON_malloc(sizeof *now);
    enum settings_store_result result = SETTINGS_STORE_FAILED;
    (void)base_text_copy(u->config.store->why, SETTINGS_WHY_SIZE, "no memory for the users");
    if (now)
        result = users_read(&u->config, now);
    if (result == SETTINGS_STORE_OK || result == SETTINGS_STORE_NONE ||
        result == SETTINGS_STORE_OLDER)
        users_take(u, now, 0);
    cJSON_free(now);
    return result;
}

// What the store has by now, which is somebody else's work if it differs. BASE_OK: write, and keep
// the copy of age *age.
static enum base_err look(const struct users_config *c, const struct users_document *was,
                          struct users_document *there, unsigned *age)
{
    memset(there, 0, sizeof *there);
    enum settings_store_result newest = settings_store_newest(c->store, parse, there);
    *age = newest != SETTINGS_STORE_OK;
    if (newest == SETTINGS_STORE_NEWER || newest == SETTINGS_STORE_FAILED)
        return BASE_ERR_IO;
    return newest == SETTINGS_STORE_OK && !users_equal(there, was) ? BASE_ERR_BUSY : BASE_OK;
}

enum base_err users_write(const struct users_config *c, const struct users_document *was,
                          const struct users_document *changed, struct users_document *there)
{
    struct settings_store *st = c->store;
    unsigned age;
    if (!st)
        return BASE_OK;
    if (st->hold && !st->hold(st, true))
        return BASE_ERR_IO;
    enum base_err err = look(c, was, there, &age);
    if (err == BASE_OK) {
        size_t size = users_print(changed, st->text, st->text_size);
        err = st->write(st, size, age) == SETTINGS_STORE_OK ? BASE_OK : BASE_ERR_IO;
    }
    if (st->hold)
        (void)st->hold(st, false);
    return err;
}

bool users_erase(const struct users_config *c)
{
    struct settings_store *st = c->store;
    if (!st)
        return true;
    if (st->hold && !st->hold(st, true))
        return false;
    enum settings_store_result result = settings_store_erase(st);
    if (st->hold)
        (void)st->hold(st, false);
    return result == SETTINGS_STORE_OK;
}

// --- who is it -----------------------------------------------------------------------------------

bool users_by_secret(struct users *u, const char *secret, uint64_t now_us,
                     struct users_identity *who)
{
    const struct users_session *s =
        users_session_use(&u->sessions, u->config.crypto, secret, now_us);
    const struct users_user *user = s ? users_find(&u->document, s->user) : NULL;
    if (!user)
        return false;
    *who = (struct users_identity){.kind = USERS_BY_SESSION, .role = user->role, .session = s->id};
    return true;
}

bool users_by_token(struct users *u, const char *token, struct users_identity *who)
{
    const struct users_crypto *c = u->config.crypto;
    uint8_t hash[USERS_HASH_SIZE];
    const struct users_token *found = NULL;
    if (!c->sha256(c->ctx, token, strlen(token), hash))
        return false;
    for (unsigned i = 0; i < u->document.token_count; i++) // all of them, whichever it is
        if (users_crypto_equal(u->document.tokens[i].hash, hash, sizeof hash))
            found = &u->document.tokens[i];
    if (!found)
        return false;
    *who = (struct users_identity){.kind = USERS_BY_TOKEN, .role = found->role};
    (void)base_text_copy(who->token, sizeof who->token, found->id);
    return true;
}

const char *users_name(const struct users *u, const struct users_identity *who, uint64_t now_us)
{
    const struct users_token *token =
        who->kind == USERS_BY_TOKEN ? users_find_token(&u->document, who->token) : NULL;
    const struct users_session *s = users_session_find(&u->sessions, who->session, now_us);
    return token ? token->name : s ? s->user : "";
}

bool users_is_still(const struct users *u, const struct users_identity *who, uint64_t now_us)
{
    if (who->kind == USERS_BY_TOKEN) {
        const struct users_token *token = users_find_token(&u->document, who->token);
        return token && token->role == who->role;
    }
    const struct users_session *s = users_session_find(&u->sessions, who->session, now_us);
    const struct users_user *user = s ? users_find(&u->document, s->user) : NULL;
    return user && user->role == who->role;
}

// --- new tokens ----------------------------------------------------------------------------------

bool users_token_make(const struct users_config *config, struct users_token *token,
                      char text[USERS_TOKEN_SIZE])
{
    const struct users_crypto *c = config->crypto;
    uint8_t id[USERS_TOKEN_ID_SIZE / 2];
    struct base_text t;
    size_t mark = strlen(token_mark);
    memcpy(text, token_mark, mark);
    if (!c->random(c->ctx, id, sizeof id) || !users_secret_make(c, text + mark) ||
        !c->sha256(c->ctx, text, strlen(text), token->hash))
        return false;
    base_text_init(&t, token->id, sizeof token->id);
    users_hex_add(&t, id, sizeof id);
    return true;
}
