// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_http.h"
#include "ports/posix/posix_time.h"

const struct posix_http_header posix_http_headers[] = {
    {"Cache-Control", "no-store"},
    {"X-Content-Type-Options", "nosniff"},
    {NULL, NULL},
};

struct question {
    const struct posix_http *http;
    struct api_request request;
    struct api_response response;
};

// Loop thread.
static void answer(void *arg)
{
    struct question *q = arg;
    const struct api_context ctx = {
        .server = q->http->server,
        .version = q->http->version,
        .now_us = posix_now_us(),
    };
    q->response = api_handle(&ctx, &q->request);
}

static struct api_response plain(int status, const char *body)
{
    return (struct api_response){
        .status = status, .content_type = "application/json", .body = body};
}

struct api_response posix_http_answer(const struct posix_http *h, const char *method,
                                      const char *path)
{
    struct question q = {.http = h, .request = {.method = method, .path = path}};
    if (!posix_loop_call(h->loop, answer, &q))
        return plain(503, "{\"error\":\"the server is shutting down\"}");
    return q.response;
}

struct api_response posix_http_refusal(int status)
{
    return plain(status, "{\"error\":\"not a request that can be served\"}");
}
