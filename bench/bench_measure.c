// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_measure.h"

#include "bench/bench_access.h"
#include "bench/bench_instructions.h"
#include "bench/bench_memory.h"

#include <string.h>

enum {
    AT_MEMORY = BENCH_COMPARE_ROWS,
    AT_ACCESS = AT_MEMORY + 1,
    AT_CROWD = AT_ACCESS + 1,
    AT_HTTP = AT_CROWD + BENCH_CROWD_ROWS,
    AT_LOGIN = AT_HTTP + BENCH_HTTP_ROWS,
    AT_STREAM = AT_LOGIN + BENCH_LOGIN_ROWS,
    AT_INSTRUCTIONS = AT_STREAM + BENCH_STREAMS,
};

static bool any_wanted(const struct bench_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (rows[i].wanted)
            return true;
    return false;
}

static void list_rows(struct bench_row *rows, const struct bench_options *o)
{
    memcpy(rows, bench_compare_rows, sizeof bench_compare_rows);
    rows[AT_MEMORY] = bench_memory_row;
    rows[AT_ACCESS] = bench_access_row;
    memcpy(rows + AT_CROWD, bench_crowd_rows, sizeof bench_crowd_rows);
    memcpy(rows + AT_HTTP, bench_http_rows, sizeof bench_http_rows);
    memcpy(rows + AT_LOGIN, bench_login_rows, sizeof bench_login_rows);
    memcpy(rows + AT_STREAM, bench_stream_rows, sizeof bench_stream_rows);
    memcpy(rows + AT_INSTRUCTIONS, bench_instructions_rows, sizeof bench_instructions_rows);
    for (unsigned i = 0; i < BENCH_ROWS; i++)
        rows[i].wanted = strstr(rows[i].name, o->rows) && (i < AT_INSTRUCTIONS || o->instructions);
    if (!any_wanted(rows, BENCH_ROWS))
        bench_die("no row has %s in its name", o->rows);
}

double bench_measure(struct bench_row rows[BENCH_ROWS], const struct bench_options *o)
{
    double cpus = 1;
    list_rows(rows, o);
    bench_pin(o->client_cpu);
    if (any_wanted(rows, BENCH_COMPARE_ROWS))
        cpus = bench_compare_measure(rows, o);
    if (rows[AT_MEMORY].wanted)
        bench_memory_measure(&rows[AT_MEMORY], o);
    if (rows[AT_ACCESS].wanted)
        bench_access_measure(&rows[AT_ACCESS], o);
    if (any_wanted(rows + AT_CROWD, BENCH_CROWD_ROWS))
        bench_crowd_measure(rows + AT_CROWD, o);
    if (any_wanted(rows + AT_HTTP, BENCH_HTTP_ROWS))
        bench_http_measure(rows + AT_HTTP, o);
    bench_login_measure(rows + AT_LOGIN, o);
    if (any_wanted(rows + AT_STREAM, BENCH_STREAMS))
        bench_stream_measure(rows + AT_STREAM, o);
    if (any_wanted(rows + AT_INSTRUCTIONS, BENCH_STREAMS))
        bench_instructions_measure(rows + AT_INSTRUCTIONS, o);
    return cpus;
}
