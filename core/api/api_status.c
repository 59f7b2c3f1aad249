// SPDX-License-Identifier: Apache-2.0
#include "api/api_status.h"
#include "api/api_device.h"
#include "api/api_health.h"

#include "eventlog/eventlog_word.h"

static uint64_t or_unknown(uint64_t v)
{
    return v ? v : API_JSON_UNKNOWN;
}

static void add_identity(struct api_json *j, const struct api_context *ctx,
                         const struct api_port_facts *facts)
{
    struct eventlog *log = server_eventlog(ctx->server);
    api_json_text(j, "version", ctx->version);
    api_json_text(j, "id", facts->id[0] ? facts->id : NULL);
    api_json_text(j, "name", facts->name[0] ? facts->name : NULL);
    api_json_text(j, "port", facts->port ? facts->port : "unknown");
    api_json_text(j, "board", facts->board);
    api_json_age(j, "uptime_s", api_uptime_us(ctx));
    if (j->steady)
        api_json_null(j, "time");
    else
        api_json_utc(j, "time", api_unix_us(ctx, ctx->now_us));
    api_json_number(j, "boot", eventlog_boot(log));
    api_health_restart(j, ctx);
    api_json_number(j, "usbip_port", or_unknown(facts->usbip_port));
}

static void add_pool(struct api_json *j, const struct api_pool *pool)
{
    api_json_object(j, NULL);
    api_json_text(j, "pool", pool->name);
    api_json_number(j, "size", pool->size);
    api_json_number(j, "free", pool->free);
    api_json_number(j, "least_free", pool->least_free);
    api_json_object_end(j);
}

static void add_memory(struct api_json *j, const struct api_context *ctx,
                       const struct server_totals *t, const struct api_port_facts *facts)
{
    uint64_t size = server_config(ctx->server)->total_budget_bytes;
    bool over = t->payload_bytes_in_use > size; // one long URB per session may go beyond
    const struct api_pool urbs = {"urb", size, over ? 0 : size - t->payload_bytes_in_use,
                                  API_UNKNOWN};
    api_json_array(j, "memory");
    add_pool(j, &urbs);
    for (unsigned i = 0; i < facts->pool_count; i++)
        add_pool(j, &facts->pools[i]);
    api_json_array_end(j);
}

static void add_network(struct api_json *j, const struct api_port_facts *facts)
{
    api_json_object(j, "network");
    api_json_array(j, "addresses");
    for (unsigned i = 0; i < facts->address_count; i++)
        api_json_address(j, NULL, &facts->addresses[i]);
    api_json_array_end(j);
    api_json_number(j, "link_mbps", or_unknown(facts->link_mbps));
    api_json_bool(j, "up", facts->link_up);
    api_json_text(j, "source", facts->address_source);
    api_json_object_end(j);
}

struct counts {
    unsigned devices, hidden, available, in_use, unusable, hubs, sessions, connections;
};

static struct counts count(const struct api_context *ctx)
{
    struct counts n = {0};
    const struct session *s = NULL;
    BASE_LIST_FOR_EACH (const struct registry_device, d, &server_registry(ctx->server)->devices,
                        link) {
        bool hidden = api_device_hidden(ctx, d);
        bool available =
            !hidden && (d->state == REGISTRY_AVAILABLE || d->state == REGISTRY_CLEANING);
        n.devices += d->state != REGISTRY_HUB;
        n.available += available;
        n.in_use += d->state == REGISTRY_IN_USE || d->state == REGISTRY_OPENING;
        n.unusable += d->state == REGISTRY_REFUSED;
        n.hidden += hidden;
        n.hubs += d->state == REGISTRY_HUB;
        n.sessions += d->session != 0;
    }
    while ((s = server_next_session(ctx->server, s)) != NULL)
        n.connections++;
    return n;
}

