// SPDX-License-Identifier: Apache-2.0
#include "users/users_document.h"

#include "users/users_hex.h"

#include <string.h>

static const char *const role_names[] = {
    [USERS_VIEW] = "view", [USERS_OPERATE] = "operate", [USERS_ADMIN] = "admin"};

const char *users_role_name(enum users_role role)
{
    return role > USERS_NOTHING && role <= USERS_ADMIN ? role_names[role] : "nothing";
}

bool users_role_parse(const char *name, enum users_role *role)
{
    for (*role = USERS_VIEW; *role <= USERS_ADMIN; (*role)++)
        if (strcmp(name, role_names[*role]) == 0)
            return true;
    return false;
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool users_name_is_good(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= USERS_NAME_SIZE || !is_letter(name[0]))
        return false;
    for (; *name; name++)
        if (!is_letter(*name) && !strchr("._-", *name))
            return false;
    return true;
}

const struct users_user *users_find(const struct users_document *d, const char *name)
{
    for (unsigned i = 0; i < d->user_count; i++)
        if (strcmp(d->users[i].name, name) == 0)
            return &d->users[i];
    return NULL;
}

const struct users_token *users_find_token(const struct users_document *d, const char *id)
{
    for (unsigned i = 0; i < d->token_count; i++)
        if (strcmp(d->tokens[i].id, id) == 0)
            return &d->tokens[i];
    return NULL;
}

static bool is_same_token(const struct users_token *a, const struct users_token *b)
{
    return strcmp(a->id, b->id) == 0 && strcmp(a->name, b->name) == 0 && a->role == b->role &&
           a->by == b->by && memcmp(a->hash, b->hash, sizeof a->hash) == 0;
}

bool users_equal(const struct users_document *a, const struct users_document *b)
{
    if (a->user_count != b->user_count || a->token_count != b->token_count)
        return false;
    for (unsigned i = 0; i < a->user_count; i++)
        if (strcmp(a->users[i].name, b->users[i].name) != 0 ||
            a->users[i].role != b->users[i].role ||
            !users_password_equal(&a->users[i].password, &b->users[i].password))
            return false;
    for (unsigned i = 0; i < a->token_count; i++)
        if (!is_same_token(&a->tokens[i], &b->tokens[i]))
            return false;
    return true;
}

const struct users_user *users_maker(const struct users_document *d, const struct users_token *t)
{
    return t->by ? &d->users[t->by - 1] : NULL;
}

void users_set_maker(const struct users_document *d, struct users_token *t, const char *name)
{
    const struct users_user *user = users_find(d, name);
    t->by = user ? (uint8_t)(user - d->users + 1) : 0;
}

// --- changes -------------------------------------------------------------------------------------

static bool is_last_admin(const struct users_document *d, const struct users_user *user)
{
    unsigned admins = 0;
    for (unsigned i = 0; i < d->user_count; i++)
        admins += d->users[i].role == USERS_ADMIN;
    return admins == 1 && user->role == USERS_ADMIN;
}

static void remove_token(struct users_document *d, unsigned i)
{
    d->token_count--;
    memmove(&d->tokens[i], &d->tokens[i + 1], (d->token_count - i) * sizeof d->tokens[0]);
}

// Of user `i`, those that may more than he may now.
static void end_tokens(struct users_document *d, size_t i, enum users_role role)
{
    for (unsigned t = d->token_count; t-- > 0;)
        if (d->tokens[t].by == i + 1 && d->tokens[t].role > role)
            remove_token(d, t);
}

enum base_err users_put(struct users_document *d, const struct users_user *user)
{
    const struct users_user *there = users_find(d, user->name);
    if (there ? is_last_admin(d, there) && user->role != USERS_ADMIN
              : d->user_count == 0 && user->role != USERS_ADMIN)
        return BASE_ERR_BUSY;
    if (!there && d->user_count == USERS_MAX)
        return BASE_ERR_LIMIT;
    if (there) {
        end_tokens(d, (size_t)(there - d->users), user->role);
        d->users[there - d->users] = *user;
    } else {
        d->users[d->user_count++] = *user;
    }
    return BASE_OK;
}

enum base_err users_remove(struct users_document *d, const char *name)
{
    const struct users_user *there = users_find(d, name);
    if (!there)
        return BASE_ERR_NOT_FOUND;
    if (is_last_admin(d, there))
        return BASE_ERR_BUSY;
    size_t i = (size_t)(there - d->users);
    end_tokens(d, i, USERS_NOTHING);
    for (unsigned t = 0; t < d->token_count; t++)
        if (d->tokens[t].by > i + 1)
            d->tokens[t].by--;
    d->user_count--;
    memmove(&d->users[i], &d->users[i + 1], (d->user_count - i) * sizeof d->users[0]);
    return BASE_OK;
}

enum base_err users_add_token(struct users_document *d, const struct users_token *token)
{
    for (unsigned i = 0; i < d->token_count; i++)
        if (strcmp(d->tokens[i].id, token->id) == 0 || strcmp(d->tokens[i].name, token->name) == 0)
            return BASE_ERR_BUSY;
    if (d->token_count == USERS_TOKENS_MAX)
        return BASE_ERR_LIMIT;
    d->tokens[d->token_count++] = *token;
    return BASE_OK;
}

enum base_err users_remove_token(struct users_document *d, const char *id)
{
    const struct users_token *there = users_find_token(d, id);
    if (!there)
        return BASE_ERR_NOT_FOUND;
    remove_token(d, (unsigned)(there - d->tokens));
    return BASE_OK;
}

// --- as text -------------------------------------------------------------------------------------

// Names and roles need no escapes.
static void print_user(const struct users_user *u, struct base_text *t)
{
    base_text_str(t, "{\"name\":\"");
    base_text_str(t, u->name);
    base_text_str(t, "\",\"role\":\"");
    base_text_str(t, users_role_name(u->role));
    base_text_str(t, "\",\"password\":\"");
    users_password_print(&u->password, t);
    base_text_str(t, "\"}");
}

static void print_token(const struct users_document *d, const struct users_token *k,
                        struct base_text *t)
{
    const struct users_user *maker = users_maker(d, k);
    base_text_str(t, "{\"id\":\"");
    base_text_str(t, k->id);
    base_text_str(t, "\",\"name\":\"");
    base_text_str(t, k->name);
    base_text_str(t, "\",\"role\":\"");
    base_text_str(t, users_role_name(k->role));
    base_text_str(t, "\",\"sha256\":\"");
    users_hex_add(t, k->hash, sizeof k->hash);
    base_text_str(t, maker ? "\",\"by\":\"" : "");
    base_text_str(t, maker ? maker->name : "");
    base_text_str(t, "\"}");
}

size_t users_print(const struct users_document *d, char *buf, size_t buf_size)
{
    struct base_text t;
    base_text_init(&t, buf, buf_size);
    base_text_str(&t, "{\"version\":");
    base_text_u64(&t, USERS_VERSION);
    base_text_str(&t, ",\"users\":[");
    for (unsigned i = 0; i < d->user_count; i++) {
        base_text_str(&t, i ? ",\n" : "\n");
        print_user(&d->users[i], &t);
    }
    base_text_str(&t, "],\n\"tokens\":[");
    for (unsigned i = 0; i < d->token_count; i++) {
        base_text_str(&t, i ? ",\n" : "\n");
        print_token(d, &d->tokens[i], &t);
    }
    base_text_str(&t, "]}\n");
    return t.length;
}
