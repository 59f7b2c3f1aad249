// SPDX-License-Identifier: Apache-2.0
#include "api/api_metrics.h"
#include "api/api_device.h"
#include "api/api_endpoints.h"
#include "api/api_json.h"
#include "api/api_sorted.h"

#include "base/base_text.h"
#include "eventlog/eventlog_refusals.h"
#include "server/server_lease.h"

enum { NUMBER_SIZE = 32, VALUE_SIZE = 2 * USB_NAME_SIZE };

// --- lines ---------------------------------------------------------------------------------------

static void begin_metric(struct api_json *j, const char *name, const char *type, const char *help)
{
    api_json_plain(j, "# HELP ");
    api_json_plain(j, name);
    api_json_plain(j, " ");
    api_json_plain(j, help);
    api_json_plain(j, "\n# TYPE ");
    api_json_plain(j, name);
    api_json_plain(j, " ");
    api_json_plain(j, type);
    api_json_plain(j, "\n");
}

// `before` is "{" or ",". The text's own quotation marks, backslashes and what is no ASCII are
// told apart.
static void add_label(struct api_json *j, const char *before, const char *name, const char *value)
{
    char text[VALUE_SIZE + 1];
    struct base_text t;
    base_text_init(&t, text, sizeof text);
    for (const char *s = value; *s; s++) {
        if (*s == '"' || *s == '\\')
            base_text_char(&t, '\\');
        base_text_char(&t, *s >= ' ' && *s <= '~' ? *s : '?');
    }
    api_json_plain(j, before);
    api_json_plain(j, name);
    api_json_plain(j, "=\"");
    api_json_plain(j, text);
    api_json_plain(j, "\"");
}

static void add_value(struct api_json *j, const char *before, uint64_t v)
{
    char text[NUMBER_SIZE];
    struct base_text t;
    base_text_init(&t, text, sizeof text);
    base_text_u64(&t, v);
    api_json_plain(j, before);
    api_json_plain(j, text);
    api_json_plain(j, "\n");
}

static void seconds_text(char text[NUMBER_SIZE], uint64_t us)
{
    char digits[8];
    struct base_text t, rest;
    base_text_init(&t, text, NUMBER_SIZE);
    base_text_init(&rest, digits, sizeof digits);
    base_text_u64(&rest, 1000000 + us % 1000000);
    base_text_u64(&t, us / 1000000);
    base_text_char(&t, '.');
    base_text_str(&t, digits + 1);
}

static void add_seconds(struct api_json *j, const char *before, uint64_t us)
{
    char text[NUMBER_SIZE];
    seconds_text(text, us);
    api_json_plain(j, before);
    api_json_plain(j, text);
    api_json_plain(j, "\n");
}

static void add_sample(struct api_json *j, const char *metric, const char *label, const char *value,
                       uint64_t v)
{
    api_json_plain(j, metric);
    if (label)
        add_label(j, "{", label, value);
    add_value(j, label ? "} " : " ", v);
}

// --- the server ----------------------------------------------------------------------------------

static void add_server(struct api_json *j, const struct api_context *ctx)
{
    struct server_totals t;
    const struct eventlog_refusals *refusals = eventlog_refusals(server_eventlog(ctx->server));
    server_totals(ctx->server, &t);
    begin_metric(j, "usbip_build_info", "gauge", "What runs here.");
    add_sample(j, "usbip_build_info", "version", ctx->version, 1);
    begin_metric(j, "usbip_uptime_seconds", "gauge", "Since the server was started.");
    api_json_plain(j, "usbip_uptime_seconds");
    add_seconds(j, " ", api_uptime_us(ctx));
    begin_metric(j, "usbip_connections_total", "counter", "Connections of USB/IP clients.");
    add_sample(j, "usbip_connections_total", "outcome", "accepted", t.connections);
    add_sample(j, "usbip_connections_total", "outcome", "refused",
               t.connections_refused + eventlog_refusals_no_descriptor(refusals));
    begin_metric(j, "usbip_imports_total", "counter", "Devices that clients asked for.");
    add_sample(j, "usbip_imports_total", "outcome", "imported", t.imports);
    add_sample(j, "usbip_imports_total", "outcome", "refused", t.imports_refused);
    begin_metric(j, "usbip_protocol_errors_total", "counter",
                 "Connections that broke the protocol.");
    add_sample(j, "usbip_protocol_errors_total", NULL, NULL, t.protocol_errors);
}

static void add_refusals(struct api_json *j, const struct api_context *ctx)
{
    const struct eventlog_refusals *r = eventlog_refusals(server_eventlog(ctx->server));
    begin_metric(j, "usbip_refusals_total", "counter", "Clients that were refused, by reason.");
    for (unsigned i = 0; i < EVENTLOG_REFUSALS; i++)
        add_sample(j, "usbip_refusals_total", "reason", eventlog_refusal_reason(i),
                   r->by_reason[i]);
}

