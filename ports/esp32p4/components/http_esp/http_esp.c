// SPDX-License-Identifier: Apache-2.0
#include "http_esp.h"
#include "http_esp_accept.h"
#include "http_esp_conn.h"
#include "http_esp_job.h"
#include "http_esp_stream.h"
#include "ports/posix/posix_http_target.h"

#include "api/api_header.h"
#include "api/api_problem.h"
#include "base/base_text.h"
#include "esp_err.h"
#include "esp_http_server.h"
#include "esp_log.h"
#include "esp_pthread.h"
#include "ports/posix/posix_socket.h"
#include "sdkconfig.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(HTTP_ESP_WEBSOCKETS + HTTP_ESP_LINES == HTTP_ESP_STREAMS, "said by http_esp.h");

enum {
    HEAD_SIZE = 1024,
    FIELD_SIZE = CONFIG_HTTPD_MAX_REQ_HDR_LEN, // none is cut: our cookie may be behind others
    LIMIT_US = 5000000,
};

// Larger than 512 bytes, so it is in PSRAM; nothing in it is used by two tasks at once.
struct http_esp {
    struct http_esp_conns conns; // the first: the library's user context
    struct posix_http http;
    struct posix_streams streams;
    struct http_esp_jobs jobs;
    struct posix_http_counts counts;
    httpd_handle_t httpd;
    // Of the request being served, and of its response.
    httpd_req_t *request;
    bool expects; // its client waits for a go-ahead before it sends the body
    char path[POSIX_HTTP_PATH_SIZE];
    char field[FIELD_SIZE]; // a header of the request
    char accept[HTTP_ESP_ACCEPT_SIZE];
    char head[HEAD_SIZE];
};

// --- responses, on the task of esp_http_server ---------------------------------------------------

static void put(struct base_text *t, const char *name, const char *value)
{
    base_text_str(t, name);
    base_text_str(t, ": ");
    base_text_str(t, value);
    base_text_str(t, "\r\n");
}

static void begin_head(struct http_esp *h, struct base_text *t, int status)
{
    posix_http_count(&h->counts, status);
    base_text_init(t, h->head, sizeof h->head);
    base_text_str(t, "HTTP/1.1 ");
    base_text_u64(t, (uint64_t)status);
    base_text_char(t, ' ');
    base_text_str(t, posix_http_reason(status));
    base_text_str(t, "\r\n");
}

static void put_headers(struct base_text *t, const struct api_response *a)
{
    struct posix_http_header headers[POSIX_HTTP_HEADERS];
    unsigned count = posix_http_headers(a, headers);
    if (a->content_type)
        put(t, "Content-Type", a->content_type);
    for (unsigned i = 0; i < count; i++)
        put(t, headers[i].name, headers[i].value);
}

static bool send_head(struct http_esp *h, struct base_text *t)
{
    base_text_str(t, "\r\n");
    http_esp_conn_answers(h->request);
    return http_esp_conn_send(h->request, h->head, strlen(h->head));
}

// 304 has none, and for 204 it is forbidden (RFC 9110 8.6).
static bool tells_length(const struct api_response *a)
{
    return a->status != 204 && a->status != 304;
}

// One request for each connection: sockets are few, and who keeps one has it from others. The
// library closes it because of ESP_FAIL; what is left of a body is not read.
static esp_err_t respond(struct http_esp *h, const struct api_response *a)
{
    struct base_text t;
    begin_head(h, &t, a->status);
    put_headers(&t, a);
    if (tells_length(a)) {
        base_text_str(&t, "Content-Length: ");
        base_text_u64(&t, a->size);
        base_text_str(&t, "\r\n");
    }
    put(&t, "Connection", "close");
    if (send_head(h, &t) && h->request->method != HTTP_HEAD)
        (void)http_esp_conn_send(h->request, a->body, a->size);
    return ESP_FAIL;
}

// --- requests ------------------------------------------------------------------------------------

// Also on the loop thread, while this task waits for it.
static const char *header(void *ctx, const char *name)
{
    struct http_esp *h = ctx;
    return httpd_req_get_hdr_value_str(h->request, name, h->field, sizeof h->field) == ESP_OK
               ? h->field
               : NULL;
}

// The first call is the go-ahead for who waits for one: the library has none.
static long read_body(void *ctx, void *buf, size_t size)
{
    static const char go_ahead[] = "HTTP/1.1 100 Continue\r\n\r\n";
    struct http_esp *h = ctx;
    bool waits = h->expects;
    h->expects = false;
    if (waits && !http_esp_conn_send(h->request, go_ahead, sizeof go_ahead - 1))
        return -1;
    return httpd_req_recv(h->request, buf, size);
}

static bool expects_go_ahead(struct http_esp *h)
{
    const char *expect = header(h, "Expect");
    return expect && api_header_has(expect, "100-continue");
}

