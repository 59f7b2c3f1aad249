// SPDX-License-Identifier: Apache-2.0
// Peers that are silent, with the system's own TCP: a filter at both ends of a connection is the
// cable that is pulled. It takes the time that TCP takes, so all happens at once.
#include "tests/port/port_rig.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <linux/filter.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BULK = 1, SOURCE_SINK = 3, LOOPBACK = 2, SIZE = 1024 };

static const char *const busids[] = {"1-3", "1-5", "1-6", "1-7", "1-8"};
enum { IDLE, READING, BACK, ALIVE, FULL, CLIENTS };

static void deafen(int fd)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    struct sock_fprog program = {.len = 1, .filter = &nothing};
    CHECK_EQ(setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program), 0);
}

static void pull(int client)
{
    deafen(client);
    deafen(port_rig_server_end(client));
}

static void plug(int client)
{
    int none = 0;
    CHECK_EQ(
        setsockopt(port_rig_server_end(client), SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none),
        0);
    CHECK_EQ(setsockopt(client, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), 0);
}

static void pause_ms(unsigned ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&t, NULL);
}

// How often the server asks a silent peer.
static void await_keepalive(int server, int seconds)
{
    int idle, interval;
    socklen_t size = sizeof idle;
    do {
        pause_ms(10);
        CHECK_EQ(getsockopt(server, IPPROTO_TCP, TCP_KEEPIDLE, &idle, &size), 0);
        CHECK_EQ(getsockopt(server, IPPROTO_TCP, TCP_KEEPINTVL, &interval, &size), 0);
    } while (idle != seconds || interval != seconds);
}

// The server has sent what the client does not get.
static void await_unacknowledged(int server)
{
    struct tcp_info i;
    socklen_t size;
    do {
        pause_ms(10);
        size = sizeof i;
        CHECK_EQ(getsockopt(server, IPPROTO_TCP, TCP_INFO, &i, &size), 0);
    } while (i.tcpi_unacked == 0);
}

static int want(const struct port_rig *r, const char *busid)
{
    uint8_t request[WIRE_OP_IMPORT_SIZE] = {0};
    const struct wire_op_header h = {WIRE_VERSION, WIRE_OP_REQ_IMPORT, 0};
    wire_op_header_pack(request, &h);
    strcpy((char *)request + WIRE_OP_HEADER_SIZE, busid);
    int fd = port_rig_connect(r);
    CHECK(tcp_client_send(fd, request, sizeof request, TCP_CLIENT_MS));
    return fd;
}

static enum wire_op_status answer(int fd)
{
    uint8_t reply[WIRE_OP_HEADER_SIZE];
    CHECK(tcp_client_recv(fd, reply, sizeof reply, TCP_CLIENT_MS));
    close(fd);
    return (enum wire_op_status)wire_op_header_unpack(reply).status;
}

static void attach_all(struct port_rig *r, struct usbip_client c[CLIENTS])
{
    r->sim = "zero,zero,zero,zero,zero";
    r->server_config.session.full_us = 5000000;
    port_rig_start(r);
    for (unsigned i = 0; i < CLIENTS; i++)
        port_rig_attach(r, &c[i], busids[i], i == READING || i == FULL ? SOURCE_SINK : LOOPBACK);
    usbip_client_echo(&c[BACK], 1, 100);
}

static void fall_silent(struct usbip_client c[CLIENTS])
{
    for (unsigned i = 0; i < 64; i++) // more than sockets hold, and it never reads
        usbip_client_submit(&c[FULL], BULK, true, NULL, 1 << 18);
    deafen(c[READING].fd);
    usbip_client_submit(&c[READING], BULK, true, NULL, SIZE);
    await_unacknowledged(port_rig_server_end(c[READING].fd));
    deafen(port_rig_server_end(c[READING].fd));
    pull(c[IDLE].fd);
    pull(c[BACK].fd);
}

// A server that has one place, and the client that has it: silent.
static void begin_crowded(struct port_rig *r, struct usbip_client *holder)
{
    port_rig_init(r);
    r->sim = "zero,zero";
    r->server_config.max_connections = 1;
    port_rig_start(r);
    port_rig_attach(r, holder, "1-3", LOOPBACK);
    CHECK_EQ(answer(want(r, "1-5")), WIRE_ST_NA);
    pull(holder->fd);
}

static void end_crowded(struct port_rig *r, struct usbip_client *holder)
{
    CHECK_EQ(answer(want(r, "1-5")), WIRE_ST_OK);
    close(holder->fd);
    port_rig_end(r);
}

static void find_round_trip(void *arg)
{
    struct port_rig *r = arg;
    struct session_view v;
    session_view(server_next_session(r->server, NULL), &v);
    r->round_trip_us = v.round_trip_us;
}

PORT_TEST(silence_round_trip, port_rig_begin(r))
{
    struct usbip_client c;
    port_rig_attach(r, &c, "1-3", LOOPBACK);
    while (r->round_trip_us == 0) { // the loop looks each second
        CHECK(posix_loop_call(r->loop, find_round_trip, r));
        pause_ms(10);
    }
    CHECK(r->round_trip_us < 1000000);
    close(c.fd);
}

PORT_TEST(silence_of_real_connections, port_rig_init(r))
{
    struct port_rig crowded;
    struct usbip_client c[CLIENTS], holder;
    struct eventlog_event e;
    attach_all(r, c);
    begin_crowded(&crowded, &holder);
    fall_silent(c);
    pause_ms(8000);
    CHECK_EQ(port_rig_count_events(r, EVENT_PEER_SILENT), 0);
    pause_ms(4000);
    CHECK_EQ(port_rig_count_events(r, EVENT_PEER_SILENT), 3);
    CHECK(port_rig_await_event(r, EVENT_SESSION_ENDED, &e));
    CHECK_EQ(e.what.session_ended.reason, EVENT_END_PEER_FULL);

    int wanted[CLIENTS], back = port_rig_server_end(c[BACK].fd);
    for (unsigned i = 0; i < CLIENTS; i++)
        wanted[i] = want(r, busids[i]);
    CHECK_EQ(answer(wanted[ALIVE]), WIRE_ST_DEV_BUSY);
    CHECK_EQ(answer(wanted[FULL]), WIRE_ST_OK);
    await_keepalive(back, 1);
    plug(c[BACK].fd);
    CHECK_EQ(answer(wanted[BACK]), WIRE_ST_DEV_BUSY);
    CHECK(port_rig_await_event(r, EVENT_PEER_BACK, &e));
    await_keepalive(back, 4);
    CHECK_EQ(answer(wanted[IDLE]), WIRE_ST_OK);
    CHECK_EQ(answer(wanted[READING]), WIRE_ST_OK);
    CHECK(port_rig_await_event(r, EVENT_SESSION_ENDED, &e));
    usbip_client_echo(&c[BACK], 7, 500);
    usbip_client_echo(&c[ALIVE], 9, 500);
    end_crowded(&crowded, &holder);

    // Who comes back too late learns it with the first thing that it sends.
    int none = 0;
    CHECK_EQ(setsockopt(c[IDLE].fd, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none), 0);
    CHECK(tcp_client_send(c[IDLE].fd, "", 1, TCP_CLIENT_MS));
    CHECK_EQ(tcp_client_wait_end(c[IDLE].fd, TCP_CLIENT_MS), TCP_CLIENT_RESET);
    for (unsigned i = 0; i < CLIENTS; i++)
        close(c[i].fd);
}
