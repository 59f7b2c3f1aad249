// SPDX-License-Identifier: Apache-2.0
#include "api/api_power.h"
#include "api/api_body.h"
#include "api/api_problem.h"
#include "api/api_query.h"

#include "server/server_port.h"

#include <string.h>

#define S_IN_US 1e6

void api_port_power(struct api_json *j, const char *name, const struct api_context *ctx,
                    const char *port)
{
    static const char *const words[] = {
        [BACKEND_POWER_UNKNOWN] = "unknown",
        [BACKEND_POWER_FIXED] = "fixed",
        [BACKEND_POWER_GANGED] = "ganged",
        [BACKEND_POWER_SINGLE] = "single",
    };
    struct server_port p;
    if (!server_port(ctx->server, port, &p)) {
        api_json_null(j, name);
        return;
    }
    api_json_object(j, name);
    api_json_text(j, "switching", words[p.is.power]);
    api_json_bool(j, "on", p.is.on);
    api_json_bool(j, "changing", p.changing);
    api_json_object_end(j);
}

// --- what is asked for ---------------------------------------------------------------------------

// ?force=1. False: *r says what else is there.
static bool take_force(const struct api_request *req, bool *force, struct api_response *r)
{
    struct api_query q = api_query_begin(req);
    while (api_query_next(&q)) {
        if (strcmp(q.name, "force") != 0) {
            *r = api_query_problem(q.name, "is not known here");
            return false;
        }
        if (strcmp(q.value, "0") != 0 && strcmp(q.value, "1") != 0) {
            *r = api_query_problem(q.name, "must be 0 or 1");
            return false;
        }
        *force = q.value[0] == '1';
    }
    if (q.wrong)
        *r = api_query_problem(q.name, "cannot be read");
    return !q.wrong;
}

static bool take_cycle(const cJSON *cycle, struct server_power_wish *wish, struct api_response *r)
{
    double us = cJSON_IsNumber(cycle) ? cycle->valuedouble * S_IN_US : 0;
    if (us >= SERVER_CYCLE_MIN_US && us <= SERVER_CYCLE_MAX_US) {
        wish->cycle_us = (uint64_t)us;
        return true;
    }
    *r = api_body_wrong("cycle_s", "It must be a number of seconds from 0.1 to 300.");
    return false;
}

static bool take_wish(const cJSON *body, struct server_power_wish *wish, struct api_response *r)
{
    static const char *const names[] = {"on", "cycle_s", NULL};
    const cJSON *on = cJSON_GetObjectItemCaseSensitive(body, "on");
    const cJSON *cycle = cJSON_GetObjectItemCaseSensitive(body, "cycle_s");
    if (!api_body_only(body, names, r))
        return false;
    if (cycle && on) {
        *r = api_body_wrong("cycle_s", "It stands alone: afterwards the port has power.");
        return false;
    }
    if (cycle)
        return take_cycle(cycle, wish, r);
    wish->on = cJSON_IsTrue(on);
    if (!cJSON_IsBool(on))
        *r = api_body_wrong("on", "It must be there, true or false, or else cycle_s.");
    return cJSON_IsBool(on);
}

// --- answers -------------------------------------------------------------------------------------

static struct api_response accepted(const char *port)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_text(&j, "port", port);
    api_json_object_end(&j);
    return api_answer(202, api_json_end(&j));
}

static struct api_response refused(enum eventlog_power why)
{
    static const char *const details[EVENT_POWER_COUNT] = {
        [EVENT_POWER_UNKNOWN] =
            "How that port is switched is not known here, or nobody here may do it. On Linux it "
            "takes the rights of root.",
        [EVENT_POWER_FIXED] = "Its hub says that it cannot switch power.",
        [EVENT_POWER_GANGED] = "Its hub switches all its ports at once, and what is in the others "
                               "would lose power too.",
        [EVENT_POWER_IN_USE] =
            "A device that would lose power is in use. With ?force=1 it is taken "
            "from whoever has it.",
        [EVENT_POWER_BUSY] =
            "It is being switched, or off for a while. Try again when that is over.",
        [EVENT_POWER_LIMIT] = "Too many ports are being switched. Try again in a moment.",
        [EVENT_POWER_STOPPING] = "The server is shutting down.",
    };
    return api_problem(409, "The port's power is not switched", details[why]);
}

static struct api_response no_port(void)
{
    return api_problem(404, "No such port", "No bus or hub has a port of that name, as in 1-2.1.");
}

static struct api_response begin(const struct api_context *ctx, const char *port,
                                 const struct server_power_wish *wish)
{
    enum eventlog_power why = server_port_power(ctx->server, port, wish, ctx->now_us);
    return why ? refused(why) : accepted(port);
}

// --- routes --------------------------------------------------------------------------------------

// NULL: there is neither a device nor a port of that name.
static const char *port_of(const struct api_context *ctx, const char *name)
{
    struct server_port p;
    const struct registry_device *d = registry_find_named(server_registry(ctx->server), name);
    if (d)
        return d->info.busid;
    return server_port(ctx->server, name, &p) ? name : NULL;
}

struct api_response api_put_device_power(const struct api_context *ctx,
                                         const struct api_request *req, const char *name)
{
    struct api_response r;
    struct server_power_wish wish = {0};
    const char *port = port_of(ctx, name);
    if (!port)
        return no_port();
    cJSON *body = take_force(req, &wish.force, &r) ? api_body_object(req, &r) : NULL;
    if (body && take_wish(body, &wish, &r))
        r = begin(ctx, port, &wish);
    cJSON_Delete(body);
    return r;
}

struct api_response api_get_port_power(const struct api_context *ctx, const struct api_request *req,
                                       const char *port)
{
    struct api_response r = {.status = 200, .content_type = "text/plain; charset=utf-8", .size = 1};
    struct server_port p;
    bool force;
    if (!server_port(ctx->server, port, &p))
        return no_port();
    r.body = p.is.on ? "1" : "0";
    struct api_response wrong;
    return take_force(req, &force, &wrong) ? r : wrong; // one address for reading and writing
}

struct api_response api_put_port_power(const struct api_context *ctx, const struct api_request *req,
                                       const char *port)
{
    struct api_response r;
    struct server_port p;
    struct server_power_wish wish = {0};
    const char *body = req->body;
    size_t size = req->body_size;
    if (!server_port(ctx->server, port, &p))
        return no_port();
    if (!take_force(req, &wish.force, &r))
        return r;
    if (size == 2 && body[1] == '\n')
        size--;
    if (size != 1 || (body[0] != '0' && body[0] != '1'))
        return api_problem(400, "The body is wrong", "It must be 0 or 1.");
    wish.on = body[0] == '1';
    return begin(ctx, port, &wish);
}
