// SPDX-License-Identifier: Apache-2.0
// A server with a bus of simulated devices and two clients, in fake time, for fuzz targets.
#pragma once

#include "fuzz/fuzz_peer.h"
#include "server/server.h"
#include "sim/bus/sim_bus.h"
#include "tests/support/heap.h"

#include <stdint.h>

enum { FUZZ_PEERS = 2, FUZZ_DEVICES = 6, FUZZ_BUSIDS = 8, FUZZ_MAX_URB_BYTES = 16384 };

// The devices: zero, faulty, a hub with keyboard and serial, disk. Then one that is not there, and
// no name at all.
extern const char *const fuzz_busids[FUZZ_BUSIDS];

struct fuzz_world {
    uint64_t now_us;
    struct heap_meter heap;
    struct sim_bus *bus;
    struct sim_device *faulty;
    struct usbip_server *server;
    uint64_t last_event;
    struct fuzz_peer peers[FUZZ_PEERS];
};

// `w` is zeroed. Little memory, so that budgets run out.
void fuzz_world_start(struct fuzz_world *w);

// Moves bytes and lets the server work until nothing moves at this time.
void fuzz_world_settle(struct fuzz_world *w);

void fuzz_world_connect(struct fuzz_world *w, struct fuzz_peer *p);
void fuzz_world_disconnect(struct fuzz_world *w, struct fuzz_peer *p);

// The peer sends no more (FIN), or its connection breaks.
void fuzz_world_finish(struct fuzz_world *w, struct fuzz_peer *p, bool lost);

// An orderly end from wherever we are: no connection and no memory stays.
void fuzz_world_end(struct fuzz_world *w);
