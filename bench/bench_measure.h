// SPDX-License-Identifier: Apache-2.0
// The measurements: what is moved, how often, in which order, and what is made of it.
#pragma once

#include "bench/bench_child.h"
#include "bench/bench_table.h"
#include "wire/wire_op.h"

#include <stdbool.h>

enum { BENCH_ROWS = 11 };

struct bench_options {
    const char *server, *floor; // programs
    const char *json;           // NULL: no file
    unsigned rounds;
    bool quick;                 // a few URBs of each kind, to see that it works
    int server_cpu, client_cpu; // -1: not pinned
};

// Starts both servers, measures them in turn and fills BENCH_ROWS rows. Returns how many CPUs it
// had on average: with all on one CPU, less than 1 is what other programs took.
double bench_measure(struct bench_row rows[BENCH_ROWS], const struct bench_options *options);
