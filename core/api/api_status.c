// SPDX-License-Identifier: Apache-2.0
#include "api/api_status.h"
#include "api/api_endpoints.h"
#include "api/api_json.h"

#include "base/base_text.h"
#include "eventlog/eventlog_word.h"

enum { EVENTS_SHOWN = 50 };

static const char *state_word(const struct registry_device *d)
{
    static const char *const words[] = {
        [REGISTRY_AVAILABLE] = "available", [REGISTRY_OPENING] = "opening",
        [REGISTRY_IN_USE] = "in_use",       [REGISTRY_CLEANING] = "cleaning",
        [REGISTRY_REFUSED] = "refused",     [REGISTRY_HUB] = "hub",
    };
    return words[d->state];
}

// "08/06/50": class, subclass, protocol, as the USB-IF lists them.
static void add_class(struct api_json *j, cJSON *o, uint8_t class, uint8_t subclass,
                      uint8_t protocol)
{
    char text[9];
    struct base_text t;
    base_text_init(&t, text, sizeof text);
    base_text_hex(&t, class, 2);
    base_text_char(&t, '/');
    base_text_hex(&t, subclass, 2);
    base_text_char(&t, '/');
    base_text_hex(&t, protocol, 2);
    api_json_text(j, o, "class", text);
}

static void add_interfaces(struct api_json *j, cJSON *o, const struct registry_device *d)
{
    struct usb_interface found[USB_MAX_INTERFACES];
    cJSON *list = api_json_array(j, o, "interfaces");
    if (d->state == REGISTRY_REFUSED) // its descriptors do not hold together
        return;
    unsigned n = usb_config_interfaces(usb_device_config(&d->info, d->info.active_config), found,
                                       USB_MAX_INTERFACES);
    for (unsigned i = 0; i < n && i < USB_MAX_INTERFACES; i++) {
        cJSON *one = api_json_object(j, list, NULL);
        api_json_number(j, one, "number", found[i].bInterfaceNumber);
        add_class(j, one, found[i].bInterfaceClass, found[i].bInterfaceSubClass,
                  found[i].bInterfaceProtocol);
    }
}

static const struct session *find_session(const struct usbip_server *server, uint32_t id,
                                          struct session_view *v)
{
    const struct session *s = NULL;
    while ((s = server_next_session(server, s)) != NULL) {
        session_view(s, v);
        if (v->id == id)
            return s;
    }
    return NULL;
}

static void add_user(struct api_json *j, cJSON *o, const struct api_context *ctx,
                     const struct registry_device *d)
{
    struct session_view v;
    if (d->session == 0 || !find_session(ctx->server, d->session, &v)) {
        api_json_text(j, o, "user", NULL);
        return;
    }
    cJSON *user = api_json_object(j, o, "user");
    api_json_number(j, user, "session", v.id);
    api_json_text(j, user, "peer", v.peer);
    api_json_seconds(j, user, "since_s", ctx->now_us - v.since_us);
    api_json_seconds(j, user, "silent_s", d->silent ? ctx->now_us - v.heard_us : 0);
}

static void add_device(struct api_json *j, cJSON *list, const struct api_context *ctx,
                       const struct registry_device *d)
{
    struct usb_device_descriptor desc = {0};
    cJSON *o = api_json_object(j, list, NULL);
    (void)usb_device_descriptor_unpack(&desc, d->info.device_descriptor); // zeros if it is not one
    api_json_text(j, o, "busid", d->info.busid);
    api_json_usb_id(j, o, "id", desc.idVendor, desc.idProduct);
    api_json_text(j, o, "manufacturer", d->info.manufacturer);
    api_json_text(j, o, "product", d->info.product);
    api_json_text(j, o, "serial", d->info.serial);
    api_json_text(j, o, "speed", eventlog_word_json(EVENTLOG_KIND_usb_speed, d->info.speed));
    add_class(j, o, desc.bDeviceClass, desc.bDeviceSubClass, desc.bDeviceProtocol);
    api_json_text(j, o, "state", state_word(d));
    if (d->info.obstacle != USB_OBSTACLE_NONE)
        api_json_text(j, o, "obstacle", usb_obstacle_text(d->info.obstacle));
    api_json_number(j, o, "busnum", d->info.busnum);
    api_json_number(j, o, "devnum", d->info.devnum);
    api_json_seconds(j, o, "plugged_s", ctx->now_us - d->plugged_us);
    api_json_number(j, o, "imports", server_usage_totals(d->usage).imports);
    add_user(j, o, ctx, d);
    add_interfaces(j, o, d);
}

static void add_counters(struct api_json *j, cJSON *parent, const char *name,
                         const struct session_counters *c)
{
    cJSON *o = api_json_object(j, parent, name);
    api_json_number(j, o, "urbs_submitted", c->urbs_submitted);
    api_json_number(j, o, "urbs_completed", c->urbs_completed);
    api_json_number(j, o, "urbs_failed", c->urbs_failed);
    api_json_number(j, o, "urbs_unlinked", c->urbs_unlinked);
    api_json_number(j, o, "urbs_refused", c->urbs_refused);
    api_json_number(j, o, "bytes_in", c->bytes_in);
    api_json_number(j, o, "bytes_out", c->bytes_out);
    api_json_number(j, o, "rx_bytes", c->rx_bytes);
    api_json_number(j, o, "tx_bytes", c->tx_bytes);
}

