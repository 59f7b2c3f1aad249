// SPDX-License-Identifier: Apache-2.0
// One kind of load on one program: what is moved, how often, and what is made of it.
#pragma once

#include "bench/bench_table.h"
#include "bench/bench_target.h"

enum bench_load_kind {
    BENCH_ROUND_TRIP, // values: median and 99th percentile in us
    BENCH_RATE,       // URBs a second, and CPU us of the server for one
    BENCH_THROUGHPUT, // MB/s
    BENCH_LINK,       // the same, with the MTU and the pace of an Ethernet
};

enum { BENCH_LOAD_VALUES = 2 };

struct bench_load {
    enum bench_load_kind kind;
    struct bench_transfer transfer;
    unsigned count; // URBs per measurement
};

// How many values it has.
unsigned bench_load_values(const struct bench_load *load);

// Sets `count` to what this program moves in 100 ms; `quick`: to a few.
void bench_load_calibrate(struct bench_load *load, const struct bench_target *t, bool quick);

// One measurement on a connection of its own.
void bench_load_run(const struct bench_load *load, const struct bench_target *t,
                    struct bench_figures figures[BENCH_LOAD_VALUES]);
