// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_loop.h"
#include "ports/posix/posix_calls.h"
#include "ports/posix/posix_conn.h"
#include "ports/posix/posix_silence.h"
#include "ports/posix/posix_time.h"
#include "wire/wire_op.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    LISTENING = 2, // sockets at most: IPv4 and IPv6
    ACCEPTS = 16,  // per turn
    READS = 16,    // of some 64 KiB per connection and turn
    ACCEPT_PAUSE_US = 100000,
    SECOND_US = 1000000,
};

struct listening {
    struct posix_loop *loop;
    struct posix_watch watch;
};

// One place for an accepted socket.
struct place {
    struct base_list link; // of `free` or `open`
    struct base_list due;  // on the loop's `due`, or empty
    struct posix_loop *loop;
    struct posix_watch watch;
    struct posix_conn conn;
};

struct posix_loop {
    struct usbip_server *server;
    struct posix_loop_config config;
    struct posix_listener listener;
    struct posix_calls calls;
    atomic_bool stop;
    struct posix_poller *poller;
    struct posix_watch wake;
    struct listening listening[LISTENING];
    struct place *places; // [config.max_sockets]
    struct base_list free, open;
    struct base_list due; // sockets to be looked at before the next wait
    struct base_list timers;
    struct posix_gather *gather;
    uint64_t now_us;         // when this turn began
    int spare;               // a descriptor to give up when there is none left for accept()
    bool starved;            // that was recorded, and no connection was accepted since
    uint64_t accept_from_us; // no accept() before, because it failed
    uint64_t hear_us;        // when to look at what is heard of the peers, each second
    unsigned silent_s;       // after which the system ends the connections that there are
};

void posix_loop_config_default(struct posix_loop_config *c)
{
    *c = (struct posix_loop_config){
        .port = WIRE_PORT,
        .max_sockets = 256,
        .max_watches = 256,
        .stop_limit_us = 5000000,
        .heard = posix_silence_heard,
    };
}

// --- life ----------------------------------------------------------------------------------------

