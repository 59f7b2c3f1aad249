// SPDX-License-Identifier: Apache-2.0
// What is done to users and tokens, and a login: as jobs, because passwords are hashed and the
// document is kept. Loop thread, unless it says otherwise.
#pragma once

#include "api/api_job.h"

#include "base/base_text.h"

#include <cJSON.h>

struct api_account;

// What is particular about each. NULL: nothing of the kind.
struct api_act {
    bool checks; // the password `old` is that of `user`, before anything else
    // Any thread: makes of `changed` what it should be. BASE_OK, or why not.
    enum base_err (*edit)(struct api_account *a);
    // All is done.
    struct api_response (*answer)(struct api_account *a, const struct api_context *ctx);
    // The password was another one, or `edited` says why not.
    struct api_response (*refuse)(const struct api_account *a, const struct api_context *ctx);
};

struct api_account {
    struct api_job job;
    const struct api_act *act;
    struct users_identity who;
    struct base_address from;
    bool claims;              // it is the set-up, which nobody else has done meanwhile
    bool secure;              // it came by TLS
    const char *authenticate; // of its 401

    // What it is about.
    struct users_user user;
    struct users_token token;
    char text[USERS_TOKEN_SIZE];           // of the token
    char old[USERS_PASSWORD_MAX + 1];      // that `user` has
    char password[USERS_PASSWORD_MAX + 1]; // "": no new one

    // Of the job.
    struct users_config config;
    struct users_document was, changed, there;
    bool is_right, works; // the old password; the crypto library
    enum base_err edited, written;
    struct api_response refused; // without having run
    char why[SETTINGS_WHY_SIZE];
};

// What a body says. False: *r says what is wrong with it.
typedef bool (*api_account_take)(const cJSON *body, struct api_account *a, struct api_response *r);
// Whether it may be at all. False: *r says why not.
typedef bool (*api_account_may)(const struct api_context *ctx, const struct api_account *a,
                                struct api_response *r);

// Answers with the job. `name`: of the user, from the path; NULL: none, and `take` is needed.
struct api_response api_account_ask(const struct api_context *ctx, const struct api_request *req,
                                    const struct api_act *act, const char *name,
                                    api_account_take take, api_account_may may);

// The same for what admins do, when there are users.
struct api_response api_account_admin(const struct api_context *ctx, const struct api_request *req,
                                      const struct api_act *act, const char *name,
                                      api_account_take take);

// Members of a body; false: *r says what is wrong.
const char *api_account_text(const cJSON *body, const char *member); // NULL: it is no text
bool api_account_name(const cJSON *body, char name[USERS_NAME_SIZE], struct api_response *r);
bool api_account_role(const cJSON *body, enum users_role *role, struct api_response *r);

// "password", 8 to 128 bytes.
bool api_account_password(const cJSON *body, char password[USERS_PASSWORD_MAX + 1],
                          struct api_response *r);

// An event about `name`, a user or token, by who asks.
void api_account_record(const struct api_context *ctx, const struct api_account *a,
                        struct eventlog_what what, const char *name);

// Events about the tokens that have ended with their maker, or with his role.
void api_account_record_tokens(const struct api_context *ctx, const struct api_account *a);

// 429: so many seconds. 409: there are no users before the set-up.
struct api_response api_account_wait(unsigned seconds);
struct api_response api_account_unclaimed(void);
