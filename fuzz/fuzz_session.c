// SPDX-License-Identifier: Apache-2.0
// A whole server with simulated devices and two clients, driven by a program of one-byte operations
// (see run_operation): requests, broken bytes, splits, time, plugging, lost memory, lost peers.
// Honest clients must get the replies that the protocol promises, and at the end nothing is left.
#include "fuzz/fuzz.h"
#include "fuzz/fuzz_peer.h"
#include "server/server.h"
#include "sim/sim_bus.h"
#include "sim/sim_disk.h"
#include "sim/sim_faulty.h"
#include "sim/sim_keyboard.h"
#include "sim/sim_serial.h"
#include "sim/sim_zero.h"

#include <stdlib.h>
#include <string.h>

enum { PEERS = 2, DEVICES = 5, MAX_URB_BYTES = 16384, IDLE_TURNS_MAX = 100, END_STEPS_MAX = 1000 };

static const char *const busids[] = {"1-1", "1-2", "1-3", "1-4", "1-5", "1-9", ""};
static const uint8_t endpoints[] = {0x00, 0x80, 0x01, 0x81, 0x02, 0x82, 0x03, 0x83, 0x84, 0x05};

struct world {
    const uint8_t *program;
    size_t left;
    uint64_t now_us;
    struct base_alloc alloc;
    unsigned objects;    // allocated and not freed
    unsigned fail_after; // allocations that still succeed; 0: all do
    struct sim_bus *bus;
    struct sim_device *faulty; // "1-2"
    struct usbip_server *server;
    uint64_t last_event;
    struct fuzz_peer peers[PEERS];
};

static void *allocate(void *ctx, size_t size)
{
    struct world *w = ctx;
    if (w->fail_after > 0 && --w->fail_after == 0)
        return NULL;
    void *p = calloc(1, size);
    w->objects += p != NULL;
    return p;
}

static void release(void *ctx, void *p)
{
    struct world *w = ctx;
    w->objects -= p != NULL;
    free(p);
}

static uint8_t take(struct world *w)
{
    if (w->left == 0)
        return 0;
    w->left--;
    return *w->program++;
}

// --- the world -----------------------------------------------------------------------------------

static struct sim_device *create_device(struct world *w, unsigned i)
{
    struct sim_disk_options disk = {.number = 1};
    switch (i) {
    case 0:
        return sim_zero_create(w->bus, USB_SPEED_HIGH);
    case 1:
        return w->faulty = sim_faulty_create(w->bus, &sim_faulty_d1);
    case 2:
        return sim_keyboard_create(w->bus);
    case 3:
        return sim_serial_create(w->bus);
    default:
        fuzz_require(sim_storage_ram(&disk.storage, &w->alloc, 65536) == BASE_OK);
        return sim_disk_create(w->bus, &disk);
    }
}

// Little memory, so that budgets run out.
static void start(struct world *w)
{
    struct server_config config;
    const char *why;
    w->alloc = (struct base_alloc){allocate, release, w};
    w->bus = sim_bus_create(&w->alloc, 1);
    fuzz_require(w->bus);
    for (unsigned i = 0; i < DEVICES; i++)
        fuzz_require(sim_plug(w->bus, busids[i], create_device(w, i)) == BASE_OK);
    server_config_default(&config);
    config.session.max_urb_bytes = MAX_URB_BYTES;
    config.session.budget_bytes = 2 * MAX_URB_BYTES;
    config.session.max_urbs = 64;
    config.total_budget_bytes = 3 * MAX_URB_BYTES;
    config.pool_cache_bytes = MAX_URB_BYTES;
    config.eventlog_capacity = 16;
    fuzz_require(server_config_check(&config, &why) == BASE_OK);
    w->server = server_create(&config, &w->alloc, w->now_us);
    fuzz_require(w->server);
    fuzz_require(server_add_backend(w->server, sim_bus_backend(w->bus)) == BASE_OK);
}

static void disconnect(struct world *w, struct fuzz_peer *p)
{
    if (p->session)
        server_disconnected(w->server, p->session, w->now_us);
    p->session = NULL;
}

