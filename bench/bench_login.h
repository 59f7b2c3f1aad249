// SPDX-License-Identifier: Apache-2.0
// What a flood of logins costs the others: USB/IP's throughput, and the wait for /healthz.
#pragma once

#include "bench/bench_options.h"
#include "bench/bench_table.h"

enum { BENCH_LOGIN_ROWS = 2 };

// "bulk_in_64KiB_beside_logins", "healthz_beside_logins".
extern const struct bench_row bench_login_rows[BENCH_LOGIN_ROWS];

void bench_login_measure(struct bench_row rows[BENCH_LOGIN_ROWS], const struct bench_options *o);
