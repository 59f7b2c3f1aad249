// SPDX-License-Identifier: Apache-2.0
// Connections that stay, on sockets of this test, whatever brought them.
#include "ports/posix/posix_stream.h"
#include "tests/http/http_fake_api.h"
#include "tests/port/port_rig.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { SMALL = 10, LARGE = 1 << 20 }; // messages; sockets take less than the large one

struct streams {
    struct port_rig port;
    struct posix_streams all;
    struct posix_stream stream;
    int client;
    sem_t ended;
};

static void on_end(void *ctx)
{
    struct streams *t = ctx;
    sem_post(&t->ended);
}

static void begin_stream(void *arg)
{
    struct streams *t = arg;
    posix_stream_begin(&t->all, &t->stream);
}

static void open_stream(struct streams *t, bool websocket)
{
    int pair[2];
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    t->client = pair[1];
    fcntl(t->client, F_SETFL, O_NONBLOCK);
    t->stream =
        (struct posix_stream){.fd = pair[0], .websocket = websocket, .ended = on_end, .ctx = t};
    CHECK(posix_loop_call(t->port.loop, begin_stream, t));
}

static void begin(struct streams *t)
{
    *t = (struct streams){.client = -1};
    sem_init(&t->ended, 0, 0);
    http_fake_begin();
    port_rig_begin(&t->port);
    const struct api_context api = {.server = t->port.server, .version = "1.2.3"};
    posix_streams_init(&t->all, t->port.loop, &api);
    t->all.every_us = 1000;
}

static void end_all(void *arg)
{
    posix_streams_end(&((struct streams *)arg)->all);
}

static void finish(struct streams *t)
{
    CHECK(posix_loop_call(t->port.loop, end_all, t));
    sem_wait(&t->ended);
    CHECK(base_list_empty(&t->all.open));
    CHECK_EQ(http_fake_messages(), 0);
    close(t->stream.fd);
    close(t->client);
    port_rig_end(&t->port);
}

#define STREAM_TEST(id) TEST_WITH(id, struct streams, t, begin(t), finish(t))

// --- the loop has looked at its streams many times -----------------------------------------------

enum { LOOKS = 20 };

struct looks {
    struct posix_timer timer;
    struct streams *streams;
    unsigned left;
    sem_t over;
};

static void on_look(void *ctx, uint64_t now_us)
{
    struct looks *l = ctx;
    l->timer.due_us = now_us + l->streams->all.every_us;
    if (--l->left > 0)
        return;
    posix_loop_forget(l->streams->port.loop, &l->timer);
    sem_post(&l->over);
}

static void begin_looks(void *arg)
{
    struct looks *l = arg;
    l->timer = (struct posix_timer){.due = on_look, .ctx = l};
    posix_loop_remind(l->streams->port.loop, &l->timer);
}

static void await_looks(struct streams *t)
{
    struct looks l = {.streams = t, .left = LOOKS};
    sem_init(&l.over, 0, 0);
    CHECK(posix_loop_call(t->port.loop, begin_looks, &l));
    sem_wait(&l.over);
}

// One message of `size` bytes, "{N" and "}" filled up.
static void receive(const struct streams *t, unsigned number, size_t size)
{
    char *text = malloc(size), *expected = http_fake_text(number, size);
    CHECK(tcp_client_recv(t->client, text, size, TCP_CLIENT_MS));
    CHECK_BYTES(text, expected, size);
    free(expected);
    free(text);
}

static void receive_bytes(const struct streams *t, const char *bytes, size_t size)
{
    char got[200];
    CHECK(tcp_client_recv(t->client, got, size, TCP_CLIENT_MS));
    CHECK_BYTES(got, bytes, size);
}

STREAM_TEST(stream_lines)
{
    http_fake_say(SMALL);
    open_stream(t, false);
    receive(t, 1, SMALL);
    CHECK(tcp_client_send(t->client, "whatever", 8, TCP_CLIENT_MS)); // nobody listens
    http_fake_say(SMALL);
    receive(t, 2, SMALL);
}

