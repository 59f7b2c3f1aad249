// SPDX-License-Identifier: Apache-2.0
// The socket loop with the whole core behind it: addresses, socket options, start.
#include "tests/port/port_rig.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { SOURCE_SINK = 3, LOOPBACK = 2 };

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
        usbip_client_echo(&c, i, i * 200u);
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

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t size = sizeof value;
    CHECK_EQ(getsockopt(fd, level, name, &value, &size), 0);
    return value;
}

PORT_TEST(loop_sets_socket_options, port_rig_begin(r))
{
    struct usbip_client c;
    port_rig_attach(r, &c, "1-3", SOURCE_SINK);
    int fd = port_rig_server_end(c.fd);
    CHECK(option(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 4);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_KEEPINTVL), 4);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 14400000);
    close(c.fd);
}

static void keep_silent_for_a_day(void *arg)
{
    struct usbip_server *server = arg;
    struct server_config config = *server_config(server);
    config.session.silent_us = 86400ull * 1000000;
    server_change_limits(server, &config);
}

// As on SIGHUP: the connections that are there follow, too.
PORT_TEST(loop_follows_a_changed_limit_of_silence, port_rig_begin(r))
{
    struct usbip_client c;
    const struct timespec pause = {.tv_nsec = 10000000};
    port_rig_attach(r, &c, "1-3", SOURCE_SINK);
    int fd = port_rig_server_end(c.fd);
    CHECK(posix_loop_call(r->loop, keep_silent_for_a_day, r->server));
    for (unsigned i = 0; i < 1000 && option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) == 14400000; i++)
        nanosleep(&pause, NULL);
    CHECK_EQ(option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT), 86400000);
    close(c.fd);
}

// --- start ---------------------------------------------------------------------------------------

PORT_TEST(loop_explains_a_port_in_use, port_rig_begin(r))
{
    struct posix_loop_config config;
    char why[128], want[128];
    config = r->loop_config;
    config.port = r->port;
    CHECK(posix_loop_create(r->server, &config, why, sizeof why) == NULL);
    snprintf(want, sizeof want, "port %u is in use by another program", r->port);
    CHECK_STR(why, want);
    config.listen = NULL; // the wildcard collides with it, too
    CHECK(posix_loop_create(r->server, &config, why, sizeof why) == NULL);
    CHECK_STR(why, want);
}

PORT_TEST(loop_explains_a_bad_address, port_rig_begin(r))
{
    char why[128];
    r->loop_config.listen = "nowhere";
    CHECK(posix_loop_create(r->server, &r->loop_config, why, sizeof why) == NULL);
    CHECK_STR(why, "\"nowhere\" is not an IPv4 or IPv6 address");
    r->loop_config.listen = "192.0.2.1"; // for documentation: no machine has it
    CHECK(posix_loop_create(r->server, &r->loop_config, why, sizeof why) == NULL);
    CHECK(strstr(why, "cannot listen on 192.0.2.1 port 0: ") == why);
}

static void count_turn(void *ctx, uint64_t now_us)
{
    (void)now_us;
    sem_post(ctx);
}

// A watchdog wants to hear of the loop although nothing happens.
PORT_TEST(loop_turns_although_idle, port_rig_init(r))
{
    r->loop_config.longest_wait_us = 1000;
    r->loop_config.after_turn = count_turn;
    r->loop_config.ctx = &r->told;
    port_rig_start(r);
    for (unsigned i = 0; i < 5; i++)
        CHECK_EQ(sem_wait(&r->told), 0);
}

static void note_stopping(void *ctx, uint64_t now_us)
{
    struct port_rig *r = ctx;
    const struct eventlog_event *e = eventlog_next(server_eventlog(r->server), 2);
    (void)now_us;
    if (!e || e->what.type != EVENT_SERVER_STOPPING)
        sem_post(&r->told);
}

// What happens before the first connection can be logged at once: the start, and the device.
TEST(loop_tells_of_its_start)
{
    struct port_rig r;
    port_rig_init(&r);
    r.loop_config.after_turn = note_stopping;
    r.loop_config.ctx = &r;
    port_rig_prepare(&r);
    posix_loop_stop(r.loop);
    posix_loop_run(r.loop);
    CHECK_EQ(sem_trywait(&r.told), 0);
    port_rig_free(&r);
}
