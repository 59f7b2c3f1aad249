// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_mhd.h"
#include "ports/linux/http_request.h"
#include "ports/linux/http_tls.h"
#include "ports/posix/posix_poller.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
    CONNECTIONS = 256, // all of this is for those that are waiting; a request takes a moment
    CONNECTIONS_OF_ADDRESS = 64,
    ACCEPTED_AT_ONCE = 16, // then the others have a turn
    ACCEPT_PAUSE_US = 100000,
    DOORS = 2,
    WATCHES = 2 * DOORS + 2, // of each two listening sockets; the library's, and the wake-up
};

// Where clients come in: plain, and by TLS. What is behind it is the same.
struct door {
    struct http_server *server;
    struct posix_listener listener;
    struct posix_watch accepts[2];
};

struct http_server {
    struct http_config config;
    struct door doors[DOORS];
    unsigned door_count;
    struct http_tls *tls; // behind the second
    struct posix_poller *poller;
    struct posix_watch wakes, serves;
    struct MHD_Daemon *daemon;
    struct http_clients clients;
    struct http_websockets websockets;
    struct http_lines lines;
    struct http_jobs jobs;
    struct http_requests requests;
    struct posix_http_counts counts;
    uint64_t accept_us; // when to accept again; 0: now
    pthread_t thread;
    int wake_fd;
    atomic_bool stopped;
};

// --- connections ---------------------------------------------------------------------------------

// The library tells of each connection that it gets and lets go.
static void on_connection(void *cls, struct MHD_Connection *conn, void **context,
                          enum MHD_ConnectionNotificationCode what)
{
    struct http_server *h = cls;
    if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*context)
            http_clients_remove(&h->clients, *context);
        free(*context);
        *context = NULL;
        return;
    }
    const union MHD_ConnectionInfo *fd =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CONNECTION_FD);
    const union MHD_ConnectionInfo *a =
        MHD_get_connection_info(conn, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    struct http_client *client = calloc(1, sizeof *client);
    struct base_peer peer = posix_peer((const void *)a->client_addr);
    if (client)
        http_clients_add(&h->clients, client, fd->connect_fd, &peer.address, posix_now_us());
    *context = client;
}

static bool accept_one(const struct door *d, int listening)
{
    struct http_server *h = d->server;
    struct sockaddr_storage from;
    int fd = posix_accept(listening, &from);
    if (fd < 0)
        return false;
    struct base_peer peer = posix_peer(&from);
    socklen_t size =
        from.ss_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
    http_clients_make_room(&h->clients, &peer.address);
    if (d != h->doors)
        fd = http_tls_accept(h->tls, fd);
    if (fd >= 0) // closes it if there is no memory
        (void)MHD_add_connection(h->daemon, fd, (const struct sockaddr *)&from, size);
    return true;
}

static void listen_for(struct http_server *h, short events)
{
    for (struct door *d = h->doors; d < h->doors + h->door_count; d++)
        for (unsigned i = 0; i < d->listener.count; i++)
            posix_poller_change(h->poller, &d->accepts[i], events);
}

// Without descriptors or memory: the sockets would wake us for ever.
static void pause_accepting(struct http_server *h)
{
    h->accept_us = posix_now_us() + ACCEPT_PAUSE_US;
    listen_for(h, 0);
}

static void accept_ready(const struct door *d, unsigned i)
{
    for (unsigned n = 0; n < ACCEPTED_AT_ONCE; n++) {
        if (accept_one(d, d->listener.fd[i]))
            continue;
        if (errno != EAGAIN && errno != ECONNABORTED && errno != EINTR)
            pause_accepting(d->server);
        return;
    }
}

static void first_ready(void *ctx, short revents)
{
    (void)revents;
    accept_ready(ctx, 0);
}

static void second_ready(void *ctx, short revents)
{
    (void)revents;
    accept_ready(ctx, 1);
}

// --- the thread ----------------------------------------------------------------------------------

static void nothing_to_do(void *ctx, short revents)
{
    (void)ctx; // MHD_run() follows each wait
    (void)revents;
}

