// SPDX-License-Identifier: Apache-2.0
#include "api/api_account.h"
#include "api/api_body.h"
#include "api/api_problem.h"
#include "api/api_who.h"

#include <string.h>

static struct api_account *account_of(struct api_job *job)
{
    return (struct api_account *)(void *)((char *)job - offsetof(struct api_account, job));
}

// --- refusals ------------------------------------------------------------------------------------

struct api_response api_account_wait(unsigned seconds)
{
    char detail[96];
    struct base_text t;
    base_text_init(&t, detail, sizeof detail);
    base_text_str(&t, "Too many wrong passwords came from this address. Try again in ");
    base_text_u64(&t, seconds);
    base_text_str(&t, " s.");
    struct api_response r = api_problem(429, "Wait", detail);
    base_text_init(&t, r.retry_after, sizeof r.retry_after);
    base_text_u64(&t, seconds);
    return r;
}

struct api_response api_account_unclaimed(void)
{
    return api_problem(409, "Nobody has set a password yet",
                       "The first one is the admin's: POST /api/v1/setup.");
}

static struct api_response no_library(void)
{
    return api_problem(503, "That cannot be done now", "The cryptographic library has failed.");
}

// Another program's change holds.
static struct api_response too_late(struct api_account *a, const struct api_context *ctx)
{
    users_take_after(ctx->users, &a->was, &a->there, 0);
    return api_problem(409, "Somebody was faster",
                       "The users were changed just now, by another program. Look, and try again.");
}

static struct api_response not_kept(const struct api_account *a)
{
    char detail[SETTINGS_WHY_SIZE + 32];
    struct base_text t;
    base_text_init(&t, detail, sizeof detail);
    base_text_str(&t, "It cannot be kept: ");
    base_text_str(&t, a->why);
    base_text_char(&t, '.');
    return api_problem(503, "Nothing has changed", detail);
}

// --- the job -------------------------------------------------------------------------------------

// Who asks may have lost his role, and somebody else claimed the server, since he asked.
static bool may_still(struct api_account *a, const struct api_context *ctx)
{
    bool changes = a->act->edit; // else it is a login
    if (!changes || api_who_is_still(ctx, &a->who))
        return true;
    a->refused = a->claims ? api_problem(409, "There is a password already",
                                         "Somebody else has claimed this server. Log in.")
                           : api_problem(403, "Not allowed", "You were logged out meanwhile.");
    return false;
}

static bool begin(struct api_job *job, const struct api_context *ctx)
{
    struct api_account *a = account_of(job);
    if (!may_still(a, ctx))
        return false;
    unsigned wait_s =
        a->act->checks ? users_attempt_begin(&ctx->users->attempts, &a->from, ctx->now_us) : 0;
    if (wait_s) {
        a->refused = api_account_wait(wait_s);
        return false;
    }
    a->config = ctx->users->config;
    a->was = a->changed = ctx->users->document;
    return true;
}

// A user that is not there takes as long as one of those that are, for the same name always the
// same one: their numbers of iterations differ, if some come from another machine.
static uint32_t iterations_of_nobody(const struct api_account *a)
{
    unsigned sum = 0;
    for (const char *at = a->user.name; *at; at++)
        sum += (unsigned char)*at;
    return a->was.user_count ? a->was.users[sum % a->was.user_count].password.iterations
                             : a->config.crypto->iterations;
}

static bool check(const struct api_account *a)
{
    const struct users_password none = {.iterations = iterations_of_nobody(a)};
    const struct users_user *user = users_find(&a->was, a->user.name);
    bool right = users_password_is(user ? &user->password : &none, a->config.crypto, a->old);
    return user && right;
}

static void run(struct api_job *job)
{
    struct api_account *a = account_of(job);
    a->works = true;
    a->is_right = !a->act->checks || check(a);
    if (a->is_right && a->password[0])
        a->works = users_password_make(&a->user.password, a->config.crypto, a->password);
    if (!a->is_right || !a->works || !a->act->edit)
        return;
    a->edited = a->act->edit(a);
    if (a->edited != BASE_OK)
        return;
    a->written = users_write(&a->config, &a->was, &a->changed, &a->there);
    if (a->written != BASE_OK && a->config.store)
        (void)base_text_copy(a->why, sizeof a->why, a->config.store->why);
}

static struct api_response finish(struct api_job *job, const struct api_context *given)
{
    struct api_account *a = account_of(job);
    struct api_context ctx = *given;
    ctx.who = &a->who;
    struct api_response refused = a->refused;
    a->refused.memory = NULL;
    if (refused.status)
        return refused;
    if (!a->is_right || a->edited != BASE_OK)
        return a->act->refuse(a, &ctx);
    if (a->act->checks)
        users_attempt_good(&ctx.users->attempts, &a->from);
    if (!a->works)
        return no_library();
    if (a->written == BASE_ERR_BUSY)
        return too_late(a, &ctx);
    if (a->written != BASE_OK)
        return not_kept(a);
    if (a->act->edit)
        users_take_after(ctx.users, &a->was, &a->changed, a->who.session);
    return a->act->answer(a, &ctx);
}