static int64_t body_length(httpd_req_t *r)
{
    if (httpd_req_get_hdr_value_len(r, "Transfer-Encoding") > 0)
        return POSIX_HTTP_NO_LENGTH;
    return (int64_t)r->content_len;
}

static struct base_address peer_of(httpd_req_t *r)
{
    struct sockaddr_storage from = {0};
    socklen_t size = sizeof from;
    (void)getpeername(httpd_req_to_sockfd(r), (struct sockaddr *)&from, &size);
    return posix_peer(&from).address;
}

// --- streams -------------------------------------------------------------------------------------

static enum http_esp_use use_of(const struct api_response *a)
{
    return a->kind == API_WEBSOCKET ? HTTP_ESP_WEBSOCKET : HTTP_ESP_LINE;
}

static esp_err_t stay(struct http_esp *h, const struct api_response *a)
{
    struct http_esp_conn *c = http_esp_conn_of(h->request);
    c->stream.fd = c->fd;
    c->stream.websocket = a->kind == API_WEBSOCKET;
    c->stream.cursor = a->stream;
    if (!http_esp_conn_stay(c, use_of(a), h->request))
        return ESP_FAIL;
    http_esp_stream_begin(&h->streams, c);
    return ESP_OK;
}

static struct api_response no_place(enum http_esp_use use)
{
    return api_problem(503, "No place for one more",
                       use == HTTP_ESP_WEBSOCKET
                           ? "Three pages are kept up to date already, which is all that "
                             "there is room for. Close one of them."
                           : "Somebody follows the events already, which is all that there "
                             "is room for. Read /api/v1/events from time to time instead.");
}

// A refusal in the place of a stream that cannot be.
static void check_stream(struct http_esp *h, struct api_response *a)
{
    bool stream = a->kind == API_STREAM || a->kind == API_WEBSOCKET;
    if (stream && !http_esp_conn_may_stay(h->request, use_of(a)))
        *a = no_place(use_of(a));
    else if (a->kind == API_WEBSOCKET &&
             !http_esp_accept(header(h, "Sec-WebSocket-Key"), h->accept))
        *a = posix_http_refusal(&h->http, 503);
}

// Its end is the connection's.
static esp_err_t begin_lines(struct http_esp *h, const struct api_response *a)
{
    struct base_text t;
    begin_head(h, &t, a->status);
    put_headers(&t, a);
    put(&t, "Connection", "close");
    return send_head(h, &t) ? stay(h, a) : ESP_FAIL;
}

static esp_err_t begin_websocket(struct http_esp *h, const struct api_response *a)
{
    struct base_text t;
    begin_head(h, &t, 101);
    put(&t, "Upgrade", "websocket");
    put(&t, "Connection", "Upgrade");
    put(&t, "Sec-WebSocket-Accept", h->accept);
    return send_head(h, &t) ? stay(h, a) : ESP_FAIL;
}

// --- what the library calls ----------------------------------------------------------------------

static esp_err_t answer(struct http_esp *h, struct api_response *a)
{
    check_stream(h, a);
    esp_err_t err = a->kind == API_WEBSOCKET ? begin_websocket(h, a)
                    : a->kind == API_STREAM  ? begin_lines(h, a)
                                             : respond(h, a);
    api_response_free(a);
    return err;
}

// All methods and paths end here, the "*" of OPTIONS too.
static esp_err_t on_request(httpd_req_t *r)
{
    struct http_esp *h = r->user_ctx;
    struct base_address peer = peer_of(r);
    struct posix_http_request request = {
        .api = {.method = http_method_str(r->method),
                .path = h->path,
                .header = header,
                .header_ctx = h,
                .peer = &peer},
        .length = body_length(r),
        .read = read_body,
        .ctx = h,
    };
    h->request = r;
    h->expects = expects_go_ahead(h);
    int refusal = posix_http_target(r->uri, h->path, &request.api.query);
    struct http_esp_job *j = http_esp_job_begin(&h->jobs);
    struct api_response a = refusal ? posix_http_refusal(&h->http, refusal)
                                    : posix_http_answer(&h->http, &request, j ? &j->waiting : NULL);
    if (a.kind == API_JOB)
        return http_esp_job_wait(j, r) ? ESP_OK : ESP_FAIL;
    http_esp_job_end(j);
    return answer(h, &a);
}

static void respond_late(void *ctx, httpd_req_t *r, struct api_response *a)
{
    struct http_esp *h = ctx;
    h->request = r;
    (void)respond(h, a);
    api_response_free(a);
}

