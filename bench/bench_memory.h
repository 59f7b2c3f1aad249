// SPDX-License-Identifier: Apache-2.0
// The resident memory that an attached session takes.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_table.h"

extern const struct bench_row bench_memory_row;

void bench_memory_measure(struct bench_row *row, const struct bench_options *o);
