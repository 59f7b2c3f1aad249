// SPDX-License-Identifier: Apache-2.0
#include "api/api_users.h"
#include "api/api_account.h"
#include "api/api_body.h"
#include "api/api_json.h"
#include "api/api_problem.h"

#include <string.h>

// The user as he is now.
static struct api_response answer_user(const struct api_context *ctx, int status, const char *name)
{
    struct api_json j;
    const struct users_user *u = users_find(&ctx->users->document, name);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_text(&j, "name", name);
    api_json_text(&j, "role", users_role_name(u ? u->role : USERS_NOTHING));
    api_json_object_end(&j);
    return api_answer(status, api_json_end(&j));
}

struct api_response api_get_users(const struct api_context *ctx, const struct api_request *req,
                                  const char *argument)
{
    struct api_json j;
    const struct users_document *d = ctx->users ? &ctx->users->document : NULL;
    (void)req;
    (void)argument;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_array(&j, "users");
    for (unsigned i = 0; d && i < d->user_count; i++) {
        api_json_object(&j, NULL);
        api_json_text(&j, "name", d->users[i].name);
        api_json_text(&j, "role", users_role_name(d->users[i].role));
        api_json_object_end(&j);
    }
    api_json_array_end(&j);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}

static struct api_response refuse(const struct api_account *a, const struct api_context *ctx)
{
    (void)ctx;
    switch (a->edited) {
    case BASE_ERR_NOT_FOUND:
        return api_problem(404, "There is no such user", "Somebody may have removed it.");
    case BASE_ERR_LIMIT:
        return api_problem(409, "There are too many users", "Remove one first.");
    case BASE_ERR_AGAIN:
        return api_problem(409, "There is such a user already", "Choose another name.");
    default:
        return api_problem(409, "The last admin stays", "Make somebody else an admin first.");
    }
}

// --- one more ------------------------------------------------------------------------------------

static enum base_err edit_new(struct api_account *a)
{
    if (users_find(&a->changed, a->user.name))
        return BASE_ERR_AGAIN;
    return users_put(&a->changed, &a->user);
}

static struct api_response answer_new(struct api_account *a, const struct api_context *ctx)
{
    struct api_response r = answer_user(ctx, 201, a->user.name);
    struct base_text t;
    base_text_init(&t, r.location, sizeof r.location);
    base_text_str(&t, "/api/v1/users/");
    base_text_str(&t, a->user.name);
    api_account_record(ctx, a, EVENTLOG_WITH(user_changed, .action = EVENT_USER_ADDED),
                       a->user.name);
    return r;
}

static bool take_new(const cJSON *body, struct api_account *a, struct api_response *r)
{
    static const char *const names[] = {"name", "role", "password", NULL};
    return api_body_only(body, names, r) && api_account_name(body, a->user.name, r) &&
           api_account_role(body, &a->user.role, r) && api_account_password(body, a->password, r);
}

struct api_response api_post_user(const struct api_context *ctx, const struct api_request *req,
                                  const char *argument)
{
    static const struct api_act act = {.edit = edit_new, .answer = answer_new, .refuse = refuse};
    (void)argument;
    return api_account_admin(ctx, req, &act, NULL, take_new);
}

// --- another role or password --------------------------------------------------------------------

static enum base_err edit_other(struct api_account *a)
{
    const struct users_user *there = users_find(&a->changed, a->user.name);
    if (!there)
        return BASE_ERR_NOT_FOUND;
    if (a->user.role == USERS_NOTHING)
        a->user.role = there->role;
    if (a->user.password.iterations == 0)
        a->user.password = there->password;
    return users_put(&a->changed, &a->user);
}

static struct api_response answer_other(struct api_account *a, const struct api_context *ctx)
{
    const struct users_user *was = users_find(&a->was, a->user.name);
    if (a->password[0])
        api_account_record(ctx, a, EVENTLOG_WITH(user_changed, .action = EVENT_USER_PASSWORD),
                           a->user.name);
    if (was && was->role != a->user.role)
        api_account_record(ctx, a, EVENTLOG_WITH(user_changed, .action = EVENT_USER_ROLE),
                           a->user.name);
    api_account_record_tokens(ctx, a);
    return answer_user(ctx, 200, a->user.name);
}

static bool take_other(const cJSON *body, struct api_account *a, struct api_response *r)
{
    static const char *const names[] = {"role", "password", NULL};
    if (!api_body_only(body, names, r))
        return false;
    if (cJSON_HasObjectItem(body, "role") && !api_account_role(body, &a->user.role, r))
        return false;
    return !cJSON_HasObjectItem(body, "password") || api_account_password(body, a->password, r);
}

struct api_response api_put_user(const struct api_context *ctx, const struct api_request *req,
                                 const char *name)
{
    static const struct api_act act = {
        .edit = edit_other, .answer = answer_other, .refuse = refuse};
    return api_account_admin(ctx, req, &act, name, take_other);
}

// --- one less ------------------------------------------------------------------------------------

static enum base_err edit_gone(struct api_account *a)
{
    return users_remove(&a->changed, a->user.name);
}

static struct api_response answer_gone(struct api_account *a, const struct api_context *ctx)
{
    api_account_record(ctx, a, EVENTLOG_WITH(user_changed, .action = EVENT_USER_REMOVED),
                       a->user.name);
    api_account_record_tokens(ctx, a);
    return (struct api_response){.status = 204};
}

struct api_response api_delete_user(const struct api_context *ctx, const struct api_request *req,
                                    const char *name)
{
    static const struct api_act act = {.edit = edit_gone, .answer = answer_gone, .refuse = refuse};
    return api_account_admin(ctx, req, &act, name, NULL);
}
