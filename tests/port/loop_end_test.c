// SPDX-License-Identifier: Apache-2.0
// How connections end, and the loop itself, over real sockets.
#include "tests/port/port_rig.h"
#include "tests/port/syscalls.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BULK = 1, LOOPBACK = 2, PIECE = 4096 };

#define FOR_EVER_US 86400000000ull

PORT_TEST(loop_answers_after_half_close, port_rig_begin(r))
{
    uint8_t request[WIRE_OP_HEADER_SIZE], reply[2048];
    const struct wire_op_header h = {WIRE_VERSION, WIRE_OP_REQ_DEVLIST, 0};
    int fd = port_rig_connect(r);
    wire_op_header_pack(request, &h);
    CHECK(tcp_client_send(fd, request, sizeof request, TCP_CLIENT_MS));
    shutdown(fd, SHUT_WR);
    long size = tcp_client_recv_all(fd, reply, sizeof reply, TCP_CLIENT_MS);
    CHECK_EQ(size, WIRE_OP_HEADER_SIZE + 4 + WIRE_DEVICE_SIZE + WIRE_INTERFACE_SIZE);
    close(fd);
}

// Else the log would tell of a broken connection each time that a client detaches.
PORT_TEST(loop_knows_the_end_of_a_connection_on_lwip, port_rig_begin(r))
{
    struct usbip_client c;
    struct eventlog_event e;
    syscalls_end_as_lwip(true);
    CHECK_EQ(usbip_client_import(&c, port_rig_connect(r), "1-3"), WIRE_ST_OK);
    shutdown(c.fd, SHUT_WR);
    CHECK(port_rig_await_event(r, EVENT_SESSION_ENDED, &e));
    CHECK_EQ(e.what.session_ended.reason, EVENT_END_PEER_CLOSED);
    syscalls_end_as_lwip(false);
    close(c.fd);
}

