// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/http_tls.h"
#include "base/base_list.h"
#include "ports/posix/posix_socket.h"
#include "ports/posix/posix_time.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

// TLS 1.2 and 1.3.
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2"

enum {
    UP_SIZE = 4096,
    DOWN_SIZE = 16384, // the longest record
    PAIR_SIZE = 32768, // of a pair: who reads slowly gets the latest state, not what lies in there
    AT_ONCE = 8,       // records sent, then the others have a turn
    READ_AT_ONCE = 16, // the same for what comes
    LAST_US = 5000000, // for the last bytes, and the client's own end
    SILENT_S = 20,     // no answer from its TCP: the client is gone
};

struct way { // of bytes, in one direction
    size_t at, size;
    bool over;
};

struct connection {
    struct http_tls *all;
    struct base_list link;
    gnutls_session_t session;
    struct posix_watch tcp, pair; // pair.fd -1: HTTP has closed its end
    bool greeted, shaken;         // hands: it has begun, and is over
    bool said;                    // that this is the end
    struct way up, down;
    uint64_t ends_us; // UINT64_MAX: as long as it wants
    char up_bytes[UP_SIZE], down_bytes[DOWN_SIZE];
};

struct http_tls {
    struct posix_poller *poller;
    struct https *https;
    gnutls_priority_t priority;
    gnutls_certificate_credentials_t credentials;
    struct base_list list;
    unsigned count;
};

// --- one connection's end ------------------------------------------------------------------------

static void close_pair(struct connection *c)
{
    if (c->pair.fd < 0)
        return;
    posix_poller_remove(c->all->poller, &c->pair);
    close(c->pair.fd);
    c->pair.fd = -1;
}

static void end(struct connection *c)
{
    close_pair(c);
    posix_poller_remove(c->all->poller, &c->tcp);
    gnutls_deinit(c->session);
    close(c->tcp.fd);
    base_list_remove(&c->link);
    c->all->count--;
    free(c);
}

static void end_soon(struct connection *c)
{
    uint64_t at_us = posix_now_us() + LAST_US;
    c->ends_us = at_us < c->ends_us ? at_us : c->ends_us;
}

// --- what is carried -----------------------------------------------------------------------------

