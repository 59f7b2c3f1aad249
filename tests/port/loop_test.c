// SPDX-License-Identifier: Apache-2.0
// The socket loop with the whole core behind it, over real sockets.
#include "tests/port/port_rig.h"
#include "tests/port/syscalls.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BULK = 1, SOURCE_SINK = 3, LOOPBACK = 2, PIECE = 4096 };

#define FOR_EVER_US 86400000000ull

static void start(struct port_rig *r)
{
    port_rig_init(r);
    port_rig_start(r);
}

static void attach(const struct port_rig *r, struct usbip_client *c, const char *busid,
                   uint8_t configuration)
{
    CHECK_EQ(usbip_client_import(c, port_rig_connect(r), busid), WIRE_ST_OK);
    usbip_client_configure(c, configuration);
}

// Sends `size` bytes through the loopback device and compares what comes back.
// Not a multiple of the packet size: the device gives back what a short packet has ended.
static void echo(struct usbip_client *c, uint8_t first, uint32_t size)
{
    uint8_t out[PIECE], in[PIECE];
    for (uint32_t i = 0; i < size; i++)
        out[i] = (uint8_t)(first + i);
    usbip_client_submit(c, BULK, false, out, size);
    CHECK_EQ(usbip_client_reply(c, false, NULL, 0).u.ret_submit.actual_length, size);
    usbip_client_submit(c, BULK, true, NULL, size);
    CHECK_EQ(usbip_client_reply(c, true, in, sizeof in).u.ret_submit.actual_length, size);
    CHECK_BYTES(in, out, size);
}

static void list_and_echo(const char *listen, const char *connect)
{
    struct port_rig r;
    struct usbip_client c;
    port_rig_init(&r);
    r.loop_config.listen = listen;
    port_rig_start(&r);
    int fd = tcp_client_connect(connect, r.port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    CHECK_EQ(usbip_client_devlist(fd), 1);
    close(fd);
    fd = tcp_client_connect(connect, r.port, TCP_CLIENT_MS);
    CHECK_EQ(usbip_client_import(&c, fd, "1-3"), WIRE_ST_OK);
    usbip_client_configure(&c, LOOPBACK);
    for (uint8_t i = 1; i <= 20; i++)
        echo(&c, i, i * 200u);
    close(fd);
    port_rig_end(&r);
}

static bool have_ipv6(void)
{
    struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    bool have = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof a) == 0;
    if (fd >= 0)
        close(fd);
    return have;
}

TEST(loop_serves_ipv4)
{
    list_and_echo("127.0.0.1", "127.0.0.1");
}

TEST(loop_serves_ipv6)
{
    if (!have_ipv6())
        check_skip("this machine has no IPv6 loopback");
    list_and_echo("::1", "::1");
}

TEST(loop_serves_both_families_on_one_port)
{
    list_and_echo(NULL, "127.0.0.1");
    if (have_ipv6())
        list_and_echo(NULL, "::1");
}

// --- socket options ------------------------------------------------------------------------------

// The server's end of a client's connection: both are in this process.
static int other_end(int client)
{
    struct sockaddr_in own = {0}, peer = {0};
    socklen_t size = sizeof own;
    CHECK_EQ(getsockname(client, (struct sockaddr *)&own, &size), 0);
    for (int fd = 3; fd < 1024; fd++) {
        size = sizeof peer;
        if (getpeername(fd, (struct sockaddr *)&peer, &size) == 0 && peer.sin_family == AF_INET &&
            peer.sin_port == own.sin_port)
            return fd;
    }
    check_fail(__FILE__, __LINE__, "the server has no such connection");
}

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    CHECK_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

TEST(loop_sets_socket_options)
{
    struct port_rig r;
    struct usbip_client c;
    start(&r);
    attach(&r, &c, "1-3", SOURCE_SINK);
    int fd = other_end(c.fd);
    CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 10);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 5);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPCNT), 3);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 20000);
    close(c.fd);
    port_rig_end(&r);
}

// --- ends of connections -------------------------------------------------------------------------

