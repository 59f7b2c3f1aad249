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

// What is told: of the devices that are plugged in, or of one that may have gone.
struct wanted {
    struct api_sorted sorted;
    char busid[USB_BUSID_SIZE];       // "": of all
    const struct server_usage *usage; // of that one; NULL: nobody has used it
};

static void add_device(struct api_json *j, const char *busid, const struct server_usage *usage,
                       bool hour)
{
    if (usage && usage->history)
        add_ring(j, busid, ring_of(usage->history, hour));
}

static void add_span(struct api_json *j, const struct server_usages *usages, const struct wanted *w,
                     bool hour)
{
    const uint64_t step_us = SERVER_HISTORY_STEP_US;
    api_json_object(j, hour ? "hour" : "minute");
    api_json_seconds(j, "step_s", hour ? step_us * SERVER_HISTORY_STEPS : step_us);
    api_json_number(j, "points", SERVER_HISTORY_POINTS);
    add_ring(j, "all", ring_of(&usages->all, hour));
    api_json_object(j, "devices");
    if (w->busid[0])
        add_device(j, w->busid, w->usage, hour);
    for (unsigned i = 0; i < w->sorted.count && !w->busid[0]; i++)
        add_device(j, w->sorted.device[i]->info.busid, w->sorted.device[i]->usage, hour);
    api_json_object_end(j);
    api_json_object_end(j);
}

static struct api_response answer(const struct api_context *ctx, struct wanted *w)
{
    struct api_json j;
    const struct server_usages *usages = server_usages(ctx->server, ctx->now_us);
    if (!api_sorted_begin(&w->sorted, ctx))
        return api_answer(200, NULL);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    add_span(&j, usages, w, false);
    add_span(&j, usages, w, true);
    api_json_utc(&j, "time", api_unix_us(ctx, ctx->now_us));
    api_json_seconds(&j, "uptime_s", api_uptime_us(ctx));
    api_json_number(&j, "boot", eventlog_boot(server_eventlog(ctx->server)));
    api_json_object_end(&j);
    api_sorted_end(&w->sorted);
    return api_answer(200, api_json_end(&j));
}

// The device of that bus ID or alias, or the one that was there last. False: there was none.
static bool take_device(const struct api_context *ctx, const char *name, struct wanted *w)
{
    const char *busid = server_busid(ctx->server, name);
    const struct registry_device *d = registry_find(server_registry(ctx->server), busid);
    const struct server_usages *usages = server_usages(ctx->server, ctx->now_us);
    w->usage = d ? d->usage : NULL;
    BASE_LIST_FOR_EACH (const struct server_usage, u, &usages->list, link)
        if (!d && strcmp(u->busid, busid) == 0)
            w->usage = u; // those that left last are at the end
    return base_text_copy(w->busid, sizeof w->busid, busid) && (d || w->usage);
}

struct api_response api_get_history(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument)
{
    struct wanted w = {.busid = ""};
    struct api_query q = api_query_begin(req);
    (void)argument;
    while (api_query_next(&q)) {
        if (strcmp(q.name, "busid") != 0)
            return api_query_problem(q.name, "is not known here; there is busid");
        if (!take_device(ctx, q.value, &w))
            return api_query_problem(q.name, "names no device that is or was plugged in");
    }
    if (q.wrong)
        return api_problem(400, "The query is wrong", "It cannot be decoded, or is too long.");
    return answer(ctx, &w);
}
