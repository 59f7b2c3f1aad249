// SPDX-License-Identifier: Apache-2.0
#include "api/api_backup.h"
#include "api/api_body.h"
#include "api/api_device.h"
#include "api/api_job.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_secrets.h"
#include "api/api_who.h"

#include "base/base_text.h"
#include "settings/settings.h"

#include <string.h>

// --- the document --------------------------------------------------------------------------------

static void add_settings(struct api_json *j, const struct settings *s)
{
    size_t size = settings_max_bytes(s->port) + 1;
    char *text = cJSON_malloc(size);
    j->failed |= !text;
    if (!text)
        return;
    (void)settings_print(s, SETTINGS_CHANGED, text, size);
    cJSON_Minify(text);
    api_json_raw(j, "settings", text, strlen(text));
    cJSON_free(text);
}

static void add_box(struct api_json *j, const struct api_context *ctx)
{
    struct api_port_facts *facts = cJSON_malloc(sizeof *facts); // stacks are small
    j->failed |= !facts;
    if (!facts)
        return;
    memset(facts, 0, sizeof *facts);
    if (ctx->port_facts)
        ctx->port_facts(ctx->port_ctx, facts);
    api_json_text(j, "board", facts->board ? facts->board : facts->port);
    api_json_text(j, "program_version", ctx->version);
    api_json_utc(j, "made_at", api_unix_us(ctx, ctx->now_us));
    api_json_text(j, "host_name", facts->name);
    cJSON_free(facts);
}

// All but the secrets and the end.
static void begin_document(struct api_json *j, const struct api_context *ctx)
{
    api_json_begin(j);
    api_json_object(j, NULL);
    api_json_text(j, "format", API_BACKUP_FORMAT);
    api_json_number(j, "version", API_BACKUP_VERSION);
    add_box(j, ctx);
    add_settings(j, ctx->settings);
}

static struct api_response end_document(struct api_json *j)
{
    api_json_object_end(j);
    struct api_response r = api_answer(200, api_json_end(j));
    if (r.status == 200)
        r.disposition = "attachment; filename=\"usbip-backup.json\"";
    return r;
}

static void record(const struct api_context *ctx, const struct base_address *peer, unsigned users,
                   unsigned tokens)
{
    struct eventlog_event e = {
        .time_us = ctx->now_us,
        .what = EVENTLOG_WITH(backup_made, .users = users, .tokens = tokens),
    };
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    api_who_text(ctx, peer, &t);
    eventlog_record(server_eventlog(ctx->server), &e);
}

static struct api_response no_settings(void)
{
    return api_problem(404, "No settings", "This server has none.");
}

struct api_response api_get_backup(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    struct api_json j;
    (void)argument;
    if (!ctx->settings)
        return no_settings();
    begin_document(&j, ctx);
    record(ctx, req->peer, 0, 0);
    return end_document(&j);
}

// --- with the secrets ----------------------------------------------------------------------------

struct backup_job {
    struct api_job job; // the first
    struct users_identity who;
    struct base_address peer;
    char passphrase[USERS_PASSWORD_MAX + 1];
    const struct users_crypto *crypto;
    struct users_document users;
    struct api_json document;
    struct api_secrets secrets;
    bool runs;
    enum base_err sealed;
};

static struct backup_job *job_of(struct api_job *job)
{
    return (struct backup_job *)job; // its first member
}

static bool begin(struct api_job *job, const struct api_context *ctx)
{
    struct backup_job *b = job_of(job);
    b->runs = api_who_is_still(ctx, &b->who);
    if (!b->runs)
        return false;
    b->crypto = ctx->users->config.crypto;
    b->users = ctx->users->document;
    begin_document(&b->document, ctx);
    return true;
}

static void run(struct api_job *job)
{
    struct backup_job *b = job_of(job);
    b->sealed = api_secrets_seal(&b->secrets, b->crypto, &b->users, b->passphrase);
    if (b->sealed == BASE_OK)
        api_secrets_add(&b->document, &b->secrets);
}

static struct api_response finish(struct api_job *job, const struct api_context *ctx)
{
    struct backup_job *b = job_of(job);
    struct api_context with = *ctx;
    if (!b->runs)
        return api_problem(403, "Not allowed", "You were logged out meanwhile.");
    if (b->sealed == BASE_ERR_NOMEM)
        return api_answer(200, NULL);
    if (b->sealed != BASE_OK)
        return api_problem(503, "No backup", "The cryptographic library has failed.");
    with.who = &b->who;
    record(&with, &b->peer, b->users.user_count, b->users.token_count);
    return end_document(&b->document);
}

static void free_job(struct api_job *job)
{
    struct backup_job *b = job_of(job);
    api_text_free(api_json_end(&b->document));
    api_secrets_free(&b->secrets);
    users_crypto_wipe(b, sizeof *b);
    cJSON_free(b);
}

bool api_backup_no_secrets(const struct api_context *ctx, struct api_response *r)
{
    if (ctx->users && api_secrets_are_here(ctx->users->config.crypto))
        return false;
    *r = api_problem(501, "No secrets here",
                     "This server keeps no users, or cannot seal them with a passphrase. Settings "
                     "alone: without a passphrase.");
    return true;
}

bool api_backup_passphrase(const cJSON *body, char *passphrase, struct api_response *r)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, "passphrase"));
    if (text && users_password_is_good(text))
        return base_text_copy(passphrase, USERS_PASSWORD_MAX + 1, text);
    *r = api_body_wrong("passphrase", "A passphrase of 8 to 128 bytes is wanted.");
    return false;
}

// False: *r.
static bool take(const struct api_request *req, struct backup_job *b, struct api_response *r)
{
    static const char *const names[] = {"passphrase", NULL};
    cJSON *body = api_body_object(req, r);
    bool good =
        body && api_body_only(body, names, r) && api_backup_passphrase(body, b->passphrase, r);
    cJSON_Delete(body);
    return good;
}

struct api_response api_post_backup(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument)
{
    struct api_response r;
    (void)argument;
    if (!ctx->settings)
        return no_settings();
    if (api_backup_no_secrets(ctx, &r))
        return r;
    struct backup_job *b = cJSON_malloc(sizeof *b);
    if (!b)
        return api_answer(200, NULL);
    memset(b, 0, sizeof *b);
    b->job = (struct api_job){begin, run, finish, free_job, false};
    b->who = *ctx->who;
    if (req->peer)
        b->peer = *req->peer;
    if (take(req, b, &r))
        return api_job_response(&b->job);
    free_job(&b->job);
    return r;
}
