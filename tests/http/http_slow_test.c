// SPDX-License-Identifier: Apache-2.0
// Readers that take nothing, on sockets that are really full: Linux's adapter, which has many.
#include "tests/http/http_adapter.h"
#include "tests/http/http_fake_api.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    SOCKETS = 200,
    SLOW = 20,
    LINES = 3,
    LARGE = 1 << 18, // far more than fits into the two ends of a slow socket
    HEAD_SIZE = 1000,
    FRAME_HEAD = 10, // of a frame so large
};

static const char websocket[] = "GET /live HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
static const char lines[] = "GET /lines HTTP/1.1\r\nHost: a\r\n\r\n";

static void begin(void)
{
    struct rlimit l;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &l), 0);
    l.rlim_cur = l.rlim_max < 4096 ? l.rlim_max : 4096;
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &l), 0);
    http_fake_begin();
    http_adapter_begin();
}

static void finish(void)
{
    http_adapter_end();
    CHECK_EQ(http_fake_messages(), 0);
}

#define SLOW_TEST(id) TEST_BETWEEN(id, begin(), finish())

// With small segments, for which the server's kernel keeps a small buffer too.
static int connect_small(void)
{
    struct sockaddr_in to;
    socklen_t size = sizeof to;
    int other = http_adapter_connect(), room = 4096, segment = 536;
    CHECK_EQ(getpeername(other, (void *)&to, &size), 0);
    close(other);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room), 0);
    CHECK_EQ(setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment), 0);
    CHECK_EQ(connect(fd, (void *)&to, sizeof to), 0);
    CHECK_EQ(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

static int open_stream(const char *request, bool slow)
{
    char head[HEAD_SIZE] = "";
    int fd = slow ? connect_small() : http_adapter_connect();
    CHECK(tcp_client_send(fd, request, strlen(request), TCP_CLIENT_MS));
    for (size_t n = 0; !strstr(head, "\r\n\r\n"); n++) {
        CHECK(n + 1 < HEAD_SIZE);
        CHECK(tcp_client_recv(fd, head + n, 1, TCP_CLIENT_MS));
    }
    return fd;
}

static void await_messages(unsigned count)
{
    for (unsigned ms = 0; http_fake_messages() != count; ms++) {
        if (ms >= TCP_CLIENT_MS)
            CHECK_EQ(http_fake_messages(), count);
        usleep(1000);
    }
}

// The others are told everything meanwhile; then the slow ones are given up.
SLOW_TEST(http_slow_websockets)
{
    int fd[SOCKETS];
    char *frame = malloc(FRAME_HEAD + LARGE);
    for (unsigned i = 0; i < SOCKETS; i++)
        fd[i] = open_stream(websocket, i < SLOW);
    for (unsigned number = 1; number <= 2; number++) {
        char *text = http_fake_text(number, LARGE);
        http_fake_say(LARGE);
        for (unsigned i = SLOW; i < SOCKETS; i++) {
            CHECK(tcp_client_recv(fd[i], frame, FRAME_HEAD + LARGE, TCP_CLIENT_MS));
            CHECK_BYTES(frame + FRAME_HEAD, text, LARGE);
        }
        free(text);
        if (number == 1)
            await_messages(SLOW); // each has the rest of one
    }
    await_messages(0);
    for (unsigned i = 0; i < SLOW; i++)
        CHECK(tcp_client_wait_end(fd[i], TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    for (unsigned i = 0; i < SOCKETS; i++)
        close(fd[i]);
    free(frame);
}

SLOW_TEST(http_slow_lines)
{
    int slow[LINES], fast;
    char *got = malloc(LARGE);
    for (unsigned i = 0; i < LINES; i++)
        slow[i] = open_stream(lines, true);
    fast = open_stream("GET /lines HTTP/1.0\r\n\r\n", false);
    char *text = http_fake_text(1, LARGE);
    http_fake_say(LARGE);
    CHECK(tcp_client_recv(fast, got, LARGE, TCP_CLIENT_MS));
    CHECK_BYTES(got, text, LARGE);
    await_messages(LINES);
    await_messages(0);
    for (unsigned i = 0; i < LINES; i++) {
        CHECK(tcp_client_wait_end(slow[i], TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
        close(slow[i]);
    }
    free(text);
    text = http_fake_text(2, 8);
    http_fake_say(8);
    CHECK(tcp_client_recv(fast, got, 8, TCP_CLIENT_MS)); // who waited was not given up
    CHECK_BYTES(got, text, 8);
    close(fast);
    free(text);
    free(got);
}
