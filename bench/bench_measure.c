// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_measure.h"

#include "bench/bench_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    ZERO_VENDOR = 0x0525,
    ZERO_PRODUCT = 0xa4a0,
    ZERO_SOURCE_SINK = 3, // bConfigurationValue
    ZERO_IN = 0x81,
    ZERO_OUT = 0x01,
    FULL_SPEED_PACKET = 64,
    SESSIONS = 9, // for the memory of a session: one, and eight more
    MEMORY_URB_SIZE = 512,
    MEASURE_MS = 100, // of one workload at the floor
    CALIBRATE_MS = 20,
    STREAM_ROUNDS = 3, // at most: they run in real time
};

enum row {
    ROW_RTT,
    ROW_RTT_P99,
    ROW_URBS,
    ROW_CPU,
    ROW_IN_16,
    ROW_MEMORY = ROW_IN_16 + 6,
    ROW_STREAM,
};

#define RATE_ROW(row_name, row_unit)                                                               \
    {                                                                                              \
        .name = (row_name), .unit = (row_unit), .aim = BENCH_AIM_AT_LEAST_085, .against = "floor"  \
    }

static const struct bench_row empty_rows[ROW_STREAM] = {
    {.name = "rtt_bulk_in_64B", .unit = "us", .aim = BENCH_AIM_AT_MOST_115, .against = "floor"},
    {.name = "rtt_bulk_in_64B_p99", .unit = "us", .against = "floor"},
    RATE_ROW("urbs_per_s_64B_depth32", "1/s"),
    {.name = "cpu_per_urb_64B", .unit = "us", .against = "floor"},
    RATE_ROW("bulk_in_16KiB", "MB/s"),
    RATE_ROW("bulk_in_64KiB", "MB/s"),
    RATE_ROW("bulk_in_512KiB", "MB/s"),
    RATE_ROW("bulk_out_16KiB", "MB/s"),
    RATE_ROW("bulk_out_64KiB", "MB/s"),
    RATE_ROW("bulk_out_512KiB", "MB/s"),
    {.name = "memory_per_session", .unit = "KiB"},
};

enum kind { ROUND_TRIP, RATE, THROUGHPUT };

struct workload {
    enum kind kind;
    enum row row; // the first one that it fills
    struct bench_transfer transfer;
    unsigned count; // URBs per measurement
};

enum { WORKLOADS = 8, COUNT_MAX = 4000000, QUICK_COUNT = 64 };

static const struct workload workloads_of_bench[WORKLOADS] = {
    {ROUND_TRIP, ROW_RTT, {ZERO_IN, FULL_SPEED_PACKET, 1, 0}, 0},
    {RATE, ROW_URBS, {ZERO_IN, FULL_SPEED_PACKET, 32, 0}, 0},
    {THROUGHPUT, ROW_IN_16, {ZERO_IN, 16 * 1024, 8, 0}, 0},
    {THROUGHPUT, ROW_IN_16 + 1, {ZERO_IN, 64 * 1024, 8, 0}, 0},
    {THROUGHPUT, ROW_IN_16 + 2, {ZERO_IN, 512 * 1024, 8, 0}, 0},
    {THROUGHPUT, ROW_IN_16 + 3, {ZERO_OUT, 16 * 1024, 8, 0}, 0},
    {THROUGHPUT, ROW_IN_16 + 4, {ZERO_OUT, 64 * 1024, 8, 0}, 0},
    {THROUGHPUT, ROW_IN_16 + 5, {ZERO_OUT, 512 * 1024, 8, 0}, 0},
};

// A server under measurement: which device is good for what. A packet of 64 bytes is one of full
// speed; asked for at high speed it would babble. No names: the floor, which knows no devices.
struct target {
    struct bench_child child;
    char high_speed[USB_BUSID_SIZE], full_speed[USB_BUSID_SIZE];
};

static void attach(struct bench_client *c, const struct target *t, const struct bench_transfer *x)
{
    const char *busid = x->length == FULL_SPEED_PACKET ? t->full_speed : t->high_speed;
    if (!busid[0]) {
        bench_client_open(c, t->child.port);
        return;
    }
    bench_client_attach(c, t->child.port, busid);
    bench_client_set_configuration(c, ZERO_SOURCE_SINK);
}

static double percentile_us(uint32_t *ns, unsigned count, unsigned percent)
{
    return ns[(uint64_t)(count - 1) * percent / 100] / 1000.0;
}

