// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_civetweb.h"

#include <arpa/inet.h>
#include <civetweb.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MESSAGE_SIZE = 200 };

struct http_server {
    struct http_config config;
    struct posix_http http;
    struct mg_context *civetweb;
    pthread_t starter;
    char refusal[MESSAGE_SIZE]; // CivetWeb's first message on the thread that starts it
    struct sockaddr_storage own;
    char address[POSIX_ADDRESS_SIZE];
    atomic_bool stopped;
};

// --- requests, on CivetWeb's threads -------------------------------------------------------------

static void send_response(struct mg_connection *conn, const struct api_response *r, bool body)
{
    struct posix_http_header headers[POSIX_HTTP_HEADERS];
    unsigned count = posix_http_headers(r, headers);
    mg_printf(conn,
              "HTTP/1.1 %d %s\r\n"
              "Content-Type: %s\r\n"
              "Content-Length: %zu\r\n",
              r->status, mg_get_response_code_text(conn, r->status),
              r->content_type ? r->content_type : "text/plain", r->size);
    for (unsigned i = 0; i < count; i++)
        mg_printf(conn, "%s: %s\r\n", headers[i].name, headers[i].value);
    mg_printf(conn, "Connection: close\r\n\r\n");
    if (body)
        mg_write(conn, r->body, r->size);
}

static const char *header(void *ctx, const char *name)
{
    return mg_get_header(ctx, name);
}

static long read_body(void *ctx, void *buf, size_t size)
{
    return mg_read(ctx, buf, size);
}

// Every request ends here, so that CivetWeb never looks for files. The connection is closed after
// the answer, with what is left of a body that is too long.
static int on_request(struct mg_connection *conn)
{
    const struct mg_request_info *info = mg_get_request_info(conn);
    const struct http_server *h = mg_get_user_data(mg_get_context(conn));
    struct base_address peer = {0};
    (void)base_address_parse(info->remote_addr, &peer);
    bool chunked = mg_get_header(conn, "Transfer-Encoding") != NULL;
    struct posix_http_request request = {
        .api =
            {
                .method = info->request_method,
                .path = info->local_uri ? info->local_uri : "*",
                .query = info->query_string ? info->query_string : "",
                .header = header,
                .header_ctx = conn,
                .peer = &peer,
            },
        .length = chunked ? POSIX_HTTP_NO_LENGTH : info->content_length,
        .read = read_body,
        .ctx = conn,
    };
    if (!mg_get_header(conn, "Content-Length") && !chunked)
        request.length = 0;
    struct api_response r = posix_http_answer(&h->http, &request);
    send_response(conn, &r, strcmp(info->request_method, "HEAD") != 0);
    int status = r.status;
    api_response_free(&r);
    return status;
}

// What CivetWeb itself refuses: it is no HTTP, or too large.
static int on_error(struct mg_connection *conn, int status, const char *message)
{
    (void)message;
    struct api_response r = posix_http_refusal(status);
    send_response(conn, &r, true);
    api_response_free(&r);
    return 0;
}

static int on_message(const struct mg_connection *conn, const char *message)
{
    struct http_server *h = mg_get_user_data(mg_get_context(conn));
    if (!pthread_equal(pthread_self(), h->starter))
        log_message(h->config.log, EVENTLOG_WARNING, "http: %s", message);
    else if (!h->refusal[0])
        snprintf(h->refusal, sizeof h->refusal, "%s", message);
    return 1;
}

// --- start and stop ------------------------------------------------------------------------------

// CivetWeb's spelling of where to listen: "8080", "+8080" (IPv4 and IPv6), "127.0.0.1:8080",
// "[::1]:8080". False: this CivetWeb cannot.
static bool spell_port(const struct http_config *c, char *spec, size_t size)
{
    bool v6 = mg_check_feature(MG_FEATURES_IPV6) != 0;
    if (!c->listen)
        snprintf(spec, size, v6 ? "+%u" : "%u", c->port);
    else if (!strchr(c->listen, ':'))
        snprintf(spec, size, "%s:%u", c->listen, c->port);
    else if (v6)
        snprintf(spec, size, "[%s]:%u", c->listen, c->port);
    else
        return false;
    return true;
}

static bool start(struct http_server *h, char *why, size_t why_size)
{
    char spec[POSIX_ADDRESS_SIZE];
    const struct mg_callbacks callbacks = {
        .begin_request = on_request,
        .http_error = on_error,
        .log_message = on_message,
    };
    const char *options[] = {
        "listening_ports",
        spec,
        "num_threads",
        "4",
        "request_timeout_ms",
        "5000", // four silent clients must not hold HTTP for long
        "tcp_nodelay",
        "1",
        NULL,
    };
    if (!spell_port(&h->config, spec, sizeof spec)) {
        snprintf(why, why_size, "this CivetWeb has no IPv6: give an IPv4 address for HTTP");
        return false;
    }
    h->civetweb = mg_start(&callbacks, h, options);
    if (h->civetweb)
        return true;
    if (strstr(h->refusal, strerror(EADDRINUSE)))
        snprintf(why, why_size, "port %u is in use by another program", h->config.port);
    else
        snprintf(why, why_size, "%s", h->refusal);
    return false;
}

// Where it listens, as text and to connect to.
static void note_address(struct http_server *h)
{
    const char *host = h->config.listen ? h->config.listen : "0.0.0.0";
    struct mg_server_port port = {0};
    mg_get_server_ports(h->civetweb, 1, &port);
    if (strchr(host, ':')) {
        struct sockaddr_in6 *six = (struct sockaddr_in6 *)(void *)&h->own;
        six->sin6_family = AF_INET6;
        six->sin6_port = htons((uint16_t)port.port);
        inet_pton(AF_INET6, host, &six->sin6_addr);
    } else {
        struct sockaddr_in *four = (struct sockaddr_in *)(void *)&h->own;
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port.port);
        inet_pton(AF_INET, host, &four->sin_addr);
    }
    posix_address_text(&h->own, h->address);
}

struct http_server *http_start(const struct http_config *config, char *why, size_t why_size)
{
    struct http_server *h = calloc(1, sizeof *h);
    if (!h) {
        snprintf(why, why_size, "no memory");
        return NULL;
    }
    h->config = *config;
    h->http = config->http;
    h->starter = pthread_self();
    mg_init_library(MG_FEATURES_DEFAULT);
    if (!start(h, why, why_size)) {
        mg_exit_library();
        free(h);
        return NULL;
    }
    note_address(h);
    return h;
}

const char *http_address(const struct http_server *h)
{
    return h->address;
}

// CivetWeb looks every two seconds whether it should end, and whenever somebody connects. So
// somebody does, or each end of the program would take as long.
static void *knock(void *arg)
{
    struct http_server *h = arg;
    const struct timespec pause = {.tv_nsec = 5000000};
    while (!atomic_load(&h->stopped)) {
        int fd = socket(h->own.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd >= 0) {
            (void)connect(fd, (struct sockaddr *)&h->own, sizeof h->own);
            close(fd);
        }
        nanosleep(&pause, NULL);
    }
    return NULL;
}

void http_stop(struct http_server *h)
{
    pthread_t knocker;
    bool knocks = pthread_create(&knocker, NULL, knock, h) == 0;
    mg_stop(h->civetweb);
    atomic_store(&h->stopped, true);
    if (knocks)
        pthread_join(knocker, NULL);
    mg_exit_library();
    free(h);
}
