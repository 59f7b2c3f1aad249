// SPDX-License-Identifier: Apache-2.0
// Connections of HTTP that stay: WebSockets and streams of lines.
#include "tests/port/http_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SOCKETS = 200, SLOW_EVERY = 10, HEAD_SIZE = 1000, FRAME_SIZE = 1 << 17, LINES = 32 };

#define UPGRADE                                                                                    \
    "GET /api/v1/live HTTP/1.1\r\n"                                                                \
    "Host: localhost\r\n"                                                                          \
    "Connection: Upgrade\r\n"                                                                      \
    "Upgrade: websocket\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

// Up to the empty line.
static void receive_head(int fd, char head[HEAD_SIZE])
{
    size_t n = 0;
    while (n < 4 || memcmp(head + n - 4, "\r\n\r\n", 4) != 0) {
        CHECK(n + 1 < HEAD_SIZE);
        CHECK(tcp_client_recv(fd, head + n++, 1, TCP_CLIENT_MS));
    }
    head[n] = '\0';
}

static int ask(const struct http_rig *r, const char *request, char head[HEAD_SIZE])
{
    int fd = http_rig_connect(r);
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    receive_head(fd, head);
    return fd;
}

static int open_socket(const struct http_rig *r)
{
    char head[HEAD_SIZE];
    int fd = ask(r, UPGRADE KEY VERSION "\r\n", head);
    CHECK(strncmp(head, "HTTP/1.1 101 Switching Protocols\r\n", 34) == 0);
    return fd;
}

// A text frame of a server; `text` has FRAME_SIZE bytes.
static void receive_frame(int fd, char *text)
{
    uint8_t head[10];
    CHECK(tcp_client_recv(fd, head, 2, TCP_CLIENT_MS));
    CHECK_EQ(head[0], 0x81);
    size_t size = head[1];
    unsigned more = size == 126 ? 2 : size == 127 ? 8 : 0;
    CHECK(more == 0 || tcp_client_recv(fd, head + 2, more, TCP_CLIENT_MS));
    for (unsigned i = 0; i < more; i++)
        size = (i ? size << 8 : 0) | head[2 + i];
    CHECK(size < FRAME_SIZE);
    CHECK(tcp_client_recv(fd, text, size, TCP_CLIENT_MS));
    text[size] = '\0';
}

TEST(http_live_begins_with_everything)
{
    struct http_rig *r = http_rig_begin();
    char head[HEAD_SIZE], *text = malloc(FRAME_SIZE);
    int fd = ask(r, UPGRADE KEY VERSION "\r\n", head);
    CHECK(strstr(head, "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")); // RFC 6455
    CHECK(strstr(head, "\r\nConnection: Upgrade\r\n"));
    CHECK(strstr(head, "\r\nUpgrade: websocket\r\n"));
    receive_frame(fd, text);
    CHECK(strstr(text, "\"full\":true") && strstr(text, "\"busid\":\"1-3\""));
    CHECK_EQ(http_websocket_count(r->http), 1);
    receive_frame(fd, text); // it goes on
    CHECK(strstr(text, "\"full\":false"));
    close(fd);
    free(text);
    http_rig_end(r);
}

TEST(http_live_refusals)
{
    struct http_rig *r = http_rig_begin();
    http_rig_send(r, UPGRADE VERSION "\r\n", 400);
    http_rig_send(r, UPGRADE VERSION "Sec-WebSocket-Key: short\r\n\r\n", 400);
    http_rig_send(r, UPGRADE KEY "\r\n", 426);
    http_rig_send(r, UPGRADE KEY "Sec-WebSocket-Version: 8\r\n\r\n", 426);
    http_rig_send(r, UPGRADE KEY VERSION "Origin: http://evil.example\r\n\r\n", 403);
    http_rig_send(r, "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n\r\n", 426);
    CHECK(http_client_has(&r->client, "Upgrade: websocket"));
    CHECK_EQ(http_websocket_count(r->http), 0);
    http_rig_end(r);
}

// RFC 6455 4.2.1: names in any case, among others.
TEST(http_live_as_others_ask_for_it)
{
    static const char *const forms[] = {
        "Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n",
        "Connection: upgrade\r\nUpgrade: h2c, websocket\r\n",
    };
    struct http_rig *r = http_rig_begin();
    char head[HEAD_SIZE], request[HEAD_SIZE], *text = malloc(FRAME_SIZE);
    for (unsigned i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        snprintf(request, sizeof request,
                 "GET /api/v1/live HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n", forms[i], KEY VERSION);
        int fd = ask(r, request, head);
        CHECK(strncmp(head, "HTTP/1.1 101 ", 13) == 0);
        receive_frame(fd, text);
        close(fd);
    }
    free(text);
    http_rig_end(r);
}

static void await_websockets(const struct http_rig *r, unsigned count)
{
    for (unsigned i = 0; http_websocket_count(r->http) != count; i++) {
        CHECK(i < 10000);
        usleep(1000);
    }
}