static int compare_ns(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void run_round_trips(struct bench_client *c, const struct workload *w, double figures[2])
{
    uint32_t *ns = malloc(w->count * sizeof *ns);
    if (!ns)
        bench_die("no memory");
    bench_client_run(c, &w->transfer, w->count, ns);
    qsort(ns, w->count, sizeof *ns, compare_ns);
    figures[0] = percentile_us(ns, w->count, 50);
    figures[1] = percentile_us(ns, w->count, 99);
    free(ns);
}

// One measurement on a connection of its own. A tenth of the URBs goes ahead unmeasured: caches,
// the server's buffers and TCP's windows are then as in a long run.
static void measure(const struct target *t, const struct workload *w, double figures[2])
{
    struct bench_client c;
    attach(&c, t, &w->transfer);
    c.check_zeros = true;
    bench_client_run(&c, &w->transfer, w->transfer.depth, NULL);
    c.check_zeros = false;
    bench_client_run(&c, &w->transfer, w->count / 10, NULL);
    if (w->kind == ROUND_TRIP) {
        run_round_trips(&c, w, figures);
    } else {
        uint64_t cpu = bench_child_cpu_ns(&t->child);
        double ns = (double)bench_client_run(&c, &w->transfer, w->count, NULL);
        cpu = bench_child_cpu_ns(&t->child) - cpu;
        figures[0] = w->kind == RATE ? w->count * 1e9 / ns
                                     : (double)w->transfer.length * w->count * 1e3 / ns;
        figures[1] = (double)cpu / 1e3 / w->count;
    }
    bench_client_close(&c);
}

// How many URBs the floor moves in MEASURE_MS. Both sides then move that many.
static void calibrate(struct workload *w, const struct target *floor)
{
    struct bench_client c;
    unsigned count = 64;
    uint64_t ns;
    attach(&c, floor, &w->transfer);
    while ((ns = bench_client_run(&c, &w->transfer, count, NULL)) < CALIBRATE_MS * 1000000u)
        count *= 2;
    bench_client_close(&c);
    uint64_t want = (uint64_t)count * MEASURE_MS * 1000000u / ns;
    w->count = want < COUNT_MAX ? (unsigned)want : COUNT_MAX;
}

// Rows that it fills.
static unsigned figures_of(const struct workload *w)
{
    return w->kind == THROUGHPUT ? 1 : 2;
}

static void measure_round(struct bench_row *rows, const struct workload *w,
                          const struct target *floor, const struct target *server, unsigned round)
{
    unsigned figures = figures_of(w);
    double of_floor[2], of_server[2];
    if (round % 2 == 0)
        measure(floor, w, of_floor);
    measure(server, w, of_server);
    if (round % 2 != 0)
        measure(floor, w, of_floor);
    for (unsigned i = 0; i < figures; i++) {
        struct bench_row *r = &rows[w->row + i];
        r->floor[r->rounds] = of_floor[i];
        r->value[r->rounds++] = of_server[i];
    }
}

static struct bench_child start_server(const struct bench_options *o, const char *sim)
{
    const char *argv[] = {
        o->server,   "--sim",       sim, "--listen",  "127.0.0.1",   "--port", "0", "--http-listen",
        "127.0.0.1", "--http-port", "0", "--no-mdns", "--log-level", "error",  NULL};
    return bench_child_start((char *const *)(uintptr_t)argv, o->server_cpu);
}

// The source/sink devices among the exported ones; there must be `want` of them.
static void find_zeros(const struct bench_child *child, struct wire_device *zeros, unsigned want)
{
    struct wire_device devices[SESSIONS];
    struct bench_client c;
    bench_client_open(&c, child->port);
    unsigned count = bench_client_list(&c, devices, SESSIONS), found = 0;
    bench_client_close(&c);
    for (unsigned i = 0; i < count; i++)
        if (devices[i].idVendor == ZERO_VENDOR && devices[i].idProduct == ZERO_PRODUCT &&
            found < want)
            zeros[found++] = devices[i];
    if (found < want)
        bench_die("the server exports %u of %u source/sink devices", found, want);
}

static void start_target(struct target *t, const struct bench_options *o)
{
    struct wire_device zeros[2];
    *t = (struct target){.child = start_server(o, "zero,zero:speed=full")};
    find_zeros(&t->child, zeros, 2);
    for (unsigned i = 0; i < 2; i++) {
        bool full = zeros[i].speed == USB_SPEED_FULL;
        memcpy(full ? t->full_speed : t->high_speed, zeros[i].busid, USB_BUSID_SIZE);
    }
    if (!t->full_speed[0] || !t->high_speed[0])
        bench_die("not one source/sink device of full and one of high speed");
}

// Attaches and moves a batch of URBs, so that what a session allocates late is there too.
static void attach_and_use(struct bench_client *c, const struct bench_child *child,
                           const char *busid)
{
    const struct bench_transfer batch = {ZERO_IN, MEMORY_URB_SIZE, BENCH_DEPTH_MAX, 0};
    bench_client_attach(c, child->port, busid);
    bench_client_set_configuration(c, ZERO_SOURCE_SINK);
    bench_client_run(c, &batch, BENCH_DEPTH_MAX, NULL);
}

// Resident memory that eight more attached sessions take, by session.
static void measure_memory(struct bench_row *row, const struct bench_options *o)
{
    struct wire_device zeros[SESSIONS];
    struct bench_client c[SESSIONS];
    struct bench_child child = start_server(o, "zero,zero,zero,zero,zero,zero,zero,zero,zero");
    find_zeros(&child, zeros, SESSIONS);
    attach_and_use(&c[0], &child, zeros[0].busid);
    uint64_t one = bench_child_rss_bytes(&child);
    for (unsigned i = 1; i < SESSIONS; i++)
        attach_and_use(&c[i], &child, zeros[i].busid);
    uint64_t all = bench_child_rss_bytes(&child);
    row->value[row->rounds++] = ((double)all - (double)one) / 1024 / (SESSIONS - 1);
    for (unsigned i = 0; i < SESSIONS; i++)
        bench_client_close(&c[i]);
    bench_child_stop(&child);
}

// --rows: is one of the rows from `first` on wanted?
static bool wanted(const struct bench_options *o, unsigned first, unsigned count)
{
    for (unsigned i = first; i < first + count; i++) {
        const char *name =
            i < ROW_STREAM ? empty_rows[i].name : bench_stream_rows[i - ROW_STREAM].name;
        if (strncmp(name, o->rows, strlen(o->rows)) == 0)
            return true;
    }
    return false;
}

static void measure_streams(struct bench_row *rows, const struct bench_options *o)
{
    struct wire_device devices[BENCH_STREAM_DEVICES];
    struct bench_client c;
    struct bench_child child = start_server(o, BENCH_STREAM_SIM);
    bench_pin(o->client_cpu);
    bench_client_open(&c, child.port);
    unsigned count = bench_client_list(&c, devices, BENCH_STREAM_DEVICES);
    bench_client_close(&c);
    for (unsigned round = 0; round < o->rounds && round < STREAM_ROUNDS; round++)
        for (unsigned i = 0; i < BENCH_STREAMS; i++)
            if (wanted(o, ROW_STREAM + i, 1))
                bench_stream_measure(&rows[ROW_STREAM + i], i, &child, devices, count, o->quick);
    bench_child_stop(&child);
}

static uint64_t cpu_ns_of_all(const struct target *floor, const struct target *server)
{
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    return (uint64_t)own.tv_sec * 1000000000u + (uint64_t)own.tv_nsec +
           bench_child_cpu_ns(&floor->child) + bench_child_cpu_ns(&server->child);
}

// The workloads that are wanted. Returns how many there are.
static unsigned choose(struct workload work[WORKLOADS], const struct bench_options *o)
{
    unsigned count = 0;
    for (unsigned i = 0; i < WORKLOADS; i++)
        if (wanted(o, workloads_of_bench[i].row, figures_of(&workloads_of_bench[i])))
            work[count++] = workloads_of_bench[i];
    return count;
}

// Returns how many CPUs it had.
static double measure_against_floor(struct bench_row *rows, const struct bench_options *o)
{
    char *argv[] = {(char *)(uintptr_t)o->floor, NULL};
    struct workload work[WORKLOADS];
    unsigned count = choose(work, o);
    if (count == 0)
        return 1;
    struct target server, floor = {.child = bench_child_start(argv, o->server_cpu)};
    start_target(&server, o);
    bench_pin(o->client_cpu);
    for (unsigned i = 0; i < count; i++)
        if (o->quick)
            work[i].count = QUICK_COUNT;
        else
            calibrate(&work[i], &floor);
    uint64_t cpu_ns = cpu_ns_of_all(&floor, &server), start_ns = bench_now_ns();
    for (unsigned round = 0; round < o->rounds; round++)
        for (unsigned i = 0; i < count; i++)
            measure_round(rows, &work[i], &floor, &server, round);
    cpu_ns = cpu_ns_of_all(&floor, &server) - cpu_ns;
    return (double)cpu_ns / (double)(bench_now_ns() - start_ns);
}

double bench_measure(struct bench_row rows[BENCH_ROWS], const struct bench_options *o)
{
    if (!wanted(o, 0, BENCH_ROWS))
        bench_die("no row begins with %s", o->rows);
    memcpy(rows, empty_rows, sizeof empty_rows);
    memcpy(rows + ROW_STREAM, bench_stream_rows, sizeof bench_stream_rows);
    double cpus = measure_against_floor(rows, o);
    if (wanted(o, ROW_MEMORY, 1))
        measure_memory(&rows[ROW_MEMORY], o);
    if (wanted(o, ROW_STREAM, BENCH_STREAMS))
        measure_streams(rows, o);
    return cpus;
}
