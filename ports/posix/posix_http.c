// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_http.h"
#include "api/api_header.h"
#include "api/api_job.h"
#include "api/api_problem.h"
#include "base/base_text.h"
#include "ports/posix/posix_time.h"
#include "ports/posix/posix_ws.h"

#include <stdlib.h>
#include <string.h>

struct question {
    const struct posix_http *http;
    const struct api_request *request;
    struct posix_job *waiting;
    struct api_response response;
};

// Here, so that jobs keep the order of their requests.
static void add_job(struct question *q)
{
    struct api_job *job = q->response.job;
    struct posix_jobs *jobs = q->http->jobs;
    if (jobs && q->waiting && posix_jobs_add(jobs, q->waiting, job))
        return;
    job->free(job);
    q->response = api_problem(503, "Too much at once",
                              "As many requests that take long are waiting as may. Try again.");
}

// In the place of a WebSocket whose request is not as it should be (RFC 6455 4.2.1).
static void check_handshake(struct question *q)
{
    const char *connection = api_header(q->request, "Connection");
    bool upgrades = connection && api_header_has(connection, "upgrade");
    const char *version = api_header(q->request, "Sec-WebSocket-Version");
    bool is_13 = version && strcmp(version, "13") == 0;
    if (!is_13)
        q->response = api_problem(426, "No WebSocket", "The version of WebSocket has to be 13.");
    else if (!upgrades)
        q->response = api_problem(400, "No WebSocket", "The header Connection has to say Upgrade.");
    else if (!posix_ws_key(api_header(q->request, "Sec-WebSocket-Key")))
        q->response = api_problem(400, "No WebSocket",
                                  "The header Sec-WebSocket-Key has to have 16 bytes in base64.");
}

// Loop thread.
static void answer(void *arg)
{
    struct question *q = arg;
    struct api_context ctx = q->http->api;
    ctx.now_us = posix_now_us();
    q->response = api_handle(&ctx, q->request);
    if (q->response.kind == API_JOB)
        add_job(q);
    else if (q->response.kind == API_WEBSOCKET)
        check_handshake(q);
}

struct api_response posix_http_ask(const struct posix_http *h, const struct api_request *r,
                                   struct posix_job *job)
{
    struct question q = {.http = h, .request = r, .waiting = job};
    if (!posix_loop_call(h->loop, answer, &q))
        return api_problem(503, "Not available", "The server is shutting down.");
    return q.response;
}

static struct api_response too_long(size_t most)
{
    char detail[80];
    struct base_text t;
    base_text_init(&t, detail, sizeof detail);
    base_text_str(&t, "The body of a request may have up to ");
    base_text_u64(&t, most);
    base_text_str(&t, " bytes here.");
    return api_problem(413, posix_http_reason(413), detail);
}

struct api_response posix_http_refusal(const struct posix_http *h, int status)
{
    static const struct {
        int status;
        const char *detail;
    } details[] = {
        {400, "The request is not well formed."},
        {408, "The request has taken too long to come."},
        {411, "Its length has to come before the body: send Content-Length."},
        {414, "No address here is as long."},
        {431, "The headers are longer than is taken here."},
        {501, "There is no such method here."},
        {503, "The server has no memory for it at the moment. Try again."},
        {505, "HTTP/1.1 and HTTP/1.0 are spoken here."},
    };
    if (status == 413)
        return too_long(api_body_max(&h->api));
    for (unsigned i = 0; i < sizeof details / sizeof *details; i++)
        if (details[i].status == status)
            return api_problem(status, posix_http_reason(status), details[i].detail);
    return api_problem(status, posix_http_reason(status), "This is no request that can be served.");
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

struct api_response posix_http_answer(const struct posix_http *h, struct posix_http_request *r,
                                      struct posix_job *job)
{
    r->unread = r->length != 0;
    if (r->length == 0)
        return posix_http_ask(h, &r->api, job);
    if (r->length < 0)
        return posix_http_refusal(h, 411);
    if ((uint64_t)r->length > api_body_max(&h->api))
        return posix_http_refusal(h, 413);
    char *body = malloc((size_t)r->length);
    if (!body)
        return api_problem(503, "Out of memory", "There is no memory for the body. Try again.");
    r->unread = !read_body(r, body);
    r->api.body = body;
    r->api.body_size = (size_t)r->length;
    struct api_response a =
        r->unread ? posix_http_refusal(h, 400) : posix_http_ask(h, &r->api, job);
    free(body);
    return a;
}

static const struct {
    int status;
    const char *phrase;
} reasons[POSIX_HTTP_STATUSES] = {
    {101, "Switching Protocols"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {304, "Not Modified"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {505, "HTTP Version Not Supported"},
};

const char *posix_http_reason(int status)
{
    for (unsigned i = 0; i < POSIX_HTTP_STATUSES; i++)
        if (reasons[i].status == status)
            return reasons[i].phrase;
    return "Error"; // the number says what
}

void posix_http_count(struct posix_http_counts *c, int status)
{
    for (unsigned i = 0; i < POSIX_HTTP_STATUSES; i++)
        if (reasons[i].status == status)
            atomic_fetch_add_explicit(&c->answers[i], 1, memory_order_relaxed);
}

void posix_http_counts_fill(struct posix_http_counts *c, struct api_port_facts *facts)
{
    for (unsigned i = 0; i < POSIX_HTTP_STATUSES; i++) {
        unsigned count = atomic_load_explicit(&c->answers[i], memory_order_relaxed);
        if (count == 0 && reasons[i].status != 200) // what never comes is left out
            continue;
        c->told[facts->answer_count++] = (struct api_answers){reasons[i].status, count};
    }
    facts->answers = c->told;
}

static unsigned add(struct posix_http_header *headers, unsigned n, const char *name,
                    const char *value)
{
    if (!value || !value[0])
        return n;
    headers[n] = (struct posix_http_header){name, value};
    return n + 1;
}

unsigned posix_http_headers(const struct api_response *a,
                            struct posix_http_header headers[POSIX_HTTP_HEADERS])
{
    unsigned n = 0;
    n = add(headers, n, "Cache-Control", a->cache ? a->cache : "no-store");
    n = add(headers, n, "X-Content-Type-Options", "nosniff");
    n = add(headers, n, "Content-Security-Policy", "default-src 'self'; frame-ancestors 'none'");
    n = add(headers, n, "Content-Encoding", a->encoding);
    n = add(headers, n, "Allow", a->allow);
    n = add(headers, n, "Upgrade", a->status == 426 ? "websocket" : NULL); // the only one there is
    n = add(headers, n, "Sec-WebSocket-Version", a->status == 426 ? "13" : NULL);
    n = add(headers, n, "ETag", a->etag);
    n = add(headers, n, "Location", a->location);
    n = add(headers, n, "Retry-After", a->retry_after);
    n = add(headers, n, "WWW-Authenticate", a->authenticate);
    n = add(headers, n, "Set-Cookie", a->cookie);
    n = add(headers, n, "Content-Disposition", a->disposition);
    return n;
}