// After an unknown operation: the refusal is read whole, although bytes that nobody wants are still
// under way.
PORT_TEST(loop_last_reply_survives_unread_input, port_rig_init(r))
{
    uint8_t reply[WIRE_OP_HEADER_SIZE], *junk = calloc(1, 100000);
    r->server_config.session.linger_us = FOR_EVER_US;
    port_rig_start(r);
    int fd = port_rig_connect(r);
    memset(junk, 0xee, 100000);
    CHECK(tcp_client_send(fd, junk, 100000, TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, reply, sizeof reply, TCP_CLIENT_MS));
    CHECK_EQ(tcp_client_wait_end(fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(fd);
    CHECK(port_rig_await_sessions(r, 0));
    free(junk);
}

PORT_TEST(loop_closes_on_a_peer_that_never_does, port_rig_init(r))
{
    uint8_t reply[WIRE_OP_HEADER_SIZE];
    r->server_config.session.linger_us = 20000;
    port_rig_start(r);
    int fd = port_rig_connect(r);
    CHECK(tcp_client_send(fd, "\xff\xff\xff\xff\xff\xff\xff\xff", 8, TCP_CLIENT_MS));
    CHECK(tcp_client_recv(fd, reply, sizeof reply, TCP_CLIENT_MS));
    CHECK(port_rig_await_sessions(r, 0)); // our end is still open
    close(fd);
}

static void device_is_free_after(void (*leave)(int fd), enum eventlog_end why)
{
    struct port_rig r;
    struct usbip_client c;
    struct eventlog_event e;
    uint8_t buf[PIECE];
    port_rig_begin(&r);
    port_rig_attach(&r, &c, "1-3", LOOPBACK);
    usbip_client_submit(&c, BULK, true, NULL, sizeof buf); // stays pending: nothing to give back
    leave(c.fd);
    CHECK(port_rig_await_event(&r, EVENT_SESSION_ENDED, &e));
    CHECK_EQ(e.what.session_ended.reason, why);
    CHECK(port_rig_await_sessions(&r, 0));
    port_rig_attach(&r, &c, "1-3", LOOPBACK);
    usbip_client_echo(&c, 7, 100);
    close(c.fd);
    port_rig_end(&r);
}

static void tell_when_free(void *ctx, uint64_t now_us)
{
    struct port_rig *r = ctx;
    (void)now_us;
    const struct registry_device *d = registry_find(server_registry(r->server), "1-3");
    if (d && server_usage_totals(d->usage).imports == 1 && d->state == REGISTRY_AVAILABLE &&
        !server_next_session(r->server, NULL))
        (void)sem_post(&r->told);
}

// Nothing but the end of the connection makes the loop turn: all that follows from it is done then.
PORT_TEST(loop_follows_an_end_up_without_being_woken, port_rig_init(r))
{
    struct usbip_client c;
    struct timespec until;
    r->loop_config.after_turn = tell_when_free;
    r->loop_config.ctx = r;
    port_rig_start(r);
    port_rig_attach(r, &c, "1-3", LOOPBACK);
    tcp_client_reset(c.fd);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += TCP_CLIENT_MS / 1000;
    CHECK_EQ(sem_timedwait(&r->told, &until), 0);
}

// The session takes nothing from the socket, as its budget is used up, and has nothing to send: the
// loss of the connection is noticed all the same.
PORT_TEST(loop_notices_a_reset_while_it_does_not_read, port_rig_init(r))
{
    enum { SIZE = 1 << 20, URBS = 40 };
    struct usbip_client c;
    uint8_t *data = calloc(1, SIZE), header[WIRE_URB_HEADER_SIZE];
    r->server_config.session.hold_us = FOR_EVER_US;
    port_rig_start(r);
    port_rig_attach(r, &c, "1-3", LOOPBACK);
    for (unsigned i = 0; i < URBS; i++) { // the device has no room for so much
        usbip_client_pack(&c, header, BULK, false, SIZE);
        if (!tcp_client_send(c.fd, header, sizeof header, 200) ||
            !tcp_client_send(c.fd, data, SIZE, 200))
            break;
    }
    tcp_client_reset(c.fd);
    CHECK(port_rig_await_sessions(r, 0));
    free(data);
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

PORT_TEST(loop_stop_sends_fin_to_every_session, port_rig_init(r))
{
    struct usbip_client a, b;
    r->sim = "zero,zero";
    port_rig_start(r);
    port_rig_attach(r, &a, "1-3", LOOPBACK);
    port_rig_attach(r, &b, "1-5", LOOPBACK);
    int idle = port_rig_connect(r);
    CHECK(port_rig_await_sessions(r, 3));
    usbip_client_submit(&a, BULK, true, NULL, PIECE); // pending for ever
    posix_loop_stop(r->loop);
    CHECK_EQ(tcp_client_wait_end(a.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    CHECK_EQ(tcp_client_wait_end(b.fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    CHECK_EQ(tcp_client_wait_end(idle, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(a.fd);
    close(b.fd);
    close(idle);
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
    port_rig_attach(&r, &c, "1-3", LOOPBACK);
    port_rig_end(&r);
    close(c.fd);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

// Callers that are refused may end, and what after_turn uses of them with it (a task to be woken).
static void *call_until_refused(void *rig)
{
    struct port_rig *r = rig;
    while (posix_loop_call(r->loop, do_nothing, NULL))
        ;
    sem_post(&r->told);
    return NULL;
}

static void check_nobody_was_refused(void *ctx, uint64_t now_us)
{
    struct port_rig *r = ctx;
    struct timespec until;
    (void)now_us;
    if (!server_stopped(r->server))
        return;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 30000000; // a refused caller would not take as long
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    CHECK(sem_timedwait(&r->told, &until) != 0);
}

TEST(loop_refuses_calls_only_after_its_last_turn)
{
    struct port_rig r;
    pthread_t caller;
    port_rig_init(&r);
    r.loop_config.after_turn = check_nobody_was_refused;
    r.loop_config.ctx = &r;
    port_rig_prepare(&r);
    CHECK_EQ(pthread_create(&caller, NULL, call_until_refused, &r), 0);
    posix_loop_stop(r.loop);
    posix_loop_run(r.loop);
    CHECK_EQ(sem_wait(&r.told), 0);
    pthread_join(caller, NULL);
    port_rig_free(&r);
}
