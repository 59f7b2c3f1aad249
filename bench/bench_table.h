// SPDX-License-Identifier: Apache-2.0
// What was measured, as figures per round: the median of them, the table on screen and the JSON
// file.
#pragma once

#include "bench/bench_child.h"

#include <stdbool.h>

enum { BENCH_ROUNDS_MAX = 99 };

struct bench_aim {
    enum {
        BENCH_AIM_NONE,
        BENCH_AIM_RATIO_AT_LEAST, // of values
        BENCH_AIM_RATIO_AT_MOST,
        BENCH_AIM_WAKE_UPS_AT_MOST, // per URB
        BENCH_AIM_VALUE_AT_MOST,
    } of;
    double limit;
};

// One side in one round.
struct bench_figures {
    double value;
    struct bench_cost cost; // of the server for an URB; 0: not measured
};

struct bench_row {
    const char *name, *unit;
    const char *against; // what the column `floor` is; NULL: there is none
    struct bench_aim aim;
    bool wanted; // --rows
    unsigned rounds;
    struct bench_figures server[BENCH_ROUNDS_MAX], floor[BENCH_ROUNDS_MAX];
};

// One round more. `floor` is NULL in rows that have none.
void bench_row_add(struct bench_row *r, const struct bench_figures *server,
                   const struct bench_figures *floor);

// The ratio of a row is the median of its rounds' ratios, not the ratio of its medians: what
// disturbs the machine for a while then disturbs both sides of one round.
void bench_table_print(const struct bench_row *rows, unsigned count);
void bench_table_write_json(const char *path, const struct bench_row *rows, unsigned count);
