// SPDX-License-Identifier: Apache-2.0
// The whole server on real loopback sockets inside the test: core, simulated devices and the socket
// loop on its own thread. Another thread may touch the core through posix_loop_call() only.
#pragma once

#include "ports/posix/posix_loop.h"
#include "sim/bus/sim_bus.h"
#include "tests/port/usbip_client.h"
#include "tests/support/check.h"

#include <pthread.h>
#include <semaphore.h>

struct port_rig {
    // May be changed between port_rig_init() and port_rig_start().
    struct server_config server_config;
    struct posix_loop_config loop_config; // 127.0.0.1, port 0
    const char *sim;                      // as --sim; "zero"

    struct base_alloc alloc;
    struct sim_bus *bus;
    struct usbip_server *server;
    struct posix_loop *loop;
    uint16_t port;
    pthread_t thread;
    sem_t told;             // for the test's own use
    uint64_t round_trip_us; // the same
};

void port_rig_init(struct port_rig *r);
void port_rig_start(struct port_rig *r); // fails the test if it cannot
void port_rig_end(struct port_rig *r);   // orderly: every session is flushed
void port_rig_begin(struct port_rig *r); // init and start

// A test with a rig `r` that `begin` begins.
#define PORT_TEST(id, begin) TEST_WITH(id, struct port_rig, r, begin, port_rig_end(r))

// The same in two steps: all but running the loop, and that.
void port_rig_prepare(struct port_rig *r);
void port_rig_run(struct port_rig *r);
void port_rig_free(struct port_rig *r);

// Connects to it over IPv4.
int port_rig_connect(const struct port_rig *r);

// The server's end of a client's connection: both are in this process.
int port_rig_server_end(int client);

// Connects, imports the device and selects the configuration.
void port_rig_attach(const struct port_rig *r, struct usbip_client *c, const char *busid,
                     uint8_t configuration);

// Waits until the server has `connections` sessions. False: that takes too long.
bool port_rig_await_sessions(struct port_rig *r, unsigned connections);

// Events of that type in the log.
unsigned port_rig_count_events(struct port_rig *r, enum eventlog_type type);

// Waits until an event of that type is in the log, and copies the latest. False: it takes too long.
bool port_rig_await_event(struct port_rig *r, enum eventlog_type type, struct eventlog_event *e);
