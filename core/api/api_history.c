// SPDX-License-Identifier: Apache-2.0
#include "api/api_history.h"
#include "api/api_device.h"
#include "api/api_json.h"
#include "api/api_problem.h"
#include "api/api_query.h"
#include "api/api_sorted.h"

#include "base/base_text.h"

#include <string.h>

static void add_points(struct api_json *j, const char *name, const struct server_history_ring *r,
                       unsigned direction)
{
    api_json_array(j, name);
    for (unsigned i = 0; i < SERVER_HISTORY_POINTS; i++) {
        uint32_t point = server_history_point(r, direction, i);
        api_json_number(j, NULL, point == UINT32_MAX ? API_JSON_UNKNOWN : point);
    }
    api_json_array_end(j);
}

static void add_ring(struct api_json *j, const char *name, const struct server_history_ring *r)
{
    api_json_object(j, name);
    add_points(j, "in", r, 0);
    add_points(j, "out", r, 1);
    api_json_object_end(j);
}

static const struct server_history_ring *ring_of(const struct server_history *h, bool hour)
{
    return hour ? &h->hour : &h->minute;
}

static void add_span(struct api_json *j, const struct server_usages *usages,
                     const struct api_sorted *sorted, const char *busid, bool hour)
{
    const uint64_t step_us = SERVER_HISTORY_STEP_US;
    api_json_object(j, hour ? "hour" : "minute");
    api_json_seconds(j, "step_s", hour ? step_us * SERVER_HISTORY_STEPS : step_us);
    api_json_number(j, "points", SERVER_HISTORY_POINTS);
    add_ring(j, "all", ring_of(&usages->all, hour));
    api_json_object(j, "devices");
    for (unsigned i = 0; i < sorted->count; i++) {
        const struct registry_device *d = sorted->device[i];
        bool wanted = !busid[0] || strcmp(busid, d->info.busid) == 0;
        if (wanted && d->usage && d->usage->history) // else nobody has used it yet
            add_ring(j, d->info.busid, ring_of(d->usage->history, hour));
    }
    api_json_object_end(j);
    api_json_object_end(j);
}

static struct api_response answer(const struct api_context *ctx, const char *busid)
{
    struct api_sorted sorted;
    struct api_json j;
    const struct server_usages *usages = server_usages(ctx->server, ctx->now_us);
    if (!api_sorted_begin(&sorted, ctx))
        return api_answer(200, NULL);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    add_span(&j, usages, &sorted, busid, false);
    add_span(&j, usages, &sorted, busid, true);
    api_json_utc(&j, "time", api_unix_us(ctx, ctx->now_us));
    api_json_seconds(&j, "uptime_s", api_uptime_us(ctx));
    api_json_number(&j, "boot", eventlog_boot(server_eventlog(ctx->server)));
    api_json_object_end(&j);
    api_sorted_end(&sorted);
    return api_answer(200, api_json_end(&j));
}

struct api_response api_get_history(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument)
{
    char busid[API_QUERY_VALUE] = "";
    struct api_query q = api_query_begin(req);
    (void)argument;
    while (api_query_next(&q)) {
        if (strcmp(q.name, "busid") != 0)
            return api_query_problem(q.name, "is not known here; there is busid");
        const struct registry_device *d =
            registry_find_named(server_registry(ctx->server), q.value);
        if (!d)
            return api_query_problem(q.name, "names no device that is plugged in");
        (void)base_text_copy(busid, sizeof busid, d->info.busid);
    }
    if (q.wrong)
        return api_problem(400, "The query is wrong", "It cannot be decoded, or is too long.");
    return answer(ctx, busid);
}