// What esp_http_server itself refuses: it is no HTTP, or too large.
static esp_err_t on_error(httpd_req_t *r, httpd_err_code_t error)
{
    static const int statuses[HTTPD_ERR_CODE_MAX] = {
        [HTTPD_500_INTERNAL_SERVER_ERROR] = 503, // it has no memory
        [HTTPD_501_METHOD_NOT_IMPLEMENTED] = 501,
        [HTTPD_505_VERSION_NOT_SUPPORTED] = 505,
        [HTTPD_400_BAD_REQUEST] = 400,
        [HTTPD_404_NOT_FOUND] = 404,
        [HTTPD_405_METHOD_NOT_ALLOWED] = 405,
        [HTTPD_408_REQ_TIMEOUT] = 408,
        [HTTPD_411_LENGTH_REQUIRED] = 411,
        [HTTPD_413_CONTENT_TOO_LARGE] = 413,
        [HTTPD_414_URI_TOO_LONG] = 414,
        [HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE] = 431,
    };
    struct http_esp *h = httpd_get_global_user_ctx(r->handle);
    struct api_response a = posix_http_refusal(&h->http, statuses[error] ? statuses[error] : 400);
    h->request = r;
    return answer(h, &a);
}

// --- start and stop ------------------------------------------------------------------------------

static esp_err_t register_all(struct http_esp *h)
{
    const httpd_uri_t all = {
        .uri = "*", .method = (httpd_method_t)HTTP_ANY, .handler = on_request, .user_ctx = h};
    esp_err_t err = httpd_register_uri_handler(h->httpd, &all);
    for (int e = 0; e < HTTPD_ERR_CODE_MAX && err == ESP_OK; e++)
        err = httpd_register_err_handler(h->httpd, (httpd_err_code_t)e, on_error);
    return err;
}

static esp_err_t start_httpd(struct http_esp *h, const struct http_esp_config *config)
{
    httpd_config_t c = HTTPD_DEFAULT_CONFIG();
    c.task_priority = config->priority;
    c.core_id = config->core;
    c.stack_size = config->stack_size;
    c.server_port = config->port;
    c.lru_purge_enable = true;
    c.uri_match_fn = httpd_uri_match_wildcard;
    http_esp_conns_init(&h->conns, config->limit_us ? config->limit_us : LIMIT_US, &c);
    esp_err_t err = httpd_start(&h->httpd, &c);
    if (err != ESP_OK)
        return err;
    h->jobs = (struct http_esp_jobs){.httpd = h->httpd, .respond = respond_late, .ctx = h};
    err = register_all(h);
    if (err != ESP_OK)
        httpd_stop(h->httpd);
    return err;
}

// Not in PSRAM: no task writes flash with its stack there.
static esp_err_t start_jobs(struct http_esp *h, const struct http_esp_config *config)
{
    esp_pthread_cfg_t before = esp_pthread_get_default_config(), c = before;
    c.thread_name = "jobs";
    c.prio = config->jobs_priority;
    c.pin_to_core = config->jobs_core;
    c.stack_size = config->jobs_stack_size;
    esp_err_t err = esp_pthread_set_cfg(&c);
    if (err != ESP_OK)
        return err;
    h->http.jobs = posix_jobs_create(h->http.loop, &h->http.api, HTTP_ESP_JOBS - 1);
    (void)esp_pthread_set_cfg(&before);
    return h->http.jobs ? ESP_OK : ESP_ERR_NO_MEM;
}

static void end_jobs(struct http_esp *h)
{
    posix_jobs_end(h->http.jobs);
    posix_jobs_destroy(h->http.jobs);
}

struct http_esp *http_esp_start(const struct http_esp_config *config, char *why, size_t why_size)
{
    struct http_esp *h = calloc(1, sizeof *h);
    if (!h) {
        (void)snprintf(why, why_size, "no memory");
        return NULL;
    }
    h->http = config->http;
    posix_streams_init(&h->streams, h->http.loop, &h->http.api);
    // It warns of each connection that is closed from our side.
    esp_log_level_set("httpd_uri", ESP_LOG_ERROR);
    esp_err_t err = start_jobs(h, config);
    if (err == ESP_OK)
        err = start_httpd(h, config);
    if (err == ESP_OK)
        return h;
    end_jobs(h);
    (void)snprintf(why, why_size, "the HTTP server does not start on port %u: %s", config->port,
                   esp_err_to_name(err));
    free(h);
    return NULL;
}

void http_esp_stop(struct http_esp *h)
{
    posix_jobs_end(h->http.jobs); // their answers are sent before it stops
    http_esp_stream_end_all(&h->streams);
    httpd_stop(h->httpd);
    posix_jobs_destroy(h->http.jobs);
    free(h);
}

struct posix_jobs *http_esp_jobs(const struct http_esp *h)
{
    return h->http.jobs;
}

void http_esp_facts(struct http_esp *h, struct api_port_facts *facts)
{
    facts->live_sockets = h->streams.websockets;
    facts->live_sockets_max = HTTP_ESP_WEBSOCKETS;
    posix_http_counts_fill(&h->counts, facts);
}
