// SPDX-License-Identifier: Apache-2.0
#include "api/api_topology.h"
#include "api/api_device.h"
#include "api/api_json.h"
#include "api/api_power.h"
#include "api/api_simulate.h"
#include "api/api_sorted.h"

#include "base/base_number.h"
#include "base/base_text.h"
#include "eventlog/eventlog_word.h"
#include "server/server_port.h"

#include <string.h>

enum {
    LEVELS = 7, // five hubs and a device behind each other (USB 2.0 4.1.1), and one more
    PORTS_MAX = 255,
    BUSES_MAX = 255,
};

// The ports of one hub, or of a bus.
struct level {
    char prefix[USB_BUSID_SIZE]; // "1-" or "1-2."
    unsigned ports, next, used;
};

struct tree {
    const struct api_context *ctx;
    struct api_json *j;
    const struct api_sorted *sorted;
    struct level level[LEVELS];
    unsigned depth;
};

// The port of `busid` if it is one of `prefix`, not of a hub behind it; else 0.
static unsigned port_of(const char *busid, const char *prefix)
{
    size_t n = strlen(prefix);
    uint64_t port = 0;
    bool is = strncmp(busid, prefix, n) == 0 && base_number(busid + n, 1, PORTS_MAX, &port);
    return is ? (unsigned)port : 0;
}

// As many as there are, or at least those that something is or was in.
static unsigned count_ports(const struct tree *t, const char *prefix, unsigned told)
{
    struct api_simulated s;
    const struct api_simulate *sim = t->ctx->simulate;
    unsigned most = told;
    for (unsigned i = 0; i < t->sorted->count; i++) {
        unsigned port = port_of(t->sorted->device[i]->info.busid, prefix);
        most = port > most ? port : most;
    }
    for (unsigned i = 0; sim && sim->at(sim->ctx, i, &s); i++) {
        unsigned port = port_of(s.busid, prefix);
        most = port > most ? port : most;
    }
    return most;
}

static unsigned count_used(const struct tree *t, const char *prefix)
{
    unsigned used = 0;
    for (unsigned i = 0; i < t->sorted->count; i++)
        used += port_of(t->sorted->device[i]->info.busid, prefix) != 0;
    return used;
}

static const struct registry_device *device_at(const struct tree *t, const char *busid)
{
    for (unsigned i = 0; i < t->sorted->count; i++)
        if (strcmp(t->sorted->device[i]->info.busid, busid) == 0)
            return t->sorted->device[i];
    return NULL;
}

static void add_unplugged(struct tree *t, const char *busid, bool empty)
{
    struct api_simulated s;
    const struct api_simulate *sim = t->ctx->simulate;
    if (!empty || !sim || !sim->find(sim->ctx, busid, &s) || s.presence != API_PULLED) {
        api_json_null(t->j, "unplugged");
        return;
    }
    api_json_object(t->j, "unplugged");
    api_json_text(t->j, "kind", s.kind);
    api_json_text(t->j, "product", s.product[0] ? s.product : NULL);
    api_json_object_end(t->j);
}

static void begin_ports(struct tree *t, const char *prefix, unsigned told)
{
    struct level *l = &t->level[t->depth++];
    (void)base_text_copy(l->prefix, sizeof l->prefix, prefix);
    l->ports = count_ports(t, prefix, told);
    l->used = count_used(t, prefix);
    l->next = 1;
}

static void add_hub(struct tree *t, const struct registry_device *d, const char *busid)
{
    char prefix[USB_BUSID_SIZE];
    struct base_text text;
    if (!d || d->state != REGISTRY_HUB || t->depth == LEVELS) {
        api_json_null(t->j, "hub");
        api_json_array(t->j, "ports");
        api_json_array_end(t->j);
        return;
    }
    base_text_init(&text, prefix, sizeof prefix);
    base_text_str(&text, busid);
    base_text_char(&text, '.');
    begin_ports(t, prefix, server_hub_ports(d));
    const struct level *l = &t->level[t->depth - 1];
    api_json_object(t->j, "hub");
    api_json_number(t->j, "ports", l->ports);
    api_json_number(t->j, "free", l->ports - l->used);
    api_json_text(t->j, "product", d->info.product[0] ? d->info.product : NULL);
    api_json_object_end(t->j);
    api_json_array(t->j, "ports");
}