// Any descriptor does; a socket is what every platform has.
static int open_spare(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static void on_wake(void *ctx, short revents);
static void on_listening(void *ctx, short revents);
static void on_socket(void *ctx, short revents);

static bool allocate(struct posix_loop *l)
{
    unsigned sockets = l->config.max_sockets;
    l->places = calloc(sockets, sizeof *l->places);
    l->gather = posix_gather_create();
    l->poller = posix_poller_create(1 + LISTENING + sockets + l->config.max_watches);
    if (!l->places || !l->gather || !l->poller)
        return false;
    base_list_init(&l->free);
    base_list_init(&l->open);
    base_list_init(&l->due);
    base_list_init(&l->timers);
    for (unsigned i = 0; i < sockets; i++) {
        base_list_init(&l->places[i].due);
        base_list_append(&l->free, &l->places[i].link);
    }
    return posix_calls_init(&l->calls);
}

static bool watch_own(struct posix_loop *l)
{
    l->wake = (struct posix_watch){l->calls.wake_fd, POLLIN, on_wake, l, 0};
    bool good = posix_poller_add(l->poller, &l->wake);
    for (unsigned i = 0; i < l->listener.count; i++) {
        struct listening *at = &l->listening[i];
        at->loop = l;
        at->watch = (struct posix_watch){l->listener.fd[i], 0, on_listening, at, 0};
        good &= posix_poller_add(l->poller, &at->watch);
    }
    return good;
}

static void release(struct posix_loop *l)
{
    if (l->poller)
        posix_poller_destroy(l->poller);
    free(l->places);
    free(l->gather);
    free(l);
}

static bool open_listener(struct posix_loop *l, char *why, size_t why_size)
{
    const struct posix_loop_config *c = &l->config;
    if (!c->listener || !c->listener->count)
        return posix_listen(&l->listener, c->listen, c->port, why, why_size);
    l->listener = *c->listener;
    return true;
}

static bool prepare(struct posix_loop *l, char *why, size_t why_size)
{
    if (!allocate(l)) {
        snprintf(why, why_size, "no memory or descriptors for the socket loop");
        return false;
    }
    if (open_listener(l, why, why_size)) {
        if (watch_own(l))
            return true;
        snprintf(why, why_size, "no memory for the socket loop");
        posix_listener_close(&l->listener);
    }
    posix_calls_destroy(&l->calls);
    return false;
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

static void stop_listening(struct posix_loop *l)
{
    for (unsigned i = 0; i < l->listener.count; i++)
        posix_poller_remove(l->poller, &l->listening[i].watch);
    posix_listener_close(&l->listener);
}

void posix_loop_destroy(struct posix_loop *l)
{
    stop_listening(l);
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

bool posix_loop_watch(struct posix_loop *l, struct posix_watch *watch)
{
    return posix_poller_add(l->poller, watch);
}

void posix_loop_watch_change(struct posix_loop *l, struct posix_watch *watch, short events)
{
    posix_poller_change(l->poller, watch, events);
}

void posix_loop_unwatch(struct posix_loop *l, struct posix_watch *watch)
{
    posix_poller_remove(l->poller, watch);
}

void posix_loop_remind(struct posix_loop *l, struct posix_timer *timer)
{
    base_list_append(&l->timers, &timer->link);
}

void posix_loop_forget(struct posix_loop *l, struct posix_timer *timer)
{
    (void)l;
    base_list_remove(&timer->link);
}

static void on_wake(void *ctx, short revents)
{
    struct posix_loop *l = ctx;
    (void)revents;
    posix_calls_serve(&l->calls);
}

// --- connections ---------------------------------------------------------------------------------

static void close_conn(struct place *p, uint64_t now_us)
{
    struct posix_loop *l = p->loop;
    posix_poller_remove(l->poller, &p->watch);
    close(p->conn.fd);
    base_list_remove(&p->due);
    base_list_remove(&p->link);
    base_list_append(&l->free, &p->link);
    session_set_port(p->conn.session, NULL);
    server_disconnected(l->server, p->conn.session, now_us);
}

static void look_at(struct place *p)
{
    if (base_list_empty(&p->due))
        base_list_append(&p->loop->due, &p->due);
}

static void on_socket(void *ctx, short revents)
{
    struct place *p = ctx;
    look_at(p);
    for (unsigned n = 0; n < READS && posix_conn_ready(&p->conn, revents, p->loop->now_us); n++)
        server_step(p->loop->server, p->loop->now_us);
}

static unsigned patience_s(const struct posix_loop *l)
{
    return (unsigned)(server_config(l->server)->session.silent_us / SECOND_US);
}

static void welcome(struct posix_loop *l, int fd, const struct sockaddr_storage *from,
                    uint64_t now_us)
{
    const struct base_peer peer = posix_peer(from);
    struct place *p = BASE_CONTAINER(l->free.next, struct place, link);
    struct session *s = server_connected(l->server, &peer, now_us);
    if (!s) {
        close(fd);
        return;
    }
    posix_socket_prepare(fd, patience_s(l));
    p->loop = l;
    p->conn = (struct posix_conn){.fd = fd, .session = s, .gather = l->gather};
    p->watch = (struct posix_watch){fd, POLLIN, on_socket, p, 0};
    base_list_remove(&p->link);
    base_list_append(&l->open, &p->link);
    session_set_port(s, p);
    look_at(p);
    if (!posix_poller_add(l->poller, &p->watch))
        session_rx_end(s, true, now_us);
}

// No descriptor is left: with the spare one, take the connection and close it, so that its peer
// learns and the listening socket is not readable for ever.
static void refuse(struct posix_loop *l, int listening, uint64_t now_us)
{
    struct sockaddr_storage peer;
    struct eventlog_event e = {
        .time_us = now_us,
        .what = EVENTLOG_WITH(connection_refused, .reason = EVENT_REFUSED_NO_DESCRIPTOR),
    };
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
    for (unsigned i = 0; i < ACCEPTS && !base_list_empty(&l->free); i++) {
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

static void on_listening(void *ctx, short revents)
{
    const struct listening *at = ctx;
    (void)revents;
    accept_some(at->loop, at->watch.fd, at->loop->now_us);
}

// --- a turn --------------------------------------------------------------------------------------

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

// Returns when the loop must come back although nothing happens.
static uint64_t prepare_wait(struct posix_loop *l, uint64_t now_us)
{
    uint64_t deadline = server_next_deadline(l->server);
    bool paused = now_us < l->accept_from_us;
    bool accepts = !paused && !base_list_empty(&l->free);
    for (unsigned i = 0; i < l->listener.count; i++)
        posix_poller_change(l->poller, &l->listening[i].watch, accepts ? POLLIN : 0);
    if (paused)
        deadline = earlier(deadline, l->accept_from_us);
    if (!base_list_empty(&l->open))
        deadline = earlier(deadline, l->hear_us);
    if (l->config.longest_wait_us)
        deadline = earlier(deadline, now_us + l->config.longest_wait_us);
    BASE_LIST_FOR_EACH (struct posix_timer, t, &l->timers, link)
        deadline = earlier(deadline, t->due_us);
    return deadline;
}

// Sends what there is at once, without waiting for POLLOUT, and follows the session's state.
static void attend(struct place *p, uint64_t now_us)
{
    posix_conn_write(&p->conn, now_us);
    if (posix_conn_settle(&p->conn))
        posix_poller_change(p->loop->poller, &p->watch, posix_conn_events(&p->conn));
    else
        close_conn(p, now_us);
}

// The limit may change while connections are there.
static void follow_patience(struct posix_loop *l)
{
    if (l->silent_s == patience_s(l))
        return;
    l->silent_s = patience_s(l);
    BASE_LIST_FOR_EACH (struct place, p, &l->open, link) {
        posix_socket_patience(p->conn.fd, l->silent_s);
    }
}

// TCP does not tell when a peer falls silent or is heard again.
static void hear(struct posix_loop *l, uint64_t now_us)
{
    struct session_heard h;
    if (now_us < l->hear_us)
        return;
    l->hear_us = now_us + SECOND_US;
    follow_patience(l);
    BASE_LIST_FOR_EACH (struct place, p, &l->open, link) {
        if (l->config.heard(p->conn.fd, now_us, &h))
            session_peer_heard(p->conn.session, &h, now_us);
    }
}

// Steps the core and does what comes of it.
static void advance(struct posix_loop *l, uint64_t now_us)
{
    struct session *s;
    server_step(l->server, now_us);
    while ((s = server_next_changed(l->server)) != NULL)
        if (session_port(s))
            look_at(session_port(s));
    BASE_LIST_FOR_EACH (struct place, p, &l->due, due) {
        base_list_remove(&p->due);
        attend(p, now_us);
    }
}

static void remind(struct posix_loop *l, uint64_t now_us)
{
    BASE_LIST_FOR_EACH (struct posix_timer, t, &l->timers, link)
        if (now_us >= t->due_us)
            t->due(t->ctx, now_us);
}

static void tell(const struct posix_loop *l, uint64_t now_us)
{
    if (l->config.after_turn)
        l->config.after_turn(l->config.ctx, now_us);
}

// Waits at most until `limit_us`, then does all that can be done now.
static uint64_t turn(struct posix_loop *l, uint64_t now_us, uint64_t limit_us)
{
    posix_poller_wait(l->poller, earlier(prepare_wait(l, now_us), limit_us));
    l->now_us = posix_now_us();
    posix_poller_tell(l->poller);
    hear(l, l->now_us);
    advance(l, l->now_us);
    remind(l, l->now_us);
    tell(l, l->now_us);
    return l->now_us;
}

static void finish(struct posix_loop *l, uint64_t now_us)
{
    uint64_t limit_us = now_us + l->config.stop_limit_us;
    stop_listening(l);
    server_stop(l->server, now_us);
    advance(l, now_us);
    while ((!base_list_empty(&l->open) || !server_stopped(l->server)) && now_us < limit_us)
        now_us = turn(l, now_us, limit_us);
    BASE_LIST_FOR_EACH (struct place, p, &l->open, link) {
        close_conn(p, now_us);
    }
    server_step(l->server, now_us);
    tell(l, now_us);
    posix_calls_end(&l->calls);
}

void posix_loop_run(struct posix_loop *l)
{
    uint64_t now_us = posix_now_us();
    advance(l, now_us); // the backends' first devices
    tell(l, now_us);
    while (!atomic_load(&l->stop))
        now_us = turn(l, now_us, UINT64_MAX);
    finish(l, now_us);
}
