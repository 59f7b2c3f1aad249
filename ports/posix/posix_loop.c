// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_calls.h"
#include "ports/posix/posix_conn.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    FD_WAKE = 0,
    FD_LISTEN = 1, // two of them
    FD_CONN = 3,   // and on: connection i has FD_CONN + i
    ACCEPTS = 16,  // per turn
    READS = 16,    // of some 64 KiB per connection and turn
    ACCEPT_PAUSE_US = 100000,
};

struct posix_loop {
    struct usbip_server *server;
    struct posix_loop_config config;
    struct posix_listener listener;
    struct posix_calls calls;
    atomic_bool stop;
    struct posix_conn *conn; // [config.max_sockets], the first `conns` are in use
    struct pollfd *fds;      // [FD_CONN + config.max_sockets]
    struct posix_gather *gather;
    unsigned conns;
    bool unfinished;         // a connection was closed, which the core has to follow up
    int spare;               // a descriptor to give up when there is none left for accept()
    bool starved;            // that was recorded, and no connection was accepted since
    uint64_t accept_from_us; // no accept() before, because it failed
};

void posix_loop_config_default(struct posix_loop_config *c)
{
    *c = (struct posix_loop_config){
        .port = 3240,
        .max_sockets = 256,
        .stop_limit_us = 5000000,
        .keepalive = {.idle_s = 10, .interval_s = 5, .count = 3, .unacknowledged_ms = 20000},
    };
}