static bool again(long n)
{
    return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

static bool is_harmless(long n)
{
    return again(n) || n == GNUTLS_E_WARNING_ALERT_RECEIVED;
}

static void fill(struct way *w, long n)
{
    w->at = 0;
    w->size = n > 0 ? (size_t)n : 0;
    w->over = n == 0;
}

static void drain(struct way *w, long n)
{
    w->at += (size_t)n;
    w->size -= (size_t)n;
}

// What the library has already, nothing wakes us for.
static bool may_go_on(const struct connection *c, unsigned reads)
{
    return reads < READ_AT_ONCE || gnutls_record_check_pending(c->session) > 0;
}

// From the client, until one of both has nothing or takes nothing. What HTTP does not want any more
// is read for the client's sake, who gets a reset before our last words otherwise. False: an error.
static bool carry_up(struct connection *c)
{
    struct way *w = &c->up;
    for (unsigned i = 0; !w->over && may_go_on(c, i); i++) {
        if (w->size == 0) {
            long n = gnutls_record_recv(c->session, c->up_bytes, UP_SIZE);
            if (n < 0)
                return is_harmless(n);
            fill(w, n);
        }
        if (c->pair.fd < 0) {
            w->size = 0;
            continue;
        }
        if (w->over) {
            shutdown(c->pair.fd, SHUT_WR);
            break;
        }
        long n = send(c->pair.fd, c->up_bytes + w->at, w->size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            break;
        drain(w, n < 0 ? (long)w->size : n);
    }
    return true;
}

static void take_from_http(struct connection *c)
{
    long n = recv(c->pair.fd, c->down_bytes, DOWN_SIZE, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    fill(&c->down, n < 0 ? 0 : n);
    if (!c->down.over)
        return;
    close_pair(c);
    end_soon(c);
}

// All has been sent: says so. The connection ends when the client ends it, or soon.
static bool say_end(struct connection *c)
{
    int n = c->said ? 0 : gnutls_bye(c->session, GNUTLS_SHUT_WR);
    if (n < 0)
        return again(n);
    if (!c->said)
        shutdown(c->tcp.fd, SHUT_WR);
    c->said = true;
    return !c->up.over;
}

static bool carry_down(struct connection *c)
{
    struct way *w = &c->down;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        if (w->size == 0 && !w->over)
            take_from_http(c);
        if (w->size == 0)
            return !w->over || say_end(c);
        long n = gnutls_record_send(c->session, c->down_bytes + w->at, w->size);
        if (n < 0)
            return is_harmless(n);
        drain(w, n);
    }
    return true;
}

// --- handshakes ----------------------------------------------------------------------------------

// Who has taken this for the port of HTTP.
static void explain(struct connection *c)
{
    static const char body[] =
        "{\"type\":\"about:blank\",\"title\":\"Bad Request\",\"status\":400,"
        "\"detail\":\"This port speaks HTTPS: use https:// in its address.\"}";
    char answer[400];
    int n = snprintf(answer, sizeof answer,
                     "HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     sizeof body - 1, body);
    // What is not read makes a reset of our end, and the answer is lost.
    for (unsigned i = 0; i < READ_AT_ONCE; i++)
        if (recv(c->tcp.fd, c->up_bytes, UP_SIZE, MSG_DONTWAIT) <= 0)
            break;
    (void)send(c->tcp.fd, answer, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

// False: it is not TLS, or the handshake has failed.
static bool shake_hands(struct connection *c)
{
    unsigned char first = 0;
    if (!c->greeted && recv(c->tcp.fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 && first >= 'A' &&
        first <= 'Z') {
        explain(c);
        return false;
    }
    c->greeted = true; // what follows may have any first byte
    int n = gnutls_handshake(c->session);
    if (n < 0 && gnutls_error_is_fatal(n))
        (void)gnutls_alert_send_appropriate(c->session, n);
    c->shaken = n == 0;
    return n == 0 || !gnutls_error_is_fatal(n);
}

// --- turns ---------------------------------------------------------------------------------------

static void watch_handshake(struct connection *c)
{
    bool writes = gnutls_record_get_direction(c->session) == 1;
    posix_poller_change(c->all->poller, &c->tcp, writes ? POLLOUT : POLLIN);
    if (c->pair.fd >= 0)
        posix_poller_change(c->all->poller, &c->pair, POLLIN); // HTTP gives it up
}

static void watch_both(struct connection *c)
{
    bool down_waits = c->down.size > 0 || (c->down.over && !c->said);
    bool up_waits = c->up.size > 0;
    posix_poller_change(
        c->all->poller, &c->tcp,
        (short)((up_waits || c->up.over ? 0 : POLLIN) | (down_waits ? POLLOUT : 0)));
    if (c->pair.fd >= 0)
        posix_poller_change(c->all->poller, &c->pair,
                            (short)((down_waits ? 0 : POLLIN) | (up_waits ? POLLOUT : 0)));
}

// Whether HTTP's end is still open: before the handshake nothing comes from there but that.
static bool is_wanted(struct connection *c)
{
    if (c->pair.fd >= 0 && c->down.size == 0)
        take_from_http(c);
    return c->pair.fd >= 0;
}

// False: it is over.
static bool advance(struct connection *c)
{
    if (!c->shaken && !(is_wanted(c) && shake_hands(c)))
        return false;
    return !c->shaken || (carry_up(c) && carry_down(c));
}

static void turn(struct connection *c)
{
    if (!advance(c))
        end(c);
    else if (c->shaken)
        watch_both(c);
    else
        watch_handshake(c);
}

// A client that is gone leaves nobody to send to.
static void tcp_ready(void *ctx, short revents)
{
    struct connection *c = ctx;
    if (revents & (POLLERR | POLLHUP))
        end(c);
    else
        turn(c);
}

static void pair_ready(void *ctx, short revents)
{
    (void)revents;
    turn(ctx);
}

// --- all -----------------------------------------------------------------------------------------

static bool set_up_session(struct connection *c)
{
    const struct http_tls *t = c->all;
    if (gnutls_init(&c->session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL) < 0)
        return false;
    gnutls_session_set_ptr(c->session, t->https);
    gnutls_transport_set_int(c->session, c->tcp.fd);
    if (gnutls_priority_set(c->session, t->priority) == 0 &&
        gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, t->credentials) == 0)
        return true;
    gnutls_deinit(c->session);
    return false;
}

static bool watch(struct connection *c)
{
    if (!posix_poller_add(c->all->poller, &c->tcp))
        return false;
    if (posix_poller_add(c->all->poller, &c->pair))
        return true;
    posix_poller_remove(c->all->poller, &c->tcp);
    return false;
}

static bool begin(struct http_tls *t, int tcp, int pair)
{
    struct connection *c = calloc(1, sizeof *c);
    if (!c)
        return false;
    c->all = t;
    c->tcp = (struct posix_watch){.fd = tcp, .events = POLLIN, .ready = tcp_ready, .ctx = c};
    c->pair = (struct posix_watch){.fd = pair, .events = POLLIN, .ready = pair_ready, .ctx = c};
    c->ends_us = UINT64_MAX;
    if (set_up_session(c)) {
        if (watch(c)) {
            base_list_append(&t->list, &c->link);
            t->count++;
            return true;
        }
        gnutls_deinit(c->session);
    }
    free(c);
    return false;
}

// Those whose end HTTP has closed count for no address any more: they give way to newcomers.
static void make_room(struct http_tls *t)
{
    struct connection *first = NULL;
    if (t->count < HTTP_TLS_MAX)
        return;
    BASE_LIST_FOR_EACH (struct connection, c, &t->list, link)
        if (c->ends_us != UINT64_MAX && (!first || c->ends_us < first->ends_us))
            first = c;
    if (first)
        end(first);
}

int http_tls_accept(struct http_tls *t, int tcp)
{
    int pair[2], room = PAIR_SIZE;
    make_room(t);
    if (t->count < HTTP_TLS_MAX &&
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) == 0) {
        posix_socket_prepare(tcp, SILENT_S);
        for (unsigned i = 0; i < 2; i++)
            (void)setsockopt(pair[i], SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
        if (begin(t, tcp, pair[0]))
            return pair[1];
        close(pair[0]);
        close(pair[1]);
    }
    close(tcp);
    return -1;
}

bool http_tls_is(int fd)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

uint64_t http_tls_deadline(const struct http_tls *t)
{
    uint64_t first = UINT64_MAX;
    if (t)
        BASE_LIST_FOR_EACH (const struct connection, c, &t->list, link)
            first = c->ends_us < first ? c->ends_us : first;
    return first;
}

void http_tls_expire(struct http_tls *t, uint64_t now_us)
{
    if (t)
        BASE_LIST_FOR_EACH (struct connection, c, &t->list, link)
            if (c->ends_us <= now_us)
                end(c);
}

struct http_tls *http_tls_create(struct posix_poller *poller, struct https *https)
{
    struct http_tls *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->poller = poller;
    t->https = https;
    base_list_init(&t->list);
    if (gnutls_priority_init(&t->priority, PRIORITIES, NULL) == 0 &&
        gnutls_certificate_allocate_credentials(&t->credentials) == 0) {
        gnutls_certificate_set_retrieve_function3(t->credentials, https_retrieve);
        return t;
    }
    http_tls_destroy(t);
    return NULL;
}

// What HTTP has just answered goes out as far as the sockets take it.
void http_tls_destroy(struct http_tls *t)
{
    if (!t)
        return;
    BASE_LIST_FOR_EACH (struct connection, c, &t->list, link) {
        (void)advance(c);
        end(c);
    }
    if (t->credentials)
        gnutls_certificate_free_credentials(t->credentials);
    if (t->priority)
        gnutls_priority_deinit(t->priority);
    free(t);
}
