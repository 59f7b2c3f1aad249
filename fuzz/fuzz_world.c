// SPDX-License-Identifier: Apache-2.0
#include "fuzz/fuzz_world.h"

#include "fuzz/fuzz.h"
#include "sim/device/disk/sim_disk.h"
#include "sim/device/faulty/sim_faulty.h"
#include "sim/device/keyboard/sim_keyboard.h"
#include "sim/device/serial/sim_serial.h"
#include "sim/device/sim_zero.h"

#include <string.h>

enum { IDLE_TURNS_MAX = 100, END_STEPS_MAX = 1000 };

const char *const fuzz_busids[FUZZ_BUSIDS] = {"1-1",   "1-2", "1-3", "1-3.1",
                                              "1-3.2", "1-4", "1-9", ""};

static struct sim_device *create_device(struct fuzz_world *w, unsigned i)
{
    struct sim_disk_options disk = {.number = 1, .uas = true};
    switch (i) {
    case 0:
        return sim_zero_create(w->bus, USB_SPEED_HIGH);
    case 1:
        return w->faulty = sim_faulty_create(w->bus, &sim_faulty_d1);
    case 2:
        return sim_hub_create(w->bus, 2);
    case 3:
        return sim_keyboard_create(w->bus);
    case 4:
        return sim_serial_create(w->bus, 1);
    default:
        fuzz_require(sim_storage_ram(&disk.storage, &w->heap.alloc, 65536) == BASE_OK);
        return sim_disk_create(w->bus, &disk);
    }
}

void fuzz_world_start(struct fuzz_world *w)
{
    struct server_config config;
    const char *why;
    heap_meter_begin(&w->heap);
    w->heap.fail_once = true;
    w->bus = sim_bus_create(&w->heap.alloc, 1);
    fuzz_require(w->bus);
    for (unsigned i = 0; i < FUZZ_DEVICES; i++)
        fuzz_require(sim_plug(w->bus, fuzz_busids[i], create_device(w, i)) == BASE_OK);
    server_config_default(&config);
    config.session.max_urb_bytes = FUZZ_MAX_URB_BYTES;
    config.session.budget_bytes = 2 * FUZZ_MAX_URB_BYTES;
    config.session.max_urbs = 64;
    config.total_budget_bytes = 3 * FUZZ_MAX_URB_BYTES;
    config.pool_cache_bytes = FUZZ_MAX_URB_BYTES;
    config.eventlog_capacity = 16;
    fuzz_require(server_config_check(&config, &why) == BASE_OK);
    w->server = server_create(&config, &w->heap.alloc, w->now_us);
    fuzz_require(w->server);
    fuzz_require(server_add_backend(w->server, sim_bus_backend(w->bus)) == BASE_OK);
}

void fuzz_world_disconnect(struct fuzz_world *w, struct fuzz_peer *p)
{
    if (p->session)
        server_disconnected(w->server, p->session, w->now_us);
    p->session = NULL;
}

// Bytes from the peer to the server, as many as it wants. Returns how many.
static size_t move_in(struct fuzz_world *w, struct fuzz_peer *p)
{
    struct base_iovec iov[4];
    unsigned n = p->queued ? session_rx_vectors(p->session, iov, 4) : 0;
    size_t limit = p->chunk && p->chunk < p->queued ? p->chunk : p->queued, moved = 0;
    for (unsigned i = 0; i < n && moved < limit; i++) {
        size_t size = iov[i].size < limit - moved ? iov[i].size : limit - moved;
        memcpy(iov[i].data, p->queue + moved, size);
        moved += size;
    }
    if (moved == 0)
        return 0;
    p->queued -= moved;
    memmove(p->queue, p->queue + moved, p->queued);
    session_rx_commit(p->session, moved, w->now_us);
    return moved;
}