static void add_counts(struct api_json *j, const struct api_context *ctx,
                       const struct api_port_facts *facts)
{
    const struct counts n = count(ctx);
    api_json_object(j, "counts");
    api_json_number(j, "devices", n.devices);
    api_json_number(j, "available", n.available);
    api_json_number(j, "in_use", n.in_use);
    api_json_number(j, "unusable", n.unusable);
    api_json_number(j, "hidden", n.hidden);
    api_json_number(j, "hubs", n.hubs);
    api_json_number(j, "sessions", n.sessions);
    api_json_number(j, "connections", n.connections);
    api_json_number(j, "live_sockets", facts->live_sockets);
    api_json_object_end(j);
}

static void add_totals(struct api_json *j, const struct api_context *ctx,
                       const struct server_totals *t)
{
    struct session_counters c = t->ended;
    const struct session *s = NULL;
    while ((s = server_next_session(ctx->server, s)) != NULL)
        server_counters_add(&c, session_counters(s));
    api_json_object(j, "totals");
    api_json_number(j, "connections", t->connections);
    api_json_number(j, "imports", t->imports);
    api_json_number(j, "imports_refused", t->imports_refused);
    api_json_number(j, "protocol_errors", t->protocol_errors);
    api_counters(j, &c);
    api_json_object_end(j);
}

static void add_limits(struct api_json *j, const struct server_config *c)
{
    api_json_object(j, "limits");
    api_json_number(j, "max_connections", c->max_connections);
    api_json_number(j, "max_devices", c->max_devices);
    api_json_number(j, "max_urb_bytes", c->session.max_urb_bytes);
    api_json_number(j, "max_urbs_per_session", c->session.max_urbs);
    api_json_number(j, "session_budget_bytes", c->session.budget_bytes);
    api_json_number(j, "total_budget_bytes", c->total_budget_bytes);
    api_json_seconds(j, "op_timeout_s", c->session.op_timeout_us);
    api_json_seconds(j, "import_timeout_s", c->session.import_timeout_us);
    api_json_seconds(j, "silent_s", c->session.silent_us);
    api_json_number(j, "eventlog_capacity", c->eventlog_capacity);
    api_json_bool(j, "list_in_use", c->list_in_use);
    api_json_object_end(j);
}

static void add_access(struct api_json *j, const struct api_context *ctx)
{
    const enum access_mode mode = server_access(ctx->server)->mode;
    api_json_text(j, "access_mode", eventlog_word_json(EVENTLOG_KIND_access_mode, mode));
    api_json_text(j, "takeover", server_config(ctx->server)->never_take_over ? "never" : "probe");
    api_json_bool(j, "kept", ctx->kept);
}

// null: a login over this connection is plain.
static void add_https(struct api_json *j, const struct api_port_facts *facts)
{
    if (!facts->https_port) {
        api_json_null(j, "https");
        return;
    }
    api_json_object(j, "https");
    api_json_number(j, "port", facts->https_port);
    api_json_object_end(j);
}

void api_status_members(struct api_json *j, const struct api_context *ctx, bool with_limits)
{
    struct api_port_facts facts = {0};
    struct server_totals totals;
    const struct server_usages *usages = server_usages(ctx->server, ctx->now_us);
    const struct server_rates rates = server_history_rates(&usages->all);
    if (ctx->port_facts)
        ctx->port_facts(ctx->port_ctx, &facts);
    server_totals(ctx->server, &totals);
    add_identity(j, ctx, &facts);
    add_memory(j, ctx, &totals, &facts);
    add_network(j, &facts);
    add_counts(j, ctx, &facts);
    add_totals(j, ctx, &totals);
    api_rates(j, &rates);
    api_health_refusals(j, ctx);
    api_health_pending(j, ctx);
    if (with_limits)
        add_limits(j, server_config(ctx->server));
    add_access(j, ctx);
    add_https(j, &facts);
    api_json_bool(j, "simulated", ctx->simulate != NULL);
    api_json_number(j, "last_event", eventlog_last(server_eventlog(ctx->server)));
    api_health_problems(j, ctx, &facts);
}

struct api_response api_get_status(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    struct api_json j;
    (void)req;
    (void)argument;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_status_members(&j, ctx, true);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}
