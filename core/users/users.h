// SPDX-License-Identifier: Apache-2.0
// Who may do what: users with passwords, tokens of programs, who is logged in, and how often
// somebody may try. Loop thread, unless it says otherwise.
#pragma once

#include "base/base_alloc.h"
#include "settings/settings_store.h"
#include "users/users_attempts.h"
#include "users/users_sessions.h"

// All borrowed for the object's life.
struct users_config {
    const struct users_crypto *crypto;
    struct settings_store *store; // NULL: nothing is kept
};

struct users {
    struct users_config config;
    struct users_document document;
    struct users_sessions sessions;
    struct users_attempts attempts;
};

// Who asks. Streams keep it, and end when users_is_still() says no.
enum users_kind {
    USERS_NOBODY, // not logged in
    USERS_BY_SESSION,
    USERS_BY_TOKEN,
};

struct users_identity {
    enum users_kind kind;
    enum users_role role;
    uint32_t session;
    char token[USERS_TOKEN_ID_SIZE]; // its ID
};

static inline bool users_claimed(const struct users *u)
{
    return u->document.user_count > 0;
}

// The store is used by one thread at a time, which need not be the loop's: it reads and writes
// files or flash. What comes of that is put into force on the loop thread.

// OK, NONE (an empty document: nobody has claimed the box) or OLDER; else the store's `why`.
enum settings_store_result users_read(const struct users_config *c, struct users_document *d);

// Keeps `changed`, if there is a store, in the place of `was`.
// @return BASE_ERR_IO: not kept, the store's `why`; BASE_ERR_BUSY: the store has another one by
// now,
//         somebody else's, which holds: *there has it; BASE_ERR_NOMEM: not even looked.
enum base_err users_write(const struct users_config *c, const struct users_document *was,
                          const struct users_document *changed, struct users_document *there);

// Removes all copies, as nobody's. False: the store's `why`.
bool users_erase(const struct users_config *c);

// Puts a document into force. Sessions of users who are no more what they were end; of one whose
// password alone is another, all but that with the ID `keep` (0: all).
void users_take(struct users *u, const struct users_document *now, uint32_t keep);

// The same for what a job has made of `was`, or found in its place. Of another program's change
// that has come behind that the loop may have heard already: it holds.
void users_take_after(struct users *u, const struct users_document *was,
                      const struct users_document *now, uint32_t keep);

// At the start: reads and takes. As users_read(); all stays as it was on an error.
enum settings_store_result users_load(struct users *u);

// By the value of a cookie, or a token. A session is in use with that. False: nobody's.
bool users_by_secret(struct users *u, const char *secret, uint64_t now_us,
                     struct users_identity *who);
bool users_by_token(struct users *u, const char *token, struct users_identity *who);

// Of the user or token; "" if that is no more.
const char *users_name(const struct users *u, const struct users_identity *who, uint64_t now_us);

// Whether somebody who was somebody is that still, with the same role. Not of USERS_NOBODY.
bool users_is_still(const struct users *u, const struct users_identity *who, uint64_t now_us);

enum { USERS_TOKEN_SIZE = 3 + USERS_SECRET_SIZE }; // "ub_" and its digits

// Any thread: a new token with its name and role: `text` is what the program gets, and is kept
// nowhere. False: the library could not.
bool users_token_make(const struct users_config *config, struct users_token *token,
                      char text[USERS_TOKEN_SIZE]);
