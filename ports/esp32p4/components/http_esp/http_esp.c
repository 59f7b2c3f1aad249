// SPDX-License-Identifier: Apache-2.0
#include "http_esp.h"
#include "ports/posix/posix_http_target.h"

#include "esp_err.h"
#include "esp_http_server.h"
#include "esp_log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SOCKETS = 7,      // browsers open six; the oldest gives way to a new one
    RECEIVE_S = 5,    // a silent client must not hold the only task for long
    STATUS_SIZE = 48, // "404 Not Found"
    HEADER_SIZE = 300,
};

struct http_esp {
    struct posix_http http;
    httpd_handle_t httpd;
};

// --- requests, on the task of esp_http_server ----------------------------------------------------

// What is set is only sent with the response, so it lives until then.
static esp_err_t respond(httpd_req_t *r, const struct api_response *a, bool body, bool last)
{
    char status[STATUS_SIZE];
    struct posix_http_header headers[POSIX_HTTP_HEADERS];
    unsigned count = posix_http_headers(a, headers);
    (void)snprintf(status, sizeof status, "%d %s", a->status, posix_http_reason(a->status));
    httpd_resp_set_status(r, status);
    if (a->content_type)
        httpd_resp_set_type(r, a->content_type);
    for (unsigned i = 0; i < count; i++)
        httpd_resp_set_hdr(r, headers[i].name, headers[i].value);
    if (last)
        httpd_resp_set_hdr(r, "Connection", "close");
    // Without a body only its length is sent, which is what HEAD wants.
    return httpd_resp_send(r, body ? a->body : NULL, (ssize_t)a->size);
}

struct field {
    httpd_req_t *request;
    char value[HEADER_SIZE];
};

// Too long for its buffer: its beginning.
static const char *header(void *ctx, const char *name)
{
    struct field *f = ctx;
    esp_err_t err = httpd_req_get_hdr_value_str(f->request, name, f->value, sizeof f->value);
    return err == ESP_OK || err == ESP_ERR_HTTPD_RESULT_TRUNC ? f->value : NULL;
}

static long read_body(void *ctx, void *buf, size_t size)
{
    return httpd_req_recv(ctx, buf, size);
}

static int64_t body_length(httpd_req_t *r)
{
    if (httpd_req_get_hdr_value_len(r, "Transfer-Encoding") > 0)
        return POSIX_HTTP_NO_LENGTH;
    return (int64_t)r->content_len;
}

// All methods and paths end here. With ESP_FAIL the connection is closed; otherwise the library
// would read what is left of a body, of any length, before it looks at anybody else.
static esp_err_t on_request(httpd_req_t *r)
{
    const struct http_esp *h = r->user_ctx;
    char path[POSIX_HTTP_PATH_SIZE];
    struct field field = {.request = r};
    struct posix_http_request request = {
        .api = {.method = http_method_str(r->method),
                .path = path,
                .header = header,
                .header_ctx = &field},
        .length = body_length(r),
        .read = read_body,
        .ctx = r,
        .unread = true,
    };
    int refusal = posix_http_target(r->uri, path, &request.api.query);
    struct api_response a =
        refusal ? posix_http_refusal(refusal) : posix_http_answer(&h->http, &request);
    esp_err_t err = respond(r, &a, r->method != HTTP_HEAD, request.unread);
    api_response_free(&a);
    return request.unread ? ESP_FAIL : err;
}

// What esp_http_server itself refuses: it is no HTTP, or too large. It closes the connection.
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
    struct api_response a = posix_http_refusal(statuses[error] ? statuses[error] : 400);
    (void)respond(r, &a, true, true);
    api_response_free(&a);
    return ESP_FAIL;
}

// --- start and stop ------------------------------------------------------------------------------

static esp_err_t register_all(struct http_esp *h)
{
    const httpd_uri_t all = {
        .uri = "/*", .method = (httpd_method_t)HTTP_ANY, .handler = on_request, .user_ctx = h};
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
    c.max_open_sockets = SOCKETS;
    c.max_resp_headers = POSIX_HTTP_HEADERS + 1;
    c.lru_purge_enable = true;
    c.recv_wait_timeout = RECEIVE_S;
    c.send_wait_timeout = RECEIVE_S;
    c.uri_match_fn = httpd_uri_match_wildcard;
    esp_err_t err = httpd_start(&h->httpd, &c);
    if (err != ESP_OK)
        return err;
    err = register_all(h);
    if (err != ESP_OK)
        httpd_stop(h->httpd);
    return err;
}

struct http_esp *http_esp_start(const struct http_esp_config *config, char *why, size_t why_size)
{
    struct http_esp *h = calloc(1, sizeof *h);
    if (!h) {
        (void)snprintf(why, why_size, "no memory");
        return NULL;
    }
    h->http = config->http;
    // It warns of each connection that is closed from our side.
    esp_log_level_set("httpd_uri", ESP_LOG_ERROR);
    esp_err_t err = start_httpd(h, config);
    if (err == ESP_OK)
        return h;
    (void)snprintf(why, why_size, "the HTTP server does not start on port %u: %s", config->port,
                   esp_err_to_name(err));
    free(h);
    return NULL;
}

void http_esp_stop(struct http_esp *h)
{
    httpd_stop(h->httpd);
    free(h);
}
