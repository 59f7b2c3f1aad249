// SPDX-License-Identifier: Apache-2.0
#include "api/api_change.h"
#include "api/api_problem.h"
#include "api/api_wrong.h"

#include "base/base_text.h"

#include <cJSON.h> // its memory only
#include <string.h>

static void record(const struct api_context *ctx, const struct api_request *req)
{
    struct eventlog_event e = {.time_us = ctx->now_us, .what = EVENTLOG(settings_changed)};
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    if (req->peer)
        base_address_text(req->peer, &t);
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

// True: it is done, or would be.
static bool take(const struct api_context *ctx, const char *patch, size_t size, unsigned skip,
                 struct settings *try, struct api_response *r)
{
    struct api_wrong wrong;
    char *why;
    if (!ctx->change) {
        *r = api_problem(409, "The settings cannot be changed", "Not by this way on this server.");
        return false;
    }
    why = cJSON_malloc(API_CHANGE_WHY_SIZE + 1); // the chip's stacks are small
    if (!why || !api_wrong_begin(&wrong)) {
        cJSON_free(why);
        *r = api_answer(200, NULL);
        return false;
    }
    why[0] = '\0';
    enum api_change_result result =
        ctx->change->change(ctx->change->ctx, patch, size, &wrong.errors, try, why);
    if (result == API_CHANGE_WRONG)
        *r = api_wrong_problem(&wrong, skip);
    else if (result == API_CHANGE_FIXED)
        *r = refused(409, "The settings' file decides about that", why);
    else if (result == API_CHANGE_FAILED)
        *r = refused(503, "The settings cannot be changed now", why);
    api_wrong_end(&wrong);
    cJSON_free(why);
    return result == API_CHANGE_OK;
}

bool api_change(const struct api_context *ctx, const struct api_request *req, const char *patch,
                size_t size, unsigned skip, struct api_response *r)
{
    bool done = take(ctx, patch, size, skip, NULL, r);
    if (done)
        record(ctx, req);
    return done;
}

bool api_change_try(const struct api_context *ctx, const char *patch, size_t size,
                    struct settings *try, struct api_response *r)
{
    return take(ctx, patch, size, 0, try, r);
}
