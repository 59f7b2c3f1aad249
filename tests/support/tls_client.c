// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls_client.h"
#include "tests/support/tcp_client.h"

#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PIECE = 4096 };

struct way { // of bytes, in one direction
    char bytes[PIECE];
    size_t at, size;
    bool over;
};

struct tls_client {
    gnutls_session_t session;
    gnutls_certificate_credentials_t none;
    int tcp, pair;
    struct way up, down;
};

static void release(struct tls_client *c)
{
    gnutls_deinit(c->session);
    gnutls_certificate_free_credentials(c->none);
    close(c->tcp);
    if (c->pair >= 0)
        close(c->pair);
    free(c);
}

static bool again(long n)
{
    return n == GNUTLS_E_AGAIN || n == GNUTLS_E_INTERRUPTED;
}

// What was read of one side. False: an error.
static bool took(struct way *w, long n, bool try_again)
{
    if (n > 0) {
        w->at = 0;
        w->size = (size_t)n;
    }
    w->over = n == 0;
    return n >= 0 || try_again;
}

static void gave(struct way *w, long n)
{
    w->at += n > 0 ? (size_t)n : 0;
    w->size -= n > 0 ? (size_t)n : 0;
}

static bool carry_up(struct tls_client *c)
{
    struct way *w = &c->up;
    if (w->size == 0 && !w->over) {
        long n = recv(c->pair, w->bytes, PIECE, MSG_DONTWAIT);
        if (!took(w, n, errno == EAGAIN))
            return false;
        if (w->over)
            (void)gnutls_bye(c->session, GNUTLS_SHUT_WR);
    }
    if (w->size == 0)
        return true;
    long n = gnutls_record_send(c->session, w->bytes + w->at, w->size);
    gave(w, n);
    return n >= 0 || again(n);
}

static bool carry_down(struct tls_client *c)
{
    struct way *w = &c->down;
    if (w->size == 0) {
        long n = gnutls_record_recv(c->session, w->bytes, PIECE);
        if (!took(w, n, again(n)) || w->over)
            return false;
    }
    if (w->size == 0)
        return true;
    long n = send(c->pair, w->bytes + w->at, w->size, MSG_DONTWAIT | MSG_NOSIGNAL);
    gave(w, n);
    return n >= 0 || errno == EAGAIN;
}

static void await(const struct tls_client *c)
{
    struct pollfd both[] = {
        {.fd = c->tcp, .events = (short)((c->down.size ? 0 : POLLIN) | (c->up.size ? POLLOUT : 0))},
        {.fd = c->pair,
         .events = (short)((c->up.size || c->up.over ? 0 : POLLIN) | (c->down.size ? POLLOUT : 0))},
    };
    if (gnutls_record_check_pending(c->session) == 0 || c->down.size)
        (void)poll(both, 2, -1);
}

// Both ends of the pair are closed: nobody listens any more.
static bool is_left(const struct tls_client *c)
{
    struct pollfd p = {.fd = c->pair};
    return poll(&p, 1, 0) == 1 && (p.revents & POLLHUP);
}

static void *run(void *arg)
{
    struct tls_client *c = arg;
    while (carry_up(c) && carry_down(c) && !is_left(c))
        await(c);
    release(c);
    return NULL;
}

static bool shake_hands(struct tls_client *c)
{
    gnutls_init(&c->session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);
    gnutls_certificate_allocate_credentials(&c->none);
    gnutls_credentials_set(c->session, GNUTLS_CRD_CERTIFICATE, c->none);
    gnutls_set_default_priority(c->session);
    gnutls_transport_set_int(c->session, c->tcp);
    for (;;) {
        int n = gnutls_handshake(c->session);
        if (!again(n))
            return n == 0;
        struct pollfd p = {.fd = c->tcp, .events = POLLIN};
        if (poll(&p, 1, TCP_CLIENT_MS) != 1)
            return false;
    }
}

int tls_client_connect(int tcp, int room)
{
    struct tls_client *c = tcp >= 0 ? calloc(1, sizeof *c) : NULL;
    int fd[2];
    pthread_t thread;
    if (!c)
        return -1;
    c->tcp = tcp;
    c->pair = -1;
    if (!shake_hands(c) ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd) != 0) {
        release(c);
        return -1;
    }
    c->pair = fd[1];
    if (room)
        (void)setsockopt(c->pair, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    if (pthread_create(&thread, NULL, run, c) != 0)
        abort();
    pthread_detach(thread);
    return fd[0];
}
