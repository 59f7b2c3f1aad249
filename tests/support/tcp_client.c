// SPDX-License-Identifier: Apache-2.0
#define _POSIX_C_SOURCE 200809L
#include "tests/support/tcp_client.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static uint64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static bool wait_for(int fd, short events, uint64_t until_ms)
{
    struct pollfd p = {.fd = fd, .events = events};
    for (;;) {
        uint64_t now = now_ms();
        if (now >= until_ms)
            return false;
        int n = poll(&p, 1, (int)(until_ms - now));
        if (n > 0)
            return true;
        if (n < 0 && errno != EINTR)
            return false;
    }
}

static bool would_block(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static bool connect_to(int fd, const struct addrinfo *a, unsigned timeout_ms)
{
    int error = 0, one = 1;
    socklen_t size = sizeof error;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return true;
    return errno == EINPROGRESS && wait_for(fd, POLLOUT, now_ms() + timeout_ms) &&
           getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
}

int tcp_client_connect(const char *address, uint16_t port, unsigned timeout_ms)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *a;
    char service[8];
    snprintf(service, sizeof service, "%u", port);
    if (getaddrinfo(address, service, &hints, &a) != 0)
        return -1;
    int fd = socket(a->ai_family, SOCK_STREAM, 0);
    if (fd >= 0 && !connect_to(fd, a, timeout_ms)) {
        close(fd);
        fd = -1;
    }
    freeaddrinfo(a);
    return fd;
}

int tcp_client_connect_small(uint16_t port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct addrinfo a = {.ai_addr = (void *)&to, .ai_addrlen = sizeof to};
    int room = 4096, segment = 536, fd = socket(AF_INET, SOCK_STREAM, 0);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room) == 0 &&
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment) == 0 &&
        connect_to(fd, &a, TCP_CLIENT_MS))
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

bool tcp_client_send(int fd, const void *data, size_t size, unsigned timeout_ms)
{
    uint64_t until_ms = now_ms() + timeout_ms;
    const uint8_t *p = data;
    while (size > 0) {
        ssize_t n = send(fd, p, size, MSG_NOSIGNAL);
        if (n < 0 && !(would_block() && wait_for(fd, POLLOUT, until_ms)))
            return false;
        p += n > 0 ? n : 0;
        size -= n > 0 ? (size_t)n : 0;
    }
    return true;
}

// One receive; 0: FIN, -1: time is over or the connection is lost (errno).
static ssize_t recv_some(int fd, void *data, size_t size, uint64_t until_ms)
{
    for (;;) {
        ssize_t n = recv(fd, data, size, 0);
        if (n >= 0 || !would_block())
            return n;
        if (!wait_for(fd, POLLIN, until_ms)) {
            errno = ETIMEDOUT;
            return -1;
        }
    }
}

bool tcp_client_recv(int fd, void *data, size_t size, unsigned timeout_ms)
{
    uint64_t until_ms = now_ms() + timeout_ms;
    uint8_t *p = data;
    while (size > 0) {
        ssize_t n = recv_some(fd, p, size, until_ms);
        if (n <= 0)
            return false;
        p += n;
        size -= (size_t)n;
    }
    return true;
}

long tcp_client_recv_all(int fd, void *data, size_t size, unsigned timeout_ms)
{
    uint64_t until_ms = now_ms() + timeout_ms;
    uint8_t *p = data, extra;
    size_t have = 0;
    for (;;) {
        ssize_t n = have < size ? recv_some(fd, p + have, size - have, until_ms)
                                : recv_some(fd, &extra, 1, until_ms);
        if (n == 0)
            return (long)have;
        if (n < 0 || have == size)
            return -1;
        have += (size_t)n;
    }
}

enum tcp_client_end tcp_client_wait_end(int fd, unsigned timeout_ms)
{
    uint64_t until_ms = now_ms() + timeout_ms;
    uint8_t dropped[4096];
    ssize_t n;
    while ((n = recv_some(fd, dropped, sizeof dropped, until_ms)) > 0 && now_ms() < until_ms)
        ;
    if (n == 0)
        return TCP_CLIENT_FIN;
    return n < 0 && errno == ECONNRESET ? TCP_CLIENT_RESET : TCP_CLIENT_TIMEOUT;
}

void tcp_client_reset(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}
