// SPDX-License-Identifier: Apache-2.0
// What HTTP costs the URBs: the loop thread's CPU time with 200 reading WebSockets and a scrape of
// the metrics each second, against none. What a request costs beside idle connections, and what
// memory a WebSocket takes.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_table.h"

enum { BENCH_HTTP_ROWS = 4 };

extern const struct bench_row bench_http_rows[BENCH_HTTP_ROWS];

// Fills those that are wanted.
void bench_http_measure(struct bench_row rows[BENCH_HTTP_ROWS], const struct bench_options *o);
