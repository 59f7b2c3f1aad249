// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_target.h"

#include <stddef.h>
#include <string.h>

enum { ARGS_MAX = 24, DEVICES_MAX = 127 };

struct bench_child bench_server_start(const struct bench_server *s)
{
    const char *const args[] = {
        s->program, "--sim",     s->sim,          "--listen",  "127.0.0.1",
        "--port",   "0",         "--http-listen", "127.0.0.1", "--http-port",
        "0",        "--no-mdns", "--log-level",   "error",     s->config ? "--config" : NULL,
        s->config,
    };
    const char *argv[ARGS_MAX] = {NULL};
    unsigned n = 0;
    for (const char *const *under = s->under; under && *under; under++)
        argv[n++] = *under;
    memcpy(argv + n, args, sizeof args);
    return bench_child_start((char *const *)(uintptr_t)argv, s->cpu);
}

struct bench_target bench_target_floor(const char *program, int cpu)
{
    const char *const argv[] = {program, NULL};
    return (struct bench_target){.child = bench_child_start((char *const *)(uintptr_t)argv, cpu)};
}

struct bench_target bench_target_server(const char *program, int cpu)
{
    const struct bench_server s = {.program = program, .sim = "zero,zero:speed=full", .cpu = cpu};
    struct bench_target t = {.child = bench_server_start(&s)};
    struct wire_device zeros[2];
    bench_target_zeros(&t.child, zeros, 2);
    for (unsigned i = 0; i < 2; i++) {
        bool full = zeros[i].speed == USB_SPEED_FULL;
        memcpy(full ? t.full_speed : t.high_speed, zeros[i].busid, USB_BUSID_SIZE);
    }
    if (!t.full_speed[0] || !t.high_speed[0])
        bench_die("not one source/sink device of full and one of high speed");
    return t;
}

void bench_target_zeros(const struct bench_child *child, struct wire_device *zeros, unsigned want)
{
    struct wire_device devices[DEVICES_MAX];
    struct bench_client c;
    bench_client_open(&c, child->port);
    unsigned count = bench_client_list(&c, devices, DEVICES_MAX), found = 0;
    bench_client_close(&c);
    for (unsigned i = 0; i < count; i++)
        if (devices[i].idVendor == BENCH_ZERO_VENDOR &&
            devices[i].idProduct == BENCH_ZERO_PRODUCT && found < want)
            zeros[found++] = devices[i];
    if (found < want)
        bench_die("the server exports %u of %u source/sink devices", found, want);
}

void bench_target_attach(struct bench_client *c, const struct bench_target *t,
                         const struct bench_transfer *x)
{
    const char *busid = x->length == BENCH_ZERO_PACKET ? t->full_speed : t->high_speed;
    if (!busid[0]) {
        bench_client_open(c, t->child.port);
        return;
    }
    bench_client_attach(c, t->child.port, busid);
    bench_client_set_configuration(c, BENCH_ZERO_SOURCE_SINK);
}
