// SPDX-License-Identifier: Apache-2.0
// What a crowd of silent connections costs the one that is busy: a round trip beside them, against
// one alone on the same server.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_table.h"

enum { BENCH_CROWD_ROWS = 3 };

extern const struct bench_row bench_crowd_rows[BENCH_CROWD_ROWS];

// Fills those that are wanted.
void bench_crowd_measure(struct bench_row rows[BENCH_CROWD_ROWS], const struct bench_options *o);