static void account_free(struct api_job *job)
{
    struct api_account *a = account_of(job);
    api_text_free(a->refused.memory);
    users_crypto_wipe(a, sizeof *a);
    cJSON_free(a);
}

static struct api_account *account_new(const struct api_context *ctx, const struct api_request *req,
                                       const struct api_act *act)
{
    struct api_account *a = cJSON_malloc(sizeof *a);
    if (!a)
        return NULL;
    memset(a, 0, sizeof *a);
    a->job = (struct api_job){begin, run, finish, account_free,
                              act->checks && ctx->who->kind == USERS_NOBODY};
    a->act = act;
    a->who = *ctx->who;
    a->secure = req->secure;
    a->authenticate = api_who_challenge(req);
    if (req->peer)
        a->from = *req->peer;
    return a;
}

static bool take_all(const struct api_request *req, struct api_account *a, api_account_take take,
                     struct api_response *r)
{
    cJSON *body = take ? api_body_object(req, r) : NULL;
    bool taken = !take || (body && take(body, a, r));
    cJSON_Delete(body);
    return taken;
}

// Who has to wait anyway does not wait for others as well.
static bool may_try(const struct api_context *ctx, const struct api_account *a,
                    struct api_response *r)
{
    unsigned wait_s =
        a->act->checks ? users_attempt_wait(&ctx->users->attempts, &a->from, ctx->now_us) : 0;
    if (wait_s)
        *r = api_account_wait(wait_s);
    return wait_s == 0;
}

// NOLINTNEXTLINE(readability-function-size): what all of them are made of
struct api_response api_account_ask(const struct api_context *ctx, const struct api_request *req,
                                    const struct api_act *act, const char *name,
                                    api_account_take take, api_account_may may)
{
    struct api_response r = api_answer(200, NULL);
    struct api_account *a = account_new(ctx, req, act);
    if (!a)
        return r;
    if (name && !base_text_copy(a->user.name, sizeof a->user.name, name))
        a->user.name[0] = '\0'; // nobody has so long a name
    if (take_all(req, a, take, &r) && may_try(ctx, a, &r) && (!may || may(ctx, a, &r)))
        return api_job_response(&a->job);
    account_free(&a->job);
    return r;
}

// --- what they share -----------------------------------------------------------------------------

const char *api_account_text(const cJSON *body, const char *member)
{
    return cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, member));
}

bool api_account_role(const cJSON *body, enum users_role *role, struct api_response *r)
{
    const char *text = api_account_text(body, "role");
    if (text && users_role_parse(text, role))
        return true;
    *r = api_body_wrong("role", "The role is view, operate or admin.");
    return false;
}

bool api_account_name(const cJSON *body, char name[USERS_NAME_SIZE], struct api_response *r)
{
    const char *text = api_account_text(body, "name");
    if (text && users_name_is_good(text))
        return base_text_copy(name, USERS_NAME_SIZE, text);
    *r = api_body_wrong("name", "1 to 31 letters, digits, '.', '_' and '-' are wanted, a letter or "
                                "a digit first.");
    return false;
}

struct api_response api_account_admin(const struct api_context *ctx, const struct api_request *req,
                                      const struct api_act *act, const char *name,
                                      api_account_take take)
{
    if (!ctx->users || !users_claimed(ctx->users))
        return api_account_unclaimed();
    return api_account_ask(ctx, req, act, name, take, NULL);
}

bool api_account_password(const cJSON *body, char password[USERS_PASSWORD_MAX + 1],
                          struct api_response *r)
{
    const char *text = api_account_text(body, "password");
    if (!text || !users_password_is_good(text)) {
        *r = api_body_wrong("password", "A password of 8 to 128 bytes is wanted.");
        return false;
    }
    return base_text_copy(password, USERS_PASSWORD_MAX + 1, text);
}

void api_account_record(const struct api_context *ctx, const struct api_account *a,
                        struct eventlog_what what, const char *name)
{
    struct eventlog_event e = {.time_us = ctx->now_us, .what = what};
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    api_who_text(ctx, &a->from, &t);
    (void)base_text_copy(e.user, sizeof e.user, name);
    eventlog_record(server_eventlog(ctx->server), &e);
}

void api_account_record_tokens(const struct api_context *ctx, const struct api_account *a)
{
    for (unsigned i = 0; i < a->was.token_count; i++)
        if (!users_find_token(&a->changed, a->was.tokens[i].id))
            api_account_record(ctx, a, EVENTLOG(token_revoked), a->was.tokens[i].name);
}
