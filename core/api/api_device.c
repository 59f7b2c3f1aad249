// SPDX-License-Identifier: Apache-2.0
#include "api/api_device.h"
#include "api/api_class.h"
#include "api/api_endpoints.h"
#include "api/api_lease.h"
#include "api/api_power.h"
#include "api/api_problem.h"
#include "api/api_simulate.h"

#include "base/base_text.h"
#include "eventlog/eventlog_word.h"

enum { NAME_SIZE = 80, WHY_SIZE = 64 };

struct registry_device *api_device_find(const struct api_context *ctx, const char *name,
                                        struct api_response *r)
{
    struct registry_device *d = registry_find_named(server_registry(ctx->server), name);
    if (!d)
        *r = api_problem(404, "No such device",
                         "No device has that bus ID or alias. It may be unplugged.");
    return d;
}

uint64_t api_unix_us(const struct api_context *ctx, uint64_t time_us)
{
    return eventlog_unix_us(server_eventlog(ctx->server), time_us);
}

uint64_t api_uptime_us(const struct api_context *ctx)
{
    struct server_totals totals;
    server_totals(ctx->server, &totals);
    return ctx->now_us - totals.started_us;
}

const char *api_device_state(enum registry_state state)
{
    static const char *const words[] = {
        [REGISTRY_AVAILABLE] = "available", [REGISTRY_OPENING] = "opening",
        [REGISTRY_IN_USE] = "in_use",       [REGISTRY_CLEANING] = "cleaning",
        [REGISTRY_REFUSED] = "refused",     [REGISTRY_HUB] = "hub",
    };
    return words[state];
}

bool api_device_hidden(const struct api_context *ctx, const struct registry_device *d)
{
    return d->state == REGISTRY_AVAILABLE &&
           !registry_ask_for_all(d, server_access(ctx->server)).yes;
}

static const char *or_null(const char *text)
{
    return text[0] ? text : NULL;
}

void api_device_name(const struct registry_device *d, struct base_text *t)
{
    struct usb_device_descriptor desc = {0};
    const char *given = d->names.alias[0] ? d->names.alias : d->info.product;
    if (given[0]) {
        base_text_str(t, given);
        return;
    }
    (void)usb_device_descriptor_unpack(&desc, d->info.device_descriptor);
    base_text_hex(t, desc.idVendor, 4);
    base_text_char(t, ':');
    base_text_hex(t, desc.idProduct, 4);
}

static bool is_exported(const struct api_context *ctx, const struct registry_device *d)
{
    return d->state != REGISTRY_REFUSED && d->state != REGISTRY_HUB &&
           registry_exports(d, server_access(ctx->server)).yes;
}

static void add_identity(struct api_json *j, const struct api_context *ctx,
                         const struct registry_device *d)
{
    char name[NAME_SIZE];
    struct base_text t;
    struct usb_device_descriptor desc = {0};
    base_text_init(&t, name, sizeof name);
    api_device_name(d, &t);
    (void)usb_device_descriptor_unpack(&desc, d->info.device_descriptor); // zeros if it is not one
    api_json_text(j, "busid", d->info.busid);
    api_json_text(j, "name", name);
    api_json_text(j, "alias", or_null(d->names.alias));
    api_json_array(j, "labels");
    for (unsigned i = 0; i < d->names.label_count; i++)
        api_json_text(j, NULL, d->names.labels[i]);
    api_json_array_end(j);
    api_json_bool(j, "exported", is_exported(ctx, d));
    api_json_usb_id(j, "id", desc.idVendor, desc.idProduct);
    api_json_text(j, "manufacturer", or_null(d->info.manufacturer));
    api_json_text(j, "product", or_null(d->info.product));
    api_json_text(j, "serial", or_null(d->info.serial));
    api_json_text(j, "speed", eventlog_word_json(EVENTLOG_KIND_usb_speed, d->info.speed));
    api_class_of_device(j, &d->info, d->state != REGISTRY_REFUSED);
}

