// SPDX-License-Identifier: Apache-2.0
#include "tests/support/api_rig.h"
#include "api/api_job.h"

#include <stdio.h>
#include <string.h>

struct api_context api_rig_context(const struct stage *st)
{
    return (struct api_context){.server = st->server, .version = "1.2.3", .now_us = st->now_us};
}

struct api_response api_rig_ask(const struct api_context *ctx, const char *method,
                                const char *target, const char *body)
{
    char path[256];
    const struct base_address here = {.bytes = {127, 0, 0, 1}, .bits = 32};
    snprintf(path, sizeof path, "%s", target);
    char *query = strchr(path, '?');
    if (query)
        *query++ = '\0';
    const struct api_request request = {
        .method = method,
        .path = path,
        .query = query ? query : "",
        .peer = &here,
        .body = body,
        .body_size = body ? strlen(body) : 0,
    };
    return api_rig_finish(ctx, api_handle(ctx, &request));
}

struct api_response api_rig_finish(const struct api_context *ctx, struct api_response r)
{
    struct api_job *job = r.job;
    if (r.kind != API_JOB)
        return r;
    if (!job->begin || job->begin(job, ctx))
        job->run(job);
    r = job->finish(job, ctx);
    CHECK(r.kind != API_JOB);
    job->free(job);
    return r;
}

cJSON *api_rig_json(const struct api_context *ctx, const char *method, const char *target,
                    const char *body, int status)
{
    struct api_response r = api_rig_ask(ctx, method, target, body);
    CHECK_EQ(r.status, status);
    CHECK_STR(r.content_type, status < 400 ? "application/json" : "application/problem+json");
    CHECK_EQ(strlen(r.body), r.size);
    CHECK(strchr(r.body, '\n') == NULL);
    cJSON *o = cJSON_ParseWithOpts(r.body, NULL, true);
    CHECK(o != NULL);
    api_response_free(&r);
    return o;
}

cJSON *api_rig_get(const struct stage *st, const char *target)
{
    const struct api_context ctx = api_rig_context(st);
    return api_rig_json(&ctx, "GET", target, NULL, 200);
}

cJSON *api_rig_member(const cJSON *o, const char *name)
{
    cJSON *m = cJSON_GetObjectItemCaseSensitive(o, name);
    if (!m)
        check_fail(__FILE__, __LINE__, "no member %s", name);
    return m;
}

cJSON *api_rig_item(const cJSON *list, int i)
{
    cJSON *m = cJSON_GetArrayItem(list, i);
    if (!m)
        check_fail(__FILE__, __LINE__, "no item %d", i);
    return m;
}

const char *api_rig_text(const cJSON *o, const char *name)
{
    return cJSON_GetStringValue(api_rig_member(o, name));
}

double api_rig_number(const cJSON *o, const char *name)
{
    if (!cJSON_IsNumber(api_rig_member(o, name)))
        check_fail(__FILE__, __LINE__, "%s is no number", name);
    return cJSON_GetNumberValue(api_rig_member(o, name));
}

bool api_rig_is_null(const cJSON *o, const char *name)
{
    return cJSON_IsNull(api_rig_member(o, name));
}

cJSON *api_rig_find(const cJSON *list, const char *name, const char *value)
{
    for (cJSON *o = list->child; o; o = o->next)
        if (cJSON_IsString(api_rig_member(o, name)) && strcmp(api_rig_text(o, name), value) == 0)
            return o;
    check_fail(__FILE__, __LINE__, "none with %s %s", name, value);
}
