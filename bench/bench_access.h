// SPDX-License-Identifier: Apache-2.0
// What as many rules as a Linux server takes cost one import: export rules and access rules, none
// of which fits.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_table.h"

extern const struct bench_row bench_access_row;

void bench_access_measure(struct bench_row *row, const struct bench_options *o);
