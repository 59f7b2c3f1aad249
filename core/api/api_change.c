// SPDX-License-Identifier: Apache-2.0
#include "api/api_change.h"
#include "api/api_job.h"
#include "api/api_problem.h"
#include "api/api_who.h"
#include "api/api_wrong.h"

#include "base/base_text.h"

#include <cJSON.h> // its memory only
#include <string.h>

static void record(const struct api_context *ctx, const struct api_request *req)
{
    struct eventlog_event e = {.time_us = ctx->now_us, .what = EVENTLOG(settings_changed)};
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    api_who_text(ctx, req->peer, &t);
    eventlog_record(server_eventlog(ctx->server), &e);
}

// Makes a sentence of `why`.
static struct api_response refused(int status, const char *title, char *why)
{
    size_t n = strlen(why);
    why[n] = '.';
    why[n + 1] = '\0';
    return api_problem(status, title, why);
}

static struct api_response unchangeable(void)
{
    return api_problem(409, "The settings cannot be changed", "Not by this way on this server.");
}

// No memory, or not at all. One answer on the stack of who asks.
static struct api_response cannot_begin(const struct api_context *ctx)
{
    return ctx->change ? api_answer(200, NULL) : unchangeable();
}

// True: it has begun, or could. `why`: of API_CHANGE_WHY_SIZE + 1.
static bool begin_patch(const struct api_context *ctx, const struct api_patch *patch, unsigned skip,
                        struct settings *try, char *why, struct api_response *r)
{
    const struct api_change *change = ctx->change;
    struct api_wrong wrong;
    *r = api_answer(200, NULL); // no memory
    if (!api_wrong_begin(&wrong))
        return false;
    why[0] = '\0';
    enum api_change_result result =
        change->begin(change->ctx, patch->text, patch->size, &wrong.errors, try, why);
    if (result == API_CHANGE_WRONG)
        *r = api_wrong_problem(&wrong, skip);
    else if (result == API_CHANGE_FIXED)
        *r = refused(409, "The settings' file decides about that", why);
    else if (result == API_CHANGE_FAILED)
        *r = refused(503, "The settings cannot be changed now", why);
    api_wrong_end(&wrong);
    return result == API_CHANGE_OK;
}

bool api_change_try(const struct api_context *ctx, const char *patch, size_t size,
                    struct settings *try, struct api_response *r)
{
    const struct api_patch p = {patch, size, NULL};
    char *why = ctx->change ? cJSON_malloc(API_CHANGE_WHY_SIZE + 1) : NULL; // stacks are small
    *r = cannot_begin(ctx);
    bool good = why && begin_patch(ctx, &p, 0, try, why, r);
    cJSON_free(why);
    return good;
}

// --- the job -------------------------------------------------------------------------------------

struct change_job {
    struct api_job job; // the first
    const struct api_changer *changer;
    const struct api_change *change;
    struct api_request req; // ours
    struct base_address peer;
    struct users_identity who;
    char *body, *if_match; // NULL: none
    char name[API_CHANGE_NAME_SIZE];
    char why[API_CHANGE_WHY_SIZE + 1];
    bool begun, kept;
    struct api_response refusal; // if it has not begun
};

static struct change_job *job_of(struct api_job *job)
{
    return (struct change_job *)job; // its first member
}

static const char *header(void *ctx, const char *name)
{
    const struct change_job *j = ctx;
    return strcmp(name, "If-Match") == 0 ? j->if_match : NULL;
}

static bool begin(struct api_job *job, const struct api_context *ctx)
{
    struct change_job *j = job_of(job);
    struct api_patch patch = {.memory = NULL};
    if (!api_who_is_still(ctx, &j->who)) {
        j->refusal = api_problem(403, "Not allowed", "You were logged out meanwhile.");
        return false;
    }
    if (j->changer->patch(ctx, &j->req, j->name, &patch, &j->refusal))
        j->begun = begin_patch(ctx, &patch, j->changer->skip, NULL, j->why, &j->refusal);
    cJSON_free(patch.memory);
    return j->begun;
}

static void run(struct api_job *job)
{
    struct change_job *j = job_of(job);
    j->kept = j->change->keep(j->change->ctx, j->why);
}

static struct api_response finish(struct api_job *job, const struct api_context *ctx)
{
    struct change_job *j = job_of(job);
    struct api_context with = *ctx;
    struct api_response refusal = j->refusal;
    j->refusal.memory = NULL;
    if (!j->begun)
        return refusal;
    if (!j->change->end(j->change->ctx, j->kept, j->why))
        return refused(503, "The settings cannot be changed now", j->why);
    with.who = &j->who;
    record(&with, &j->req);
    return j->changer->answer(&with, &j->req, j->name);
}

static void free_job(struct api_job *job)
{
    struct change_job *j = job_of(job);
    api_response_free(&j->refusal);
    cJSON_free(j->body);
    cJSON_free(j->if_match);
    cJSON_free(j);
}

// NULL: no memory, or nothing to copy.
static char *copy(const void *bytes, size_t size)
{
    char *text = bytes ? cJSON_malloc(size + 1) : NULL;
    if (!text)
        return NULL;
    memcpy(text, bytes, size);
    text[size] = '\0';
    return text;
}

// What of the request is needed later. False: no memory.
static bool keep_request(struct change_job *j, const struct api_request *req)
{
    const char *if_match = api_header(req, "If-Match");
    j->body = copy(req->body, req->body_size);
    j->if_match = copy(if_match, if_match ? strlen(if_match) : 0);
    j->peer = req->peer ? *req->peer : (struct base_address){.bits = 0};
    j->req = (struct api_request){
        .method = "PATCH",
        .path = "",
        .query = "",
        .header = header,
        .header_ctx = j,
        .peer = req->peer ? &j->peer : NULL,
        .body = j->body,
        .body_size = req->body_size,
    };
    return (j->body || !req->body) && (j->if_match || !if_match);
}

struct api_response api_change(const struct api_context *ctx, const struct api_request *req,
                               const char *name, const struct api_changer *changer)
{
    if (!ctx->change)
        return unchangeable();
    struct change_job *j = cJSON_malloc(sizeof *j);
    if (!j)
        return api_answer(200, NULL);
    *j = (struct change_job){
        .job = {begin, run, finish, free_job}, .changer = changer, .change = ctx->change};
    if (ctx->who)
        j->who = *ctx->who;
    if (!base_text_copy(j->name, sizeof j->name, name) || !keep_request(j, req)) {
        free_job(&j->job);
        return api_answer(200, NULL);
    }
    return api_job_response(&j->job);
}
