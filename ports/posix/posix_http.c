// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_http.h"
#include "ports/posix/posix_time.h"

#include <stdlib.h>
#include <string.h>

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
        .status = status,
        .content_type = "application/json",
        .body = body,
        .size = strlen(body),
    };
}

struct api_response posix_http_refusal(int status)
{
    return plain(status, "{\"error\":\"not a request that can be served\"}");
}

static bool read_body(struct posix_http_request *r, char *body)
{
    size_t done = 0;
    while (done < (size_t)r->length) {
        long got = r->read(r->ctx, body + done, (size_t)r->length - done);
        if (got <= 0)
            return false;
        done += (size_t)got;
    }
    return true;
}

static struct api_response ask(const struct posix_http *h, const struct posix_http_request *r,
                               const char *body)
{
    struct question q = {
        .http = h,
        .request =
            {
                .method = r->method,
                .path = r->path,
                .query = r->query,
                .body = body,
                .body_size = (size_t)r->length,
            },
    };
    if (!posix_loop_call(h->loop, answer, &q))
        return plain(503, "{\"error\":\"the server is shutting down\"}");
    return q.response;
}

struct api_response posix_http_answer(const struct posix_http *h, struct posix_http_request *r)
{
    r->unread = r->length != 0;
    if (r->length == 0)
        return ask(h, r, NULL);
    if (r->length < 0)
        return posix_http_refusal(411);
    if (r->length > API_BODY_MAX)
        return posix_http_refusal(413);
    char *body = malloc((size_t)r->length);
    if (!body)
        return plain(503, "{\"error\":\"out of memory\"}");
    r->unread = !read_body(r, body);
    struct api_response a = r->unread ? posix_http_refusal(400) : ask(h, r, body);
    free(body);
    return a;
}

unsigned posix_http_headers(const struct api_response *a,
                            struct posix_http_header headers[POSIX_HTTP_HEADERS])
{
    unsigned n = 0;
    headers[n++] = (struct posix_http_header){"Cache-Control", a->cache ? a->cache : "no-store"};
    headers[n++] = (struct posix_http_header){"X-Content-Type-Options", "nosniff"};
    if (a->encoding)
        headers[n++] = (struct posix_http_header){"Content-Encoding", a->encoding};
    if (a->allow)
        headers[n++] = (struct posix_http_header){"Allow", a->allow};
    return n;
}
