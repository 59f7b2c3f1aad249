// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/http_double.h"
#include "esp_http_server.h"
#include "tests/support/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { HANDLERS = 8, RESPONSE_HEADERS = 12, HEADERS_MAX = CONFIG_HTTPD_MAX_REQ_HDR_LEN };

struct server {
    httpd_config_t config;
    httpd_uri_t handler[HANDLERS];
    unsigned handlers;
    httpd_err_handler_func_t on_error[HTTPD_ERR_CODE_MAX];
};

// One request being served; httpd_req_t.aux.
struct exchange {
    struct http_double_answer *answer;
    char headers[HEADERS_MAX + 1];
    const char *status, *type;
    const char *field[RESPONSE_HEADERS], *value[RESPONSE_HEADERS];
    unsigned fields;
    unsigned sent;
    const char *body; // that has not been read
    size_t left;      // as the headers say
};

static struct server *running;
static esp_err_t start_failure, register_failure;

bool http_double_running(void)
{
    return running != NULL;
}

void http_double_fail_start(esp_err_t err)
{
    start_failure = err;
}

void http_double_fail_register(esp_err_t err)
{
    register_failure = err;
}

static esp_err_t fail_once(esp_err_t *failure)
{
    esp_err_t err = *failure;
    *failure = ESP_OK;
    return err;
}

// --- what the adapter calls ----------------------------------------------------------------------

esp_err_t httpd_start(httpd_handle_t *handle, const httpd_config_t *config)
{
    esp_err_t err = fail_once(&start_failure);
    if (err != ESP_OK)
        return err;
    CHECK(!running);
    CHECK(config->max_uri_handlers <= HANDLERS && config->max_resp_headers <= RESPONSE_HEADERS);
    if (config->max_open_sockets > CONFIG_LWIP_MAX_SOCKETS - 3)
        return ESP_ERR_INVALID_ARG;
    running = calloc(1, sizeof *running);
    running->config = *config;
    *handle = running;
    return ESP_OK;
}

esp_err_t httpd_stop(httpd_handle_t handle)
{
    CHECK(handle && handle == running);
    free(running);
    running = NULL;
    return ESP_OK;
}

static const httpd_uri_t *find(const struct server *s, const char *uri, size_t length, int method,
                               bool *known)
{
    *known = false;
    for (unsigned i = 0; i < s->handlers; i++) {
        const httpd_uri_t *h = &s->handler[i];
        bool matches = s->config.uri_match_fn
                           ? s->config.uri_match_fn(h->uri, uri, length)
                           : strlen(h->uri) == length && strncmp(h->uri, uri, length) == 0;
        *known |= matches;
        if (matches && ((int)h->method == method || (int)h->method == HTTP_ANY))
            return h;
    }
    return NULL;
}

esp_err_t httpd_register_uri_handler(httpd_handle_t handle, const httpd_uri_t *uri_handler)
{
    struct server *s = handle;
    bool known;
    esp_err_t err = fail_once(&register_failure);
    if (err != ESP_OK)
        return err;
    if (find(s, uri_handler->uri, strlen(uri_handler->uri), (int)uri_handler->method, &known))
        return ESP_ERR_HTTPD_HANDLER_EXISTS;
    if (s->handlers == s->config.max_uri_handlers)
        return ESP_ERR_HTTPD_HANDLERS_FULL;
    s->handler[s->handlers++] = *uri_handler;
    return ESP_OK;
}

esp_err_t httpd_register_err_handler(httpd_handle_t handle, httpd_err_code_t error,
                                     httpd_err_handler_func_t handler_fn)
{
    struct server *s = handle;
    if (error >= HTTPD_ERR_CODE_MAX)
        return ESP_ERR_INVALID_ARG;
    s->on_error[error] = handler_fn;
    return ESP_OK;
}

// Only the form that ends with an asterisk.
bool httpd_uri_match_wildcard(const char *uri_template, const char *uri_to_match, size_t match_upto)
{
    size_t size = strlen(uri_template);
    CHECK(size > 0 && uri_template[size - 1] == '*');
    return match_upto >= size - 1 && strncmp(uri_template, uri_to_match, size - 1) == 0;
}

