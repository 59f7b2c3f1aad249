// SPDX-License-Identifier: Apache-2.0
// Much data and many connections, over real sockets.
#include "tests/port/port_rig.h"
#include "tests/port/syscalls.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdlib.h>
#include <unistd.h>

enum { BULK = 1, SOURCE_SINK = 3, LOOPBACK = 2 };

// One client does not read: its replies wait in order, while another one is served.
PORT_TEST(loop_slow_reader_stops_only_itself, port_rig_init(r))
{
    enum { URBS = 64, SIZE = 262144 };
    struct usbip_client slow, quick;
    uint8_t *data = malloc(SIZE);
    r->sim = "zero,zero";
    port_rig_start(r);
    port_rig_attach(r, &slow, "1-3", SOURCE_SINK);
    port_rig_attach(r, &quick, "1-5", LOOPBACK);
    uint32_t first = slow.seqnum + 1;
    for (unsigned i = 0; i < URBS; i++) // 16 MiB of answers: more than socket buffers hold
        usbip_client_submit(&slow, BULK, true, NULL, SIZE);
    for (uint8_t i = 0; i < 50; i++)
        usbip_client_echo(&quick, i, 500);
    for (unsigned i = 0; i < URBS; i++) {
        struct wire_urb_header h = usbip_client_reply(&slow, true, data, SIZE);
        CHECK_EQ(h.seqnum, first + i);
        CHECK_EQ(h.u.ret_submit.actual_length, SIZE);
    }
    close(slow.fd);
    close(quick.fd);
    free(data);
}

// 8 MiB go out in one stream, whatever the pieces in which the socket takes them.
PORT_TEST(loop_takes_large_transfers, port_rig_begin(r))
{
    enum { URBS = 8, SIZE = 1 << 20 };
    struct usbip_client c;
    uint8_t *data = calloc(1, SIZE); // the sink wants zeros
    port_rig_attach(r, &c, "1-3", SOURCE_SINK);
    for (unsigned i = 0; i < URBS; i++)
        usbip_client_submit(&c, BULK, false, data, SIZE);
    for (unsigned i = 0; i < URBS; i++) {
        struct wire_urb_header h = usbip_client_reply(&c, false, NULL, 0);
        CHECK_EQ(h.u.ret_submit.status, 0);
        CHECK_EQ(h.u.ret_submit.actual_length, SIZE);
    }
    close(c.fd);
    free(data);
}

PORT_TEST(loop_many_connections, port_rig_begin(r))
{
    enum { COUNT = 200 };
    int fd[COUNT];
    for (unsigned i = 0; i < COUNT; i++)
        fd[i] = port_rig_connect(r);
    for (unsigned i = 0; i < COUNT; i++)
        CHECK_EQ(usbip_client_devlist(fd[i]), 1);
    for (unsigned i = 0; i < COUNT; i++)
        close(fd[i]);
    CHECK(port_rig_await_sessions(r, 0));
}

// With every socket in use the next client waits its turn.
PORT_TEST(loop_sockets_are_limited, port_rig_init(r))
{
    r->loop_config.max_sockets = 2;
    port_rig_start(r);
    struct syscalls before = syscalls_count();
    int first = port_rig_connect(r), second = port_rig_connect(r), third = port_rig_connect(r);
    CHECK_EQ(usbip_client_devlist(second), 1);
    CHECK(port_rig_await_sessions(r, 2));
    CHECK_EQ(usbip_client_devlist(first), 1);
    CHECK(port_rig_await_sessions(r, 2));
    CHECK(syscalls_count().polls - before.polls <= 40); // it sleeps although somebody knocks
    close(first);
    CHECK_EQ(usbip_client_devlist(third), 1);
    close(second);
    close(third);
}

// More connections than the server may have: the oldest idle one gives way, the newest is served,
// and one that has a device stays.
PORT_TEST(loop_crowd_gives_way, port_rig_init(r))
{
    enum { LIMIT = 4, COUNT = 40 };
    struct usbip_client c;
    int fd[COUNT];
    r->server_config.max_connections = LIMIT;
    r->loop_config.max_sockets = LIMIT + 2;
    port_rig_start(r);
    port_rig_attach(r, &c, "1-3", LOOPBACK);
    for (unsigned i = 0; i < COUNT; i++) {
        fd[i] = port_rig_connect(r);
        CHECK_EQ(usbip_client_devlist(fd[i]), 0); // the only device is in use
    }
    CHECK(tcp_client_wait_end(fd[0], TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    usbip_client_echo(&c, 1, 300);
    for (unsigned i = 0; i < COUNT; i++)
        close(fd[i]);
    close(c.fd);
}
