// SPDX-License-Identifier: Apache-2.0
#include "api/api_restore.h"
#include "api/api_backup.h"
#include "api/api_body.h"
#include "api/api_change.h"
#include "api/api_differences.h"
#include "api/api_job.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_query.h"
#include "api/api_restored.h"
#include "api/api_secrets.h"
#include "api/api_who.h"

#include "base/base_text.h"
#include "settings/settings_json.h"

#include <string.h>

enum { HOST_SIZE = 128, FRAME_SIZE = 4096 };

struct restore_job {
    struct api_job job; // the first
    bool dry_run, has_secrets, opens;
    struct users_identity who;
    struct base_address peer;
    char host[HOST_SIZE]; // by which the box was asked; "": none
    char passphrase[USERS_PASSWORD_MAX + 1];
    cJSON *settings; // of the backup
    struct api_secrets secrets;
    // When its turn has come.
    const struct api_change *change;
    struct users_config config;
    struct users_document was, now, there;
    char caller[USERS_NAME_SIZE]; // the user; "": a token, or nobody
    struct api_restored then;
    struct settings next; // to be dropped
    bool begun, kept, outrun;
    char *answer;
    struct api_response refused; // status 0: it is not
    char why[API_CHANGE_WHY_SIZE + 1], detail[API_CHANGE_WHY_SIZE + 100];
};

static struct restore_job *job_of(struct api_job *job)
{
    return (struct restore_job *)job; // its first member
}

size_t api_restore_body_max(const struct settings_port *port)
{
    return settings_max_bytes(port) + 2 * (size_t)USERS_MAX_BYTES + FRAME_SIZE;
}

// Each makes one answer: they are large, and stacks are small.
static bool refuse(struct restore_job *j, int status, const char *title, const char *detail)
{
    j->refused = api_problem(status, title, detail);
    return false;
}

static bool refuse_at(struct restore_job *j, const char *pointer, const char *detail)
{
    j->refused = api_restored_wrong(pointer, detail);
    return false;
}

static bool refuse_memory(struct restore_job *j)
{
    j->refused = api_answer(200, NULL);
    return false;
}

// --- what is to be restored ----------------------------------------------------------------------

static bool take_secrets(struct restore_job *j, const cJSON *body, const cJSON *backup)
{
    const cJSON *object = cJSON_GetObjectItemCaseSensitive(backup, "secrets");
    char pointer[40];
    const char *detail, *place;
    j->has_secrets = object != NULL;
    j->opens = cJSON_HasObjectItem(body, "passphrase");
    if (!j->opens)
        return true;
    if (!object)
        return refuse_at(j, "/passphrase", "There are no secrets in this backup.");
    if (!api_backup_passphrase(body, j->passphrase, &j->refused))
        return false;
    place = api_secrets_take(&j->secrets, object, &detail);
    if (!place)
        return true;
    struct base_text t;
    base_text_init(&t, pointer, sizeof pointer);
    base_text_str(&t, "/backup/secrets");
    base_text_str(&t, place);
    return refuse_at(j, pointer, detail);
}

static bool take_backup(struct restore_job *j, const cJSON *body, cJSON *backup)
{
    const cJSON *format = cJSON_GetObjectItemCaseSensitive(backup, "format");
    const cJSON *version = cJSON_GetObjectItemCaseSensitive(backup, "version");
    const char *name = cJSON_GetStringValue(format);
    if (!name || strcmp(name, API_BACKUP_FORMAT) != 0)
        return refuse_at(j, "/backup/format", "It is no \"" API_BACKUP_FORMAT "\".");
    if (!cJSON_IsNumber(version) || version->valuedouble != API_BACKUP_VERSION)
        return refuse_at(j, "/backup/version",
                         "This program knows version 1 alone; another one "
                         "has written it.");
    if (!cJSON_IsObject(cJSON_GetObjectItemCaseSensitive(backup, "settings")))
        return refuse_at(j, "/backup/settings", "The settings are missing.");
    j->settings = cJSON_DetachItemFromObjectCaseSensitive(backup, "settings");
    return take_secrets(j, body, backup);
}

static bool take_members(struct restore_job *j, const cJSON *body)
{
    static const char *const names[] = {"backup", "passphrase", NULL};
    cJSON *backup = cJSON_GetObjectItemCaseSensitive(body, "backup");
    if (!api_body_only(body, names, &j->refused))
        return false;
    if (!cJSON_IsObject(backup))
        return refuse_at(j, "/backup", "A document of GET /api/v1/backup is wanted.");
    return take_backup(j, body, backup);
}

