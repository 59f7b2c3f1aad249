// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,  // who does not fit waits a second for its next SYN; the system may take less
    PORT_TRIES = 32, // a port that is free for IPv4 may be taken for IPv6
};

static void set_option(int fd, int level, int name, int value)
{
    setsockopt(fd, level, name, &value, sizeof value);
}

static uint16_t port_of(const struct sockaddr_storage *a)
{
    if (a->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)(const void *)a)->sin6_port);
    return ntohs(((const struct sockaddr_in *)(const void *)a)->sin_port);
}

static socklen_t set_port(struct sockaddr_storage *a, uint16_t port)
{
    if (a->ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)(void *)a)->sin6_port = htons(port);
        return sizeof(struct sockaddr_in6);
    }
    ((struct sockaddr_in *)(void *)a)->sin_port = htons(port);
    return sizeof(struct sockaddr_in);
}

struct base_peer posix_peer(const struct sockaddr_storage *a)
{
    struct base_peer p = {.port = port_of(a)};
    if (a->ss_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)a;
        p.address = base_address_of((const uint8_t *)&v6->sin6_addr, 128);
    } else if (a->ss_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)a;
        p.address = base_address_of((const uint8_t *)&v4->sin_addr, 32);
    }
    return p;
}

void posix_address_text(const struct sockaddr_storage *a, char text[POSIX_ADDRESS_SIZE])
{
    struct base_peer p = posix_peer(a);
    struct base_text t;
    base_text_init(&t, text, POSIX_ADDRESS_SIZE);
    base_peer_text(&p, &t);
}

static bool parse_address(const char *text, struct sockaddr_storage *a)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    if (getaddrinfo(text, NULL, &hints, &found) != 0)
        return false;
    bool good = found->ai_addrlen <= sizeof *a;
    if (good)
        memcpy(a, found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return good;
}

static bool unblock(int fd)
{
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC); // lwIP refuses it: there is no exec
    return fcntl(fd, F_SETFL, O_NONBLOCK) >= 0;
}

// -1 with errno. On success `a` has the real port.
static int open_one(struct sockaddr_storage *a, uint16_t port)
{
    int fd = socket(a->ss_family, SOCK_STREAM, 0);
    if (fd < 0)
        return -1;
    set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1); // a restart must not wait for old connections
    if (a->ss_family == AF_INET6)
        set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1); // IPv4 has its own socket
    socklen_t size = set_port(a, port);
    if (unblock(fd) && bind(fd, (struct sockaddr *)a, size) == 0 && listen(fd, BACKLOG) == 0 &&
        getsockname(fd, (struct sockaddr *)a, &size) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static void put(struct posix_listener *l, int fd, const struct sockaddr_storage *a)
{
    posix_address_text(a, l->count ? l->also : l->address);
    if (!l->count)
        l->port = port_of(a);
    l->fd[l->count++] = fd;
}

static bool add(struct posix_listener *l, struct sockaddr_storage *a, uint16_t port)
{
    int fd = open_one(a, port);
    if (fd >= 0)
        put(l, fd, a);
    return fd >= 0;
}

// The machine does not have this family at all, which is no reason to refuse the other one.
static bool no_such_family(int error)
{
    return error == EAFNOSUPPORT || error == EADDRNOTAVAIL || error == EPROTONOSUPPORT;
}

static bool listen_everywhere(struct posix_listener *l, uint16_t port)
{
    for (unsigned i = 0; i < PORT_TRIES; i++) {
        struct sockaddr_storage v4 = {.ss_family = AF_INET}, v6 = {.ss_family = AF_INET6};
        if (!add(l, &v4, port) && !no_such_family(errno))
            return false;
        if (add(l, &v6, l->count ? l->port : port))
            return true;
        int error = errno;
        if (l->count && no_such_family(error))
            return true;
        posix_listener_close(l);
        errno = error;
        if (port != 0 || error != EADDRINUSE)
            return false;
    }
    return false;
}

bool posix_listen(struct posix_listener *l, const char *address, uint16_t port, char *why,
                  size_t why_size)
{
    struct sockaddr_storage a = {0};
    *l = (struct posix_listener){.count = 0};
    if (address && !parse_address(address, &a)) {
        snprintf(why, why_size, "\"%s\" is not an IPv4 or IPv6 address", address);
        return false;
    }
    if (address ? add(l, &a, port) : listen_everywhere(l, port))
        return true;
    if (errno == EADDRINUSE)
        snprintf(why, why_size, "port %u is in use by another program", port);
    else
        snprintf(why, why_size, "cannot listen on %s port %u: %s",
                 address ? address : "any address", port, strerror(errno));
    return false;
}

bool posix_listener_adopt(struct posix_listener *l, int fd)
{
    struct sockaddr_storage a;
    socklen_t size = sizeof a;
    memset(&a, 0, sizeof a);
    if (l->count == sizeof l->fd / sizeof l->fd[0]) {
        errno = ENOSPC;
        return false;
    }
    if (!unblock(fd) || getsockname(fd, (struct sockaddr *)&a, &size) != 0)
        return false;
    put(l, fd, &a);
    return true;
}

void posix_listener_close(struct posix_listener *l)
{
    while (l->count)
        close(l->fd[--l->count]);
}

int posix_accept(int listening, struct sockaddr_storage *peer)
{
    socklen_t size = sizeof *peer;
#ifdef __linux__
    return accept4(listening, (struct sockaddr *)peer, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
#else
    int fd = accept(listening, (struct sockaddr *)peer, &size);
    if (fd < 0 || unblock(fd))
        return fd;
    close(fd);
    return -1;
#endif
}

// The interval first: a shorter idle time takes effect at once, with a keepalive.
void posix_socket_keepalive(int fd, unsigned every_s)
{
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, (int)every_s);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, (int)every_s);
}

void posix_socket_prepare(int fd, unsigned silent_s)
{
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1); // small replies must not wait for each other
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    posix_socket_keepalive(fd, POSIX_KEEPALIVE_S);
    posix_socket_patience(fd, silent_s);
}

void posix_socket_patience(int fd, unsigned silent_s)
{
#ifdef TCP_USER_TIMEOUT
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, (int)(silent_s * 1000)); // TCP_KEEPCNT is void
#else
    // Counted in the shortest interval: else a probe would end at once a connection that has been
    // silent for longer than so many of them. The session ends it after `silent_s`.
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, (int)(silent_s / POSIX_PROBE_S));
#endif
}

void posix_socket_reset(int fd)
{
    const struct linger now = {.l_onoff = 1};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}
