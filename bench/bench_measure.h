// SPDX-License-Identifier: Apache-2.0
// The measurements: what is moved, how often, in which order, and what is made of it.
#pragma once

#include "bench/bench_stream.h"
#include "bench/bench_table.h"

#include <stdbool.h>

enum { BENCH_ROWS = 11 + BENCH_STREAMS };

struct bench_options {
    const char *server, *floor; // programs
    const char *json;           // NULL: no file
    const char *rows;           // those whose names begin so, and what is measured with them
    unsigned rounds;
    bool quick;                 // a few URBs of each kind, to see that it works
    int server_cpu, client_cpu; // -1: not pinned
};

// Starts the servers, measures them in turn and fills the rows. Returns how many CPUs it had on
// average while it was never idle: with all on one CPU, less than 1 is what other programs took.
double bench_measure(struct bench_row rows[BENCH_ROWS], const struct bench_options *options);
