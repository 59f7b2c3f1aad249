// SPDX-License-Identifier: Apache-2.0
// The secret document: who may log in, and the tokens of programs. It is never shown: passwords and
// tokens are in it as hashes only, and even these are nobody's business. Any thread; an object
// belongs to its caller.
//
// {"version":1,"users":[{"name":"admin","role":"admin","password":"pbkdf2-sha256$..."}],
//  "tokens":[{"id":"0a1b2c3d","name":"ci","role":"operate","sha256":"...","by":"admin"}]}
//
// A token may never do more than who made it, and ends with him.
#pragma once

#include "base/base_err.h"
#include "settings/settings_error.h"
#include "users/users_password.h"

enum {
    USERS_VERSION = 1,
    USERS_MAX = 16,
    USERS_TOKENS_MAX = 32,
    USERS_NAME_SIZE = 32, // of users and tokens, with its NUL
    USERS_TOKEN_ID_SIZE = 9,
    USERS_MAX_BYTES = 12288, // of a document; the longest has less
};

enum users_role { USERS_NOTHING, USERS_VIEW, USERS_OPERATE, USERS_ADMIN }; // each may more

struct users_user {
    char name[USERS_NAME_SIZE];
    enum users_role role;
    struct users_password password;
};

struct users_token {
    char id[USERS_TOKEN_ID_SIZE];
    char name[USERS_NAME_SIZE];
    uint8_t by; // who made it: 1 for the first user; 0: not known
    enum users_role role;
    uint8_t hash[USERS_HASH_SIZE];
};

struct users_document {
    unsigned user_count, token_count; // no user: nobody has claimed the box
    struct users_user users[USERS_MAX];
    struct users_token tokens[USERS_TOKENS_MAX];
};

const char *users_role_name(enum users_role role);              // "view"
bool users_role_parse(const char *name, enum users_role *role); // false: that is none

bool users_equal(const struct users_document *a, const struct users_document *b);

// 1 to 31 letters, digits, '.', '_', '-'; not one of these signs first.
bool users_name_is_good(const char *name);

const struct users_user *users_find(const struct users_document *d, const char *name);
const struct users_token *users_find_token(const struct users_document *d, const char *id);

// Who made the token; NULL: that is not known.
const struct users_user *users_maker(const struct users_document *d, const struct users_token *t);
// The same for a new one, by name.
void users_set_maker(const struct users_document *d, struct users_token *t, const char *name);

// Adds or replaces the user of that name. BASE_ERR_LIMIT: there are too many; BASE_ERR_BUSY: no
// admin would be left.
enum base_err users_put(struct users_document *d, const struct users_user *user);
// BASE_ERR_NOT_FOUND; BASE_ERR_BUSY: the last admin stays.
enum base_err users_remove(struct users_document *d, const char *name);

// BASE_ERR_LIMIT; BASE_ERR_BUSY: there is one with that ID or name.
enum base_err users_add_token(struct users_document *d, const struct users_token *token);
enum base_err users_remove_token(struct users_document *d, const char *id); // BASE_ERR_NOT_FOUND

// Takes a whole document or nothing of it. `why` (SETTINGS_WHY_SIZE) gets a sentence that has none
// of the document's values.
// @return BASE_ERR_INVALID; BASE_ERR_UNSUPPORTED: a newer program has written it; BASE_ERR_NOMEM.
enum base_err users_parse(struct users_document *d, const char *json, size_t size, char *why);

// NUL-terminated; the length without it. Cut if it does not fit.
size_t users_print(const struct users_document *d, char *buf, size_t buf_size);