static void woken(void *ctx, short revents)
{
    struct http_server *h = ctx;
    eventfd_t count;
    (void)revents;
    (void)eventfd_read(h->wake_fd, &count); // the wait is over, which is all
}

static uint64_t next_deadline(const struct http_server *h)
{
    MHD_UNSIGNED_LONG_LONG ms;
    uint64_t at = http_clients_deadline(&h->clients);
    if (MHD_get_timeout(h->daemon, &ms) == MHD_YES) {
        uint64_t library_us = posix_now_us() + (uint64_t)ms * 1000;
        at = library_us < at ? library_us : at;
    }
    if (http_lines_deadline(&h->lines) < at)
        at = http_lines_deadline(&h->lines);
    if (http_tls_deadline(h->tls) < at)
        at = http_tls_deadline(h->tls);
    return h->accept_us && h->accept_us < at ? h->accept_us : at;
}

static void *run(void *arg)
{
    struct http_server *h = arg;
    while (!atomic_load(&h->stopped)) {
        posix_poller_wait(h->poller, next_deadline(h));
        posix_poller_tell(h->poller);
        uint64_t now_us = posix_now_us();
        http_clients_expire(&h->clients, now_us);
        http_lines_turn(&h->lines, now_us);
        http_tls_expire(h->tls, now_us);
        http_jobs_turn(&h->jobs);
        if (h->accept_us && h->accept_us <= now_us) {
            h->accept_us = 0;
            listen_for(h, POLLIN);
        }
        MHD_run(h->daemon);
    }
    return NULL;
}

// --- start and stop ------------------------------------------------------------------------------

static bool start_daemon(struct http_server *h)
{
    h->daemon = MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET | MHD_ALLOW_SUSPEND_RESUME | MHD_ALLOW_UPGRADE, 0,
        NULL, NULL, http_request_go_on, &h->requests, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned)HTTP_DESCRIPTORS,                                 //
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)HTTP_HEAD_SIZE, //
        MHD_OPTION_CONNECTION_TIMEOUT, 0u,                          // http_clients.h has others
        MHD_OPTION_URI_LOG_CALLBACK, http_request_begin, &h->requests, MHD_OPTION_NOTIFY_COMPLETED,
        http_request_end, &h->requests,                 //
        MHD_OPTION_NOTIFY_CONNECTION, on_connection, h, //
        MHD_OPTION_END);
    return h->daemon != NULL;
}

static bool watch(struct http_server *h, struct posix_watch *w, int fd,
                  void (*ready)(void *ctx, short revents), void *ctx)
{
    *w = (struct posix_watch){.fd = fd, .events = POLLIN, .ready = ready, .ctx = ctx};
    return posix_poller_add(h->poller, w);
}

static bool watch_door(struct http_server *h, struct door *d)
{
    return watch(h, &d->accepts[0], d->listener.fd[0], first_ready, d) &&
           (d->listener.count < 2 || watch(h, &d->accepts[1], d->listener.fd[1], second_ready, d));
}