static void room_for_both_ends(void)
{
    struct rlimit l;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &l), 0);
    l.rlim_cur = l.rlim_max < 4096 ? l.rlim_max : 4096;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &l), 0);
}

// Every tenth of them never reads. USB/IP and requests go on, and the others hear what is new.
TEST(http_live_many_sockets)
{
    room_for_both_ends();
    struct http_rig *r = http_rig_begin();
    struct usbip_client c;
    int fd[SOCKETS];
    uint8_t data[512];
    char *text = malloc(FRAME_SIZE);
    for (unsigned i = 0; i < SOCKETS; i++)
        fd[i] = open_socket(r);
    CHECK_EQ(http_websocket_count(r->http), SOCKETS);
    port_rig_attach(&r->port, &c, "1-3", 3);
    for (unsigned i = 0; i < SOCKETS; i++)
        for (unsigned messages = 0; i % SLOW_EVERY && messages < 2; messages++) {
            receive_frame(fd[i], text);
            usbip_client_read(&c, 1, data, sizeof data);
        }
    http_rig_ask(r, "GET", "/healthz", 200);
    for (unsigned i = 0; i < SOCKETS; i++)
        close(fd[i]);
    await_websockets(r, 0);
    close(c.fd);
    free(text);
    http_rig_end(r);
}

TEST(http_live_one_too_many_is_told)
{
    room_for_both_ends();
    struct http_rig *r = http_rig_begin();
    int fd[HTTP_WATCHES];
    for (unsigned i = 0; i < HTTP_WATCHES; i++)
        fd[i] = open_socket(r);
    http_rig_send(r, UPGRADE KEY VERSION "\r\n", 503);
    CHECK(http_client_has(&r->client, "Content-Type: application/problem+json"));
    http_rig_ask(r, "GET", "/healthz", 200); // they count apart
    close(fd[0]);
    await_websockets(r, HTTP_WATCHES - 1);
    fd[0] = open_socket(r);
    for (unsigned i = 0; i < HTTP_WATCHES; i++)
        close(fd[i]);
    http_rig_end(r);
}

// --- lines ---------------------------------------------------------------------------------------

#define EVENTS                                                                                     \
    "GET /api/v1/events?after=0 HTTP/1.1\r\nHost: localhost\r\n"                                   \
    "Accept: application/x-ndjson\r\n\r\n"

static void await_text(int fd, const char *wanted)
{
    char text[4000] = "";
    for (size_t n = 0; !strstr(text, wanted); n++) {
        CHECK(n + 1 < sizeof text);
        CHECK(tcp_client_recv(fd, text + n, 1, TCP_CLIENT_MS));
    }
}

TEST(http_lines_go_on)
{
    struct http_rig *r = http_rig_begin();
    char head[HEAD_SIZE];
    int fd = ask(r, EVENTS, head);
    CHECK(strstr(head, "HTTP/1.1 200 OK\r\n") == head);
    CHECK(strstr(head, "\r\nContent-Type: application/x-ndjson\r\n"));
    await_text(fd, "\"type\":\"server_started\"");
    await_text(fd, "\"type\":\"device_plugged\"");
    close(port_rig_connect(&r->port));
    await_text(fd, "\"type\":\"connection_opened\"");
    close(fd);
    http_rig_end(r);
}

TEST(http_lines_that_nobody_reads_any_more_make_room)
{
    struct http_rig *r = http_rig_begin();
    char head[HEAD_SIZE];
    int fd[LINES];
    for (unsigned i = 0; i < LINES; i++)
        fd[i] = ask(r, EVENTS, head);
    http_rig_send(r, EVENTS, 503);
    http_rig_ask(r, "GET", "/healthz", 200);
    for (unsigned i = 0; i < LINES; i++)
        close(fd[i]);
    for (unsigned i = 0; strncmp(head, "HTTP/1.1 200", 12) != 0 || i == 0; i++) {
        CHECK(i < 1000);
        usleep(10000);
        close(ask(r, EVENTS, head));
    }
    http_rig_end(r);
}

TEST(http_ends_with_its_streams)
{
    struct http_rig *r = http_rig_begin();
    char head[HEAD_SIZE];
    int line = ask(r, EVENTS, head), socket = open_socket(r);
    http_rig_end(r);
    CHECK(tcp_client_wait_end(line, TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    CHECK(tcp_client_wait_end(socket, TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    close(line);
    close(socket);
}

// HTTP/1.0 has no Upgrade: it is as if it was not there.
TEST(http_live_http_1_0)
{
    struct http_rig *r = http_rig_begin();
    http_rig_send(r,
                  "GET /api/v1/live HTTP/1.0\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
                  426);
    CHECK(http_client_has(&r->client, "Upgrade: websocket"));
    http_rig_end(r);
}
