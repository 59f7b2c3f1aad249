// SPDX-License-Identifier: Apache-2.0
// One connection without a loop: what one wake-up takes from a socket, and when it is to be closed.
#include "ports/posix/posix_conn.h"
#include "tests/port/port_rig.h"
#include "tests/port/syscalls.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/poll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { NOW_US = 1000000, BULK = 1 };

struct pair {
    struct port_rig rig;
    struct posix_conn conn;
    int peer;
};

static void pair_begin(struct pair *p)
{
    int fd[2];
    port_rig_init(&p->rig);
    port_rig_prepare(&p->rig);
    CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
    CHECK_EQ(fcntl(fd[0], F_SETFL, O_NONBLOCK), 0);
    p->peer = fd[1];
    const struct base_peer peer = {{{192, 0, 2, 1}, 32}, 1024};
    p->conn = (struct posix_conn){
        .fd = fd[0],
        .session = server_connected(p->rig.server, &peer, NOW_US),
        .gather = posix_gather_create(),
    };
}

static void pair_end(struct pair *p)
{
    server_disconnected(p->rig.server, p->conn.session, NOW_US);
    close(p->conn.fd);
    close(p->peer);
    free(p->conn.gather);
    port_rig_free(&p->rig);
}

#define PAIR_TEST(id)                                                                              \
    static void id##_with(struct pair *p);                                                         \
    TEST(id)                                                                                       \
    {                                                                                              \
        struct pair pair, *p = &pair;                                                              \
        pair_begin(p);                                                                             \
        id##_with(p);                                                                              \
        pair_end(p);                                                                               \
    }                                                                                              \
    static void id##_with(struct pair *p)

// One turn of a loop. True: the connection is to be kept.
static bool wake(struct pair *p)
{
    posix_conn_ready(&p->conn, POLLIN, NOW_US);
    server_step(p->rig.server, NOW_US);
    posix_conn_write(&p->conn, NOW_US);
    return posix_conn_settle(&p->conn);
}

static bool send_and_wake(struct pair *p, const void *bytes, size_t size)
{
    CHECK_EQ(write(p->peer, bytes, size), size);
    return wake(p);
}

static void import(struct pair *p)
{
    uint8_t request[WIRE_OP_IMPORT_SIZE] = {0}, reply[WIRE_OP_HEADER_SIZE + WIRE_DEVICE_SIZE];
    struct wire_op_header h = {WIRE_VERSION, WIRE_OP_REQ_IMPORT, 0};
    wire_op_header_pack(request, &h);
    memcpy(request + WIRE_OP_HEADER_SIZE, "1-3", 3);
    server_step(p->rig.server, NOW_US); // it hears of the device
    CHECK(send_and_wake(p, request, sizeof request));
    CHECK_EQ(read(p->peer, reply, sizeof reply), sizeof reply);
}

// Two URBs of 8 KiB that have come: the read-ahead area; the rest of the first payload and that
// area again; the rest of the second one. Nothing else, and no further wake-up for them.
PAIR_TEST(conn_reads_on_while_the_socket_fills_all_that_is_offered)
{
    enum { SIZE = 8192, ALL = 2 * (WIRE_URB_HEADER_SIZE + SIZE) };
    static uint8_t bytes[ALL];
    struct usbip_client c = {0};
    struct session_view before, after;
    import(p);
    const struct registry_device *d = registry_find(server_registry(p->rig.server), "1-3");
    c.devid = (uint32_t)d->info.busnum << 16 | d->info.devnum;
    usbip_client_pack(&c, bytes, BULK, false, SIZE);
    usbip_client_pack(&c, bytes + ALL / 2, BULK, false, SIZE);
    session_view(p->conn.session, &before);
    struct syscalls calls = syscalls_count();
    CHECK(send_and_wake(p, bytes, sizeof bytes));
    CHECK_EQ(syscalls_count().receives - calls.receives, 3);
    session_view(p->conn.session, &after);
    CHECK_EQ(after.counters.rx_bytes - before.counters.rx_bytes, ALL);
    CHECK_EQ(session_rx_missing(p->conn.session), 0);
}

static const char junk[4096] = "\xff\xff\xff\xff\xff\xff\xff\xff"; // no operation begins so

// All that the peer has sent since our FIN fits what is taken at once: that is not its end.
PAIR_TEST(conn_waits_for_the_peers_fin)
{
    CHECK(send_and_wake(p, junk, 8));
    CHECK(p->conn.finishing);
    CHECK(send_and_wake(p, junk, sizeof junk));
    CHECK_EQ(shutdown(p->peer, SHUT_WR), 0);
    CHECK(!wake(p));
}

PAIR_TEST(conn_lost_after_our_fin_is_closed)
{
    CHECK(send_and_wake(p, junk, 8));
    CHECK(p->conn.finishing);
    CHECK_EQ(close(p->peer), 0); // with our answer unread: a reset
    CHECK(!wake(p));
    p->peer = -1;
}
