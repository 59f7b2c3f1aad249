// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_memory.h"

#include "bench/bench_target.h"

enum { SESSIONS = 9, URB_SIZE = 512 }; // one, and eight more

const struct bench_row bench_memory_row = {.name = "memory_per_session", .unit = "KiB"};

// Attaches and moves a batch of URBs, so that what a session allocates late is there too.
static void attach_and_use(struct bench_client *c, const struct bench_child *child,
                           const char *busid)
{
    const struct bench_transfer batch = {
        .ep = BENCH_ZERO_IN, .length = URB_SIZE, .depth = BENCH_DEPTH_MAX};
    bench_client_attach(c, child->port, busid);
    bench_client_set_configuration(c, BENCH_ZERO_SOURCE_SINK);
    bench_client_run(c, &batch, BENCH_DEPTH_MAX, NULL);
}

void bench_memory_measure(struct bench_row *row, const struct bench_options *o)
{
    struct wire_device zeros[SESSIONS];
    struct bench_client c[SESSIONS];
    const struct bench_server s = {.program = o->server,
                                   .sim = "zero,zero,zero,zero,zero,zero,zero,zero,zero",
                                   .cpu = o->server_cpu};
    struct bench_child child = bench_server_start(&s);
    bench_target_zeros(&child, zeros, SESSIONS);
    attach_and_use(&c[0], &child, zeros[0].busid);
    uint64_t one = bench_child_rss_bytes(&child);
    for (unsigned i = 1; i < SESSIONS; i++)
        attach_and_use(&c[i], &child, zeros[i].busid);
    uint64_t all = bench_child_rss_bytes(&child);
    struct bench_figures f = {.value = ((double)all - (double)one) / 1024 / (SESSIONS - 1)};
    bench_row_add(row, &f, NULL);
    for (unsigned i = 0; i < SESSIONS; i++)
        bench_client_close(&c[i]);
    bench_child_stop(&child);
}
