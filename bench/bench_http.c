// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_http.h"

#include "bench/bench_http_client.h"
#include "bench/bench_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SOCKETS = 200,
    IDLE = 400,
    FROM_ONE = 50, // fewer than the server lets one address have
    REQUESTS = 200,
    REQUESTS_QUICK = 5,
    LONGER = 20, // than other loads: two seconds, so that messages are among its URBs
    DEVICES = 100,
    SIM_SIZE = 1024,
};

const struct bench_row bench_http_rows[BENCH_HTTP_ROWS] = {
    {.name = "loop_beside_200_websockets",
     .unit = "us",
     .against = "alone",
     .aim = {BENCH_AIM_RATIO_AT_MOST, 1.02}},
    {.name = "healthz_beside_400_idle",
     .unit = "us",
     .against = "alone",
     .aim = {BENCH_AIM_VALUE_AT_MOST, 2000}},
    {.name = "loop_list_of_100_devices", .unit = "us", .aim = {BENCH_AIM_VALUE_AT_MOST, 2000}},
    {.name = "memory_per_websocket", .unit = "KiB", .aim = {BENCH_AIM_VALUE_AT_MOST, 64}},
};

static double loop_us_of_urb(const struct bench_load *load, const struct bench_target *t)
{
    struct bench_figures figures[BENCH_LOAD_VALUES];
    double before = bench_child_loop_us(&t->child);
    bench_load_run(load, t, figures);
    return (bench_child_loop_us(&t->child) - before) / (load->count + load->count / 10);
}

static struct bench_figures beside_sockets(const struct bench_load *load,
                                           const struct bench_target *t, uint16_t http)
{
    pid_t audience = bench_http_audience(http, SOCKETS);
    double us = loop_us_of_urb(load, t);
    bench_http_dismiss(audience);
    return (struct bench_figures){.value = us};
}

static void measure_sockets(struct bench_row *row, const struct bench_options *o)
{
    struct bench_target t = bench_target_server(o->server, o->server_cpu);
    uint16_t http = bench_child_next_port(&t.child);
    struct bench_load load = {
        BENCH_RATE, {.ep = BENCH_ZERO_IN, .length = BENCH_ZERO_PACKET, .depth = 32}, 0};
    bench_load_calibrate(&load, &t, o->quick);
    load.count *= o->quick ? 1 : LONGER;
    for (unsigned round = 0; round < o->rounds; round++) {
        struct bench_figures alone, beside;
        if (round % 2 == 0)
            alone.value = loop_us_of_urb(&load, &t);
        beside = beside_sockets(&load, &t, http);
        if (round % 2)
            alone.value = loop_us_of_urb(&load, &t);
        alone.cost = (struct bench_cost){0};
        bench_row_add(row, &beside, &alone);
    }
    bench_child_stop(&t.child);
}

static double now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct bench_figures time_healthz(uint16_t port, const struct bench_options *o)
{
    unsigned count = o->quick ? REQUESTS_QUICK : REQUESTS;
    double before = now_us();
    for (unsigned i = 0; i < count; i++)
        bench_http_get(port, "/healthz");
    return (struct bench_figures){.value = (now_us() - before) / count};
}

static struct bench_figures beside_idle(uint16_t port, const struct bench_options *o)
{
    int fds[IDLE];
    for (unsigned i = 0; i < IDLE; i++)
        fds[i] = bench_http_connect(port, 2 + i / FROM_ONE);
    bench_http_get(port, "/healthz"); // all before it have been accepted
    struct bench_figures f = time_healthz(port, o);
    for (unsigned i = 0; i < IDLE; i++)
        close(fds[i]);
    bench_http_get(port, "/healthz"); // and are gone
    return f;
}

static void name_devices(char sim[SIM_SIZE])
{
    size_t n = (size_t)snprintf(sim, SIM_SIZE, "zero:speed=full");
    for (unsigned i = 1; i < DEVICES; i++)
        n += (size_t)snprintf(sim + n, SIM_SIZE - n, ",zero");
}

static struct bench_figures loop_of_list(const struct bench_child *server, uint16_t port,
                                         const struct bench_options *o)
{
    unsigned count = o->quick ? REQUESTS_QUICK : REQUESTS;
    double before = bench_child_loop_us(server);
    for (unsigned i = 0; i < count; i++)
        bench_http_get(port, "/api/v1/devices");
    return (struct bench_figures){.value = (bench_child_loop_us(server) - before) / count};
}

static void measure_requests(struct bench_row *rows, const struct bench_options *o)
{
    char sim[SIM_SIZE];
    name_devices(sim);
    const struct bench_server s = {.program = o->server, .sim = sim, .cpu = o->server_cpu};
    struct bench_child server = bench_server_start(&s);
    uint16_t port = bench_child_next_port(&server);
    for (unsigned round = 0; round < o->rounds; round++) {
        struct bench_figures alone = time_healthz(port, o), beside = beside_idle(port, o);
        struct bench_figures list = loop_of_list(&server, port, o);
        if (rows[0].wanted)
            bench_row_add(&rows[0], &beside, &alone);
        if (rows[1].wanted)
            bench_row_add(&rows[1], &list, NULL);
    }
    bench_child_stop(&server);
}

// Of the process; what the kernel keeps for a socket is not in it.
static void measure_memory(struct bench_row *row, const struct bench_options *o)
{
    struct bench_target t = bench_target_server(o->server, o->server_cpu);
    uint16_t http = bench_child_next_port(&t.child);
    uint64_t before = bench_child_rss_bytes(&t.child);
    pid_t audience = bench_http_audience(http, SOCKETS);
    uint64_t with = bench_child_rss_bytes(&t.child);
    bench_http_dismiss(audience);
    bench_child_stop(&t.child);
    struct bench_figures f = {.value = ((double)with - (double)before) / 1024 / SOCKETS};
    bench_row_add(row, &f, NULL);
}

void bench_http_measure(struct bench_row rows[BENCH_HTTP_ROWS], const struct bench_options *o)
{
    if (rows[0].wanted)
        measure_sockets(&rows[0], o);
    if (rows[1].wanted || rows[2].wanted)
        measure_requests(rows + 1, o);
    if (rows[3].wanted)
        measure_memory(&rows[3], o);
}