// The value of a request's header, up to the end of its line; NULL: it has none.
static const char *header(const struct exchange *x, const char *field)
{
    size_t size = strlen(field);
    const char *line = x->headers;
    while (line && *line) {
        if (strncasecmp(line, field, size) == 0 && line[size] == ':')
            return line + size + 1 + strspn(line + size + 1, " ");
        line = strstr(line, "\r\n");
        line = line ? line + 2 : NULL;
    }
    return NULL;
}

size_t httpd_req_get_hdr_value_len(httpd_req_t *r, const char *field)
{
    struct exchange *x = r->aux;
    CHECK(x->sent == 0); // gone with the response
    const char *value = header(x, field);
    return value ? strcspn(value, "\r") : 0;
}

esp_err_t httpd_req_get_hdr_value_str(httpd_req_t *r, const char *field, char *val, size_t val_size)
{
    struct exchange *x = r->aux;
    const char *value = header(x, field);
    size_t size = value ? strcspn(value, "\r") : 0;
    if (!value)
        return ESP_ERR_NOT_FOUND;
    size_t room = size < val_size ? size : val_size - 1;
    memcpy(val, value, room);
    val[room] = '\0';
    return room == size ? ESP_OK : ESP_ERR_HTTPD_RESULT_TRUNC;
}

int httpd_req_recv(httpd_req_t *r, char *buf, size_t buf_len)
{
    struct exchange *x = r->aux;
    size_t there = strlen(x->body);
    size_t size = buf_len < x->left ? buf_len : x->left;
    if (size > 0 && there == 0)
        return -1; // HTTPD_SOCK_ERR_FAIL
    size = size < there ? size : there;
    size = size > 7 ? 7 : size; // as it comes from the network
    memcpy(buf, x->body, size);
    x->body += size;
    x->left -= size;
    return (int)size;
}

esp_err_t httpd_resp_set_status(httpd_req_t *r, const char *status)
{
    struct exchange *x = r->aux;
    x->status = status;
    return ESP_OK;
}

esp_err_t httpd_resp_set_type(httpd_req_t *r, const char *type)
{
    struct exchange *x = r->aux;
    x->type = type;
    return ESP_OK;
}

esp_err_t httpd_resp_set_hdr(httpd_req_t *r, const char *field, const char *value)
{
    struct exchange *x = r->aux;
    CHECK(x->fields < running->config.max_resp_headers); // it would be left out
    x->field[x->fields] = field;
    x->value[x->fields++] = value;
    return ESP_OK;
}

static void put(struct http_double_answer *a, const char *text, size_t size)
{
    CHECK(a->size + size < sizeof a->text);
    memcpy(a->text + a->size, text, size);
    a->size += size;
    a->text[a->size] = '\0';
}

static void put_text(struct http_double_answer *a, const char *text)
{
    put(a, text, strlen(text));
}

esp_err_t httpd_resp_send(httpd_req_t *r, const char *buf, ssize_t buf_len)
{
    struct exchange *x = r->aux;
    char length[40];
    CHECK_EQ(x->sent++, 0); // two responses to one request
    if (buf_len == HTTPD_RESP_USE_STRLEN)
        buf_len = (ssize_t)strlen(buf);
    (void)snprintf(length, sizeof length, "Content-Length: %zd\r\n", buf_len);
    put_text(x->answer, "HTTP/1.1 ");
    put_text(x->answer, x->status);
    put_text(x->answer, "\r\nContent-Type: ");
    put_text(x->answer, x->type);
    put_text(x->answer, "\r\n");
    put_text(x->answer, length);
    for (unsigned i = 0; i < x->fields; i++) {
        put_text(x->answer, x->field[i]);
        put_text(x->answer, ": ");
        put_text(x->answer, x->value[i]);
        put_text(x->answer, "\r\n");
    }
    put_text(x->answer, "\r\n");
    if (buf)
        put(x->answer, buf, (size_t)buf_len);
    return ESP_OK;
}

// --- its task ------------------------------------------------------------------------------------

