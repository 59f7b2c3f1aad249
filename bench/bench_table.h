// SPDX-License-Identifier: Apache-2.0
// What was measured, as figures per round: the median of them, the table on screen and the JSON
// file.
#pragma once

enum { BENCH_ROUNDS_MAX = 99 };

enum bench_aim {
    BENCH_AIM_NONE,
    BENCH_AIM_AT_LEAST_085, // of the floor: rates
    BENCH_AIM_AT_MOST_115,  // of the floor: times
    BENCH_AIM_AT_MOST_110,  // of a bulk stream: CPU time
};

struct bench_row {
    const char *name, *unit;
    enum bench_aim aim;
    const char *against; // what the column `floor` is; NULL: there is none
    unsigned rounds;
    double value[BENCH_ROUNDS_MAX], floor[BENCH_ROUNDS_MAX];
};

double bench_median(const double *values, unsigned count);

// The ratio of a row is the median of its rounds' ratios, not the ratio of its medians: what
// disturbs the machine for a while then disturbs both sides of one round.
void bench_table_print(const struct bench_row *rows, unsigned count);
void bench_table_write_json(const char *path, const struct bench_row *rows, unsigned count);
