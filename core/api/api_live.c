// SPDX-License-Identifier: Apache-2.0
#include "api/api_live.h"
#include "api/api_device.h"
#include "api/api_events.h"
#include "api/api_header.h"
#include "api/api_json.h"
#include "api/api_message.h"
#include "api/api_problem.h"
#include "api/api_sessions.h"
#include "api/api_sorted.h"
#include "api/api_status.h"
#include "api/api_who.h"

#include "base/base_text.h"

#include <cJSON.h> // its memory only
#include <string.h>

enum { EVENTS_SHOWN = 50, DETAIL_SIZE = 120 };

// A device as the last snapshot found it.
struct seen {
    char busid[USB_BUSID_SIZE];
    uint32_t hash;    // of its JSON without ages
    uint64_t version; // in which it changed last
};

struct api_live {
    uint64_t version;
    uint64_t made_us, looked_us;  // this version; and when it was looked for a next one
    uint64_t event, event_before; // the newest of this version, and of the one before
    uint32_t hash;                // of all but devices
    struct seen *seen, *before;   // devices of this version, and of the one before
    struct seen *work;            // of the next one
    unsigned count, count_before, room;
    // Of this version, as far as somebody has asked: [1] for those who do not see users.
    struct api_message *delta[2], *full[2];
};

struct api_live *api_live_create(void)
{
    struct api_live *live = cJSON_malloc(sizeof *live);
    if (live)
        *live = (struct api_live){0};
    return live;
}

static void forget_messages(struct api_live *live)
{
    for (unsigned i = 0; i < 2; i++) {
        api_message_release(live->delta[i]);
        api_message_release(live->full[i]);
        live->delta[i] = live->full[i] = NULL;
    }
}

void api_live_destroy(struct api_live *live)
{
    if (!live)
        return;
    forget_messages(live);
    cJSON_free(live->seen);
    cJSON_free(live->before);
    cJSON_free(live->work);
    cJSON_free(live);
}

// --- snapshots -----------------------------------------------------------------------------------

// FNV-1a; frees the text. 0: no memory, which is taken for a change.
static uint32_t hash_of(struct api_json *j)
{
    char *text = api_json_end(j);
    uint32_t h = 2166136261u;
    for (const char *s = text ? text : ""; *s; s++)
        h = (h ^ (uint8_t)*s) * 16777619u;
    api_text_free(text);
    return text ? h | 1u : 0;
}

static struct api_json begin_steady(void)
{
    struct api_json j;
    api_json_begin(&j);
    j.steady = true;
    api_json_object(&j, NULL);
    return j;
}

static uint32_t hash_rest(const struct api_context *ctx)
{
    struct api_json j = begin_steady();
    api_status_members(&j, ctx, false);
    api_sessions(&j, ctx, true);
    return hash_of(&j);
}

static uint32_t hash_device(const struct api_context *ctx, const struct registry_device *d)
{
    struct api_json j = begin_steady();
    api_device_members(&j, ctx, d);
    return hash_of(&j);
}

static const struct seen *find(const struct seen *list, unsigned count, const char *busid)
{
    for (unsigned i = 0; i < count; i++)
        if (strcmp(list[i].busid, busid) == 0)
            return &list[i];
    return NULL;
}

// What has gone is not known then: a version is left out, so that everybody gets everything.
static bool make_room(struct api_live *live, unsigned devices)
{
    struct seen **lists[] = {&live->seen, &live->before, &live->work};
    struct seen *larger[3] = {0};
    if (devices <= live->room)
        return true;
    bool all = true;
    for (unsigned i = 0; i < 3; i++)
        all = (larger[i] = cJSON_malloc(devices * sizeof *live->seen)) && all;
    if (all && live->count > 0)
        memcpy(larger[0], live->seen, live->count * sizeof *live->seen);
    for (unsigned i = 0; i < 3; i++) {
        cJSON_free(all ? *lists[i] : larger[i]);
        *lists[i] = all ? larger[i] : *lists[i];
    }
    live->room = all ? devices : live->room;
    live->count_before = all ? 0 : live->count_before;
    live->version += all && live->version > 0;
    return all;
}

// Fills in `work`. True: something has changed.
static bool look_at_devices(struct api_live *live, const struct api_context *ctx,
                            const struct api_sorted *sorted)
{
    bool changed = live->count != sorted->count;
    for (unsigned i = 0; i < sorted->count; i++) {
        const struct registry_device *d = sorted->device[i];
        const struct seen *old = find(live->seen, live->count, d->info.busid);
        struct seen *now = &live->work[i];
        now->hash = hash_device(ctx, d);
        (void)base_text_copy(now->busid, sizeof now->busid, d->info.busid);
        bool same = old && old->hash == now->hash && now->hash != 0;
        now->version = same ? old->version : live->version + 1;
        changed |= !same;
    }
    return changed;
}

static void next_version(struct api_live *live, const struct api_context *ctx, unsigned devices)
{
    struct seen *free_list = live->before;
    live->before = live->seen;
    live->seen = live->work;
    live->work = free_list;
    live->count_before = live->count;
    live->count = devices;
    live->version++;
    live->made_us = ctx->now_us;
    live->event_before = live->event;
    live->event = eventlog_last(server_eventlog(ctx->server));
    forget_messages(live);
}