// Bytes from the peer to the server, as many as it wants. Returns how many.
static size_t move_in(struct world *w, struct fuzz_peer *p)
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
    (void)session_rx_commit(p->session, moved, w->now_us);
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
static size_t serve(struct world *w, struct fuzz_peer *p)
{
    size_t moved = 0;
    if (!p->session)
        return 0;
    if (session_port_state(p->session) == SESSION_PORT_OPEN && !p->ended)
        moved = move_in(w, p);
    if (session_port_state(p->session) != SESSION_PORT_CLOSE && !p->stuck)
        moved += move_out(p);
    switch (session_port_state(p->session)) {
    case SESSION_PORT_OPEN:
        break;
    case SESSION_PORT_FINISH:
        p->queued = 0;
        if (p->ended)
            disconnect(w, p);
        break;
    case SESSION_PORT_CLOSE:
        disconnect(w, p);
        break;
    }
    return moved;
}

static bool has_to_read(const struct fuzz_peer *p)
{
    return p->session && !p->stuck && session_tx_pending(p->session);
}

// An honest client breaks no rule.
static void check_events(struct world *w)
{
    const struct eventlog_event *e;
    while ((e = eventlog_next(server_eventlog(w->server), w->last_event))) {
        w->last_event = e->number;
        for (unsigned i = 0; i < PEERS; i++)
            if (e->type == EVENT_PROTOCOL_ERROR && e->session == w->peers[i].id)
                fuzz_require(!w->peers[i].honest);
    }
}

// Until nothing moves at this time.
static void settle(struct world *w)
{
    unsigned idle_turns = 0;
    for (bool again = true; again;) {
        size_t moved = 0;
        for (unsigned i = 0; i < PEERS; i++)
            moved += serve(w, &w->peers[i]);
        server_step(w->server, w->now_us);
        check_events(w);
        idle_turns = moved > 0 ? 0 : idle_turns + 1;
        fuzz_require(idle_turns < IDLE_TURNS_MAX);
        again = moved > 0;
        for (unsigned i = 0; i < PEERS; i++)
            again |= has_to_read(&w->peers[i]);
    }
}

// --- operations ----------------------------------------------------------------------------------

static void connect(struct world *w, struct fuzz_peer *p)
{
    disconnect(w, p);
    fuzz_peer_connect(p, server_connected(w->server, "peer:1", w->now_us));
}

static void finish(struct world *w, struct fuzz_peer *p, bool lost)
{
    if (!p->session || p->ended)
        return;
    p->ended = true;
    session_rx_end(p->session, lost, w->now_us);
}

static void raw(struct world *w, struct fuzz_peer *p)
{
    size_t size = take(w);
    if (size > w->left)
        size = w->left;
    fuzz_peer_raw(p, w->program, size);
    w->program += size;
    w->left -= size;
}

static void submit(struct world *w, struct fuzz_peer *p)
{
    static const uint8_t no_setup[8];
    uint8_t ep = endpoints[take(w) % sizeof endpoints];
    uint32_t length = (uint32_t)take(w) << 6 | take(w) % 64u;
    fuzz_peer_submit(p, ep, length, no_setup, take(w));
}

static void control(struct world *w, struct fuzz_peer *p)
{
    uint8_t setup[8];
    for (unsigned i = 0; i < sizeof setup; i++)
        setup[i] = take(w);
    setup[7] &= 0x3f; // wLength within the longest URB
    fuzz_peer_submit(p, setup[0] & USB_DIR_IN, base_get_le16(setup + 6), setup, 0);
}

static void pass_time(struct world *w)
{
    uint8_t how = take(w);
    uint64_t next = server_next_deadline(w->server);
    if (how < 0x80)
        w->now_us += (uint64_t)1 << how % 25;
    else if (next != UINT64_MAX && next > w->now_us)
        w->now_us = next;
}

static void plug_or_pull(struct world *w)
{
    const char *busid = busids[take(w) % DEVICES];
    if (sim_unplug(w->bus, busid) != BASE_OK)
        (void)sim_replug(w->bus, busid);
}