// Any descriptor does; a socket is what every platform has.
static int open_spare(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static bool prepare(struct posix_loop *l, char *why, size_t why_size)
{
    l->conn = calloc(l->config.max_sockets, sizeof *l->conn);
    l->fds = calloc(FD_CONN + l->config.max_sockets, sizeof *l->fds);
    l->gather = posix_gather_create();
    if (!l->conn || !l->fds || !l->gather || !posix_calls_init(&l->calls)) {
        snprintf(why, why_size, "no memory or descriptors for the socket loop");
        return false;
    }
    if (!posix_listen(&l->listener, l->config.listen, l->config.port, why, why_size)) {
        posix_calls_destroy(&l->calls);
        return false;
    }
    return true;
}

static void release(struct posix_loop *l)
{
    free(l->conn);
    free(l->fds);
    free(l->gather);
    free(l);
}

struct posix_loop *posix_loop_create(struct usbip_server *server,
                                     const struct posix_loop_config *config, char *why,
                                     size_t why_size)
{
    struct posix_loop *l = calloc(1, sizeof *l);
    if (!l) {
        snprintf(why, why_size, "no memory for the socket loop");
        return NULL;
    }
    l->server = server;
    l->config = *config;
    if (!prepare(l, why, why_size)) {
        release(l);
        return NULL;
    }
    l->spare = open_spare();
    return l;
}

void posix_loop_destroy(struct posix_loop *l)
{
    posix_listener_close(&l->listener);
    posix_calls_destroy(&l->calls);
    if (l->spare >= 0)
        close(l->spare);
    release(l);
}

const struct posix_listener *posix_loop_listener(const struct posix_loop *l)
{
    return &l->listener;
}

void posix_loop_stop(struct posix_loop *l)
{
    atomic_store(&l->stop, true);
    posix_calls_wake(&l->calls);
}

void posix_loop_wake(struct posix_loop *l)
{
    posix_calls_wake(&l->calls);
}

bool posix_loop_call(struct posix_loop *l, void (*fn)(void *arg), void *arg)
{
    return posix_calls_run(&l->calls, fn, arg);
}

// --- connections ---------------------------------------------------------------------------------

static void close_conn(struct posix_loop *l, unsigned i, uint64_t now_us)
{
    struct session *s = l->conn[i].session;
    close(l->conn[i].fd);
    l->conns--;
    l->conn[i] = l->conn[l->conns];
    l->fds[FD_CONN + i] = l->fds[FD_CONN + l->conns];
    server_disconnected(l->server, s, now_us);
}

static void welcome(struct posix_loop *l, int fd, const struct sockaddr_storage *peer,
                    uint64_t now_us)
{
    char text[POSIX_ADDRESS_SIZE];
    posix_address_text(peer, text);
    struct session *s = server_connected(l->server, text, now_us);
    if (!s) {
        close(fd);
        return;
    }
    posix_socket_prepare(fd, &l->config.keepalive);
    l->fds[FD_CONN + l->conns] = (struct pollfd){.fd = fd};
    l->conn[l->conns++] = (struct posix_conn){.fd = fd, .session = s, .gather = l->gather};
}

// No descriptor is left: with the spare one, take the connection and close it, so that its peer
// learns and the listening socket is not readable for ever.
static void refuse(struct posix_loop *l, int listening, uint64_t now_us)
{
    struct sockaddr_storage peer;
    struct eventlog_event e = {
        .time_us = now_us, .type = EVENT_CONNECTION_REFUSED, .a = EVENT_REFUSED_NO_DESCRIPTOR};
    if (l->spare >= 0)
        close(l->spare);
    int fd = posix_accept(listening, &peer);
    if (fd >= 0) {
        posix_address_text(&peer, e.peer);
        close(fd);
    }
    l->spare = open_spare();
    if (fd < 0 || l->spare < 0)
        l->accept_from_us = now_us + ACCEPT_PAUSE_US;
    if (!l->starved)
        eventlog_record(server_eventlog(l->server), &e);
    l->starved = true;
}

static void accept_some(struct posix_loop *l, int listening, uint64_t now_us)
{
    for (unsigned i = 0; i < ACCEPTS && l->conns < l->config.max_sockets; i++) {
        struct sockaddr_storage peer;
        int fd = posix_accept(listening, &peer);
        if (fd >= 0) {
            l->starved = false;
            welcome(l, fd, &peer, now_us);
        } else if (errno == EMFILE || errno == ENFILE) {
            refuse(l, listening, now_us);
        } else if (errno == ENOBUFS || errno == ENOMEM) {
            l->accept_from_us = now_us + ACCEPT_PAUSE_US;
        }
        // Else that connection was gone again, or there is none left: poll() knows.
        if (fd < 0)
            return;
    }
}

// --- a turn --------------------------------------------------------------------------------------

// Returns when the loop must come back although nothing happens.
static uint64_t prepare_poll(struct posix_loop *l, uint64_t now_us)
{
    uint64_t deadline = l->unfinished ? now_us : server_next_deadline(l->server);
    bool paused = now_us < l->accept_from_us;
    bool accepts = !paused && l->conns < l->config.max_sockets;
    l->fds[FD_WAKE] = (struct pollfd){.fd = l->calls.wake_fd, .events = POLLIN};
    for (unsigned i = 0; i < 2; i++) {
        bool open = accepts && i < l->listener.count;
        l->fds[FD_LISTEN + i] =
            (struct pollfd){.fd = open ? l->listener.fd[i] : -1, .events = POLLIN};
    }
    for (unsigned i = 0; i < l->conns; i++)
        l->fds[FD_CONN + i].events = posix_conn_events(&l->conn[i]);
    if (paused && l->accept_from_us < deadline)
        deadline = l->accept_from_us;
    if (l->config.longest_wait_us && now_us + l->config.longest_wait_us < deadline)
        deadline = now_us + l->config.longest_wait_us;
    return deadline;
}

static void receive(struct posix_loop *l, uint64_t now_us)
{
    for (unsigned i = 0; i < l->conns; i++)
        for (unsigned n = 0; l->fds[FD_CONN + i].revents && n < READS; n++) {
            if (!posix_conn_ready(&l->conn[i], l->fds[FD_CONN + i].revents, now_us))
                break;
            server_step(l->server, now_us);
        }
    // After the connections: a new one has no result of poll() yet.
    for (unsigned i = 0; i < 2; i++)
        if (l->fds[FD_LISTEN + i].revents)
            accept_some(l, l->fds[FD_LISTEN + i].fd, now_us);
}

// True if a connection was closed.
static bool settle(struct posix_loop *l, uint64_t now_us)
{
    unsigned before = l->conns;
    for (unsigned i = l->conns; i-- > 0;)
        if (!posix_conn_settle(&l->conn[i]))
            close_conn(l, i, now_us);
    return l->conns < before;
}

// Steps the core and sends what comes of it at once, without waiting for POLLOUT.
static void advance(struct posix_loop *l, uint64_t now_us)
{
    server_step(l->server, now_us);
    for (unsigned i = 0; i < l->conns; i++)
        posix_conn_write(&l->conn[i], now_us);
    l->unfinished = settle(l, now_us);
}

// Waits at most until `limit_us`, then does all that can be done now.
static uint64_t turn(struct posix_loop *l, uint64_t now_us, uint64_t limit_us)
{
    uint64_t deadline = prepare_poll(l, now_us);
    int ready =
        posix_poll_until(l->fds, FD_CONN + l->conns, deadline < limit_us ? deadline : limit_us);
    now_us = posix_now_us();
    if (ready > 0) {
        receive(l, now_us);
        if (l->fds[FD_WAKE].revents)
            posix_calls_serve(&l->calls);
    }
    advance(l, now_us);
    if (l->config.after_turn)
        l->config.after_turn(l->config.ctx, now_us);
    return now_us;
}

static void finish(struct posix_loop *l, uint64_t now_us)
{
    uint64_t limit_us = now_us + l->config.stop_limit_us;
    posix_listener_close(&l->listener);
    server_stop(l->server, now_us);
    advance(l, now_us);
    while ((l->conns > 0 || !server_stopped(l->server)) && now_us < limit_us)
        now_us = turn(l, now_us, limit_us);
    while (l->conns > 0)
        close_conn(l, l->conns - 1, now_us);
    server_step(l->server, now_us);
    if (l->config.after_turn)
        l->config.after_turn(l->config.ctx, now_us);
    posix_calls_end(&l->calls);
}

void posix_loop_run(struct posix_loop *l)
{
    uint64_t now_us = posix_now_us();
    advance(l, now_us); // the backends' first devices
    while (!atomic_load(&l->stop))
        now_us = turn(l, now_us, UINT64_MAX);
    finish(l, now_us);
}
