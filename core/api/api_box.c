// SPDX-License-Identifier: Apache-2.0
#include "api/api_box.h"
#include "api/api_body.h"
#include "api/api_job.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_who.h"

#include "base/base_text.h"
#include "settings/settings_error.h"

#include <string.h>

static struct api_response not_here(void)
{
    return api_problem(501, "Not by this way", "This server cannot begin again by itself.");
}

static void record(const struct api_context *ctx, const struct base_address *peer,
                   struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = ctx->now_us, .what = what};
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    api_who_text(ctx, peer, &t);
    eventlog_record(server_eventlog(ctx->server), &e);
}

// What is gone afterwards although nobody has asked for that.
static const char *loses(const struct api_context *ctx)
{
    return ctx->kept ? NULL
                     : "It was started without --state-dir, so it keeps nothing: settings that "
                       "were changed, users and tokens are gone then.";
}

static struct api_response begins_again(const struct api_context *ctx, bool is_reset)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_number(&j, "drain_s", ctx->box->drain_s);
    api_json_text(&j, is_reset ? "stays" : "loses", is_reset ? ctx->box->stays : loses(ctx));
    api_json_object_end(&j);
    return api_answer(202, api_json_end(&j));
}

// --- the job: looks before it leaps --------------------------------------------------------------

struct box_job {
    struct api_job job; // the first
    const struct api_box *box;
    struct users_identity who;
    struct base_address peer;
    bool is_reset, runs, starts, erased;
    char why[API_BOX_WHY_SIZE + 1];
};

static struct box_job *job_of(struct api_job *job)
{
    return (struct box_job *)job; // its first member
}

static bool begin(struct api_job *job, const struct api_context *ctx)
{
    struct box_job *j = job_of(job);
    j->runs = api_who_is_still(ctx, &j->who);
    return j->runs;
}

static void run(struct api_job *job)
{
    struct box_job *j = job_of(job);
    j->starts = !j->box->check || j->box->check(j->box->ctx, j->why);
    if (j->starts && j->is_reset)
        j->erased = j->box->erase(j->box->ctx, j->why);
}

static struct api_response refused(struct box_job *j)
{
    size_t n = strlen(j->why);
    memcpy(j->why + n, ".", sizeof ".");
    return j->starts ? api_problem(503, "Not everything could be removed", j->why)
                     : api_problem(409, "It would not start again", j->why);
}

static struct api_response finish(struct api_job *job, const struct api_context *ctx)
{
    struct box_job *j = job_of(job);
    struct api_context with = *ctx;
    if (!j->runs)
        return api_problem(403, "Not allowed", "You were logged out meanwhile.");
    if (!j->starts || (j->is_reset && !j->erased))
        return refused(j);
    with.who = &j->who;
    record(&with, &j->peer, j->is_reset ? EVENTLOG(factory_reset) : EVENTLOG(restart_asked));
    j->box->restart(j->box->ctx, j->is_reset ? EVENT_START_FACTORY_RESET : EVENT_START_RESTART);
    return begins_again(ctx, j->is_reset);
}

static void free_job(struct api_job *job)
{
    cJSON_free(job);
}

static struct api_response job_response(const struct api_context *ctx,
                                        const struct api_request *req, bool is_reset)
{
    struct box_job *j = cJSON_malloc(sizeof *j);
    if (!j)
        return api_answer(202, NULL);
    *j = (struct box_job){.job = {begin, run, finish, free_job}, .box = ctx->box, .who = *ctx->who};
    j->is_reset = is_reset;
    if (req->peer)
        j->peer = *req->peer;
    return api_job_response(&j->job);
}

// --- routes --------------------------------------------------------------------------------------

struct api_response api_post_restart(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument)
{
    static const char *const names[] = {NULL};
    struct api_response r;
    (void)argument;
    if (!ctx->box)
        return not_here();
    cJSON *body = req->body ? api_body_object(req, &r) : NULL;
    bool good = !req->body || (body && api_body_only(body, names, &r));
    cJSON_Delete(body);
    return good ? job_response(ctx, req, false) : r;
}

// The name of the box, as whoever asks has typed it. False: *r.
static bool is_named(const struct api_context *ctx, const char *typed, struct api_response *r)
{
    static const struct api_error error = {
        "/host_name", "It is another one. GET /api/v1/status tells this box's \"name\"."};
    struct api_port_facts *facts = cJSON_malloc(sizeof *facts); // stacks are small
    *r = api_answer(202, NULL);
    if (!facts)
        return false;
    memset(facts, 0, sizeof *facts);
    if (ctx->port_facts)
        ctx->port_facts(ctx->port_ctx, facts);
    bool same = strcmp(typed, facts->name) == 0;
    cJSON_free(facts);
    if (!same)
        *r = api_problem_of(409, "Not this box", error.detail, &error, 1);
    return same;
}

struct api_response api_post_factory_reset(const struct api_context *ctx,
                                           const struct api_request *req, const char *argument)
{
    struct api_response r;
    (void)argument;
    if (!ctx->box)
        return not_here();
    char *typed = api_body_text(req, "host_name", &r);
    bool named = typed && is_named(ctx, typed, &r);
    cJSON_free(typed);
    return named ? job_response(ctx, req, true) : r;
}
