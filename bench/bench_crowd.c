// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_crowd.h"

#include "bench/bench_load.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    DEVICES = 119,
    CONNECTIONS = 500,
    BACKLOG = 32, // less than the server's; who finds it full tries again a second later
    CONFIG_PATH_SIZE = 32,
    SIM_SIZE = 1024,
};

#define CONFIG "{\"version\": 1, \"limits\": {\"max_connections\": 1024}}"

#define CROWD_ROW(row_name, ...)                                                                   \
    {                                                                                              \
        .name = (row_name), .unit = "us", .against = "alone", .aim = { __VA_ARGS__ }               \
    }

const struct bench_row bench_crowd_rows[BENCH_CROWD_ROWS] = {
    CROWD_ROW("rtt_beside_15_devices", BENCH_AIM_NONE, 0),
    CROWD_ROW("rtt_beside_119_devices", BENCH_AIM_RATIO_AT_MOST, 1.3),
    CROWD_ROW("rtt_beside_500_connections", BENCH_AIM_RATIO_AT_MOST, 1.5),
};

static const struct {
    unsigned devices;     // attached, configured
    unsigned connections; // accepted, without a request
} crowds[BENCH_CROWD_ROWS] = {{15, 0}, {DEVICES, 0}, {0, CONNECTIONS}};

struct place {
    struct bench_target target; // the busy one is its device of full speed
    struct wire_device zeros[DEVICES + 1];
    struct bench_client crowd[CONNECTIONS];
    struct bench_load round_trips;
};

// A file that nobody has to delete; the server inherits it.
static void write_config(char path[CONFIG_PATH_SIZE])
{
    int fd = memfd_create("config", 0);
    if (fd < 0 || write(fd, CONFIG, strlen(CONFIG)) != (ssize_t)strlen(CONFIG))
        bench_die("cannot write a configuration");
    snprintf(path, CONFIG_PATH_SIZE, "/proc/self/fd/%d", fd);
}

static void name_devices(char sim[SIM_SIZE])
{
    size_t n = (size_t)snprintf(sim, SIM_SIZE, "zero:speed=full");
    for (unsigned i = 0; i < DEVICES; i++)
        n += (size_t)snprintf(sim + n, SIM_SIZE - n, ",zero");
}

static void start(struct place *p, const struct bench_options *o)
{
    char sim[SIM_SIZE], config[CONFIG_PATH_SIZE];
    name_devices(sim);
    write_config(config);
    const struct bench_server s = {
        .program = o->server, .sim = sim, .config = config, .cpu = o->server_cpu};
    p->target.child = bench_server_start(&s);
    bench_target_zeros(&p->target.child, p->zeros, DEVICES + 1);
    for (unsigned i = 0; i <= DEVICES; i++)
        if (p->zeros[i].speed == USB_SPEED_FULL) {
            memcpy(p->target.full_speed, p->zeros[i].busid, USB_BUSID_SIZE);
            p->zeros[i] = p->zeros[DEVICES]; // the others are the crowd
            return;
        }
    bench_die("no source/sink device of full speed");
}

// Connections are accepted in their order: one that was answered has all before it behind it.
static void await_accepted(const struct bench_child *server)
{
    struct bench_client c;
    bench_client_open(&c, server->port);
    bench_client_list(&c, NULL, 0);
    bench_client_close(&c);
}

static void gather(struct place *p, unsigned devices, unsigned connections)
{
    for (unsigned i = 0; i < devices; i++) {
        bench_client_attach(&p->crowd[i], p->target.child.port, p->zeros[i].busid);
        bench_client_set_configuration(&p->crowd[i], BENCH_ZERO_SOURCE_SINK);
    }
    for (unsigned i = 0; i < connections; i++) {
        bench_client_open(&p->crowd[i], p->target.child.port);
        if (i % BACKLOG == BACKLOG - 1 || i == connections - 1)
            await_accepted(&p->target.child);
    }
}

// They must have been there all the time: who asks for nothing is sent away after 10 s.
static void disperse(struct place *p, unsigned count)
{
    uint8_t byte;
    for (unsigned i = 0; i < count; i++) {
        if (recv(p->crowd[i].fd, &byte, 1, MSG_DONTWAIT) >= 0 || errno != EAGAIN)
            bench_die("the server did not let silent connections be");
        bench_client_close(&p->crowd[i]);
    }
}

static struct bench_figures measure_beside(struct place *p, unsigned devices, unsigned connections)
{
    struct bench_figures figures[BENCH_LOAD_VALUES];
    gather(p, devices, connections);
    bench_load_run(&p->round_trips, &p->target, figures);
    disperse(p, devices + connections);
    return figures[0];
}

static void measure_round(struct place *p, struct bench_row *rows, bool alone_first)
{
    struct bench_figures alone, beside[BENCH_CROWD_ROWS];
    if (alone_first)
        alone = measure_beside(p, 0, 0);
    for (unsigned i = 0; i < BENCH_CROWD_ROWS; i++)
        if (rows[i].wanted)
            beside[i] = measure_beside(p, crowds[i].devices, crowds[i].connections);
    if (!alone_first)
        alone = measure_beside(p, 0, 0);
    for (unsigned i = 0; i < BENCH_CROWD_ROWS; i++)
        if (rows[i].wanted)
            bench_row_add(&rows[i], &beside[i], &alone);
}

void bench_crowd_measure(struct bench_row rows[BENCH_CROWD_ROWS], const struct bench_options *o)
{
    struct place *p = calloc(1, sizeof *p);
    if (!p)
        bench_die("no memory");
    start(p, o);
    p->round_trips = (struct bench_load){
        BENCH_ROUND_TRIP, {.ep = BENCH_ZERO_IN, .length = BENCH_ZERO_PACKET, .depth = 1}, 0};
    bench_load_calibrate(&p->round_trips, &p->target, o->quick);
    for (unsigned round = 0; round < o->rounds; round++)
        measure_round(p, rows, round % 2 == 0);
    bench_child_stop(&p->target.child);
    free(p);
}
