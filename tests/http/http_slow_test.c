// SPDX-License-Identifier: Apache-2.0
// Readers that take nothing, on sockets that are really full: Linux's adapter, which has many.
#include "tests/http/http_adapter.h"
#include "tests/http/http_fake_api.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum {
    SLOW = 20,
    LINES = 3,
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

static int open_stream(const char *request, bool slow)
{
    char head[HEAD_SIZE] = "";
    int fd = slow ? http_adapter_connect_small() : http_adapter_connect();
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
    int *fd = calloc(http_adapter_crowd, sizeof *fd);
    char *frame = malloc(FRAME_HEAD + http_adapter_large);
    for (unsigned i = 0; i < http_adapter_crowd; i++)
        fd[i] = open_stream(websocket, i < SLOW);
    for (unsigned number = 1; number <= 2; number++) {
        char *text = http_fake_text(number, http_adapter_large);
        http_fake_say(http_adapter_large);
        for (unsigned i = SLOW; i < http_adapter_crowd; i++) {
            CHECK(tcp_client_recv(fd[i], frame, FRAME_HEAD + http_adapter_large, TCP_CLIENT_MS));
            CHECK_BYTES(frame + FRAME_HEAD, text, http_adapter_large);
        }
        free(text);
        if (number == 1)
            await_messages(SLOW); // each has the rest of one
    }
    await_messages(0);
    for (unsigned i = 0; i < SLOW; i++)
        CHECK(tcp_client_wait_end(fd[i], TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    for (unsigned i = 0; i < http_adapter_crowd; i++)
        close(fd[i]);
    free(frame);
    free(fd);
}

SLOW_TEST(http_slow_lines)
{
    int slow[LINES], fast;
    char *got = malloc(http_adapter_large);
    for (unsigned i = 0; i < LINES; i++)
        slow[i] = open_stream(lines, true);
    fast = open_stream("GET /lines HTTP/1.0\r\n\r\n", false);
    char *text = http_fake_text(1, http_adapter_large);
    http_fake_say(http_adapter_large);
    CHECK(tcp_client_recv(fast, got, http_adapter_large, TCP_CLIENT_MS));
    CHECK_BYTES(got, text, http_adapter_large);
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
