// SPDX-License-Identifier: Apache-2.0
#include "api/api_health.h"
#include "api/api_device.h"

#include "base/base_text.h"
#include "eventlog/eventlog_refusals.h"
#include "eventlog/eventlog_word.h"

#include <string.h>

enum { TEXT_SIZE = 192, SECOND_US = 1000000, WINDOW_S = 3600, LOW_PERCENT = 10 };

static const uint64_t stuck_us = 60ull * SECOND_US; // for a transfer that does not wait for data

// --- restart -------------------------------------------------------------------------------------

static bool went_wrong(enum eventlog_start reason)
{
    return reason >= EVENT_START_PANIC && reason < EVENT_START_EXTERNAL;
}

static void restart_text(const struct api_context *ctx, struct base_text *t)
{
    base_text_str(t, "started ");
    base_text_str(
        t, eventlog_word_text(EVENTLOG_KIND_eventlog_start, server_config(ctx->server)->start));
}

void api_health_restart(struct api_json *j, const struct api_context *ctx)
{
    char text[TEXT_SIZE];
    struct base_text t;
    enum eventlog_start reason = server_config(ctx->server)->start;
    base_text_init(&t, text, sizeof text);
    restart_text(ctx, &t);
    api_json_text(j, "restart_reason", eventlog_word_json(EVENTLOG_KIND_eventlog_start, reason));
    api_json_text(j, "restart_text", went_wrong(reason) ? text : NULL);
}

// --- refusals ------------------------------------------------------------------------------------

// "10.0.0.31" of "10.0.0.31:4711" and "fe80::1" of "[fe80::1]:4711".
static void add_host(struct base_text *t, const char *peer)
{
    const char *end = strrchr(peer, ':');
    bool bracket = *peer == '[';
    for (const char *s = peer + bracket; *s && s != end && *s != ']'; s++)
        base_text_char(t, *s);
}

static void add_latest(struct api_json *j, const struct api_context *ctx,
                       const struct eventlog_event *e)
{
    char text[TEXT_SIZE], host[EVENTLOG_PEER_SIZE];
    struct base_text t;
    if (e->what.type == EVENT_NONE || ctx->now_us - e->time_us > (uint64_t)WINDOW_S * SECOND_US) {
        api_json_null(j, "latest");
        return;
    }
    base_text_init(&t, host, sizeof host);
    add_host(&t, e->peer);
    base_text_init(&t, text, sizeof text);
    base_text_str(&t, host);
    base_text_str(&t, host[0] ? ": " : "");
    base_text_str(&t, eventlog_refusal_text(e));
    api_json_object(j, "latest");
    api_json_text(j, "text", text);
    api_json_text(j, "peer", host[0] ? host : NULL);
    api_json_text(j, "busid", e->busid[0] ? e->busid : NULL);
    api_json_age(j, "age_s", ctx->now_us - e->time_us);
    api_json_object_end(j);
}

void api_health_refusals(struct api_json *j, const struct api_context *ctx)
{
    const struct eventlog_refusals *r = eventlog_refusals(server_eventlog(ctx->server));
    api_json_object(j, "refusals");
    api_json_number(j, "window_s", WINDOW_S);
    api_json_number(j, "count", eventlog_refusals_lately(r, ctx->now_us));
    add_latest(j, ctx, &r->latest);
    api_json_object_end(j);
}

// --- what waits ----------------------------------------------------------------------------------

void api_health_pending(struct api_json *j, const struct api_context *ctx)
{
    const struct session *s = NULL, *slowest = NULL;
    uint64_t longest_us = 0;
    uint8_t endpoint = 0;
    while ((s = server_next_session(ctx->server, s)) != NULL) {
        uint8_t address = 0;
        uint64_t us = session_oldest_pending_us(s, ctx->now_us, &address);
        if (us <= longest_us)
            continue;
        longest_us = us;
        endpoint = address;
        slowest = s;
    }
    if (!slowest) {
        api_json_null(j, "oldest_pending");
        return;
    }
    struct session_view v;
    session_view(slowest, &v);
    api_json_object(j, "oldest_pending");
    api_json_age(j, "s", longest_us);
    api_json_text(j, "busid", v.busid);
    api_json_hex(j, "endpoint", endpoint, 2);
    api_json_object_end(j);
}