// Leaves the object and, of a hub, its ports open.
static void begin_port(struct tree *t, const char *prefix, unsigned port)
{
    char busid[USB_BUSID_SIZE];
    struct base_text text;
    base_text_init(&text, busid, sizeof busid);
    base_text_str(&text, prefix);
    base_text_u64(&text, port);
    const struct registry_device *d = device_at(t, busid);
    api_json_object(t->j, NULL);
    api_json_number(t->j, "port", port);
    api_json_text(t->j, "path", busid);
    if (d)
        api_device(t->j, "device", t->ctx, d);
    else
        api_json_null(t->j, "device");
    add_unplugged(t, busid, !d);
    api_port_power(t->j, "power", t->ctx, busid);
    add_hub(t, d, busid);
}

// All ports of a bus, depth first.
static void add_ports(struct tree *t, const char *prefix, unsigned told)
{
    api_json_array(t->j, "ports");
    t->depth = 0;
    begin_ports(t, prefix, told);
    while (t->depth > 0) {
        struct level *l = &t->level[t->depth - 1];
        unsigned depth = t->depth;
        if (l->next <= l->ports) {
            begin_port(t, l->prefix, l->next++);
            if (t->depth == depth)
                api_json_object_end(t->j);
            continue;
        }
        api_json_array_end(t->j);
        if (--t->depth > 0)
            api_json_object_end(t->j); // the port that the hub is in
    }
}

static unsigned speed_mbps(enum usb_speed speed)
{
    switch (speed) {
    case USB_SPEED_FULL:
        return 12;
    case USB_SPEED_HIGH:
        return 480;
    case USB_SPEED_SUPER:
        return 5000;
    default:
        return 0;
    }
}

static void add_bus(struct tree *t, const struct backend_bus *bus)
{
    char prefix[8];
    struct base_text text;
    base_text_init(&text, prefix, sizeof prefix);
    base_text_u64(&text, bus->busnum);
    base_text_char(&text, '-');
    unsigned mbps = speed_mbps(bus->speed);
    api_json_object(t->j, NULL);
    api_json_number(t->j, "bus", bus->busnum);
    api_json_text(t->j, "name", bus->name ? bus->name : "USB bus");
    api_json_text(t->j, "speed", eventlog_word_json(EVENTLOG_KIND_usb_speed, bus->speed));
    api_json_number(t->j, "mbps", mbps ? mbps : API_JSON_UNKNOWN);
    add_ports(t, prefix, bus->ports);
    api_json_object_end(t->j);
}

static bool has_devices(const struct tree *t, unsigned busnum)
{
    for (unsigned i = 0; i < t->sorted->count; i++)
        if (t->sorted->device[i]->info.busnum == busnum)
            return true;
    return false;
}

struct api_response api_get_topology(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument)
{
    struct api_sorted sorted;
    struct api_json j;
    struct backend_bus bus;
    (void)req;
    (void)argument;
    if (!api_sorted_begin(&sorted, ctx))
        return api_answer(200, NULL);
    struct tree t = {.ctx = ctx, .j = &j, .sorted = &sorted};
    (void)server_usages(ctx->server, ctx->now_us);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_array(&j, "buses");
    for (unsigned busnum = 1; busnum <= BUSES_MAX; busnum++)
        if (server_bus(ctx->server, (uint8_t)busnum, &bus) || has_devices(&t, busnum))
            add_bus(&t, &bus);
    api_json_array_end(&j);
    api_json_object_end(&j);
    api_sorted_end(&sorted);
    return api_answer(200, api_json_end(&j));
}
