// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"
#include "api/api_guard.h"
#include "api/api_problem.h"
#include "api/api_routes.h"
#include "api/api_who.h"
#include "base/base_text.h"

#include <string.h>

enum { ARGUMENT_SIZE = 64 };

// Copies what stands for {...}; false: that is nothing, or too long for anything that there is.
static bool take_argument(const char **path, char argument[ARGUMENT_SIZE])
{
    size_t n = strcspn(*path, "/");
    if (n == 0 || n >= ARGUMENT_SIZE)
        return false;
    memcpy(argument, *path, n);
    argument[n] = '\0';
    *path += n;
    return true;
}

static bool matches(const char *pattern, const char *path, char argument[ARGUMENT_SIZE])
{
    argument[0] = '\0';
    while (*pattern) {
        if (*pattern == '{') {
            if (!take_argument(&path, argument))
                return false;
            pattern = strchr(pattern, '}') + 1;
        } else if (*pattern++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

static bool serves(const struct api_route *route, const char *method)
{
    if (strcmp(method, "HEAD") == 0)
        method = "GET";
    return strcmp(route->method, method) == 0;
}

// What the path's routes take: "GET, HEAD, OPTIONS".
static void allowed(const char *path, struct base_text *t)
{
    char argument[ARGUMENT_SIZE];
    unsigned count;
    const struct api_route *routes = api_routes(&count);
    for (unsigned i = 0; i < count; i++) {
        if (!matches(routes[i].pattern, path, argument))
            continue;
        base_text_str(t, routes[i].method);
        base_text_str(t, serves(&routes[i], "GET") ? ", HEAD, " : ", ");
    }
    base_text_str(t, "OPTIONS");
}

static struct api_response no_route(const struct api_request *req, bool known)
{
    struct api_response r = {.status = 204};
    struct base_text t;
    if (!known)
        return api_problem(404, "Not found", "There is nothing at this address.");
    if (strcmp(req->method, "OPTIONS") != 0)
        r = api_problem(405, "Method not allowed",
                        "This address has other methods: the header Allow has them.");
    base_text_init(&t, r.allow, sizeof r.allow);
    if (strcmp(req->path, "*") == 0)
        base_text_str(&t, "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    else
        allowed(req->path, &t);
    return r;
}

// If-None-Match: a list of tags, weak ones too, or all.
static bool has_tag(const char *list, const char *etag)
{
    size_t n = strlen(etag);
    const char *found = strstr(list, etag);
    if (strcmp(list, "*") == 0)
        return true;
    return found && (found[n] == '\0' || found[n] == ',' || found[n] == ' ');
}

static void shorten(const struct api_request *req, struct api_response *r)
{
    const char *have = r->etag[0] ? api_header(req, "If-None-Match") : NULL;
    bool head = strcmp(req->method, "HEAD") == 0;
    if (r->status == 200 && have && has_tag(have, r->etag)) {
        api_response_free(r);
        r->status = 304;
        r->content_type = NULL;
        r->encoding = NULL;
        r->body = NULL;
        r->size = 0;
    }
    if (head && (r->kind == API_STREAM || r->kind == API_WEBSOCKET)) {
        r->kind = API_ANSWER;
        r->status = 200;
    }
}

// NULL: none; *known: there is one for another method.
static const struct api_route *find(const struct api_request *req, char argument[ARGUMENT_SIZE],
                                    bool *known)
{
    unsigned count;
    const struct api_route *routes = api_routes(&count);
    *known = strcmp(req->path, "*") == 0;
    for (unsigned i = 0; i < count; i++) {
        if (!matches(routes[i].pattern, req->path, argument))
            continue;
        *known = true;
        if (serves(&routes[i], req->method))
            return &routes[i];
    }
    return NULL;
}

static struct api_response call(const struct api_context *ctx, const struct api_request *req,
                                const struct api_route *route, const char *argument)
{
    struct api_context with = *ctx;
    struct api_response r;
    struct users_identity who;
    with.who = &who;
    if (!api_who_may(ctx, req, route->role, &who, &r))
        return r;
    r = route->handler(&with, req, argument);
    r.stream.who = who;
    shorten(req, &r);
    return r;
}

struct api_response api_handle(const struct api_context *ctx, const struct api_request *req)
{
    char argument[ARGUMENT_SIZE];
    bool known;
    const char *why_not = api_guard_host(ctx, req);
    if (why_not)
        return api_problem(421, "Not this server", why_not);
    why_not = api_guard(req);
    if (why_not)
        return api_problem(403, "Not allowed", why_not);
    const struct api_route *route = find(req, argument, &known);
    return route ? call(ctx, req, route, argument) : no_route(req, known);
}
