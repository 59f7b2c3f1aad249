// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_http_client.h"

#include "bench/bench_child.h"

#include <arpa/inet.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { READ_SIZE = 65536, LOOPBACK = 0x7f000000, AUDIENCE_MAX = 256, TURN_MS = 100, SCRAPE_S = 1 };

int bench_http_connect(uint16_t port, unsigned host)
{
    struct sockaddr_in from = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(LOOPBACK + host)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, (void *)&from, sizeof from) != 0 ||
        connect(fd, (void *)&to, sizeof to) != 0)
        bench_die("no connection to HTTP");
    return fd;
}

static void request(int fd, const char *path, const char *headers, const char *status)
{
    char text[400], answer[16] = "";
    int n =
        snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", path, headers);
    if (send(fd, text, (size_t)n, MSG_NOSIGNAL) != n ||
        recv(fd, answer, strlen("HTTP/1.1 200"), MSG_WAITALL) <= 0 ||
        strcmp(answer + strlen("HTTP/1.1 "), status) != 0)
        bench_die("%s was not answered with %s: %s", path, status, answer);
}

static void read_all(int fd, int flags)
{
    char bytes[READ_SIZE];
    ssize_t n;
    while ((n = recv(fd, bytes, sizeof bytes, flags)) > 0) {
    }
    if (flags && n == 0)
        bench_die("the server has ended a WebSocket");
}

void bench_http_get(uint16_t port, const char *path)
{
    int fd = bench_http_connect(port, 1);
    request(fd, path, "Connection: close\r\n", "200");
    read_all(fd, 0);
    close(fd);
}

// Its messages come four times a second; nobody wakes for each of them.
static _Noreturn void listen_to(const int *fds, unsigned count, uint16_t port)
{
    time_t scraped = 0;
    for (;;) {
        struct timespec now, turn = {0, TURN_MS * 1000000L};
        clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec >= scraped + SCRAPE_S) {
            scraped = now.tv_sec;
            bench_http_get(port, "/metrics");
        }
        for (unsigned i = 0; i < count; i++)
            read_all(fds[i], MSG_DONTWAIT);
        nanosleep(&turn, NULL);
    }
}

static _Noreturn void be_audience(uint16_t port, unsigned count, int ready)
{
    int fds[AUDIENCE_MAX];
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (unsigned i = 0; i < count; i++) {
        fds[i] = bench_http_connect(port, 1);
        request(fds[i], "/api/v1/live",
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
                "101");
    }
    (void)!write(ready, "", 1);
    listen_to(fds, count, port);
}

pid_t bench_http_audience(uint16_t port, unsigned count)
{
    int ready[2];
    char byte;
    if (count > AUDIENCE_MAX || pipe(ready) != 0)
        bench_die("no audience");
    fflush(NULL);
    pid_t pid = fork();
    if (pid < 0)
        bench_die("cannot fork");
    if (pid == 0)
        be_audience(port, count, ready[1]);
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1)
        bench_die("the audience did not come");
    close(ready[0]);
    return pid;
}

void bench_http_dismiss(pid_t audience)
{
    int status;
    if (waitpid(audience, &status, WNOHANG) != 0)
        bench_die("the audience has left");
    kill(audience, SIGKILL);
    waitpid(audience, NULL, 0);
}