static void snapshot(struct api_live *live, const struct api_context *ctx)
{
    struct api_sorted sorted;
    uint64_t age_us = ctx->now_us - live->made_us;
    if (live->version > 0 && ctx->now_us - live->looked_us < API_LIVE_EVERY_US)
        return;
    live->looked_us = ctx->now_us;
    if (!api_sorted_begin(&sorted, ctx))
        return;
    if (make_room(live, sorted.count)) {
        uint32_t hash = hash_rest(ctx);
        bool changed = look_at_devices(live, ctx, &sorted);
        changed |= hash != live->hash || eventlog_last(server_eventlog(ctx->server)) != live->event;
        live->hash = hash;
        if (changed || live->version == 0 || age_us >= API_LIVE_SILENT_US)
            next_version(live, ctx, sorted.count);
    }
    api_sorted_end(&sorted);
}

// --- messages ------------------------------------------------------------------------------------

static void add_devices(struct api_json *j, const struct api_live *live,
                        const struct api_context *ctx, bool full)
{
    api_json_array(j, "devices");
    for (unsigned i = 0; i < live->count; i++) {
        const struct registry_device *d =
            registry_find(server_registry(ctx->server), live->seen[i].busid);
        if (d && (full || live->seen[i].version == live->version))
            api_device(j, NULL, ctx, d);
    }
    api_json_array_end(j);
    api_json_array(j, "gone");
    for (unsigned i = 0; i < live->count_before && !full; i++)
        if (!find(live->seen, live->count, live->before[i].busid))
            api_json_text(j, NULL, live->before[i].busid);
    api_json_array_end(j);
}

static void add_figures(struct api_json *j, const struct api_context *ctx)
{
    const struct server_usages *usages = server_usages(ctx->server, ctx->now_us);
    struct server_rates rates = server_history_rates(&usages->all);
    api_json_object(j, "figures");
    api_json_number(j, "in_bytes_per_s", rates.bytes_per_s[0]);
    api_json_number(j, "out_bytes_per_s", rates.bytes_per_s[1]);
    api_json_object(j, "devices");
    BASE_LIST_FOR_EACH (const struct registry_device, d, &server_registry(ctx->server)->devices,
                        link) {
        if (!d->usage || !d->usage->history)
            continue;
        rates = server_usage_rates(d->usage);
        api_json_object(j, d->info.busid);
        api_json_number(j, "in", rates.bytes_per_s[0]);
        api_json_number(j, "out", rates.bytes_per_s[1]);
        api_json_object_end(j);
    }
    api_json_object_end(j);
    api_json_object_end(j);
}

static void add_events(struct api_json *j, const struct api_live *live,
                       const struct api_context *ctx, bool full)
{
    const struct api_stream all = {.level = EVENTLOG_DEBUG};
    const struct eventlog_event *e;
    uint64_t last = live->event > EVENTS_SHOWN ? live->event - EVENTS_SHOWN : 0;
    uint64_t after = full ? last : live->event_before;
    api_json_array(j, "events");
    while ((e = api_events_next(ctx, &all, after)) != NULL && e->number <= live->event) {
        api_events_add(j, ctx, e);
        after = e->number;
    }
    api_json_array_end(j);
}

static struct api_message *write_message(const struct api_live *live, const struct api_context *ctx,
                                         bool full)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_number(&j, "v", live->version);
    api_json_bool(&j, "full", full);
    api_json_seconds(&j, "uptime_s", api_uptime_us(ctx));
    api_json_utc(&j, "time", api_unix_us(ctx, ctx->now_us));
    api_json_object(&j, "status");
    api_status_members(&j, ctx, full);
    api_json_object_end(&j);
    add_devices(&j, live, ctx, full);
    api_sessions(&j, ctx, true);
    add_figures(&j, ctx);
    add_events(&j, live, ctx, full);
    api_json_object_end(&j);
    return api_message_of(api_json_end(&j));
}

struct api_message *api_live_next(const struct api_context *ctx, struct api_stream *stream)
{
    struct api_live *live = ctx->live;
    if (!live)
        return NULL;
    snapshot(live, ctx);
    if (live->version == 0 || stream->version == live->version)
        return NULL;
    bool full = stream->version == 0 || stream->version != live->version - 1;
    unsigned kind = !api_who_sees_users(ctx);
    struct api_message **message = full ? &live->full[kind] : &live->delta[kind];
    if (!*message)
        *message = write_message(live, ctx, full);
    if (!*message)
        return NULL;
    stream->version = live->version;
    stream->told_us = ctx->now_us;
    (*message)->users++;
    return *message;
}

// All that there is room for. A page whose WebSocket was refused cannot read why: it asks without.
static bool is_full(const struct api_context *ctx, struct api_response *r)
{
    struct api_port_facts facts = {0};
    char detail[DETAIL_SIZE];
    struct base_text t;
    if (ctx->port_facts)
        ctx->port_facts(ctx->port_ctx, &facts);
    if (facts.live_sockets_max == 0 || facts.live_sockets < facts.live_sockets_max)
        return false;
    base_text_init(&t, detail, sizeof detail);
    base_text_u64(&t, facts.live_sockets);
    base_text_str(&t, " pages are kept up to date already, which is all that there is room for. "
                      "Close one of them.");
    *r = api_problem(503, "No place for one more", detail);
    return true;
}

struct api_response api_get_live(const struct api_context *ctx, const struct api_request *req,
                                 const char *argument)
{
    (void)argument;
    const char *upgrade = api_header(req, "Upgrade");
    struct api_response full;
    if (!ctx->live)
        return api_problem(503, "No live updates", "The server has no memory for them.");
    if (!upgrade || !api_header_has(upgrade, "websocket"))
        return is_full(ctx, &full) ? full
                                   : api_problem(426, "This is a WebSocket",
                                                 "Ask for it with the header Upgrade: websocket.");
    return (struct api_response){
        .status = 101,
        .kind = API_WEBSOCKET,
        .stream = {.kind = API_STREAM_LIVE},
    };
}
