// SPDX-License-Identifier: Apache-2.0
// What others may send to HTTP, and how: nothing of it changes anything, or keeps others waiting.
#include "tests/port/http_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DRIPPING = 400, HOSTILE = 10000, ANSWERS_SIZE = 20000 };

// --- forms of requests ---------------------------------------------------------------------------

TEST(http_bad_requests)
{
    static const struct {
        const char *request;
        int status;
    } cases[] = {
        {"GET /healthz HTTP/1.1\r\n\r\n", 400}, // no Host
        {"GET /healthz HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET /healthz HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET /healthz HTTP/1.1\r\nHost: a\r\nb c: d\r\n\r\n", 400},
        {"GET /healthz HTTP/1.1\r\nHost: a\r\nb\r\n\r\n", 400},
        {"GET /healthz HTTP/1.2\r\nHost: a\r\n\r\n", 505},
        {"GET /healthz HTTP/2.0\r\nHost: a\r\n\r\n", 505},
        {"GET /healthz XTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /healthz\r\n\r\n", 400},
        {"GET healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /healthz%00 HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n1", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n1", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \r\n\r\n1", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n1", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999999\r\n\r\n1", 413},
        {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
         "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nz\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 411},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n", 400},
        {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 411},
    };
    struct http_rig *r = http_rig_begin();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        http_rig_send(r, cases[i].request, cases[i].status);
    http_rig_end(r);
}

// Else "/healthz\0x" would be what a proxy lets pass as something else.
TEST(http_nul_in_the_head)
{
    static const struct {
        const char *request; // '@' stands for NUL
        int status;
    } cases[] = {
        {"GET /healthz@ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /healthz@x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /healthz?a@b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET @/healthz HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"GET /healthz  HTTP/1.1\r\nHost: a\r\n\r\n", 404}, // "/healthz "
    };
    struct http_rig *r = http_rig_begin();
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char bytes[200], answer[20] = "";
        size_t size = strlen(cases[i].request);
        memcpy(bytes, cases[i].request, size);
        for (char *at = bytes; (at = memchr(at, '@', size - (size_t)(at - bytes))); at++)
            *at = '\0';
        int fd = http_rig_connect(r);
        CHECK(tcp_client_send(fd, bytes, size, TCP_CLIENT_MS));
        CHECK(tcp_client_recv(fd, answer, strlen("HTTP/1.1 200"), TCP_CLIENT_MS));
        if (strtol(answer + strlen("HTTP/1.1 "), NULL, 10) != cases[i].status)
            check_fail(__FILE__, __LINE__, "%s: %s", cases[i].request, answer);
        close(fd);
    }
    http_rig_end(r);
}

