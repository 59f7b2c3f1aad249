// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stage.h"

#include "sim/device/faulty/sim_faulty.h"
#include "tests/support/stage_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECOND_US = 1000000, START_US = 5 * SECOND_US };

bool stage_open(struct stage *st, const struct stage_options *options)
{
    struct server_config config;
    const char *why;
    *st = (struct stage){.now_us = START_US};
    if (options)
        st->options = *options;
    heap_meter_begin(&st->heap);
    st->heap.fail_at = st->options.fail_alloc;
    st->heap.fail_once = st->options.fail_once;
    server_config_default(&config);
    if (st->options.config)
        config = *st->options.config;
    CHECK_EQ(server_config_check(&config, &why), BASE_OK);
    if (!stage_backend_create(st))
        return false;
    st->server = server_create(&config, &st->heap.alloc, st->now_us);
    if (!st->server) {
        stage_backend_destroy(st);
        CHECK_EQ(st->heap.blocks, 0);
        return false;
    }
    CHECK_EQ(server_add_backend(st->server, stage_backend(st)), BASE_OK);
    return true;
}

void stage_open_d1(struct stage *st, const struct server_config *config)
{
    CHECK(stage_open(st, &(struct stage_options){.config = config}));
    stage_plug(st, "1-1", sim_faulty_create(st->bus, &sim_faulty_d1));
    stage_plug(st, "1-2", sim_faulty_create(st->bus, &sim_faulty_d1));
}

static void free_clients(struct stage *st)
{
    while (st->clients) {
        struct stage_client *c = st->clients;
        st->clients = c->next;
        free(c->out_block);
        free(c->in);
        free(c);
    }
}

void stage_close(struct stage *st)
{
    for (struct stage_client *c = st->clients; c; c = c->next)
        c->deaf = false;
    server_stop(st->server, st->now_us);
    for (unsigned i = 0; i < 10 && !server_stopped(st->server); i++)
        stage_advance(st, SECOND_US);
    CHECK(server_stopped(st->server));
    CHECK_EQ(stage_payload_in_use(st), 0);
    server_destroy(st->server);
    stage_backend_destroy(st);
    free_clients(st);
    CHECK_EQ(st->heap.blocks, 0);
}

void stage_plug(struct stage *st, const char *busid, struct sim_device *d)
{
    CHECK(d);
    CHECK_EQ(sim_plug(st->bus, busid, d), BASE_OK);
    stage_backend_plugged(st, busid);
}

void stage_replug(struct stage *st, const char *busid)
{
    CHECK_EQ(sim_replug(st->bus, busid), BASE_OK);
    stage_backend_plugged(st, busid);
}

uint64_t stage_payload_in_use(const struct stage *st)
{
    struct server_totals totals;
    server_totals(st->server, &totals);
    return totals.payload_bytes_in_use;
}

void stage_print_events(struct stage *st)
{
    const struct eventlog_event *e;
    for (uint64_t n = 0; (e = eventlog_next(server_eventlog(st->server), n)) != NULL;
         n = e->number) {
        char line[200];
        eventlog_text(e, line, sizeof line);
        printf("%lu %s\n", (unsigned long)e->time_us, line);
    }
}

unsigned stage_count_events(struct stage *st, enum eventlog_type type)
{
    unsigned count = 0;
    const struct eventlog_event *e;
    for (uint64_t n = 0; (e = eventlog_next(server_eventlog(st->server), n)) != NULL; n = e->number)
        count += e->what.type == type;
    return count;
}

// --- bytes ---------------------------------------------------------------------------------------

static void append(uint8_t **bytes, size_t *size, size_t *room, const void *data, size_t n)
{
    if (*size + n > *room) {
        *room = (*size + n) * 2;
        *bytes = realloc(*bytes, *room);
        CHECK(*bytes);
    }
    if (n > 0)
        memcpy(*bytes + *size, data, n);
    *size += n;
}

static void hang_up(struct stage_client *c)
{
    server_disconnected(c->stage->server, c->session, c->stage->now_us);
    c->session = NULL;
    c->got_fin = true;
}

// What one recvmsg() does. True if something moved.
static bool receive(struct stage_client *c)
{
    struct base_iovec iov[4];
    size_t limit = c->stage->options.rx_piece, done = 0;
    unsigned n = session_rx_vectors(c->session, iov, 4);
    if (n == 0 || c->out_size == 0)
        return false;
    if (limit == 0 || limit > c->out_size)
        limit = c->out_size;
    for (unsigned i = 0; i < n && done < limit; i++) {
        size_t part = limit - done < iov[i].size ? limit - done : iov[i].size;
        memcpy(iov[i].data, c->out + done, part);
        done += part;
    }
    c->out += done;
    c->out_size -= done;
    session_rx_commit(c->session, done, c->stage->now_us);
    return true;
}

// What one sendmsg() does.
static bool transmit(struct stage_client *c)
{
    struct base_iovec iov[64];
    size_t limit = c->stage->options.tx_piece, done = 0;
    unsigned n = c->deaf ? 0 : session_tx_vectors(c->session, iov, 64);
    for (unsigned i = 0; i < n && (limit == 0 || done < limit); i++) {
        size_t part = limit > 0 && limit - done < iov[i].size ? limit - done : iov[i].size;
        append(&c->in, &c->in_size, &c->in_room, iov[i].data, part);
        done += part;
    }
    if (done > 0)
        session_tx_consume(c->session, done);
    return done > 0;
}