// What the faulty device does next.
static void misbehave(struct world *w)
{
    static const uint8_t bytes[1500];
    static const enum sim_result failures[] = {SIM_STALL, SIM_ERROR, SIM_BABBLE};
    uint8_t how = take(w), ep = how & 0x10 ? 0x81 : 0x83, amount = take(w);
    switch (how % 8) {
    case 0:
        (void)sim_faulty_give(w->faulty, ep, bytes, amount * (uint32_t)sizeof bytes / 255);
        break;
    case 1:
        (void)sim_faulty_fail(w->faulty, ep, failures[amount % 3]);
        break;
    case 2:
        sim_faulty_stream(w->faulty, ep, amount % 2);
        break;
    case 3:
        sim_faulty_accept(w->faulty, 0x02, amount * 64u);
        break;
    case 4:
        sim_faulty_fail_after(w->faulty, 0x02, failures[amount % 2], amount * 64u);
        break;
    case 5:
        sim_faulty_late(w->faulty, how & 0x10 ? 0x02 : 0x81, amount * 500u);
        break;
    case 6: // a vendor request that fails, or waits
        sim_faulty_answer(w->faulty, 0x40, 0x01,
                          &(struct sim_faulty_answer){.result = amount % 2 ? SIM_NAK : SIM_STALL,
                                                      .delay_us = amount * 100u});
        break;
    default:
        sim_faulty_release(w->faulty);
        break;
    }
}

// Numbers are part of the kept inputs: new ones go to the end.
static void run_operation(struct world *w)
{
    uint8_t op = take(w);
    struct fuzz_peer *p = &w->peers[op >> 7];
    switch (op & 0x0f) {
    case 0:
        connect(w, p);
        break;
    case 1:
        fuzz_peer_devlist(p);
        break;
    case 2:
        fuzz_peer_import(p, busids[take(w) % (sizeof busids / sizeof *busids)]);
        break;
    case 3:
        submit(w, p);
        break;
    case 4:
        control(w, p);
        break;
    case 5:
        fuzz_peer_unlink(p, p->seqnum - take(w));
        break;
    case 6:
        pass_time(w);
        break;
    case 7:
        plug_or_pull(w);
        break;
    case 8:
        p->chunk = take(w);
        break;
    case 9:
        p->patience = take(w) * 61u;
        p->stuck = p->patience == 0xff * 61u;
        break;
    case 10:
        finish(w, p, (take(w) & 1) != 0);
        break;
    case 11:
        disconnect(w, p);
        break;
    case 12:
        raw(w, p);
        break;
    case 13: {
        size_t at = take(w);
        fuzz_peer_spoil(p, at, take(w));
        break;
    }
    case 14:
        w->fail_after = take(w);
        break;
    default:
        misbehave(w);
        break;
    }
    if ((op & 0x40) == 0) // else the next one comes in one go with this one
        settle(w);
}

// An orderly end from wherever we are: no connection and no memory stays.
static void end(struct world *w)
{
    w->fail_after = 0;
    server_stop(w->server, w->now_us);
    for (unsigned i = 0; i < PEERS; i++) {
        w->peers[i].patience = 0;
        w->peers[i].stuck = false;
        finish(w, &w->peers[i], false);
    }
    settle(w);
    for (unsigned steps = 0; !server_stopped(w->server); steps++) {
        uint64_t next = server_next_deadline(w->server);
        fuzz_require(next != UINT64_MAX && steps < END_STEPS_MAX);
        if (next > w->now_us)
            w->now_us = next;
        settle(w);
    }
    server_destroy(w->server);
    sim_bus_destroy(w->bus);
    fuzz_require(w->objects == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world w; // too large for the stack
    memset(&w, 0, sizeof w);
    w.program = data;
    w.left = size;
    w.now_us = 1000000;
    start(&w);
    settle(&w);
    while (w.left > 0)
        run_operation(&w);
    end(&w);
    return 0;
}
