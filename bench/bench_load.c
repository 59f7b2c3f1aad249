// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_load.h"

#include "bench/bench_net.h"

#include <stdlib.h>

enum {
    MEASURE_MS = 100,
    CALIBRATE_MS = 20,
    COUNT_MAX = 4000000,
    QUICK_COUNT = 64,
    QUICK_LINK_COUNT = 2, // it is paced
};

unsigned bench_load_values(const struct bench_load *load)
{
    return load->kind == BENCH_ROUND_TRIP || load->kind == BENCH_RATE ? 2 : 1;
}

// The MTU is set before, because TCP asks for it when it connects.
static void open_connection(struct bench_client *c, const struct bench_load *load,
                            const struct bench_target *t)
{
    bench_net_set_mtu(load->kind == BENCH_LINK ? BENCH_NET_ETHERNET : BENCH_NET_LOOPBACK);
    bench_target_attach(c, t, &load->transfer);
}

void bench_load_calibrate(struct bench_load *load, const struct bench_target *t, bool quick)
{
    struct bench_client c;
    uint64_t ns, want;
    load->count = load->kind == BENCH_LINK ? QUICK_LINK_COUNT : QUICK_COUNT;
    if (quick)
        return;
    open_connection(&c, load, t);
    while ((ns = bench_client_run(&c, &load->transfer, load->count, NULL)) <
           CALIBRATE_MS * 1000000u)
        load->count *= 2;
    bench_client_close(&c);
    want = (uint64_t)load->count * MEASURE_MS * 1000000u / ns;
    load->count = want < COUNT_MAX ? (unsigned)want : COUNT_MAX;
}

static int compare_ns(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double percentile_us(const uint32_t *ns, unsigned count, unsigned percent)
{
    return ns[(uint64_t)(count - 1) * percent / 100] / 1000.0;
}

// Moves the URBs; only the values are left to be said.
static void run_round_trips(struct bench_client *c, const struct bench_load *load, double values[2])
{
    uint32_t *ns = malloc(load->count * sizeof *ns);
    if (!ns)
        bench_die("no memory");
    bench_client_run(c, &load->transfer, load->count, ns);
    qsort(ns, load->count, sizeof *ns, compare_ns);
    values[0] = percentile_us(ns, load->count, 50);
    values[1] = percentile_us(ns, load->count, 99);
    free(ns);
}

// A tenth of the URBs goes ahead unmeasured: caches, the server's buffers and TCP's windows are
// then as in a long run.
static void warm_up(struct bench_client *c, const struct bench_load *load)
{
    c->check_zeros = true;
    bench_client_run(c, &load->transfer, load->transfer.depth, NULL);
    c->check_zeros = false;
    bench_client_run(c, &load->transfer, load->count / 10, NULL);
}

void bench_load_run(const struct bench_load *load, const struct bench_target *t,
                    struct bench_figures figures[BENCH_LOAD_VALUES])
{
    struct bench_client c;
    double values[BENCH_LOAD_VALUES] = {0}, ns = 0;
    open_connection(&c, load, t);
    warm_up(&c, load);
    struct bench_cost before = bench_child_cost(&t->child);
    if (load->kind == BENCH_ROUND_TRIP)
        run_round_trips(&c, load, values);
    else
        ns = (double)bench_client_run(&c, &load->transfer, load->count, NULL);
    struct bench_cost cost = bench_child_cost_since(&t->child, &before, load->count);
    bench_client_close(&c);
    if (load->kind == BENCH_RATE) {
        values[0] = load->count * 1e9 / ns;
        values[1] = cost.cpu_us;
    } else if (load->kind != BENCH_ROUND_TRIP) {
        values[0] = (double)load->transfer.length * load->count * 1e3 / ns;
    }
    for (unsigned i = 0; i < BENCH_LOAD_VALUES; i++)
        figures[i] = (struct bench_figures){values[i], cost};
}
