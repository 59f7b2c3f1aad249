// SPDX-License-Identifier: Apache-2.0
// Calls from other threads into the loop, while sessions run and while it ends.
#include "tests/port/port_rig.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"
#include "tests/support/tcp_client.h"

#include <stdatomic.h>
#include <unistd.h>

enum { THREADS = 4, CALLS = 300, BULK = 1, SOURCE_SINK = 3 };

struct caller {
    struct port_rig *rig;
    pthread_t thread;
    unsigned *shared; // touched on the loop thread only, without any lock
    unsigned ran, refused;
    uint64_t connections;
};

static void count(void *arg)
{
    struct caller *c = arg;
    struct server_totals totals;
    server_totals(c->rig->server, &totals);
    c->connections = totals.connections;
    (*c->shared)++;
}

static void *call_often(void *arg)
{
    struct caller *c = arg;
    for (unsigned i = 0; i < CALLS; i++)
        c->ran += posix_loop_call(c->rig->loop, count, c);
    return NULL;
}

static void *call_until_refused(void *arg)
{
    struct caller *c = arg;
    while (posix_loop_call(c->rig->loop, count, c))
        c->ran++;
    c->refused = 1;
    return NULL;
}

static void begin(struct port_rig *r, struct caller *callers, unsigned *shared,
                  void *(*run)(void *))
{
    *shared = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        callers[i] = (struct caller){.rig = r, .shared = shared};
        CHECK_EQ(pthread_create(&callers[i].thread, NULL, run, &callers[i]), 0);
    }
}

static unsigned join(struct caller *callers)
{
    unsigned ran = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(callers[i].thread, NULL);
        ran += callers[i].ran;
    }
    return ran;
}

PORT_TEST(calls_run_on_the_loop_thread_while_urbs_flow, port_rig_begin(r))
{
    struct usbip_client c;
    struct caller callers[THREADS];
    unsigned shared;
    uint8_t data[512];
    port_rig_attach(r, &c, "1-3", SOURCE_SINK);
    begin(r, callers, &shared, call_often);
    for (unsigned i = 0; i < 300; i++)
        usbip_client_read(&c, BULK, data, sizeof data);
    unsigned ran = join(callers);
    CHECK_EQ(ran, THREADS * CALLS);
    CHECK_EQ(shared, THREADS * CALLS);
    CHECK_EQ(callers[0].connections, 1);
    close(c.fd);
}

static void stop(void *loop)
{
    posix_loop_stop(loop);
}

// Threads call without a pause until the loop has ended: each call was run, or says that it was
// not.
PORT_TEST(calls_during_the_end_return, port_rig_begin(r))
{
    struct caller callers[THREADS];
    unsigned shared;
    int fd = port_rig_connect(r);
    begin(r, callers, &shared, call_until_refused);
    CHECK(port_rig_await_sessions(r, 1));
    CHECK(posix_loop_call(r->loop, stop, r->loop));
    CHECK_EQ(tcp_client_wait_end(fd, TCP_CLIENT_MS), TCP_CLIENT_FIN);
    close(fd);
    unsigned ran = join(callers);
    CHECK_EQ(ran, shared);
    for (unsigned i = 0; i < THREADS; i++)
        CHECK_EQ(callers[i].refused, 1);
}

// A backend's thread or a signal may wake the loop for nothing.
static void *wake_often(void *loop)
{
    for (unsigned i = 0; i < 1000; i++)
        posix_loop_wake(loop);
    return NULL;
}

TEST(calls_wakes_are_harmless)
{
    struct port_rig r;
    pthread_t thread;
    port_rig_begin(&r);
    CHECK_EQ(pthread_create(&thread, NULL, wake_often, r.loop), 0);
    for (unsigned i = 0; i < 20; i++) {
        int fd = port_rig_connect(&r);
        CHECK_EQ(usbip_client_devlist(fd), 1);
        close(fd);
    }
    pthread_join(thread, NULL);
    port_rig_end(&r);
}

TEST(calls_stop_before_run_ends_at_once)
{
    struct port_rig r;
    port_rig_init(&r);
    port_rig_prepare(&r);
    posix_loop_stop(r.loop);
    posix_loop_run(r.loop);
    CHECK(!posix_loop_call(r.loop, stop, r.loop));
    port_rig_free(&r);
}