static const char *const methods[] = {
    [HTTP_DELETE] = "DELETE", [HTTP_GET] = "GET",          [HTTP_HEAD] = "HEAD",
    [HTTP_POST] = "POST",     [HTTP_PUT] = "PUT",          [HTTP_OPTIONS] = "OPTIONS",
    [5] = "CONNECT",          [HTTP_PROPFIND] = "PROPFIND"};
enum { METHODS = sizeof methods / sizeof methods[0] };

const char *http_method_str(enum http_method m)
{
    return (int)m < METHODS && methods[m] ? methods[m] : "<unknown>";
}

static int find_method(const char *word, size_t size)
{
    for (int i = 0; i < METHODS; i++)
        if (methods[i] && strlen(methods[i]) == size && memcmp(methods[i], word, size) == 0)
            return i;
    return -1;
}

// What the parser says to a request line and headers; HTTPD_ERR_CODE_MAX: it is good.
static httpd_err_code_t parse(httpd_req_t *r, const char *request, const char *end)
{
    struct exchange *x = r->aux;
    size_t word = strcspn(request, " \r");
    r->method = find_method(request, word);
    if (r->method < 0 || request[word] != ' ')
        return HTTPD_400_BAD_REQUEST;
    const char *target = request + word + 1;
    size_t size = strcspn(target, " \r");
    if (size > running->config.max_uri_len)
        return HTTPD_414_URI_TOO_LONG;
    memcpy((char *)(uintptr_t)r->uri, target, size);
    const char *line = strstr(target, "\r\n");
    if (strncmp(target + size, " HTTP/1.", 8) != 0)
        return HTTPD_400_BAD_REQUEST;
    if (line + 2 >= end)
        return HTTPD_ERR_CODE_MAX;
    if ((size_t)(end - line - 2) > running->config.max_req_hdr_len)
        return HTTPD_431_REQ_HDR_FIELDS_TOO_LARGE;
    memcpy(x->headers, line + 2, (size_t)(end - line - 2));
    const char *length = header(x, "Content-Length");
    if (length && (*length < '0' || *length > '9'))
        return HTTPD_400_BAD_REQUEST;
    r->content_len = length ? strtoul(length, NULL, 10) : 0;
    return HTTPD_ERR_CODE_MAX;
}

static esp_err_t fail(httpd_req_t *r, httpd_err_code_t error)
{
    if (running->on_error[error]) {
        esp_err_t err = running->on_error[error](r, error);
        return error == HTTPD_500_INTERNAL_SERVER_ERROR ? ESP_FAIL : err;
    }
    put_text(((struct exchange *)r->aux)->answer, "HTTP/1.1 the library's own words\r\n\r\n");
    return ESP_FAIL;
}

static esp_err_t dispatch(httpd_req_t *r)
{
    bool known;
    if (r->uri[0] != '/')
        return ESP_FAIL; // no path in it: closed without a word
    const httpd_uri_t *h = find(running, r->uri, strcspn(r->uri, "?#"), r->method, &known);
    if (!h)
        return fail(r, known ? HTTPD_405_METHOD_NOT_ALLOWED : HTTPD_404_NOT_FOUND);
    r->user_ctx = h->user_ctx;
    return h->handler(r);
}

// One request; `*at` moves behind it. False: the connection is closed.
static bool serve(const char **at, struct http_double_answer *a)
{
    struct exchange *x = calloc(1, sizeof *x);
    httpd_req_t r = {.handle = running, .aux = x};
    const char *end = strstr(*at, "\r\n\r\n");
    CHECK(end);
    x->answer = a;
    x->status = "200 OK";
    x->type = "text/html";
    httpd_err_code_t error = parse(&r, *at, end + 2);
    x->body = end + 4;
    x->left = r.content_len;
    esp_err_t err = error == HTTPD_ERR_CODE_MAX ? dispatch(&r) : fail(&r, error);
    size_t there = strlen(x->body);
    *at = x->body + (x->left < there ? x->left : there); // the rest of a body is dropped
    free(x);
    return err == ESP_OK;
}

void http_double_send(const char *requests, struct http_double_answer *a)
{
    CHECK(running);
    *a = (struct http_double_answer){.closed = false};
    while (*requests && !a->closed)
        a->closed = !serve(&requests, a);
}
