// SPDX-License-Identifier: Apache-2.0
#include "http_esp_conn.h"
#include "http_esp.h"

#include "ports/posix/posix_time.h"

#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DROP_SIZE = 256, DROPS = 256 };

#ifdef __linux__
enum { SEND_FLAGS = MSG_DONTWAIT | MSG_NOSIGNAL };
#else // lwIP has no SIGPIPE
enum { SEND_FLAGS = MSG_DONTWAIT };
#endif

static struct http_esp_conn *find(httpd_handle_t hd, int fd)
{
    struct http_esp_conns *all = httpd_get_global_user_ctx(hd);
    for (unsigned i = 0; i < HTTP_ESP_SOCKETS; i++)
        if (all->conn[i].fd == fd)
            return &all->conn[i];
    return NULL;
}

static bool wait_for(int fd, short events, uint64_t until_us)
{
    struct pollfd p = {.fd = fd, .events = events};
    uint64_t now_us = posix_now_us();
    return now_us < until_us && poll(&p, 1, (int)((until_us - now_us + 999) / 1000)) > 0;
}

// --- the library's callbacks ---------------------------------------------------------------------

// A client that sends a byte now and then is not silent, and would have the task for itself.
static int receive(httpd_handle_t hd, int fd, char *buf, size_t size, int flags)
{
    struct http_esp_conns *all = httpd_get_global_user_ctx(hd);
    struct http_esp_conn *c = find(hd, fd);
    (void)flags;
    if (c->until_us == 0)
        c->until_us = posix_now_us() + all->limit_us;
    if (!wait_for(fd, POLLIN, c->until_us))
        return HTTPD_SOCK_ERR_TIMEOUT;
    ssize_t n = recv(fd, buf, size, MSG_DONTWAIT);
    return n < 0 ? HTTPD_SOCK_ERR_FAIL : (int)n;
}

static int transmit(httpd_handle_t hd, int fd, const char *buf, size_t size, int flags)
{
    const struct http_esp_conn *c = find(hd, fd);
    (void)flags;
    if (!wait_for(fd, POLLOUT, c->until_us))
        return HTTPD_SOCK_ERR_TIMEOUT;
    ssize_t n = send(fd, buf, size, SEND_FLAGS);
    return n < 0 ? HTTPD_SOCK_ERR_FAIL : (int)n;
}

// The library closes what fails, and only that.
static int receive_nothing(httpd_handle_t hd, int fd, char *buf, size_t size, int flags)
{
    (void)hd;
    (void)fd;
    (void)buf;
    (void)size;
    (void)flags;
    return HTTPD_SOCK_ERR_FAIL;
}

static int something_is_pending(httpd_handle_t hd, int fd)
{
    (void)hd;
    (void)fd;
    return 1;
}

static esp_err_t on_open(httpd_handle_t hd, int fd)
{
    struct http_esp_conn *c = find(hd, -1);
    if (!c)
        return ESP_FAIL;
    *c = (struct http_esp_conn){.fd = fd};
    httpd_sess_set_recv_override(hd, fd, receive);
    httpd_sess_set_send_override(hd, fd, transmit);
    return ESP_OK;
}

// A socket that is closed with bytes unread resets its connection, and the answer may go with it.
static void drop_unread(int fd)
{
    char bytes[DROP_SIZE];
    for (unsigned n = 0; n < DROPS && recv(fd, bytes, sizeof bytes, MSG_DONTWAIT) > 0;)
        n++;
}

static void on_close(httpd_handle_t hd, int fd)
{
    struct http_esp_conn *c = find(hd, fd);
    if (c)
        *c = (struct http_esp_conn){.fd = -1};
    drop_unread(fd);
    close(fd);
}

// The library would free it with its server.
static void keep(void *ctx)
{
    (void)ctx;
}

void http_esp_conns_init(struct http_esp_conns *c, uint64_t limit_us, httpd_config_t *config)
{
    c->limit_us = limit_us;
    for (unsigned i = 0; i < HTTP_ESP_SOCKETS; i++)
        c->conn[i].fd = -1;
    config->max_open_sockets = HTTP_ESP_SOCKETS;
    config->global_user_ctx = c;
    config->global_user_ctx_free_fn = keep;
    config->open_fn = on_open;
    config->close_fn = on_close;
}

// --- requests ------------------------------------------------------------------------------------

struct http_esp_conn *http_esp_conn_of(httpd_req_t *r)
{
    return find(r->handle, httpd_req_to_sockfd(r));
}

void http_esp_conn_answers(httpd_req_t *r)
{
    const struct http_esp_conns *all = httpd_get_global_user_ctx(r->handle);
    http_esp_conn_of(r)->until_us = posix_now_us() + all->limit_us;
}

bool http_esp_conn_send(httpd_req_t *r, const char *bytes, size_t size)
{
    while (size > 0) {
        int n = httpd_send(r, bytes, size);
        if (n < 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

// --- what stays ----------------------------------------------------------------------------------

bool http_esp_conn_may_stay(httpd_req_t *r, enum http_esp_use use)
{
    const struct http_esp_conns *all = httpd_get_global_user_ctx(r->handle);
    unsigned n = 0;
    for (unsigned i = 0; i < HTTP_ESP_SOCKETS; i++)
        n += all->conn[i].use == use;
    return n < (use == HTTP_ESP_WEBSOCKET ? HTTP_ESP_WEBSOCKETS : HTTP_ESP_LINES);
}

// As an asynchronous request the library neither reads the socket nor closes it for a newcomer.
// When it gets it back, it finds something pending there, reads it, and closes what fails.
bool http_esp_conn_stay(struct http_esp_conn *c, enum http_esp_use use, httpd_req_t *r)
{
    if (httpd_req_async_handler_begin(r, &c->request) != ESP_OK)
        return false;
    c->use = use;
    httpd_sess_set_recv_override(r->handle, c->fd, receive_nothing);
    httpd_sess_set_pending_override(r->handle, c->fd, something_is_pending);
    return true;
}

void http_esp_conn_leave(struct http_esp_conn *c)
{
    // Wakes the library's task by a message. It has room for six: of four streams, and of two that
    // wait for a job (another one, or this).
    (void)httpd_req_async_handler_complete(c->request);
}
