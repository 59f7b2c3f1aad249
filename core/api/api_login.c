// SPDX-License-Identifier: Apache-2.0
#include "api/api_login.h"
#include "api/api_account.h"
#include "api/api_body.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_who.h"

#include <string.h>

enum { COOKIE_SIZE = 128 };
#define COOKIE_RULES "; Path=/; HttpOnly; SameSite=Strict"

static const char first_user[] = "admin";

static struct api_response no_users(void)
{
    return api_problem(404, "No users", "This server has none.");
}

// --- who am I ------------------------------------------------------------------------------------

static void add_may(struct api_json *j, enum users_role role)
{
    api_json_array(j, "may");
    for (enum users_role r = USERS_VIEW; r <= role; r++)
        api_json_text(j, NULL, users_role_name(r));
    api_json_array_end(j);
}

// What the set-up wants from whom it may not trust: "code"; from others nothing, who are those on
// this machine or anybody.
static const char *setup_of(const struct api_context *ctx, enum users_role role)
{
    if (!ctx->users || users_claimed(ctx->users))
        return NULL;
    if (role != USERS_ADMIN)
        return "code";
    return ctx->writers == API_WRITERS_ALL ? "anybody" : "open";
}

static struct api_response me(const struct api_context *ctx, const struct users_identity *who)
{
    struct api_json j;
    const char *name = ctx->users ? users_name(ctx->users, who, ctx->now_us) : "";
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_text(&j, "user", who->kind == USERS_BY_SESSION ? name : NULL);
    api_json_text(&j, "token", who->kind == USERS_BY_TOKEN ? name : NULL);
    api_json_text(&j, "role", who->role ? users_role_name(who->role) : NULL);
    api_json_bool(&j, "claimed", ctx->users && users_claimed(ctx->users));
    add_may(&j, who->role);
    api_json_text(&j, "setup", setup_of(ctx, who->role));
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}

struct api_response api_get_me(const struct api_context *ctx, const struct api_request *req,
                               const char *argument)
{
    (void)req;
    (void)argument;
    return me(ctx, ctx->who);
}

// --- sessions ------------------------------------------------------------------------------------

// Behind the body, whose memory it shares. False: no memory.
static bool set_cookie(struct api_response *r, const char *secret, bool secure)
{
    struct base_text t;
    size_t size = r->size + 1;
    char *both = cJSON_malloc(size + COOKIE_SIZE);
    if (!both)
        return false;
    memcpy(both, r->body, size);
    base_text_init(&t, both + size, COOKIE_SIZE);
    base_text_str(&t, secure ? API_COOKIE_SECURE "=" : API_COOKIE "=");
    base_text_str(&t, secret);
    base_text_str(&t, COOKIE_RULES);
    base_text_str(&t, secure ? "; Secure" : "");
    api_text_free(r->memory);
    r->body = r->memory = both;
    r->cookie = both + size;
    return true;
}

static struct api_response logged_in(const struct api_account *a, const struct api_context *ctx)
{
    char secret[USERS_SECRET_SIZE];
    struct users_identity who;
    if (a->who.kind == USERS_BY_SESSION)
        users_session_end(&ctx->users->sessions, a->who.session);
    const struct users_session *s = users_session_begin(
        &ctx->users->sessions, ctx->users->config.crypto, a->user.name, ctx->now_us, secret);
    if (!s || !users_by_secret(ctx->users, secret, ctx->now_us, &who))
        return api_problem(503, "Not logged in", "The cryptographic library has failed.");
    struct api_response r = me(ctx, &who);
    bool set = r.memory && set_cookie(&r, secret, a->secure);
    users_crypto_wipe(secret, sizeof secret);
    if (set)
        return r;
    api_text_free(r.memory);
    return api_answer(200, NULL);
}

// Who was checked may be another one by now.
static struct api_response answer_login(struct api_account *a, const struct api_context *ctx)
{
    const struct users_user *was = users_find(&a->was, a->user.name);
    const struct users_user *is = users_find(&ctx->users->document, a->user.name);
    if (!is || !users_password_equal(&was->password, &is->password))
        return api_problem(409, "Not logged in", "The user was changed just now. Try again.");
    struct api_response r = logged_in(a, ctx);
    if (r.status == 200)
        api_account_record(ctx, a, EVENTLOG(login), a->user.name);
    return r;
}

static void record_refusal(const struct api_account *a, const struct api_context *ctx)
{
    unsigned wait_s = users_attempt_wait(&ctx->users->attempts, &a->from, ctx->now_us);
    if (wait_s)
        api_account_record(ctx, a, EVENTLOG_WITH(login_backed_off, .seconds = wait_s), "");
    else
        api_account_record(ctx, a, EVENTLOG(login_refused), "");
}

static struct api_response refuse_login(const struct api_account *a, const struct api_context *ctx)
{
    struct api_response r = api_problem(401, "Not logged in", "The user or the password is wrong.");
    r.authenticate = a->authenticate;
    record_refusal(a, ctx);
    return r;
}

static const struct api_act login = {
    .checks = true, .answer = answer_login, .refuse = refuse_login};

static bool take_login(const cJSON *body, struct api_account *a, struct api_response *r)
{
    static const char *const names[] = {"user", "password", NULL};
    const char *user = api_account_text(body, "user"),
               *password = api_account_text(body, "password");
    if (!api_body_only(body, names, r))
        return false;
    if (!user || !password) {
        *r = api_body_wrong(user ? "password" : "user", "It must be there, and be a text.");
        return false;
    }
    // What is too long is nobody's, and is refused as such.
    if (!base_text_copy(a->user.name, sizeof a->user.name, user))
        a->user.name[0] = '\0';
    if (!base_text_copy(a->old, sizeof a->old, password))
        a->user.name[0] = '\0';
    return true;
}

