// SPDX-License-Identifier: Apache-2.0
#include "server/server_port.h"
#include "server/server_state.h"

#include "base/base_text.h"

#include <string.h>

bool server_bus(const struct usbip_server *server, uint8_t busnum, struct backend_bus *out)
{
    for (unsigned i = 0; i < server->backend_count; i++) {
        struct usbip_backend *b = server->backends[i].backend;
        for (unsigned n = 0; b->bus && b->bus(b, n, out); n++)
            if (out->busnum == busnum)
                return true;
    }
    *out = (struct backend_bus){.busnum = busnum};
    return false;
}

unsigned server_hub_ports(const struct registry_device *hub)
{
    struct usbip_backend *b = hub->backend;
    return b->hub_ports ? b->hub_ports(b, hub->backend_device) : 0;
}

// --- what a port is like -------------------------------------------------------------------------

static struct usbip_backend *backend_of(const struct usbip_server *server, const char *port,
                                        struct backend_port *out)
{
    for (unsigned i = 0; i < server->backend_count; i++) {
        struct usbip_backend *b = server->backends[i].backend;
        if (b->port && b->port(b, port, out))
            return b;
    }
    return NULL;
}

// NULL: it is not being switched. With "" a free place.
static const struct server_switch *find(const struct usbip_server *server, const char *port)
{
    for (unsigned i = 0; i < SERVER_SWITCHES; i++)
        if (strcmp(server->switches[i].port, port) == 0)
            return &server->switches[i];
    return NULL;
}

bool server_port(const struct usbip_server *server, const char *port, struct server_port *out)
{
    *out = (struct server_port){0};
    if (!port[0] || !backend_of(server, port, &out->is))
        return false;
    const struct server_switch *s = find(server, port);
    if (!s)
        return true;
    out->changing = true;
    out->is.on = s->again ? s->then_on : s->asked && s->on;
    return true;
}

// --- who would lose its power --------------------------------------------------------------------

static bool is_used(const struct registry_device *d)
{
    return d->state == REGISTRY_OPENING || d->state == REGISTRY_IN_USE ||
           d->info.obstacle >= USB_OBSTACLE_MOUNTED;
}

// In the port, or behind a hub in it?
static bool is_at(const struct registry_device *d, const char *port)
{
    size_t n = strlen(port);
    return n > 0 && strncmp(d->info.busid, port, n) == 0 &&
           (d->info.busid[n] == '\0' || d->info.busid[n] == '.');
}

static bool feeds_someone(const struct usbip_server *server, const char *port,
                          const struct backend_port *is)
{
    BASE_LIST_FOR_EACH (const struct registry_device, d, &server->registry.devices, link) {
        if (is_used(d) && (is_at(d, port) || is_at(d, is->twin)))
            return true;
    }
    return false;
}

static enum eventlog_power why_not(const struct usbip_server *server, const char *port,
                                   const struct backend_port *is,
                                   const struct server_power_wish *wish)
{
    static const enum eventlog_power reasons[] = {
        [BACKEND_POWER_UNKNOWN] = EVENT_POWER_UNKNOWN,
        [BACKEND_POWER_FIXED] = EVENT_POWER_FIXED,
        [BACKEND_POWER_GANGED] = EVENT_POWER_GANGED,
        [BACKEND_POWER_SINGLE] = 0,
    };
    bool takes = wish->cycle_us > 0 || !wish->on;
    if (server->stopping)
        return EVENT_POWER_STOPPING;
    if (reasons[is->power])
        return reasons[is->power];
    if (takes && !wish->force && feeds_someone(server, port, is))
        return EVENT_POWER_IN_USE;
    if (wish->cycle_us > 0 && find(server, port))
        return EVENT_POWER_BUSY;
    return find(server, port) || find(server, "") ? 0 : EVENT_POWER_LIMIT;
}

// --- switching -----------------------------------------------------------------------------------

static void ask(struct server_switch *s, bool on)
{
    s->asked = true;
    s->on = on;
    s->on_us = UINT64_MAX;
    s->backend->port_power(s->backend, s->port, on);
}

static struct server_switch *take_place(struct usbip_server *server, const char *port,
                                        struct usbip_backend *b)
{
    struct server_switch *s = (struct server_switch *)find(server, port);
    if (s)
        return s;
    s = (struct server_switch *)find(server, "");
    server->switching++;
    *s = (struct server_switch){.backend = b, .on_us = UINT64_MAX};
    (void)base_text_copy(s->port, sizeof s->port, port);
    return s;
}

enum eventlog_power server_port_power(struct usbip_server *server, const char *port,
                                      const struct server_power_wish *wish, uint64_t now_us)
{
    struct backend_port is = {0};
    struct usbip_backend *b = backend_of(server, port, &is);
    server->now_us = now_us;
    enum eventlog_power why = b ? why_not(server, port, &is, wish) : EVENT_POWER_UNKNOWN;
    if (why) {
        server_record(server, port, NULL, EVENTLOG_WITH(port_power_failed, .reason = why));
        return why;
    }
    struct server_switch *s = take_place(server, port, b);
    s->cycle_us = wish->cycle_us;
    if (s->asked) {
        s->again = true;
        s->then_on = wish->on;
    } else {
        ask(s, wish->on && wish->cycle_us == 0);
    }
    return 0;
}

static struct eventlog_what outcome(bool on, enum base_err result)
{
    enum eventlog_power why = EVENT_POWER_FAILED;
    if (result == BASE_OK)
        return on ? EVENTLOG(port_powered_on) : EVENTLOG(port_powered_off);
    if (result == BASE_ERR_GONE)
        why = EVENT_POWER_GONE;
    if (result == BASE_ERR_UNSUPPORTED)
        why = EVENT_POWER_PERMISSION;
    return EVENTLOG_WITH(port_power_failed, .reason = why);
}

void server_port_answered(struct usbip_server *server, const char *port, enum base_err result)
{
    struct server_switch *s = (struct server_switch *)find(server, port);
    if (!s || !s->asked)
        return;
    server_record(server, port, NULL, outcome(s->on, result));
    s->asked = false;
    if (s->again) {
        s->again = false;
        ask(s, s->then_on);
    } else if (result == BASE_OK && !s->on && s->cycle_us > 0) {
        s->on_us = server->stopping ? server->now_us : server->now_us + s->cycle_us;
    } else {
        s->port[0] = '\0';
        server->switching--;
    }
}

bool server_ports_due(struct usbip_server *server)
{
    bool any = false;
    for (unsigned i = 0; i < SERVER_SWITCHES; i++) {
        struct server_switch *s = &server->switches[i];
        if (!s->port[0] || s->asked || s->on_us > server->now_us)
            continue;
        ask(s, true);
        any = true;
    }
    return any;
}

uint64_t server_ports_deadline(const struct usbip_server *server)
{
    uint64_t first_us = UINT64_MAX;
    for (unsigned i = 0; i < SERVER_SWITCHES; i++) {
        const struct server_switch *s = &server->switches[i];
        if (s->port[0] && s->on_us < first_us)
            first_us = s->on_us;
    }
    return first_us;
}

// Who is off for a while only gets its power back now.
void server_ports_stop(struct usbip_server *server)
{
    for (unsigned i = 0; i < SERVER_SWITCHES; i++)
        if (server->switches[i].port[0] && server->switches[i].on_us != UINT64_MAX)
            server->switches[i].on_us = server->now_us;
}

bool server_ports_quiet(const struct usbip_server *server)
{
    return server->switching == 0;
}