static bool follow_port_state(struct stage_client *c)
{
    enum session_port_state state = session_port_state(c->session);
    bool fin = state == SESSION_PORT_FINISH && !c->got_fin;
    if (state == SESSION_PORT_FINISH) {
        c->got_fin = true;
        c->out_size = 0; // read and dropped
    }
    // A peer that sees the FIN closes too, unless it is deaf.
    c->got_reset = state == SESSION_PORT_RESET;
    if (state >= SESSION_PORT_CLOSE || (state == SESSION_PORT_FINISH && !c->deaf)) {
        hang_up(c);
        return true;
    }
    return fin;
}

static bool move(struct stage_client *c)
{
    if (!c->session)
        return false;
    bool moved = receive(c);
    if (!moved && c->sent_fin && c->out_size == 0) {
        session_rx_end(c->session, false, c->stage->now_us);
        c->sent_fin = false;
        moved = true;
    }
    server_step(c->stage->server, c->stage->now_us);
    while (transmit(c))
        moved = true;
    return follow_port_state(c) || moved;
}

void stage_settle(struct stage *st)
{
    bool moved = true;
    unsigned idle = 0;
    while (moved) {
        moved = false;
        server_step(st->server, st->now_us);
        for (struct stage_client *c = st->clients; c; c = c->next)
            moved |= move(c);
        moved |= stage_backend_run(st);
        // An action may be due at once; if nothing ever comes of it, the server spins.
        bool due = server_next_deadline(st->server) == 0;
        idle = moved || !due ? 0 : idle + 1;
        CHECK(idle < 100);
        moved |= due;
    }
}

static uint64_t next_deadline(struct stage *st)
{
    uint64_t server_us = server_next_deadline(st->server);
    uint64_t backend_us = stage_backend_deadline(st);
    return server_us < backend_us ? server_us : backend_us;
}

void stage_advance(struct stage *st, uint64_t us)
{
    uint64_t end = st->now_us + us;
    stage_settle(st);
    for (;;) {
        uint64_t next = next_deadline(st);
        if (next > end)
            break;
        CHECK(next > st->now_us); // else the server would spin
        st->now_us = next;
        stage_settle(st);
    }
    st->now_us = end;
    stage_settle(st);
}

struct stage_client *stage_connect(struct stage *st)
{
    return stage_connect_from(st, "192.0.2.1");
}

struct stage_client *stage_connect_from(struct stage *st, const char *address)
{
    struct base_peer peer = {.port = 1024};
    CHECK(base_address_parse(address, &peer.address));
    struct session *s = server_connected(st->server, &peer, st->now_us);
    if (!s)
        return NULL;
    struct stage_client *c = calloc(1, sizeof *c);
    CHECK(c);
    *c = (struct stage_client){.stage = st, .session = s};
    struct stage_client **at = &st->clients;
    while (*at)
        at = &(*at)->next;
    *at = c;
    return c;
}

// Taken bytes stay in front of `out` until then: moving the rest each time would take ages when a
// long payload goes byte by byte.
void stage_queue(struct stage_client *c, const void *bytes, size_t size)
{
    if (c->out_size > 0 && c->out != c->out_block)
        memmove(c->out_block, c->out, c->out_size);
    append(&c->out_block, &c->out_size, &c->out_room, bytes, size);
    c->out = c->out_block;
}

void stage_send(struct stage_client *c, const void *bytes, size_t size)
{
    stage_queue(c, bytes, size);
    stage_settle(c->stage);
}

void stage_fin(struct stage_client *c)
{
    c->sent_fin = true;
    stage_settle(c->stage);
}

void stage_reset(struct stage_client *c)
{
    c->out_size = 0;
    if (c->session) {
        session_rx_end(c->session, true, c->stage->now_us);
        hang_up(c);
    }
    stage_settle(c->stage);
}

void stage_heard(struct stage_client *c, uint64_t silent_us, unsigned unanswered)
{
    uint64_t now_us = c->stage->now_us;
    struct session_heard h = {.last_us = now_us - silent_us, .unanswered = unanswered};
    session_peer_heard(c->session, &h, now_us);
    stage_settle(c->stage);
}

bool stage_closed(const struct stage_client *c)
{
    return c->got_fin;
}

void stage_receive(struct stage_client *c)
{
    while (c->session && receive(c)) {
    }
}

// Taken bytes are kept behind the end of `in` until the next call, so that a pointer to them stays
// good that long.
const uint8_t *stage_take(struct stage_client *c, size_t size)
{
    if (c->in_size < size)
        check_fail(__FILE__, __LINE__, "%lu bytes received, %lu expected",
                   (unsigned long)c->in_size, (unsigned long)size);
    size_t left = c->in_size - size;
    append(&c->in, &c->in_size, &c->in_room, c->in, 0);
    if (c->in_room < c->in_size + size) {
        c->in_room = c->in_size + size;
        c->in = realloc(c->in, c->in_room);
        CHECK(c->in);
    }
    memmove(c->in + c->in_size, c->in, size);
    memmove(c->in, c->in + size, left + size);
    c->in_size = left;
    return c->in + left;
}
