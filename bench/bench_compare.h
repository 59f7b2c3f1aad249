// SPDX-License-Identifier: Apache-2.0
// Loads on the server and, in turn, on the floor.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_table.h"

enum { BENCH_COMPARE_ROWS = 13 };

extern const struct bench_row bench_compare_rows[BENCH_COMPARE_ROWS];

// Fills those that are wanted. Returns how many CPUs it had on average while it was never idle:
// with all on one CPU, less than 1 is what other programs took.
double bench_compare_measure(struct bench_row rows[BENCH_COMPARE_ROWS],
                             const struct bench_options *o);