TEST(loop_answers_after_half_close)
{
    struct port_rig r;
    uint8_t request[WIRE_OP_HEADER_SIZE], reply[2048];
    const struct wire_op_header h = {WIRE_VERSION, WIRE_OP_REQ_DEVLIST, 0};
    start(&r);
    int fd = port_rig_connect(&r);
    wire_op_header_pack(request, &h);
    CHECK(tcp_client_send(fd, request, sizeof request, TCP_CLIENT_MS));
    shutdown(fd, SHUT_WR);
    long size = tcp_client_recv_all(fd, reply, sizeof reply, TCP_CLIENT_MS);
    CHECK_EQ(size, WIRE_OP_HEADER_SIZE + 4 + WIRE_DEVICE_SIZE + WIRE_INTERFACE_SIZE);
    close(fd);
    port_rig_end(&r);
}

// After an unknown operation: the refusal is read whole, although bytes that nobody wants are still
// under way.
TEST(loop_last_reply_survives_unread_input)
{
    struct port_rig r;
    uint8_t reply[WIRE_OP_HEADER_SIZE], *junk = calloc(1, 100000);
    port_rig_init(&r);
    r.server_config.session.linger_us = FOR_EVER_US;
    port_rig_start(&r);
    int fd = port_rig_connect(&r);
    memset(junk, 0xee, 100000);
    CHECK(tcp_client_send(fd, junk, 100000, TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, reply, sizeof reply, TCP_CLIENT_MS));
    CHECK_EQ(tcp_client_wait_end(fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(fd);
    CHECK(port_rig_await_sessions(&r, 0));
    free(junk);
    port_rig_end(&r);
}

TEST(loop_closes_on_a_peer_that_never_does)
{
    struct port_rig r;
    uint8_t reply[WIRE_OP_HEADER_SIZE];
    port_rig_init(&r);
    r.server_config.session.linger_us = 20000;
    port_rig_start(&r);
    int fd = port_rig_connect(&r);
    CHECK(tcp_client_send(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, reply, sizeof reply, TCP_CLIENT_MS));
    CHECK(port_rig_await_sessions(&r, 0)); // our end is still open
    close(fd);
    port_rig_end(&r);
}

static void device_is_free_after(void (*leave)(int fd), enum eventlog_end why)
{
    struct port_rig r;
    struct usbip_client c;
    struct eventlog_event e;
    uint8_t buf[PIECE];
    start(&r);
    attach(&r, &c, "1-3", LOOPBACK);
    usbip_client_submit(&c, BULK, true, NULL, sizeof buf); // stays pending: nothing to give back
    leave(c.fd);
    CHECK(port_rig_await_event(&r, EVENT_SESSION_ENDED, &e));
    CHECK_EQ(e.a, why);
    CHECK(port_rig_await_sessions(&r, 0));
    attach(&r, &c, "1-3", LOOPBACK);
    echo(&c, 7, 100);
    close(c.fd);
    port_rig_end(&r);
}

static void tell_when_free(void *ctx, uint64_t now_us)
{
    struct port_rig *r = ctx;
    (void)now_us;
    const struct registry_device *d = registry_find(server_registry(r->server), "1-3");
    if (d && d->imports == 1 && d->state == REGISTRY_AVAILABLE &&
        !server_next_session(r->server, NULL))
        (void)sem_post(&r->told);
}

// Nothing but the end of the connection makes the loop turn: all that follows from it is done then.
TEST(loop_follows_an_end_up_without_being_woken)
{
    struct port_rig r;
    struct usbip_client c;
    struct timespec until;
    port_rig_init(&r);
    r.loop_config.after_turn = tell_when_free;
    r.loop_config.ctx = &r;
    port_rig_start(&r);
    attach(&r, &c, "1-3", LOOPBACK);
    tcp_client_reset(c.fd);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TCP_CLIENT_MS / 1000;
    CHECK_EQ(sem_timedwait(&r.told, &until), 0);
    port_rig_end(&r);
}

// The session takes nothing from the socket, as its budget is used up, and has nothing to send: the
// loss of the connection is noticed all the same.
TEST(loop_notices_a_reset_while_it_does_not_read)
{
    enum { SIZE = 1 << 20, URBS = 40 };
    struct port_rig r;
    struct usbip_client c;
    uint8_t *data = calloc(1, SIZE), header[WIRE_URB_HEADER_SIZE];
    port_rig_init(&r);
    r.server_config.session.hold_us = FOR_EVER_US;
    port_rig_start(&r);
    attach(&r, &c, "1-3", LOOPBACK);
    for (unsigned i = 0; i < URBS; i++) { // the device has no room for so much
        usbip_client_pack(&c, header, BULK, false, SIZE);
        if (!tcp_client_send(c.fd, header, sizeof header, 200) ||
            !tcp_client_send(c.fd, data, SIZE, 200))
            break;
    }
    tcp_client_reset(c.fd);
    CHECK(port_rig_await_sessions(&r, 0));
    free(data);
    port_rig_end(&r);
}

static void leave_by_fin(int fd)
{
    close(fd);
}

TEST(loop_frees_the_device_after_fin)
{
    device_is_free_after(leave_by_fin, EVENT_END_PEER_CLOSED);
}

TEST(loop_frees_the_device_after_rst)
{
    device_is_free_after(tcp_client_reset, EVENT_END_PEER_LOST);
}

TEST(loop_stop_sends_fin_to_every_session)
{
    struct port_rig r;
    struct usbip_client a, b;
    port_rig_init(&r);
    r.sim = "zero,zero";
    port_rig_start(&r);
    attach(&r, &a, "1-3", LOOPBACK);
    attach(&r, &b, "1-5", LOOPBACK);
    int idle = port_rig_connect(&r);
    CHECK(port_rig_await_sessions(&r, 3));
    usbip_client_submit(&a, BULK, true, NULL, PIECE); // pending for ever
    posix_loop_stop(r.loop);
    CHECK_EQ(tcp_client_wait_end(a.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    CHECK_EQ(tcp_client_wait_end(b.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    CHECK_EQ(tcp_client_wait_end(idle, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(a.fd);
    close(b.fd);
    close(idle);
    port_rig_end(&r);
}

// A client that does not close its end holds the server up no longer than the limit.
TEST(loop_stop_is_limited)
{
    struct port_rig r;
    struct usbip_client c;
    port_rig_init(&r);
    r.server_config.session.linger_us = FOR_EVER_US;
    r.loop_config.stop_limit_us = 10000;
    port_rig_start(&r);
    attach(&r, &c, "1-3", LOOPBACK);
    port_rig_end(&r);
    close(c.fd);
}

// --- load ----------------------------------------------------------------------------------------

// One client does not read: its replies wait in order, while another one is served.
TEST(loop_slow_reader_stops_only_itself)
{
    enum { URBS = 64, SIZE = 262144 };
    struct port_rig r;
    struct usbip_client slow, quick;
    uint8_t *data = malloc(SIZE);
    port_rig_init(&r);
    r.sim = "zero,zero";
    port_rig_start(&r);
    attach(&r, &slow, "1-3", SOURCE_SINK);
    attach(&r, &quick, "1-5", LOOPBACK);
    uint32_t first = slow.seqnum + 1;
    for (unsigned i = 0; i < URBS; i++) // 16 MiB of answers: more than socket buffers hold
        usbip_client_submit(&slow, BULK, true, NULL, SIZE);
    for (uint8_t i = 0; i < 50; i++)
        echo(&quick, i, 500);
    for (unsigned i = 0; i < URBS; i++) {
        struct wire_urb_header h = usbip_client_reply(&slow, true, data, SIZE);
        CHECK_EQ(h.seqnum, first + i);
        CHECK_EQ(h.u.ret_submit.actual_length, SIZE);
    }
    close(slow.fd);
    close(quick.fd);
    free(data);
    port_rig_end(&r);
}

// 8 MiB go out in one stream, whatever the pieces in which the socket takes them.
TEST(loop_takes_large_transfers)
{
    enum { URBS = 8, SIZE = 1 << 20 };
    struct port_rig r;
    struct usbip_client c;
    uint8_t *data = calloc(1, SIZE); // the sink wants zeros
    start(&r);
    attach(&r, &c, "1-3", SOURCE_SINK);
    for (unsigned i = 0; i < URBS; i++)
        usbip_client_submit(&c, BULK, false, data, SIZE);
    for (unsigned i = 0; i < URBS; i++) {
        struct wire_urb_header h = usbip_client_reply(&c, false, NULL, 0);
        CHECK_EQ(h.u.ret_submit.status, 0);
        CHECK_EQ(h.u.ret_submit.actual_length, SIZE);
    }
    close(c.fd);
    free(data);
    port_rig_end(&r);
}

TEST(loop_many_connections)
{
    enum { COUNT = 200 };
    struct port_rig r;
    int fd[COUNT];
    start(&r);
    for (unsigned i = 0; i < COUNT; i++)
        fd[i] = port_rig_connect(&r);
    for (unsigned i = 0; i < COUNT; i++)
        CHECK_EQ(usbip_client_devlist(fd[i]), 1);
    for (unsigned i = 0; i < COUNT; i++)
        close(fd[i]);
    CHECK(port_rig_await_sessions(&r, 0));
    port_rig_end(&r);
}

// With every socket in use the next client waits its turn.
TEST(loop_sockets_are_limited)
{
    struct port_rig r;
    port_rig_init(&r);
    r.loop_config.max_sockets = 2;
    port_rig_start(&r);
    struct syscalls before = syscalls_count();
    int first = port_rig_connect(&r), second = port_rig_connect(&r), third = port_rig_connect(&r);
    CHECK_EQ(usbip_client_devlist(second), 1);
    CHECK(port_rig_await_sessions(&r, 2));
    CHECK_EQ(usbip_client_devlist(first), 1);
    CHECK(port_rig_await_sessions(&r, 2));
    CHECK(syscalls_count().polls - before.polls <= 40); // it sleeps although somebody knocks
    close(first);
    CHECK_EQ(usbip_client_devlist(third), 1);
    close(second);
    close(third);
    port_rig_end(&r);
}

// More connections than the server may have: the oldest idle one gives way, the newest is served,
// and one that has a device stays.
TEST(loop_crowd_gives_way)
{
    enum { LIMIT = 4, COUNT = 40 };
    struct port_rig r;
    struct usbip_client c;
    int fd[COUNT];
    port_rig_init(&r);
    r.server_config.max_connections = LIMIT;
    r.loop_config.max_sockets = LIMIT + 2;
    port_rig_start(&r);
    attach(&r, &c, "1-3", LOOPBACK);
    for (unsigned i = 0; i < COUNT; i++) {
        fd[i] = port_rig_connect(&r);
        CHECK_EQ(usbip_client_devlist(fd[i]), 0); // the only device is in use
    }
    CHECK(tcp_client_wait_end(fd[0], TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    echo(&c, 1, 300);
    for (unsigned i = 0; i < COUNT; i++)
        close(fd[i]);
    close(c.fd);
    port_rig_end(&r);
}

// --- start ---------------------------------------------------------------------------------------

TEST(loop_explains_a_port_in_use)
{
    struct port_rig r;
    struct posix_loop_config config;
    char why[128], want[128];
    start(&r);
    config = r.loop_config;
    config.port = r.port;
    CHECK(posix_loop_create(r.server, &config, why, sizeof why) == NULL);
    snprintf(want, sizeof want, "port %u is in use by another program", r.port);
    CHECK_STR(why, want);
    config.listen = NULL; // the wildcard collides with it, too
    CHECK(posix_loop_create(r.server, &config, why, sizeof why) == NULL);
    CHECK_STR(why, want);
    port_rig_end(&r);
}

TEST(loop_explains_a_bad_address)
{
    struct port_rig r;
    char why[128];
    start(&r);
    r.loop_config.listen = "nowhere";
    CHECK(posix_loop_create(r.server, &r.loop_config, why, sizeof why) == NULL);
    CHECK_STR(why, "\"nowhere\" is not an IPv4 or IPv6 address");
    r.loop_config.listen = "192.0.2.1"; // for documentation: no machine has it
    CHECK(posix_loop_create(r.server, &r.loop_config, why, sizeof why) == NULL);
    CHECK(strstr(why, "cannot listen on 192.0.2.1 port 0: ") == why);
    port_rig_end(&r);
}
