// SPDX-License-Identifier: Apache-2.0
#include "api/api_tokens.h"
#include "api/api_account.h"
#include "api/api_body.h"
#include "api/api_json.h"
#include "api/api_problem.h"

struct api_response api_get_tokens(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    struct api_json j;
    const struct users_document *d = ctx->users ? &ctx->users->document : NULL;
    (void)req;
    (void)argument;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_array(&j, "tokens");
    for (unsigned i = 0; d && i < d->token_count; i++) {
        api_json_object(&j, NULL);
        api_json_text(&j, "id", d->tokens[i].id);
        api_json_text(&j, "name", d->tokens[i].name);
        api_json_text(&j, "role", users_role_name(d->tokens[i].role));
        const struct users_user *maker = users_maker(d, &d->tokens[i]);
        api_json_text(&j, "by", maker ? maker->name : NULL);
        api_json_object_end(&j);
    }
    api_json_array_end(&j);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}

static struct api_response refuse_token(const struct api_account *a, const struct api_context *ctx)
{
    (void)ctx;
    if (a->edited == BASE_ERR_NOT_FOUND)
        return api_problem(404, "There is no such token", "It may be revoked already.");
    if (a->edited == BASE_ERR_LIMIT)
        return api_problem(409, "There are too many tokens", "Revoke one first.");
    return api_problem(409, "There is such a token already", "Choose another name.");
}

static enum base_err edit_new_token(struct api_account *a)
{
    users_set_maker(&a->changed, &a->token, a->user.name);
    return users_token_make(&a->config, &a->token, a->text)
               ? users_add_token(&a->changed, &a->token)
               : BASE_ERR_IO;
}

// The only time that it is shown.
static struct api_response answer_new_token(struct api_account *a, const struct api_context *ctx)
{
    struct api_json j;
    struct base_text t;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_text(&j, "id", a->token.id);
    api_json_text(&j, "token", a->text);
    api_json_object_end(&j);
    struct api_response r = api_answer(201, api_json_end(&j));
    base_text_init(&t, r.location, sizeof r.location);
    base_text_str(&t, "/api/v1/tokens/");
    base_text_str(&t, a->token.id);
    api_account_record(ctx, a, EVENTLOG(token_made), a->token.name);
    return r;
}

static bool take_token(const cJSON *body, struct api_account *a, struct api_response *r)
{
    static const char *const names[] = {"name", "role", NULL};
    return api_body_only(body, names, r) && api_account_name(body, a->token.name, r) &&
           api_account_role(body, &a->token.role, r);
}

// What a token makes is its own maker's.
static const char *maker(const struct api_context *ctx)
{
    const struct users_document *d = &ctx->users->document;
    const struct users_token *token =
        ctx->who->kind == USERS_BY_TOKEN ? users_find_token(d, ctx->who->token) : NULL;
    const struct users_user *by = token ? users_maker(d, token) : NULL;
    if (ctx->who->kind == USERS_BY_SESSION)
        return users_name(ctx->users, ctx->who, ctx->now_us);
    return by ? by->name : "";
}

struct api_response api_post_token(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    static const struct api_act act = {
        .edit = edit_new_token, .answer = answer_new_token, .refuse = refuse_token};
    (void)argument;
    return api_account_admin(ctx, req, &act, ctx->users ? maker(ctx) : NULL, take_token);
}

// The ID is where the name of a user would be.
static enum base_err edit_gone_token(struct api_account *a)
{
    const struct users_token *there = users_find_token(&a->changed, a->user.name);
    if (there)
        a->token = *there;
    return users_remove_token(&a->changed, a->user.name);
}

static struct api_response answer_gone_token(struct api_account *a, const struct api_context *ctx)
{
    api_account_record(ctx, a, EVENTLOG(token_revoked), a->token.name);
    return (struct api_response){.status = 204};
}

struct api_response api_delete_token(const struct api_context *ctx, const struct api_request *req,
                                     const char *id)
{
    static const struct api_act act = {
        .edit = edit_gone_token, .answer = answer_gone_token, .refuse = refuse_token};
    return api_account_admin(ctx, req, &act, id, NULL);
}