static bool watch_all(struct http_server *h)
{
    const union MHD_DaemonInfo *epoll = MHD_get_daemon_info(h->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    return epoll && watch(h, &h->serves, epoll->epoll_fd, nothing_to_do, h) &&
           watch(h, &h->wakes, h->wake_fd, woken, h) && watch_door(h, &h->doors[0]) &&
           (h->door_count < DOORS || watch_door(h, &h->doors[1]));
}

static bool start_tls(struct http_server *h)
{
    if (h->config.https)
        h->tls = http_tls_create(h->poller, h->config.https);
    return h->tls || !h->config.https;
}

static bool start(struct http_server *h)
{
    struct posix_http *http = &h->config.http;
    h->poller = posix_poller_create(WATCHES + HTTP_TLS_WATCHES);
    h->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    h->jobs.wake_fd = h->wake_fd;
    http->jobs = posix_jobs_create(http->loop, &http->api, 1 + POSIX_JOBS_MAX / 2);
    return h->poller && h->wake_fd >= 0 && http->jobs && start_daemon(h) && start_tls(h) &&
           watch_all(h) && pthread_create(&h->thread, NULL, run, h) == 0;
}

// Waits for the job that runs. Who waited for one gets his answer, if his socket takes it.
static void end_jobs(struct http_server *h)
{
    posix_jobs_end(h->config.http.jobs);
    http_jobs_turn(&h->jobs);
    if (h->daemon)
        MHD_run(h->daemon);
}

static void release(struct http_server *h)
{
    http_lines_end(&h->lines);
    end_jobs(h);
    if (h->daemon)
        MHD_stop_daemon(h->daemon);
    http_tls_destroy(h->tls);
    posix_jobs_destroy(h->config.http.jobs);
    http_jobs_end(&h->jobs);
    if (h->poller)
        posix_poller_destroy(h->poller);
    if (h->wake_fd >= 0)
        close(h->wake_fd);
    for (unsigned i = 0; i < h->door_count; i++)
        posix_listener_close(&h->doors[i].listener);
    free(h);
}

static bool open_door(struct http_server *h, const char *address, uint16_t port, char *why,
                      size_t why_size)
{
    struct door *d = &h->doors[h->door_count];
    bool open = posix_listen(&d->listener, address, port, why, why_size);
    h->door_count += open;
    return open;
}

static bool open_plain_door(struct http_server *h, char *why, size_t why_size)
{
    const struct http_config *c = &h->config;
    if (!c->listener || !c->listener->count)
        return open_door(h, c->listen, c->port, why, why_size);
    h->doors[h->door_count++].listener = *c->listener;
    return true;
}

static bool open_doors(struct http_server *h, char *why, size_t why_size)
{
    const struct http_config *c = &h->config;
    for (unsigned i = 0; i < DOORS; i++)
        h->doors[i].server = h;
    return open_plain_door(h, why, why_size) &&
           (!c->https || open_door(h, c->https_listen, c->https_port, why, why_size));
}

struct http_server *http_start(const struct http_config *config, char *why, size_t why_size)
{
    struct http_server *h = calloc(1, sizeof *h);
    if (!h) {
        snprintf(why, why_size, "no memory");
        return NULL;
    }
    h->config = *config;
    h->wake_fd = -1;
    h->requests = (struct http_requests){&h->config.http, &h->clients, &h->websockets,
                                         &h->lines,       &h->jobs,    &h->counts};
    http_jobs_begin(&h->jobs);
    http_websockets_begin(&h->websockets, &h->config.http);
    http_lines_begin(&h->lines, &h->config.http);
    if (h->config.stall_us)
        h->websockets.streams.stall_us = h->lines.stall_us = h->config.stall_us;
    http_clients_init(&h->clients, CONNECTIONS, CONNECTIONS_OF_ADDRESS);
    if (open_doors(h, why, why_size)) {
        if (start(h))
            return h;
        snprintf(why, why_size, "no memory, threads or descriptors for HTTP");
    }
    release(h);
    return NULL;
}

unsigned http_websocket_count(const struct http_server *h)
{
    return atomic_load(&h->websockets.count);
}

void http_facts(struct http_server *h, struct api_port_facts *facts)
{
    facts->live_sockets = http_websocket_count(h);
    facts->live_sockets_max = HTTP_WEBSOCKETS;
    facts->https_port = h->door_count > 1 ? h->doors[1].listener.port : 0;
    posix_http_counts_fill(&h->counts, facts);
}

const struct posix_listener *http_listener(const struct http_server *h)
{
    return &h->doors[0].listener;
}

const struct posix_listener *http_secure_listener(const struct http_server *h)
{
    return h->door_count > 1 ? &h->doors[1].listener : NULL;
}

void http_stop(struct http_server *h)
{
    atomic_store(&h->stopped, true);
    (void)eventfd_write(h->wake_fd, 1);
    pthread_join(h->thread, NULL);
    http_websockets_end(&h->websockets);
    release(h);
}