// --- problems ------------------------------------------------------------------------------------

static void add_problem(struct api_json *j, const char *severity, const char *code,
                        const char *text, const char *help, const char *busid)
{
    api_json_object(j, NULL);
    api_json_text(j, "severity", severity);
    api_json_text(j, "code", code);
    api_json_sentence(j, "text", text);
    api_json_sentence(j, "help", help);
    api_json_text(j, "busid", busid);
    api_json_object_end(j);
}

// "1-1.4: " and so on.
static struct base_text begin_text(char text[TEXT_SIZE], const char *begin, const char *next)
{
    struct base_text t;
    base_text_init(&t, text, TEXT_SIZE);
    base_text_str(&t, begin);
    base_text_str(&t, next);
    return t;
}

static void add_device_problem(struct api_json *j, const struct registry_device *d,
                               char text[TEXT_SIZE])
{
    struct base_text t;
    const char *busid = d->info.busid;
    if (d->state == REGISTRY_REFUSED) {
        const struct usb_obstacle_words *words = usb_obstacle_words(d->info.obstacle);
        t = begin_text(text, busid, " cannot be used: ");
        base_text_str(&t, words->text);
        add_problem(j, "warning", "device_unusable", text, words->help, busid);
    }
    if (d->taken) {
        t = begin_text(text, busid, " is exported although this host uses it: ");
        base_text_str(&t, usb_obstacle_words(d->info.obstacle)->text);
        add_problem(j, "warning", "taken_from_host", text,
                    "whoever attaches it takes it away from this host, data may be lost; set "
                    "take_from_host of the device to false if that is not wanted",
                    busid);
    }
    if (!d->silent)
        return;
    (void)begin_text(text, busid, " is kept for a client that does not answer");
    add_problem(j, "warning", "client_silent", text,
                "somebody else who wants it gets it if the client does not come back; "
                "disconnect it to free the device now",
                busid);
}

static void add_stuck(struct api_json *j, const struct api_context *ctx, const struct session *s,
                      char text[TEXT_SIZE])
{
    struct session_view v;
    uint8_t address = 0;
    if (session_oldest_pending_us(s, ctx->now_us, &address) < stuck_us)
        return;
    session_view(s, &v);
    struct base_text t = begin_text(text, v.busid, " does not take a transfer to endpoint 0x");
    base_text_hex(&t, address, 2);
    add_problem(j, "warning", "urb_stuck", text,
                "it may be busy; reset it, or plug it in again, if it stays so", v.busid);
}

static void add_memory(struct api_json *j, const struct api_port_facts *facts, char text[TEXT_SIZE])
{
    for (unsigned i = 0; i < facts->pool_count; i++) {
        const struct api_pool *p = &facts->pools[i];
        if (p->size == API_UNKNOWN || p->free == API_UNKNOWN ||
            p->free >= p->size / 100 * LOW_PERCENT)
            continue;
        (void)begin_text(text, "little memory is left: ", p->name);
        add_problem(j, "warning", "memory_low", text, "disconnect clients, or unplug devices",
                    NULL);
    }
}

void api_health_problems(struct api_json *j, const struct api_context *ctx,
                         const struct api_port_facts *facts)
{
    char text[TEXT_SIZE];
    const struct session *s = NULL;
    api_json_array(j, "problems");
    if (went_wrong(server_config(ctx->server)->start) &&
        api_uptime_us(ctx) < (uint64_t)WINDOW_S * SECOND_US) {
        struct base_text t = begin_text(text, "the server ", NULL);
        restart_text(ctx, &t);
        add_problem(j, "warning", "restart", text, "the events have what came before it", NULL);
    }
    if (access_allows_nobody(server_access(ctx->server)))
        add_problem(j, "warning", "nobody_allowed",
                    "access is closed, and the list of those allowed is empty",
                    "nobody can attach anything: add an address to access.allow, or set "
                    "access.mode to open",
                    NULL);
    BASE_LIST_FOR_EACH (const struct registry_device, d, &server_registry(ctx->server)->devices,
                        link) {
        add_device_problem(j, d, text);
    }
    while ((s = server_next_session(ctx->server, s)) != NULL)
        add_stuck(j, ctx, s, text);
    add_memory(j, facts, text);
    api_json_array_end(j);
}
