// SPDX-License-Identifier: Apache-2.0
// How many system calls the loop makes, and what it does when accept() fails.
#include "tests/port/port_rig.h"
#include "tests/port/syscalls.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { BULK = 1, SOURCE_SINK = 3, MAX_FDS = 1024 };

// One small URB at a time: poll, receive, send, and nothing else.
PORT_TEST(syscalls_per_urb_at_depth_1, port_rig_begin(r))
{
    enum { URBS = 200 };
    struct usbip_client c;
    uint8_t data[512];
    port_rig_attach(r, &c, "1-3", SOURCE_SINK);
    struct syscalls before = syscalls_count();
    for (unsigned i = 0; i < URBS; i++)
        usbip_client_read(&c, BULK, data, sizeof data);
    struct syscalls after = syscalls_count();
    CHECK_EQ(after.receives - before.receives, URBS);
    CHECK_EQ(after.sends - before.sends, URBS);
    // One poll is under way before and after.
    CHECK(after.polls - before.polls <= URBS + 2);
    close(c.fd);
}

static void nothing(void *arg)
{
    (void)arg;
}

// A slow link brings a payload in many segments. Each of them used to wake the loop, which read it.
PORT_TEST(syscalls_long_payload_is_not_read_segment_by_segment, port_rig_begin(r))
{
    enum { SIZE = 65536, SEGMENT = 1024 };
    static uint8_t bytes[WIRE_URB_HEADER_SIZE + SIZE];
    struct usbip_client c;
    port_rig_attach(r, &c, "1-3", SOURCE_SINK);
    usbip_client_pack(&c, bytes, BULK, false, SIZE);
    struct syscalls before = syscalls_count();
    for (size_t at = 0; at < sizeof bytes; at += SEGMENT) {
        size_t rest = sizeof bytes - at;
        size_t size = rest < SEGMENT ? rest : SEGMENT;
        CHECK(tcp_client_send(c.fd, bytes + at, size, TCP_CLIENT_MS));
        CHECK(posix_loop_call(r->loop, nothing, NULL)); // it has seen that segment now
    }
    CHECK_EQ(usbip_client_reply(&c, false, NULL, 0).u.ret_submit.actual_length, SIZE);
    CHECK(syscalls_count().receives - before.receives <= 5);
    close(c.fd);
}

PORT_TEST(syscalls_idle_loop_sleeps, port_rig_begin(r))
{
    struct usbip_client c;
    port_rig_attach(r, &c, "1-3", SOURCE_SINK);
    struct syscalls before = syscalls_count();
    for (unsigned i = 0; i < 3; i++)
        CHECK(port_rig_await_sessions(r, 1)); // each is one wake-up
    CHECK(syscalls_count().polls - before.polls <= 8);
    close(c.fd);
}

// Without a pause it would be tried thousands of times before we look.
PORT_TEST(syscalls_failing_accept_is_not_tried_again_and_again, port_rig_begin(r))
{
    const struct timespec pause = {.tv_nsec = 5000000};
    struct syscalls before = syscalls_count();
    syscalls_fail_accept(UINT_MAX, ENOBUFS);
    int fd = port_rig_connect(r);
    while (syscalls_count().accepts - before.accepts < 2)
        nanosleep(&pause, NULL);
    struct syscalls after = syscalls_count();
    CHECK(after.accepts - before.accepts <= 20);
    CHECK(after.polls - before.polls <= 20);
    syscalls_fail_accept(0, 0);
    CHECK_EQ(usbip_client_devlist(fd), 1);
    close(fd);
}

// --- descriptors ---------------------------------------------------------------------------------

struct shortage {
    struct rlimit before;
    int filler[MAX_FDS];
    unsigned fillers;
};

// Leaves the process no free descriptor below the highest one in use, and forbids those above.
static void begin_shortage(struct shortage *s)
{
    int highest = 0, fd;
    for (fd = 0; fd < MAX_FDS; fd++)
        highest = fcntl(fd, F_GETFD) >= 0 ? fd : highest;
    CHECK_EQ(getrlimit(RLIMIT_NOFILE, &s->before), 0);
    struct rlimit now = {.rlim_cur = (rlim_t)highest + 1, .rlim_max = s->before.rlim_max};
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &now), 0);
    for (s->fillers = 0; s->fillers < MAX_FDS && (fd = dup(0)) >= 0;)
        s->filler[s->fillers++] = fd;
}

static void end_shortage(struct shortage *s)
{
    CHECK_EQ(setrlimit(RLIMIT_NOFILE, &s->before), 0);
    while (s->fillers > 0)
        close(s->filler[--s->fillers]);
}

PORT_TEST(syscalls_no_descriptor_left_refuses_and_recovers, port_rig_begin(r))
{
    enum { COUNT = 4 };
    struct shortage shortage;
    struct eventlog_event e;
    int fd[COUNT];
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(r->port),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    for (unsigned i = 0; i < COUNT; i++)
        fd[i] = socket(AF_INET, SOCK_STREAM, 0);
    struct syscalls before = syscalls_count();
    begin_shortage(&shortage);
    for (unsigned i = 0; i < COUNT; i++) {
        CHECK_EQ(connect(fd[i], (struct sockaddr *)&a, sizeof a), 0);
        CHECK(tcp_client_wait_end(fd[i], TCP_CLIENT_MS) != TCP_CLIENT_TIMEOUT);
    }
    end_shortage(&shortage);
    CHECK(port_rig_await_event(r, EVENT_CONNECTION_REFUSED, &e));
    CHECK_EQ(e.what.connection_refused.reason, EVENT_REFUSED_NO_DESCRIPTOR);
    CHECK_EQ(port_rig_count_events(r, EVENT_CONNECTION_REFUSED), 1);
    CHECK(syscalls_count().accepts - before.accepts <= 3 * COUNT);
    for (unsigned i = 0; i < COUNT; i++)
        close(fd[i]);
    int late = port_rig_connect(r);
    CHECK_EQ(usbip_client_devlist(late), 1);
    close(late);
}
