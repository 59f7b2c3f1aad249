// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"
#include "api/api_status.h"

#include <string.h>

static struct api_response constant(int status, const char *body)
{
    return (struct api_response){
        .status = status,
        .content_type = "application/json",
        .body = body,
        .size = strlen(body),
    };
}

static struct api_response get_healthz(const struct api_context *ctx)
{
    (void)ctx; // that the loop answers at all is the answer
    return constant(200, "{\"status\":\"ok\"}");
}

static struct api_response get_status(const struct api_context *ctx)
{
    char *text = api_status_json(ctx);
    if (!text)
        return constant(503, "{\"error\":\"out of memory\"}");
    struct api_response r = constant(200, text);
    r.memory = text;
    return r;
}

static const struct {
    const char *path;
    struct api_response (*get)(const struct api_context *ctx);
} routes[] = {
    {"/healthz", get_healthz},
    {"/api/v1/status", get_status},
};

struct api_response api_handle(const struct api_context *ctx, const struct api_request *req)
{
    for (unsigned i = 0; i < sizeof routes / sizeof routes[0]; i++) {
        if (strcmp(req->path, routes[i].path) != 0)
            continue;
        if (strcmp(req->method, "GET") == 0 || strcmp(req->method, "HEAD") == 0)
            return routes[i].get(ctx);
        struct api_response r = constant(405, "{\"error\":\"method not allowed\"}");
        r.allow = "GET, HEAD";
        return r;
    }
    return constant(404, "{\"error\":\"not found\"}");
}

void api_response_free(struct api_response *r)
{
    api_text_free(r->memory);
    r->memory = NULL;
}
