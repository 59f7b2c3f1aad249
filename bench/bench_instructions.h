// SPDX-License-Identifier: Apache-2.0
// Instructions of the server for an URB of a stream, without those of the kernel: they come out the
// same on a busy machine, too. Needs valgrind, and a server without sanitizers.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_stream.h"
#include "bench/bench_table.h"

extern const struct bench_row bench_instructions_rows[BENCH_STREAMS];

// Fills those that are wanted.
void bench_instructions_measure(struct bench_row rows[BENCH_STREAMS],
                                const struct bench_options *o);
