// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_compare.h"

#include "bench/bench_load.h"

#include <time.h>

enum row {
    ROW_RTT,
    ROW_RTT_P99,
    ROW_URBS,
    ROW_CPU,
    ROW_IN_16,
    ROW_OUT_16 = ROW_IN_16 + 3,
    ROW_LINK_16 = ROW_OUT_16 + 3,
};

#define ROW(row_name, row_unit, ...)                                                               \
    {                                                                                              \
        .name = (row_name), .unit = (row_unit), .against = "floor", .aim = { __VA_ARGS__ }         \
    }
#define THROUGHPUT_ROW(row_name) ROW(row_name, "MB/s", BENCH_AIM_RATIO_AT_LEAST, 0.85)

const struct bench_row bench_compare_rows[BENCH_COMPARE_ROWS] = {
    ROW("rtt_bulk_in_64B", "us", BENCH_AIM_RATIO_AT_MOST, 1.15),
    ROW("rtt_bulk_in_64B_p99", "us", BENCH_AIM_NONE, 0),
    ROW("urbs_per_s_64B_depth32", "1/s", BENCH_AIM_RATIO_AT_LEAST, 0.85),
    ROW("cpu_per_urb_64B", "us", BENCH_AIM_NONE, 0),
    THROUGHPUT_ROW("bulk_in_16KiB"),
    THROUGHPUT_ROW("bulk_in_64KiB"),
    THROUGHPUT_ROW("bulk_in_512KiB"),
    THROUGHPUT_ROW("bulk_out_16KiB"),
    THROUGHPUT_ROW("bulk_out_64KiB"),
    THROUGHPUT_ROW("bulk_out_512KiB"),
    ROW("bulk_out_16KiB_mtu1500", "MB/s", BENCH_AIM_NONE, 0),
    ROW("bulk_out_64KiB_mtu1500", "MB/s", BENCH_AIM_WAKE_UPS_AT_MOST, 3),
    ROW("bulk_out_512KiB_mtu1500", "MB/s", BENCH_AIM_NONE, 0),
};

enum { LOADS = 11, KIB = 1024 };

#define LOAD(load_kind, endpoint, bytes, in_flight)                                                \
    {                                                                                              \
        .kind = (load_kind), .transfer = {                                                         \
            .ep = (endpoint),                                                                      \
            .length = (bytes),                                                                     \
            .depth = (in_flight),                                                                  \
            .paced = (load_kind) == BENCH_LINK                                                     \
        }                                                                                          \
    }

// What is measured, and the first of the rows that it fills.
static const struct {
    enum row row;
    struct bench_load load;
} loads[LOADS] = {
    {ROW_RTT, LOAD(BENCH_ROUND_TRIP, BENCH_ZERO_IN, BENCH_ZERO_PACKET, 1)},
    {ROW_URBS, LOAD(BENCH_RATE, BENCH_ZERO_IN, BENCH_ZERO_PACKET, 32)},
    {ROW_IN_16, LOAD(BENCH_THROUGHPUT, BENCH_ZERO_IN, 16 * KIB, 8)},
    {ROW_IN_16 + 1, LOAD(BENCH_THROUGHPUT, BENCH_ZERO_IN, 64 * KIB, 8)},
    {ROW_IN_16 + 2, LOAD(BENCH_THROUGHPUT, BENCH_ZERO_IN, 512 * KIB, 8)},
    {ROW_OUT_16, LOAD(BENCH_THROUGHPUT, BENCH_ZERO_OUT, 16 * KIB, 8)},
    {ROW_OUT_16 + 1, LOAD(BENCH_THROUGHPUT, BENCH_ZERO_OUT, 64 * KIB, 8)},
    {ROW_OUT_16 + 2, LOAD(BENCH_THROUGHPUT, BENCH_ZERO_OUT, 512 * KIB, 8)},
    {ROW_LINK_16, LOAD(BENCH_LINK, BENCH_ZERO_OUT, 16 * KIB, 1)},
    {ROW_LINK_16 + 1, LOAD(BENCH_LINK, BENCH_ZERO_OUT, 64 * KIB, 1)},
    {ROW_LINK_16 + 2, LOAD(BENCH_LINK, BENCH_ZERO_OUT, 512 * KIB, 1)},
};

struct comparison {
    struct bench_row *rows;
    struct bench_target server, floor;
    struct bench_load load[LOADS]; // count 0: not wanted
    double cpu_us, us;             // of all of us, while nobody was idle
};

static bool wanted(const struct bench_row *rows, unsigned i)
{
    unsigned values = bench_load_values(&loads[i].load);
    for (unsigned v = 0; v < values; v++)
        if (rows[loads[i].row + v].wanted)
            return true;
    return false;
}

static void measure_once(struct comparison *c, unsigned i, bool floor_first)
{
    struct bench_figures floor[BENCH_LOAD_VALUES], server[BENCH_LOAD_VALUES];
    if (floor_first)
        bench_load_run(&c->load[i], &c->floor, floor);
    bench_load_run(&c->load[i], &c->server, server);
    if (!floor_first)
        bench_load_run(&c->load[i], &c->floor, floor);
    for (unsigned v = 0; v < bench_load_values(&c->load[i]); v++)
        bench_row_add(&c->rows[loads[i].row + v], &server[v], &floor[v]);
}

static double cpu_us_of_all(const struct comparison *c)
{
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    return (double)own.tv_sec * 1e6 + (double)own.tv_nsec / 1e3 +
           bench_child_cost(&c->floor.child).cpu_us + bench_child_cost(&c->server.child).cpu_us;
}

static void measure_round(struct comparison *c, unsigned round)
{
    for (unsigned i = 0; i < LOADS; i++) {
        if (c->load[i].count == 0)
            continue;
        double cpu_us = cpu_us_of_all(c), us = (double)bench_now_ns() / 1e3;
        measure_once(c, i, round % 2 == 0);
        if (c->load[i].kind == BENCH_LINK) // which waits
            continue;
        c->cpu_us += cpu_us_of_all(c) - cpu_us;
        c->us += (double)bench_now_ns() / 1e3 - us;
    }
}

double bench_compare_measure(struct bench_row rows[BENCH_COMPARE_ROWS],
                             const struct bench_options *o)
{
    struct comparison c = {
        .rows = rows,
        .server = bench_target_server(o->server, o->server_cpu),
        .floor = o->before ? bench_target_server(o->before, o->server_cpu)
                           : bench_target_floor(o->floor, o->server_cpu),
    };
    if (o->before)
        for (unsigned i = 0; i < BENCH_COMPARE_ROWS; i++)
            rows[i].against = "before";
    for (unsigned i = 0; i < LOADS; i++) {
        c.load[i] = loads[i].load;
        if (wanted(rows, i))
            bench_load_calibrate(&c.load[i], &c.floor, o->quick);
    }
    for (unsigned round = 0; round < o->rounds; round++)
        measure_round(&c, round);
    bench_child_stop(&c.server.child);
    bench_child_stop(&c.floor.child);
    return c.us > 0 ? c.cpu_us / c.us : 1;
}
