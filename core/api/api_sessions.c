// SPDX-License-Identifier: Apache-2.0
#include "api/api_sessions.h"
#include "api/api_device.h"

#include "base/base_text.h"

enum { NAME_SIZE = 80 };

static const struct registry_device *device_of(const struct api_context *ctx,
                                               const struct session_view *v)
{
    return v->busid[0] ? registry_find(server_registry(ctx->server), v->busid) : NULL;
}

static void add_device_name(struct api_json *j, const struct registry_device *d)
{
    char name[NAME_SIZE];
    struct base_text t;
    base_text_init(&t, name, sizeof name);
    if (d)
        api_device_name(d, &t);
    api_json_text(j, "device_name", d ? name : NULL);
}

static void add_totals(struct api_json *j, const struct session_counters *c)
{
    api_json_object(j, "totals");
    api_counters(j, c);
    api_json_object_end(j);
}

static void add_session(struct api_json *j, const struct api_context *ctx, const struct session *s,
                        const struct session_view *v)
{
    const struct registry_device *d = device_of(ctx, v);
    bool has_it = d && d->session == v->id;
    const struct server_rates rates = server_usage_rates(has_it ? d->usage : NULL);
    bool silent = session_peer(s) != SESSION_PEER_ANSWERS;
    api_json_object(j, NULL);
    api_json_number(j, "id", v->id);
    api_json_text(j, "peer", v->peer);
    api_peer_address(j, ctx, s);
    api_json_text(j, "busid", v->busid[0] ? v->busid : NULL);
    add_device_name(j, d);
    api_json_text(j, "state",
                  session_is_closing(s) ? "closing"
                  : v->busid[0]         ? "attached"
                                        : "operation");
    api_json_age(j, "since_s", ctx->now_us - v->since_us);
    api_json_utc(j, "since_time", api_unix_us(ctx, v->since_us));
    api_json_age(j, "silent_s", silent ? ctx->now_us - v->heard_us : 0);
    api_round_trip(j, s);
    api_json_number(j, "urbs_in_flight", v->urbs_in_flight);
    api_json_number(j, "bytes_in_flight", v->bytes_in_flight);
    api_rates(j, &rates);
    add_totals(j, &v->counters);
    api_json_object_end(j);
}

void api_sessions(struct api_json *j, const struct api_context *ctx, bool with_device_only)
{
    struct session_view v;
    const struct session *s = NULL;
    api_json_array(j, "sessions");
    while ((s = server_next_session(ctx->server, s)) != NULL) {
        session_view(s, &v);
        if (v.busid[0] || !with_device_only)
            add_session(j, ctx, s, &v);
    }
    api_json_array_end(j);
}

struct api_response api_get_sessions(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument)
{
    struct api_json j;
    (void)req;
    (void)argument;
    (void)server_usages(ctx->server, ctx->now_us);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_sessions(&j, ctx, false);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}