STREAM_TEST(stream_frames)
{
    open_stream(t, true);
    http_fake_say(SMALL);
    receive_bytes(t, "\x81\x0a", 2);
    receive(t, 1, SMALL);
    http_fake_say(LARGE);
    receive_bytes(t, "\x81\x7f\0\0\0\0\0\x10\0\0", 10);
    receive(t, 2, LARGE);
}

// Nothing queues: what it gets is the message that it was being sent, and then the latest.
STREAM_TEST(stream_slow_reader_gets_the_latest)
{
    open_stream(t, true);
    http_fake_say(LARGE);
    receive_bytes(t, "\x81\x7f\0\0\0\0\0\x10\0\0", 10);
    for (unsigned i = 0; i < 20; i++)
        http_fake_say(SMALL);
    await_looks(t);
    CHECK(http_fake_messages() <= 1);
    receive(t, 1, LARGE);
    receive_bytes(t, "\x81\x0a", 2);
    receive(t, 21, SMALL);
}

STREAM_TEST(stream_who_takes_nothing_is_given_up)
{
    t->all.stall_us = 20000;
    http_fake_say(LARGE);
    open_stream(t, false);
    sem_wait(&t->ended);
    sem_post(&t->ended);
    CHECK_EQ(http_fake_messages(), 0);
}

STREAM_TEST(stream_ping_and_close)
{
    open_stream(t, true);
    CHECK(tcp_client_send(t->client, "\x89\x82\0\0\0\0hi", 8, TCP_CLIENT_MS));
    receive_bytes(t, "\x8a\x02hi", 4);
    CHECK(tcp_client_send(t->client, "\x88\x82\0\0\0\0\x03\xe8", 8, TCP_CLIENT_MS));
    receive_bytes(t, "\x88\x02\x03\xe8", 4);
    sem_wait(&t->ended);
    sem_post(&t->ended);
}

// A pong goes between two messages, never into one.
STREAM_TEST(stream_ping_during_a_message)
{
    open_stream(t, true);
    http_fake_say(LARGE);
    receive_bytes(t, "\x81\x7f\0\0\0\0\0\x10\0\0", 10);
    CHECK(tcp_client_send(t->client, "\x89\x82\0\0\0\0hi\x89\x82\0\0\0\0ho", 16, TCP_CLIENT_MS));
    await_looks(t);
    receive(t, 1, LARGE);
    receive_bytes(t, "\x8a\x02ho", 4);
}

STREAM_TEST(stream_nonsense_closes_a_websocket)
{
    open_stream(t, true);
    CHECK(tcp_client_send(t->client, "GET / HTTP/1.1\r\n\r\n", 18, TCP_CLIENT_MS));
    receive_bytes(t, "\x88\x02\x03\xea", 4);
    sem_wait(&t->ended);
    sem_post(&t->ended);
}

STREAM_TEST(stream_ends_when_it_may_not_go_on)
{
    http_fake_say(SMALL);
    open_stream(t, true);
    receive_bytes(t, "\x81\x0a", 2);
    receive(t, 1, SMALL);
    http_fake_forbid();
    http_fake_say(SMALL); // which nobody gets
    sem_wait(&t->ended);
    sem_post(&t->ended);
    shutdown(t->stream.fd, SHUT_RDWR);
    CHECK_EQ(tcp_client_wait_end(t->client, TCP_CLIENT_MS), TCP_CLIENT_FIN);
}

STREAM_TEST(stream_client_goes)
{
    open_stream(t, false);
    shutdown(t->client, SHUT_RDWR);
    sem_wait(&t->ended);
    sem_post(&t->ended);
}

// The poller has no room for one more.
TEST(stream_without_a_place_in_the_loop)
{
    struct streams *t = calloc(1, sizeof *t);
    sem_init(&t->ended, 0, 0);
    http_fake_begin();
    port_rig_init(&t->port);
    t->port.loop_config.max_watches = 0;
    port_rig_start(&t->port);
    posix_streams_init(&t->all, t->port.loop, &(struct api_context){.server = t->port.server});
    open_stream(t, true);
    finish(t);
    free(t);
}