static bool take(struct restore_job *j, const struct api_request *req)
{
    char why[SETTINGS_WHY_SIZE] = "there is none";
    bool good = req->body && settings_json_check_depth(req->body, req->body_size, req->body_size,
                                                       SETTINGS_JSON_BACKUP_DEPTH, why);
    if (!good)
        return refuse(j, 400, "The body is no JSON object", why);
    cJSON *body = cJSON_ParseWithLength(req->body, req->body_size);
    good = body ? take_members(j, body) : refuse_memory(j);
    cJSON_Delete(body);
    return good;
}

// --- its turn ------------------------------------------------------------------------------------

static void look(struct restore_job *j, const struct api_context *ctx)
{
    j->change = ctx->change;
    if (!j->opens)
        return;
    j->config = ctx->users->config;
    j->was = ctx->users->document;
    if (j->who.kind == USERS_BY_SESSION)
        (void)base_text_copy(j->caller, sizeof j->caller,
                             users_name(ctx->users, &j->who, ctx->now_us));
}

static bool make_patch(struct restore_job *j, const struct api_context *ctx)
{
    api_json_array(&j->then.ignored, NULL);
    if (j->has_secrets && !j->opens)
        api_restored_ignore(&j->then, "secrets",
                            "Without the passphrase users and tokens stay as they are.");
    bool made = api_restored_patch(&j->then, ctx, j->settings, &j->refused);
    api_json_array_end(&j->then.ignored);
    return made;
}

// `next` is what would hold, or NULL to begin with it.
static bool change(struct restore_job *j, const struct api_context *ctx, struct settings *next)
{
    return api_change_try(ctx, j->then.patch, strlen(j->then.patch), next, &j->refused);
}

static bool try_settings(struct restore_job *j, const struct api_context *ctx)
{
    if (!make_patch(j, ctx) || !change(j, ctx, &j->next))
        return false;
    bool good = api_restored_compare(&j->then, ctx, &j->next, j->host, &j->refused);
    settings_drop(&j->next);
    return good;
}

static bool begin(struct api_job *job, const struct api_context *ctx)
{
    struct restore_job *j = job_of(job);
    if (!api_who_is_still(ctx, &j->who))
        return refuse(j, 403, "Not allowed", "You were logged out meanwhile.");
    look(j, ctx);
    if (!try_settings(j, ctx))
        return false;
    j->begun = !j->dry_run && change(j, ctx, NULL);
    if (!j->begun && !j->dry_run)
        return false;
    j->refused = (struct api_response){.status = 0};
    return true;
}

// --- secrets -------------------------------------------------------------------------------------

static bool open_secrets(struct restore_job *j)
{
    switch (api_secrets_open(&j->secrets, j->config.crypto, j->passphrase, &j->now, j->why)) {
    case BASE_OK:
        return true;
    case BASE_ERR_NOMEM:
        return refuse_memory(j);
    case BASE_ERR_IO:
        return refuse(j, 403, "The secrets stay closed",
                      "It is another passphrase, or the backup is damaged.");
    default:
        return refuse_at(j, "/backup/secrets/data", j->why);
    }
}

static bool caller_stays(const struct restore_job *j)
{
    if (j->who.kind == USERS_BY_TOKEN) {
        const struct users_token *was = users_find_token(&j->was, j->who.token);
        const struct users_token *is = users_find_token(&j->now, j->who.token);
        return was && is && is->role == USERS_ADMIN &&
               memcmp(was->hash, is->hash, sizeof is->hash) == 0;
    }
    const struct users_user *user = users_find(&j->now, j->caller);
    return j->who.kind == USERS_NOBODY || (user && user->role == USERS_ADMIN);
}

// users_parse() takes no users without an admin, but none at all.
static bool lets_in(struct restore_job *j)
{
    if (j->now.user_count == 0)
        return refuse(j, 409, "Nobody could log in",
                      "There is no admin in this backup: nobody had claimed the box. "
                      "Restore its settings without the passphrase.");
    if (caller_stays(j))
        return true;
    return refuse(j, 409, "You would be locked out",
                  "Who asks is no admin in this backup. Log in as a user who is.");
}

// --- the answer ----------------------------------------------------------------------------------

static bool describe(struct restore_job *j)
{
    struct api_json json;
    char *ignored = api_json_end(&j->then.ignored);
    api_json_begin(&json);
    json.failed = !ignored;
    api_json_object(&json, NULL);
    api_differences_add(&json, j->then.before, j->then.after);
    api_differences_add_users(&json, j->opens ? &j->was : NULL, &j->now);
    api_json_bool(&json, "restart", j->then.restart);
    if (ignored)
        api_json_raw(&json, "ignored", ignored, strlen(ignored));
    api_json_object_end(&json);
    j->answer = api_json_end(&json);
    api_text_free(ignored);
    return j->answer || refuse_memory(j);
}

// --- all or nothing ------------------------------------------------------------------------------

