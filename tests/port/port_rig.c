// SPDX-License-Identifier: Apache-2.0
#include "tests/port/port_rig.h"
#include "ports/posix/posix_time.h"
#include "sim/set/sim_set.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"
#include "tests/support/tcp_client.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>

void port_rig_init(struct port_rig *r)
{
    *r = (struct port_rig){.sim = "zero", .alloc = heap};
    CHECK_EQ(sem_init(&r->told, 0, 0), 0);
    server_config_default(&r->server_config);
    posix_loop_config_default(&r->loop_config);
    r->loop_config.listen = "127.0.0.1";
    r->loop_config.port = 0;
}

void port_rig_prepare(struct port_rig *r)
{
    char why[128] = "";
    r->bus = sim_bus_create(&r->alloc, 1);
    CHECK(r->bus != NULL);
    CHECK_EQ(sim_set_plug(r->bus, r->sim, NULL, why, sizeof why), BASE_OK);
    r->server = server_create(&r->server_config, &r->alloc, posix_now_us());
    CHECK(r->server != NULL);
    CHECK_EQ(server_add_backend(r->server, sim_bus_backend(r->bus)), BASE_OK);
    r->loop = posix_loop_create(r->server, &r->loop_config, why, sizeof why);
    CHECK(r->loop != NULL);
    r->port = posix_loop_listener(r->loop)->port;
}

void port_rig_free(struct port_rig *r)
{
    posix_loop_destroy(r->loop);
    server_destroy(r->server);
    sim_bus_destroy(r->bus);
}

static void *run(void *loop)
{
    posix_loop_run(loop);
    return NULL;
}

void port_rig_start(struct port_rig *r)
{
    port_rig_prepare(r);
    port_rig_run(r);
}

void port_rig_run(struct port_rig *r)
{
    CHECK_EQ(pthread_create(&r->thread, NULL, run, r->loop), 0);
}

void port_rig_begin(struct port_rig *r)
{
    port_rig_init(r);
    port_rig_start(r);
}

void port_rig_end(struct port_rig *r)
{
    posix_loop_stop(r->loop);
    pthread_join(r->thread, NULL);
    port_rig_free(r);
}

int port_rig_connect(const struct port_rig *r)
{
    int fd = tcp_client_connect("127.0.0.1", r->port, TCP_CLIENT_MS);
    CHECK(fd >= 0);
    return fd;
}

void port_rig_attach(const struct port_rig *r, struct usbip_client *c, const char *busid,
                     uint8_t configuration)
{
    CHECK_EQ(usbip_client_import(c, port_rig_connect(r), busid), WIRE_ST_OK);
    usbip_client_configure(c, configuration);
}

int port_rig_server_end(int client)
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

// --- waiting for the server to get there ---------------------------------------------------------

struct question {
    struct port_rig *rig;
    bool (*asked)(struct question *q); // loop thread
    unsigned sessions;
    enum eventlog_type type;
    struct eventlog_event event; // the latest of that type
    unsigned events;
    bool yes;
};

static void ask(void *arg)
{
    struct question *q = arg;
    q->yes = q->asked(q);
}

// There is nothing to wait on from outside, so ask again; the pause only spares the machine.
static bool await(struct question *q)
{
    uint64_t until_us = posix_now_us() + TCP_CLIENT_MS * 1000ull;
    while (posix_now_us() < until_us) {
        const struct timespec pause = {.tv_nsec = 2000000};
        if (!posix_loop_call(q->rig->loop, ask, q))
            return false;
        if (q->yes)
            return true;
        nanosleep(&pause, NULL);
    }
    return false;
}

static bool count_sessions(struct question *q)
{
    unsigned count = 0;
    struct session *s = NULL;
    while ((s = server_next_session(q->rig->server, s)) != NULL)
        count++;
    return count == q->sessions;
}

bool port_rig_await_sessions(struct port_rig *r, unsigned connections)
{
    struct question q = {.rig = r, .asked = count_sessions, .sessions = connections};
    return await(&q);
}

static bool find_event(struct question *q)
{
    const struct eventlog_event *e;
    uint64_t after = 0;
    q->events = 0;
    while ((e = eventlog_next(server_eventlog(q->rig->server), after)) != NULL) {
        after = e->number;
        if (e->what.type == q->type) {
            q->event = *e;
            q->events++;
        }
    }
    return q->events > 0;
}

unsigned port_rig_count_events(struct port_rig *r, enum eventlog_type type)
{
    struct question q = {.rig = r, .asked = find_event, .type = type};
    CHECK(posix_loop_call(r->loop, ask, &q));
    return q.events;
}

bool port_rig_await_event(struct port_rig *r, enum eventlog_type type, struct eventlog_event *e)
{
    struct question q = {.rig = r, .asked = find_event, .type = type};
    bool found = await(&q);
    *e = q.event;
    return found;
}
