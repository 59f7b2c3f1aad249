// SPDX-License-Identifier: Apache-2.0
// All rows: which there are, and which are wanted.
#pragma once

#include "bench/bench_compare.h"
#include "bench/bench_crowd.h"
#include "bench/bench_http.h"
#include "bench/bench_login.h"
#include "bench/bench_stream.h"

enum {
    BENCH_ROWS = BENCH_COMPARE_ROWS + 2 + BENCH_CROWD_ROWS + BENCH_HTTP_ROWS + BENCH_LOGIN_ROWS +
                 2 * BENCH_STREAMS
};

// Those that were not wanted get no rounds. Returns what bench_compare_measure() does.
double bench_measure(struct bench_row rows[BENCH_ROWS], const struct bench_options *o);