struct api_response api_post_login(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    (void)argument;
    if (!ctx->users)
        return no_users();
    if (!users_claimed(ctx->users))
        return api_account_unclaimed();
    return api_account_ask(ctx, req, &login, NULL, take_login, NULL);
}

struct api_response api_post_logout(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument)
{
    struct api_response r = {.status = 204};
    (void)argument;
    if (ctx->users && ctx->who->kind == USERS_BY_SESSION)
        users_session_end(&ctx->users->sessions, ctx->who->session);
    r.cookie = req->secure ? API_COOKIE_SECURE "=" COOKIE_RULES "; Max-Age=0; Secure"
                           : API_COOKIE "=" COOKIE_RULES "; Max-Age=0";
    return r;
}

// --- the first password --------------------------------------------------------------------------

static enum base_err edit_setup(struct api_account *a)
{
    a->user.role = USERS_ADMIN;
    return users_put(&a->changed, &a->user);
}

static struct api_response answer_setup(struct api_account *a, const struct api_context *ctx)
{
    api_account_record(ctx, a, EVENTLOG(claimed), a->user.name);
    return logged_in(a, ctx);
}

static struct api_response refuse_setup(const struct api_account *a, const struct api_context *ctx)
{
    (void)a;
    (void)ctx;
    return api_problem(409, "There is a password already", "Log in.");
}

static const struct api_act setup = {
    .edit = edit_setup, .answer = answer_setup, .refuse = refuse_setup};

static bool take_setup(const cJSON *body, struct api_account *a, struct api_response *r)
{
    static const char *const names[] = {"password", "code", NULL};
    const char *code = api_account_text(body, "code");
    a->claims = true;
    (void)base_text_copy(a->user.name, sizeof a->user.name, first_user);
    if (code)
        (void)base_text_copy(a->old, sizeof a->old, code);
    return api_body_only(body, names, r) && api_account_password(body, a->password, r);
}

static bool code_is_right(const struct api_context *ctx, const char *code)
{
    size_t size = ctx->setup_code ? strlen(ctx->setup_code) : 0;
    return size && strlen(code) == size && users_crypto_equal(code, ctx->setup_code, size);
}

// The code counts as a password.
static bool may_set_up(const struct api_context *ctx, const struct api_account *a,
                       struct api_response *r)
{
    if (ctx->who->role == USERS_ADMIN)
        return true;
    unsigned wait_s = users_attempt_begin(&ctx->users->attempts, &a->from, ctx->now_us);
    if (wait_s) {
        *r = api_account_wait(wait_s);
        return false;
    }
    if (code_is_right(ctx, a->old)) {
        users_attempt_good(&ctx->users->attempts, &a->from);
        return true;
    }
    record_refusal(a, ctx);
    *r = api_problem(
        403, "Not set up",
        ctx->writers == API_WRITERS_NOBODY
            ? "The set-up wants the code that the box's console shows, as \"code\"."
            : "The set-up wants the code that the server's log shows, as \"code\". Without it "
              "the first password is set on the machine on which the server runs.");
    return false;
}

struct api_response api_post_setup(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    (void)argument;
    if (!ctx->users)
        return no_users();
    if (users_claimed(ctx->users))
        return refuse_setup(NULL, ctx);
    return api_account_ask(ctx, req, &setup, NULL, take_setup, may_set_up);
}

// --- one's own password --------------------------------------------------------------------------

static enum base_err edit_password(struct api_account *a)
{
    a->user.role = a->who.role;
    return users_put(&a->changed, &a->user);
}

static struct api_response answer_password(struct api_account *a, const struct api_context *ctx)
{
    api_account_record(ctx, a, EVENTLOG_WITH(user_changed, .action = EVENT_USER_PASSWORD),
                       a->user.name);
    return me(ctx, &a->who);
}

static struct api_response refuse_password(const struct api_account *a,
                                           const struct api_context *ctx)
{
    if (a->edited != BASE_OK)
        return api_problem(409, "Not changed", "The user was changed just now. Try again.");
    record_refusal(a, ctx);
    return api_body_wrong("old", "This is not your password.");
}

static const struct api_act own_password = {
    .checks = true, .edit = edit_password, .answer = answer_password, .refuse = refuse_password};

static bool take_password(const cJSON *body, struct api_account *a, struct api_response *r)
{
    static const char *const names[] = {"old", "password", NULL};
    const char *old = api_account_text(body, "old");
    if (!api_body_only(body, names, r))
        return false;
    if (!old || !base_text_copy(a->old, sizeof a->old, old)) {
        *r = api_body_wrong("old", "The password that you have is wanted.");
        return false;
    }
    return api_account_password(body, a->password, r);
}

struct api_response api_put_my_password(const struct api_context *ctx,
                                        const struct api_request *req, const char *argument)
{
    (void)argument;
    if (!ctx->users || !users_claimed(ctx->users))
        return api_account_unclaimed();
    if (ctx->who->kind == USERS_NOBODY)
        return api_who_unknown(req, "This needs a login.");
    if (ctx->who->kind != USERS_BY_SESSION)
        return api_problem(403, "Not allowed", "Only a user who is logged in has a password.");
    const char *name = users_name(ctx->users, ctx->who, ctx->now_us);
    return api_account_ask(ctx, req, &own_password, name, take_password, NULL);
}