TEST(http_forms_that_are_answered)
{
    struct http_rig *r = http_rig_begin();
    http_rig_send(r, "GET http://x/healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200);
    http_rig_send(r, "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 204);
    http_rig_send(r, "GET /healthz HTTP/1.0\r\n\r\n", 200);
    http_rig_send(r, "\r\nGET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", 200);
    http_rig_send(r, "GET /%68ealth%7A#top HTTP/1.1\r\nhost: x\r\n\r\n", 200);
    http_rig_send(r, "GET /./healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404);
    http_rig_send(r, "GET /assets/..%2f..%2fetc%2fpasswd HTTP/1.1\r\nHost: x\r\n\r\n", 404);
    http_rig_send(r, "GET /assets/%2e%2e HTTP/1.1\r\nHost: x\r\n\r\n", 404);
    http_rig_send(r, "GET //healthz HTTP/1.1\r\nHost: x\r\n\r\n", 404);
    http_rig_end(r);
}

TEST(http_pipelined)
{
    const char *one = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    const char *last = "GET /nothing HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct http_rig *r = http_rig_begin();
    char request[2000] = "", *answers = calloc(1, ANSWERS_SIZE);
    unsigned found = 0;
    for (unsigned i = 0; i < 20; i++)
        strcat(request, one);
    strcat(request, last);
    int fd = http_rig_connect(r);
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    CHECK(tcp_client_recv_all(fd, answers, ANSWERS_SIZE - 1, TCP_CLIENT_MS) > 0);
    for (const char *at = answers; (at = strstr(at, "HTTP/1.1 200 OK\r\n")) != NULL; at++)
        found++;
    CHECK_EQ(found, 20);
    CHECK(strstr(answers, "HTTP/1.1 404 Not Found\r\n") != NULL);
    close(fd);
    free(answers);
    http_rig_end(r);
}

static void send_long(struct http_rig *r, const char *before, size_t size, const char *after,
                      int status)
{
    char *request = malloc(size + 500);
    int n = snprintf(request, 200, "%s", before);
    memset(request + n, 'x', size);
    strcpy(request + n + size, after);
    int fd = http_rig_connect(r);
    char answer[2000] = "";
    if (tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS))
        (void)tcp_client_recv(fd, answer, strlen("HTTP/1.1 431"), TCP_CLIENT_MS);
    if (answer[0]) // its end may be reset away
        CHECK_EQ(strtol(answer + strlen("HTTP/1.1 "), NULL, 10), status);
    close(fd);
    free(request);
    http_rig_ask(r, "GET", "/healthz", 200);
}

TEST(http_huge_heads_and_bodies)
{
    struct http_rig *r = http_rig_begin();
    send_long(r, "GET /", 300, " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
    send_long(r, "GET /", 1000000, " HTTP/1.1\r\nHost: a\r\n\r\n", 414);
    send_long(r, "GET /healthz HTTP/1.1\r\nHost: a\r\nA: ", 10000, "\r\n\r\n", 200);
    send_long(r, "GET /healthz HTTP/1.1\r\nHost: a\r\nA: ", 1000000, "\r\n\r\n", 431);
    send_long(r, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5000000\r\n\r\n", 5000000, "", 413);
    http_rig_end(r);
}

// --- many ----------------------------------------------------------------------------------------

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

// A good request in which some bytes are others.
static size_t make_hostile(char *request, uint32_t *seed)
{
    static const char *const good[] = {
        "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST /api/v1/status?a=%20 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nabcd",
        "PUT http://a/%2e HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: [::1]\r\nConnection: keep-alive, Upgrade\r\nUpgrade: "
        "x\r\n\r\n",
        "GET /api/v1/live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    };
    const char *from = good[next_random(seed) % (sizeof good / sizeof good[0])];
    size_t size = strlen(from);
    memcpy(request, from, size);
    for (unsigned n = next_random(seed) % 4; n > 0; n--) {
        static const char odd[] = "\0\r\n :%/?#\t\x7f\xff"
                                  "9A";
        request[next_random(seed) % size] = odd[next_random(seed) % (sizeof odd - 1)];
    }
    return next_random(seed) % 8 == 0 ? next_random(seed) % size : size;
}

TEST(http_hostile_requests)
{
    struct http_rig *r = http_rig_begin();
    char request[400];
    uint32_t seed = 11;
    int fd[16] = {0};
    for (unsigned i = 0; i < HOSTILE; i++) {
        int *at = &fd[i % 16];
        if (*at)
            close(*at);
        *at = http_rig_connect(r);
        (void)tcp_client_send(*at, request, make_hostile(request, &seed), TCP_CLIENT_MS);
        if (i % 500 == 0)
            http_rig_ask(r, "GET", "/healthz", 200);
    }
    for (unsigned i = 0; i < 16; i++)
        close(fd[i]);
    http_rig_ask(r, "GET", "/healthz", 200);
    http_rig_end(r);
}

// Each has begun a request that never ends. Newcomers are served, and those give way.
TEST(http_dripping_clients)
{
    const char *head = "GET /healthz HTTP/1.1\r\nHost: a\r\n", *drop = "X-a: b\r\n";
    struct http_rig *r = http_rig_begin();
    int fd[DRIPPING];
    unsigned open = 0;
    for (unsigned i = 0; i < DRIPPING; i++) {
        fd[i] = http_rig_connect(r);
        CHECK(tcp_client_send(fd[i], head, strlen(head), TCP_CLIENT_MS));
    }
    for (unsigned i = 0; i < DRIPPING; i++) {
        (void)tcp_client_send(fd[i], drop, strlen(drop), TCP_CLIENT_MS);
        if (i % 50 == 0)
            http_rig_ask(r, "GET", "/healthz", 200);
    }
    for (unsigned i = 0; i < DRIPPING; i++) {
        char byte;
        open += recv(fd[i], &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
    }
    CHECK(open <= 64);
    CHECK(tcp_client_wait_end(fd[DRIPPING - 1], TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT); // 5 s
    for (unsigned i = 0; i < DRIPPING; i++)
        close(fd[i]);
    http_rig_end(r);
}

TEST(http_says_that_time_is_over)
{
    const char *head = "GET /healthz HTTP/1.1\r\nHost: a\r\n";
    struct http_rig *r = http_rig_begin();
    char answer[600] = "";
    int fd = http_rig_connect(r);
    CHECK(tcp_client_send(fd, head, strlen(head), TCP_CLIENT_MS));
    CHECK(tcp_client_recv_all(fd, answer, sizeof answer - 1, TCP_CLIENT_MS) > 0);
    CHECK(strstr(answer, "HTTP/1.1 408 Request Timeout\r\n") == answer);
    CHECK(strstr(answer, "\r\nContent-Type: application/problem+json\r\n"));
    CHECK_EQ(strlen(strstr(answer, "\r\n\r\n") + 4),
             strtoul(strstr(answer, "Content-Length: ") + strlen("Content-Length: "), NULL, 10));
    close(fd);
    http_rig_end(r);
}