static void add_requests(struct api_json *j, const struct api_port_facts *facts)
{
    char code[8];
    begin_metric(j, "usbip_http_requests_total", "counter", "HTTP requests answered, by status.");
    for (unsigned i = 0; i < facts->answer_count; i++) {
        struct base_text t;
        base_text_init(&t, code, sizeof code);
        base_text_u64(&t, facts->answers[i].status);
        add_sample(j, "usbip_http_requests_total", "code", code, facts->answers[i].count);
    }
}

static void add_pool(struct api_json *j, const char *pool, const char *state, uint64_t bytes)
{
    if (bytes == API_UNKNOWN)
        return;
    api_json_plain(j, "usbip_memory_bytes");
    add_label(j, "{", "pool", pool);
    add_label(j, ",", "state", state);
    add_value(j, "} ", bytes);
}

static void add_memory(struct api_json *j, const struct api_context *ctx,
                       const struct api_port_facts *facts)
{
    struct server_totals t;
    uint64_t size = server_config(ctx->server)->total_budget_bytes;
    server_totals(ctx->server, &t);
    begin_metric(j, "usbip_memory_bytes", "gauge", "Memory by pool; urb: payload in flight.");
    add_pool(j, "urb", "size", size);
    add_pool(j, "urb", "free", size > t.payload_bytes_in_use ? size - t.payload_bytes_in_use : 0);
    for (unsigned i = 0; i < facts->pool_count; i++) {
        add_pool(j, facts->pools[i].name, "size", facts->pools[i].size);
        add_pool(j, facts->pools[i].name, "free", facts->pools[i].free);
        add_pool(j, facts->pools[i].name, "least_free", facts->pools[i].least_free);
    }
}

static void add_port(struct api_json *j, const struct api_context *ctx)
{
    struct api_port_facts facts = {0};
    if (ctx->port_facts)
        ctx->port_facts(ctx->port_ctx, &facts);
    add_requests(j, &facts);
    add_memory(j, ctx, &facts);
}

// --- devices -------------------------------------------------------------------------------------

static void add_states(struct api_json *j, const struct api_context *ctx,
                       const struct api_sorted *sorted)
{
    unsigned count[REGISTRY_HUB + 1] = {0}, hidden = 0, sessions = 0;
    for (unsigned i = 0; i < sorted->count; i++) {
        bool is_hidden = api_device_hidden(ctx, sorted->device[i]);
        hidden += is_hidden;
        count[sorted->device[i]->state] += !is_hidden;
        sessions += sorted->device[i]->session != 0;
    }
    begin_metric(j, "usbip_devices", "gauge", "Devices plugged in, by state.");
    for (unsigned state = 0; state <= REGISTRY_HUB; state++)
        add_sample(j, "usbip_devices", "state", api_device_state((enum registry_state)state),
                   count[state]);
    add_sample(j, "usbip_devices", "state", API_DEVICE_HIDDEN, hidden);
    begin_metric(j, "usbip_leases", "gauge", "Devices that are leased.");
    add_sample(j, "usbip_leases", NULL, NULL, server_lease_count(ctx->server));
    begin_metric(j, "usbip_sessions", "gauge", "Devices that somebody has.");
    add_sample(j, "usbip_sessions", NULL, NULL, sessions);
}

static void add_info(struct api_json *j, const struct registry_device *d)
{
    struct usb_device_descriptor desc = {0};
    char id[8];
    struct base_text t;
    (void)usb_device_descriptor_unpack(&desc, d->info.device_descriptor);
    api_json_plain(j, "usbip_device_info");
    add_label(j, "{", "busid", d->info.busid);
    base_text_init(&t, id, sizeof id);
    base_text_hex(&t, desc.idVendor, 4);
    add_label(j, ",", "vendor", id);
    base_text_init(&t, id, sizeof id);
    base_text_hex(&t, desc.idProduct, 4);
    add_label(j, ",", "product", id);
    add_label(j, ",", "serial", d->info.serial);
    add_label(j, ",", "alias", d->names.alias);
    add_value(j, "} ", 1);
}

static void add_urbs(struct api_json *j, const struct registry_device *d)
{
    static const char *const results[] = {"ok", "failed", "unlinked", "refused"};
    const struct server_usage_totals t = server_usage_totals(d->usage);
    for (unsigned type = 0; type < SESSION_TYPES; type++) {
        const struct session_type_counters *c = &t.by_type[type];
        const uint64_t count[] = {c->completed - c->failed, c->failed, c->unlinked, c->refused};
        for (unsigned i = 0; i < 4; i++) {
            api_json_plain(j, "usbip_urbs_total");
            add_label(j, "{", "busid", d->info.busid);
            add_label(j, ",", "type", api_endpoint_type(type));
            add_label(j, ",", "result", results[i]);
            add_value(j, "} ", count[i]);
        }
    }
}

