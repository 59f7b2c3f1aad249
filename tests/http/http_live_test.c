// SPDX-License-Identifier: Apache-2.0
// What every HTTP adapter does for streams.
#include "tests/http/http_adapter.h"
#include "tests/http/http_fake_api.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HEAD_SIZE = 2000, SMALL = 10, MEDIUM = 300 };

// The example of RFC 6455 1.3.
static const char upgrade[] = "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                              "Connection: keep-alive, Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

static void begin(void)
{
    http_fake_begin();
    http_adapter_begin();
}

static void finish(void)
{
    http_adapter_end();
    CHECK_EQ(http_fake_messages(), 0);
}

#define LIVE_TEST(id) TEST_BETWEEN(id, begin(), finish())

// Reads a response's head, byte by byte: what is behind it belongs to others.
static int open_stream(const char *request, char head[HEAD_SIZE])
{
    int fd = http_adapter_connect();
    size_t n = 0;
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    head[0] = '\0';
    while (!strstr(head, "\r\n\r\n")) {
        CHECK(n + 1 < HEAD_SIZE && tcp_client_recv(fd, head + n, 1, TCP_CLIENT_MS));
        head[++n] = '\0';
    }
    return fd;
}

static void receive(int fd, const void *bytes, size_t size)
{
    char *got = malloc(size);
    CHECK(tcp_client_recv(fd, got, size, TCP_CLIENT_MS));
    CHECK_BYTES(got, bytes, size);
    free(got);
}

static void receive_text(int fd, unsigned number, size_t size)
{
    char *text = http_fake_text(number, size);
    receive(fd, text, size);
    free(text);
}

LIVE_TEST(http_live_peer_and_headers)
{
    size_t size;
    const char *answer =
        http_adapter_send("GET /who HTTP/1.1\r\nHost: a\r\nX-TEST: some text\r\n\r\n", &size);
    CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n127.0.0.1 some text");
    answer = http_adapter_send("GET /who HTTP/1.1\r\nHost: a\r\n\r\n", &size);
    CHECK_STR(strstr(answer, "\r\n\r\n"), "\r\n\r\n127.0.0.1 none");
}

LIVE_TEST(http_live_websocket)
{
    char head[HEAD_SIZE];
    int fd = open_stream(upgrade, head);
    CHECK(strstr(head, "HTTP/1.1 101 Switching Protocols\r\n") == head);
    CHECK(strstr(head, "\r\nUpgrade: websocket\r\n"));
    CHECK(strstr(head, "\r\nConnection: Upgrade\r\n"));
    CHECK(strstr(head, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
    http_fake_say(SMALL);
    receive(fd, "\x81\x0a", 2);
    receive_text(fd, 1, SMALL);
    http_fake_say(MEDIUM);
    receive(fd, "\x81\x7e\x01\x2c", 4);
    receive_text(fd, 2, MEDIUM);
    CHECK(tcp_client_send(fd, "\x89\x82\0\0\0\0hi", 8, TCP_CLIENT_MS));
    receive(fd, "\x8a\x02hi", 4);
    CHECK(tcp_client_send(fd, "\x88\x82\0\0\0\0\x03\xe8", 8, TCP_CLIENT_MS));
    receive(fd, "\x88\x02\x03\xe8", 4);
    CHECK_EQ(tcp_client_wait_end(fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(fd);
}

static void refuses(const char *request, const char *status)
{
    size_t size;
    const char *answer = http_adapter_send(request, &size);
    CHECK(strstr(answer, status) == answer + strlen("HTTP/1.1 "));
    bool old = strncmp(status, "426", 3) == 0;
    CHECK_EQ(strstr(answer, "\r\nUpgrade: websocket\r\n") != NULL, old);
    CHECK_EQ(strstr(answer, "\r\nSec-WebSocket-Version: 13\r\n") != NULL, old);
    CHECK(strstr(answer, "\r\nContent-Type: application/problem+json\r\n"));
}

#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define CONNECTION "Connection: keep-alive, Upgrade\r\n"

LIVE_TEST(http_live_no_websocket)
{
    static const struct {
        const char *headers, *status;
    } cases[] = {
        {CONNECTION VERSION, "400 Bad Request"},
        {CONNECTION VERSION "Sec-WebSocket-Key: c2hvcnQ=\r\n", "400 Bad Request"},
        {CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZR==\r\n", "400 Bad Request"},
        {CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=a\r\n", "400 Bad Request"},
        {CONNECTION VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBu!25jZQ==\r\n", "400 Bad Request"},
        {VERSION KEY, "400 Bad Request"},
        {"Connection: close\r\n" VERSION KEY, "400 Bad Request"},
        {CONNECTION KEY, "426 Upgrade Required"},
        {CONNECTION KEY "Sec-WebSocket-Version: 8\r\n", "426 Upgrade Required"},
        {CONNECTION KEY "Sec-WebSocket-Version: 13, 8\r\n", "426 Upgrade Required"},
    };
    char request[500];
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_context(cases[i].headers, i);
        snprintf(request, sizeof request,
                 "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n%s\r\n", cases[i].headers);
        refuses(request, cases[i].status);
    }
}

// RFC 6455 5 to 8: what no client may send ends its connection, with the reason.
LIVE_TEST(http_live_bad_frames)
{
    static const struct {
        const char *what, *bytes;
        size_t size;
        const char *close;
    } cases[] = {
        {"not masked", "\x81\x01x", 3, "\x88\x02\x03\xea"},
        {"no UTF-8", "\x81\x81\0\0\0\0\xff", 7, "\x88\x02\x03\xef"},
        {"a continuation of nothing", "\x80\x80\0\0\0\0", 6, "\x88\x02\x03\xea"},
    };
    char head[HEAD_SIZE];
    for (unsigned i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_context(cases[i].what, i);
        int fd = open_stream(upgrade, head);
        CHECK(tcp_client_send(fd, cases[i].bytes, cases[i].size, TCP_CLIENT_MS));
        receive(fd, cases[i].close, 4);
        CHECK_EQ(tcp_client_wait_end(fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
        close(fd);
    }
}

LIVE_TEST(http_live_lines)
{
    char head[HEAD_SIZE];
    http_fake_say(SMALL);
    int fd = open_stream("GET /lines HTTP/1.0\r\nHost: a\r\n\r\n", head);
    CHECK(strstr(head, " 200 OK\r\n"));
    CHECK(strstr(head, "\r\nContent-Type: application/x-ndjson\r\n"));
    CHECK(!strstr(head, "Content-Length"));
    CHECK(strstr(head, "\r\nCache-Control: no-store\r\n"));
    receive_text(fd, 1, SMALL);
    http_fake_say(MEDIUM);
    receive_text(fd, 2, MEDIUM);
    close(fd);
}

static void ends(const char *request)
{
    char head[HEAD_SIZE];
    http_fake_begin();
    int fd = open_stream(request, head);
    http_fake_forbid();
    CHECK(tcp_client_wait_end(fd, TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    close(fd);
}

// Its user has logged out.
LIVE_TEST(http_live_ends_when_it_may_not_go_on)
{
    ends(upgrade);
    ends("GET /lines HTTP/1.0\r\nHost: a\r\n\r\n");
}

// The server's end is the stream's.
LIVE_TEST(http_live_open_at_the_end)
{
    char head[HEAD_SIZE];
    http_fake_say(SMALL);
    int fd = open_stream(upgrade, head);
    receive(fd, "\x81\x0a", 2);
    close(fd);
    fd = open_stream(upgrade, head);
    receive(fd, "\x81\x0a", 2);
}