static size_t move_out(struct fuzz_peer *p)
{
    struct base_iovec iov[8];
    unsigned n = session_tx_vectors(p->session, iov, 8);
    size_t moved = 0;
    for (unsigned i = 0; i < n; i++) {
        size_t size = iov[i].size;
        if (p->patience && size > p->patience - moved)
            size = p->patience - moved;
        fuzz_peer_receive(p, iov[i].data, size);
        moved += size;
    }
    if (moved)
        session_tx_consume(p->session, moved);
    return moved;
}

// What a port does with one connection. Returns bytes moved.
static size_t serve(struct fuzz_world *w, struct fuzz_peer *p)
{
    size_t moved = 0;
    if (!p->session)
        return 0;
    if (session_port_state(p->session) == SESSION_PORT_OPEN && !p->ended)
        moved = move_in(w, p);
    if (session_port_state(p->session) < SESSION_PORT_CLOSE && !p->stuck)
        moved += move_out(p);
    switch (session_port_state(p->session)) {
    case SESSION_PORT_OPEN:
        break;
    case SESSION_PORT_FINISH:
        p->queued = 0;
        if (p->ended)
            fuzz_world_disconnect(w, p);
        break;
    case SESSION_PORT_CLOSE:
    case SESSION_PORT_RESET:
        fuzz_world_disconnect(w, p);
        break;
    }
    return moved;
}

static bool has_to_read(const struct fuzz_peer *p)
{
    return p->session && !p->stuck && session_tx_pending(p->session);
}

// An honest client breaks no rule.
static void check_events(struct fuzz_world *w)
{
    const struct eventlog_event *e;
    while ((e = eventlog_next(server_eventlog(w->server), w->last_event))) {
        w->last_event = e->number;
        for (unsigned i = 0; i < FUZZ_PEERS; i++)
            if (e->what.type == EVENT_PROTOCOL_ERROR && e->session == w->peers[i].id)
                fuzz_require(!w->peers[i].honest);
    }
}

void fuzz_world_settle(struct fuzz_world *w)
{
    unsigned idle_turns = 0;
    for (bool again = true; again;) {
        size_t moved = 0;
        for (unsigned i = 0; i < FUZZ_PEERS; i++)
            moved += serve(w, &w->peers[i]);
        server_step(w->server, w->now_us);
        check_events(w);
        idle_turns = moved > 0 ? 0 : idle_turns + 1;
        fuzz_require(idle_turns < IDLE_TURNS_MAX);
        again = moved > 0;
        for (unsigned i = 0; i < FUZZ_PEERS; i++)
            again |= has_to_read(&w->peers[i]);
    }
}

void fuzz_world_connect(struct fuzz_world *w, struct fuzz_peer *p)
{
    fuzz_world_disconnect(w, p);
    static const struct base_peer peer = {{{192, 0, 2, 1}, 32}, 1024};
    fuzz_peer_connect(p, server_connected(w->server, &peer, w->now_us));
}

void fuzz_world_finish(struct fuzz_world *w, struct fuzz_peer *p, bool lost)
{
    if (!p->session || p->ended)
        return;
    p->ended = true;
    session_rx_end(p->session, lost, w->now_us);
}

void fuzz_world_end(struct fuzz_world *w)
{
    w->heap.fail_at = 0;
    server_stop(w->server, w->now_us);
    for (unsigned i = 0; i < FUZZ_PEERS; i++) {
        w->peers[i].patience = 0;
        w->peers[i].stuck = false;
        fuzz_world_finish(w, &w->peers[i], false);
    }
    fuzz_world_settle(w);
    for (unsigned steps = 0; !server_stopped(w->server); steps++) {
        uint64_t next = server_next_deadline(w->server);
        fuzz_require(next != UINT64_MAX && steps < END_STEPS_MAX);
        if (next > w->now_us)
            w->now_us = next;
        fuzz_world_settle(w);
    }
    server_destroy(w->server);
    sim_bus_destroy(w->bus);
    fuzz_require(w->heap.blocks == 0);
}