static void add_bytes(struct api_json *j, const struct registry_device *d)
{
    const struct server_usage_totals t = server_usage_totals(d->usage);
    for (unsigned out = 0; out < 2; out++) {
        api_json_plain(j, "usbip_payload_bytes_total");
        add_label(j, "{", "busid", d->info.busid);
        add_label(j, ",", "direction", out ? "out" : "in");
        add_value(j, "} ", out ? t.counters.bytes_out : t.counters.bytes_in);
    }
}

static void add_pending(struct api_json *j, const struct api_context *ctx,
                        const struct registry_device *d)
{
    uint8_t endpoint = 0;
    const struct session *s = d->usage ? d->usage->session : NULL;
    uint64_t us = s ? session_oldest_pending_us(s, ctx->now_us, &endpoint) : 0;
    api_json_plain(j, "usbip_urb_oldest_pending_seconds");
    add_label(j, "{", "busid", d->info.busid);
    add_seconds(j, "} ", us);
}

static void add_devices(struct api_json *j, const struct api_context *ctx,
                        const struct api_sorted *sorted)
{
    begin_metric(j, "usbip_device_info", "gauge", "What is plugged in.");
    for (unsigned i = 0; i < sorted->count; i++)
        add_info(j, sorted->device[i]);
    begin_metric(j, "usbip_urbs_total", "counter", "URBs by type of endpoint and result.");
    for (unsigned i = 0; i < sorted->count; i++)
        if (sorted->device[i]->state != REGISTRY_HUB)
            add_urbs(j, sorted->device[i]);
    begin_metric(j, "usbip_payload_bytes_total", "counter", "Payload, as seen from the client.");
    for (unsigned i = 0; i < sorted->count; i++)
        if (sorted->device[i]->state != REGISTRY_HUB)
            add_bytes(j, sorted->device[i]);
    begin_metric(j, "usbip_urb_oldest_pending_seconds", "gauge",
                 "How long the device has had an URB that does not wait for its data.");
    for (unsigned i = 0; i < sorted->count; i++)
        if (sorted->device[i]->state != REGISTRY_HUB)
            add_pending(j, ctx, sorted->device[i]);
}

// --- durations -----------------------------------------------------------------------------------

static void add_bucket(struct api_json *j, const char *type, const char *le, uint64_t count)
{
    api_json_plain(j, "usbip_urb_duration_seconds_bucket");
    add_label(j, "{", "type", type);
    add_label(j, ",", "le", le);
    add_value(j, "} ", count);
}

static void add_durations(struct api_json *j, const struct api_context *ctx)
{
    struct session_latency latency[4];
    server_latency(ctx->server, latency);
    begin_metric(j, "usbip_urb_duration_seconds", "histogram",
                 "From the device's side getting an URB to its end.");
    for (unsigned type = 0; type < 4; type++) {
        char le[NUMBER_SIZE];
        uint64_t count = 0, bound_us = SESSION_LATENCY_FIRST_US;
        for (unsigned i = 0; i < SESSION_LATENCY_BUCKETS; i++, bound_us *= 4) {
            seconds_text(le, bound_us);
            count += latency[type].bucket[i];
            add_bucket(j, api_endpoint_type(type), le, count);
        }
        add_bucket(j, api_endpoint_type(type), "+Inf", latency[type].count);
        api_json_plain(j, "usbip_urb_duration_seconds_sum");
        add_label(j, "{", "type", api_endpoint_type(type));
        add_seconds(j, "} ", latency[type].sum_us);
        add_sample(j, "usbip_urb_duration_seconds_count", "type", api_endpoint_type(type),
                   latency[type].count);
    }
}

struct api_response api_get_metrics(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument)
{
    struct api_sorted sorted;
    struct api_json j;
    (void)req;
    (void)argument;
    if (!api_sorted_begin(&sorted, ctx))
        return api_answer(200, NULL);
    api_json_begin(&j);
    add_server(&j, ctx);
    add_refusals(&j, ctx);
    add_port(&j, ctx);
    add_states(&j, ctx, &sorted);
    add_devices(&j, ctx, &sorted);
    add_durations(&j, ctx);
    api_sorted_end(&sorted);
    struct api_response r = api_answer(200, api_json_end(&j));
    if (r.status == 200)
        r.content_type = "text/plain; version=0.0.4; charset=utf-8";
    return r;
}