// Why nobody may have it, and what to do.
static const char *explain(struct access_answer a, struct base_text *why)
{
    switch (a.reason) {
    case ACCESS_IS_NOT_EXPORTED:
        base_text_str(why, "it is not exported");
        return "export it in its own settings";
    case ACCESS_KEPT_BY_RULE:
        base_text_str(why, "export rule ");
        base_text_u64(why, a.rule);
        base_text_str(why, " keeps it back");
        return "change that rule, or export the device in its own settings";
    case ACCESS_KEPT_BY_POLICY:
        base_text_str(why, "export is manual, and nothing says that it is exported");
        return "export it in its own settings, or set export to auto";
    case ACCESS_RULE_HIDES:
        base_text_str(why, "rule ");
        base_text_u64(why, a.rule);
        base_text_str(why, " hides it from everybody");
        return "change that rule, or put one that allows somebody before it";
    default:
        base_text_str(why, "access is closed, and no address is allowed");
        return "add an address to access.allow, or set access.mode to open";
    }
}

// Whether nobody may have it, and why.
static void add_hidden(struct api_json *j, const struct api_context *ctx,
                       const struct registry_device *d)
{
    const struct access_answer a = registry_ask_for_all(d, server_access(ctx->server));
    char why[WHY_SIZE];
    struct base_text t;
    base_text_init(&t, why, sizeof why);
    api_json_bool(j, "hidden", !a.yes);
    if (a.yes) {
        api_json_null(j, "hidden_why");
        return;
    }
    (void)explain(a, &t);
    api_json_sentence(j, "hidden_why", why);
}

static void add_words(struct api_json *j, const char *code, const char *text, const char *help)
{
    api_json_object(j, "obstacle");
    api_json_text(j, "code", code);
    api_json_sentence(j, "text", text);
    api_json_sentence(j, "help", help);
    api_json_object_end(j);
}

static void add_obstacle(struct api_json *j, const struct api_context *ctx,
                         const struct registry_device *d)
{
    const struct usb_obstacle_words *words = usb_obstacle_words(d->info.obstacle);
    char why[WHY_SIZE];
    struct base_text t;
    if (d->state == REGISTRY_REFUSED) {
        add_words(j, words->code, words->text, words->help);
    } else if (api_device_hidden(ctx, d)) {
        const struct access_answer a = registry_ask_for_all(d, server_access(ctx->server));
        base_text_init(&t, why, sizeof why);
        const char *help = explain(a, &t);
        add_words(j, eventlog_word_json(EVENTLOG_KIND_access_reason, a.reason), why, help);
    } else {
        api_json_null(j, "obstacle");
    }
}

static void add_simulate(struct api_json *j, const struct api_context *ctx,
                         const struct registry_device *d)
{
    struct api_simulated s;
    bool simulated = ctx->simulate && ctx->simulate->find(ctx->simulate->ctx, d->info.busid, &s) &&
                     s.presence == API_WORKS;
    api_json_bool(j, "simulated", simulated);
    if (!simulated) {
        api_json_null(j, "simulate");
        return;
    }
    api_json_object(j, "simulate");
    api_json_text(j, "kind", s.kind);
    api_json_array(j, "can");
    api_json_text(j, NULL, "unplug");
    if (s.types)
        api_json_text(j, NULL, "type");
    api_json_array_end(j);
    api_json_object_end(j);
}

static const struct session *session_of_device(const struct api_context *ctx,
                                               const struct registry_device *d)
{
    const struct session *s = d->usage ? d->usage->session : NULL;
    if (s || d->session == 0)
        return s;
    while ((s = server_next_session(ctx->server, s)) != NULL)
        if (session_id(s) == d->session)
            return s;
    return NULL;
}

void api_peer_address(struct api_json *j, const struct api_context *ctx, const struct session *s)
{
    const struct base_address *address = &session_peer_address(s)->address;
    const struct access_list *access = server_access(ctx->server);
    const char *note = access ? access_note(access, address) : "";
    api_json_address(j, "address", address);
    api_json_text(j, "note", or_null(note));
}