static bool not_kept(struct restore_job *j, const char *why, const char *then)
{
    struct base_text t;
    base_text_init(&t, j->detail, sizeof j->detail);
    base_text_str(&t, "It cannot be kept: ");
    base_text_str(&t, why);
    base_text_str(&t, then);
    return refuse(j, 503, "The backup is not restored", j->detail);
}

static bool keep_users(struct restore_job *j)
{
    enum base_err err = users_write(&j->config, &j->was, &j->now, &j->there);
    j->outrun = err == BASE_ERR_BUSY;
    if (j->outrun)
        return refuse(j, 409, "Somebody was faster",
                      "The users were changed just now, by another program. Look, "
                      "and try again.");
    return err == BASE_OK || not_kept(j, j->config.store->why, ". Nothing has changed.");
}

// Users first: that another program has changed them shows before anything is written.
static bool keep(struct restore_job *j)
{
    if (j->opens && !keep_users(j))
        return false;
    j->kept = j->change->keep(j->change->ctx, j->why);
    if (j->kept)
        return true;
    bool undone = !j->opens || users_write(&j->config, &j->now, &j->was, &j->there) == BASE_OK;
    return not_kept(j, j->why,
                    undone ? ". Nothing has changed."
                           : ". The users of the backup are kept, and hold after a restart.");
}

static void run(struct api_job *job)
{
    struct restore_job *j = job_of(job);
    bool good = !j->opens || (open_secrets(j) && lets_in(j));
    if (good && describe(j) && !j->dry_run)
        (void)keep(j);
}

// --- in force ------------------------------------------------------------------------------------

static void record(const struct api_context *ctx, const struct restore_job *j)
{
    struct eventlog_event e = {
        .time_us = ctx->now_us,
        .what = EVENTLOG_WITH(restored, .users = j->now.user_count, .tokens = j->now.token_count),
    };
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    api_who_text(ctx, &j->peer, &t);
    eventlog_record(server_eventlog(ctx->server), &e);
}

static struct api_response put_into_force(struct restore_job *j, const struct api_context *ctx)
{
    struct api_context with = *ctx;
    bool all = j->change->end(j->change->ctx, true, j->why);
    with.who = &j->who;
    record(&with, j); // as who asks is called until then
    if (j->opens)
        users_take_after(ctx->users, &j->was, &j->now, j->who.session);
    if (!all)
        return api_problem(503, "Not all of it is in force",
                           "It is kept, and holds after a restart.");
    char *answer = j->answer;
    j->answer = NULL;
    return api_answer(200, answer);
}

static struct api_response finish(struct api_job *job, const struct api_context *ctx)
{
    struct restore_job *j = job_of(job);
    struct api_response r = j->refused;
    j->refused = (struct api_response){.status = 0};
    if (j->outrun)
        users_take_after(ctx->users, &j->was, &j->there, 0);
    if (j->kept) {
        j->begun = false;
        return put_into_force(j, ctx);
    }
    if (j->begun)
        (void)j->change->end(j->change->ctx, false, j->why);
    j->begun = false;
    if (r.status)
        return r;
    r = api_answer(200, j->answer);
    j->answer = NULL;
    return r;
}

static void free_job(struct api_job *job)
{
    struct restore_job *j = job_of(job);
    api_text_free(j->refused.memory);
    api_text_free(j->answer);
    api_restored_free(&j->then);
    api_secrets_free(&j->secrets);
    cJSON_Delete(j->settings);
    users_crypto_wipe(j, sizeof *j);
    cJSON_free(j);
}

// --- the route -----------------------------------------------------------------------------------

static struct restore_job *job_new(const struct api_context *ctx, const struct api_request *req)
{
    const char *host = api_header(req, "Host");
    struct restore_job *j = cJSON_malloc(sizeof *j);
    if (!j)
        return NULL;
    memset(j, 0, sizeof *j);
    j->job = (struct api_job){begin, run, finish, free_job, false};
    j->who = *ctx->who;
    if (req->peer)
        j->peer = *req->peer;
    if (host)
        (void)base_text_copy(j->host, sizeof j->host, host);
    return j;
}

struct api_response api_post_restore(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument)
{
    struct api_response r;
    bool dry_run;
    (void)argument;
    if (!ctx->settings)
        return api_problem(404, "No settings", "This server has none.");
    if (!api_query_dry_run(req, &dry_run, &r))
        return r;
    struct restore_job *j = job_new(ctx, req);
    if (!j)
        return api_answer(200, NULL);
    j->dry_run = dry_run;
    if (take(j, req) && !(j->opens && api_backup_no_secrets(ctx, &j->refused)))
        return api_job_response(&j->job);
    r = j->refused;
    j->refused = (struct api_response){.status = 0};
    free_job(&j->job);
    return r;
}