static void add_session(struct api_json *j, cJSON *list, const struct api_context *ctx,
                        const struct session *s)
{
    struct session_view v;
    session_view(s, &v);
    cJSON *o = api_json_object(j, list, NULL);
    api_json_number(j, o, "id", v.id);
    api_json_text(j, o, "peer", v.peer);
    api_json_text(j, o, "busid", v.busid[0] ? v.busid : NULL);
    api_json_bool(j, o, "closing", session_is_closing(s));
    api_json_seconds(j, o, "age_s", ctx->now_us - v.since_us);
    bool silent = session_peer(s) != SESSION_PEER_ANSWERS;
    api_json_seconds(j, o, "silent_s", silent ? ctx->now_us - v.heard_us : 0);
    api_json_number(j, o, "urbs_in_flight", v.urbs_in_flight);
    api_json_number(j, o, "bytes_in_flight", v.bytes_in_flight);
    add_counters(j, o, "counters", &v.counters);
    api_endpoints(j, api_json_array(j, o, "endpoints"), s, ctx->now_us);
}

static void add_totals(struct api_json *j, const struct server_totals *t)
{
    cJSON *o = api_json_object(j, j->root, "totals");
    api_json_number(j, o, "connections", t->connections);
    api_json_number(j, o, "imports", t->imports);
    api_json_number(j, o, "imports_refused", t->imports_refused);
    api_json_number(j, o, "protocol_errors", t->protocol_errors);
    api_json_number(j, o, "payload_bytes_in_use", t->payload_bytes_in_use);
    api_json_number(j, o, "payload_bytes_cached", t->payload_bytes_cached);
    add_counters(j, o, "ended_sessions", &t->ended);
}

static void add_limits(struct api_json *j, const struct server_config *c)
{
    cJSON *o = api_json_object(j, j->root, "limits");
    api_json_number(j, o, "max_connections", c->max_connections);
    api_json_number(j, o, "max_devices", c->max_devices);
    api_json_number(j, o, "max_urb_bytes", c->session.max_urb_bytes);
    api_json_number(j, o, "max_urbs_per_session", c->session.max_urbs);
    api_json_number(j, o, "session_budget_bytes", c->session.budget_bytes);
    api_json_number(j, o, "total_budget_bytes", c->total_budget_bytes);
    api_json_number(j, o, "pool_cache_bytes", c->pool_cache_bytes);
    api_json_seconds(j, o, "op_timeout_s", c->session.op_timeout_us);
    api_json_seconds(j, o, "import_timeout_s", c->session.import_timeout_us);
    api_json_seconds(j, o, "hold_s", c->session.hold_us);
    api_json_seconds(j, o, "unlink_s", c->session.unlink_us);
    api_json_seconds(j, o, "linger_s", c->session.linger_us);
    api_json_seconds(j, o, "silent_s", c->session.silent_us);
    api_json_number(j, o, "eventlog_capacity", c->eventlog_capacity);
    api_json_bool(j, o, "list_in_use", c->list_in_use);
}

// The last ones, oldest first.
static void add_events(struct api_json *j, struct eventlog *log)
{
    cJSON *list = api_json_array(j, j->root, "events");
    const struct eventlog_event *e;
    uint64_t last = 0;
    while ((e = eventlog_next(log, last)) != NULL)
        last = e->number;
    uint64_t after = last > EVENTS_SHOWN ? last - EVENTS_SHOWN : 0;
    while ((e = eventlog_next(log, after)) != NULL) {
        api_json_event(j, api_json_object(j, list, NULL), e);
        after = e->number;
    }
}

struct api_response api_get_status(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument)
{
    (void)req;
    (void)argument;
    struct api_json j;
    struct server_totals totals;
    const struct session *s = NULL;
    server_totals(ctx->server, &totals);
    api_json_begin(&j);
    api_json_text(&j, j.root, "version", ctx->version);
    api_json_seconds(&j, j.root, "uptime_s", ctx->now_us - totals.started_us);
    api_json_number(&j, j.root, "boot", eventlog_boot(server_eventlog(ctx->server)));
    cJSON *devices = api_json_array(&j, j.root, "devices");
    BASE_LIST_FOR_EACH (struct registry_device, d, &server_registry(ctx->server)->devices, link)
        add_device(&j, devices, ctx, d);
    cJSON *sessions = api_json_array(&j, j.root, "sessions");
    while ((s = server_next_session(ctx->server, s)) != NULL)
        add_session(&j, sessions, ctx, s);
    add_totals(&j, &totals);
    add_limits(&j, server_config(ctx->server));
    add_events(&j, server_eventlog(ctx->server));
    return api_answer(200, api_json_end(&j));
}