void api_round_trip(struct api_json *j, const struct session *s)
{
    struct session_view v = {0};
    if (s)
        session_view(s, &v);
    bool known = v.round_trip_us > 0 && !j->steady; // it is another one each second
    api_json_latency(j, "round_trip_s", known ? v.round_trip_us : API_JSON_UNKNOWN);
}

static void add_user(struct api_json *j, const struct api_context *ctx,
                     const struct registry_device *d)
{
    struct session_view v;
    const struct session *s = session_of_device(ctx, d);
    if (!s) {
        api_json_null(j, "user");
        return;
    }
    session_view(s, &v);
    api_json_object(j, "user");
    api_json_number(j, "session", v.id);
    api_json_text(j, "peer", v.peer);
    api_peer_address(j, ctx, s);
    api_json_age(j, "since_s", ctx->now_us - v.since_us);
    api_json_utc(j, "since_time", api_unix_us(ctx, v.since_us));
    api_json_age(j, "silent_s", d->silent ? ctx->now_us - v.heard_us : 0);
    api_json_object_end(j);
}

static void add_types(struct api_json *j, const struct server_usage_totals *t)
{
    api_json_object(j, "by_type");
    for (unsigned type = 0; type < SESSION_TYPES; type++)
        api_json_number(j, api_endpoint_type(type), t->by_type[type].completed);
    api_json_object_end(j);
}

void api_counters(struct api_json *j, const struct session_counters *c)
{
    api_json_number(j, "bytes_in", c->bytes_in);
    api_json_number(j, "bytes_out", c->bytes_out);
    api_json_number(j, "urbs_completed", c->urbs_completed);
    api_json_number(j, "urbs_failed", c->urbs_failed);
    api_json_number(j, "urbs_unlinked", c->urbs_unlinked);
    api_json_number(j, "urbs_refused", c->urbs_refused);
}

static void add_totals(struct api_json *j, const struct api_context *ctx,
                       const struct registry_device *d)
{
    const struct server_usage_totals t = server_usage_totals(d->usage);
    api_json_object(j, "totals");
    api_json_number(j, "imports", t.imports);
    api_counters(j, &t.counters);
    add_types(j, &t);
    if (t.last_activity_us)
        api_json_age(j, "last_activity_s", ctx->now_us - t.last_activity_us);
    else
        api_json_null(j, "last_activity_s");
    api_json_object_end(j);
}

void api_rates(struct api_json *j, const struct server_rates *rates)
{
    api_json_object(j, "rates");
    api_json_number(j, "in_bytes_per_s", rates->bytes_per_s[0]);
    api_json_number(j, "out_bytes_per_s", rates->bytes_per_s[1]);
    api_json_number(j, "urbs_per_s", rates->urbs_per_s);
    api_json_object_end(j);
}

void api_device_members(struct api_json *j, const struct api_context *ctx,
                        const struct registry_device *d)
{
    const struct server_rates rates = server_usage_rates(d->usage);
    add_identity(j, ctx, d);
    api_json_text(j, "state",
                  api_device_hidden(ctx, d) ? API_DEVICE_HIDDEN : api_device_state(d->state));
    add_hidden(j, ctx, d);
    add_obstacle(j, ctx, d);
    api_json_number(j, "busnum", d->info.busnum);
    api_json_number(j, "devnum", d->info.devnum);
    api_json_age(j, "plugged_s", ctx->now_us - d->plugged_us);
    api_json_utc(j, "plugged_time", api_unix_us(ctx, d->plugged_us));
    api_port_power(j, "power", ctx, d->info.busid);
    add_simulate(j, ctx, d);
    add_user(j, ctx, d);
    api_lease(j, ctx, d->info.busid);
    add_totals(j, ctx, d);
    api_rates(j, &rates);
}

void api_device(struct api_json *j, const char *name, const struct api_context *ctx,
                const struct registry_device *d)
{
    api_json_object(j, name);
    api_device_members(j, ctx, d);
    api_json_object_end(j);
}
