// SPDX-License-Identifier: Apache-2.0
// A server process that the bench starts on loopback, and what it costs. A child lives no longer
// than the bench: it is killed at exit, and by the kernel if the bench itself dies.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct bench_child {
    pid_t pid;
    uint16_t port;
    int out; // what it prints
};

// Prints a message and ends the bench with status 1; the children die with it.
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Starts argv[0], found by PATH, pinned to `cpu` (-1: anywhere) and waits for its line "...:
// listening on ADDR:PORT". At most 4 children.
struct bench_child bench_child_start(char *const argv[], int cpu);
// The port of its next such line: a server's second one is HTTP's.
uint16_t bench_child_next_port(const struct bench_child *c);
// At once, or with SIGTERM and patience for what it writes at its end.
void bench_child_stop(const struct bench_child *c);
void bench_child_end(const struct bench_child *c);

// CPU time with system calls, and how often the main thread, which runs the loop, slept and woke.
struct bench_cost {
    double cpu_us, wake_ups;
};

// What it has used until now, and since `before` for each of so many URBs.
struct bench_cost bench_child_cost(const struct bench_child *c);
struct bench_cost bench_child_cost_since(const struct bench_child *c,
                                         const struct bench_cost *before, unsigned urbs);
// CPU time of its main thread, which runs the loop.
double bench_child_loop_us(const struct bench_child *c);
uint64_t bench_child_rss_bytes(const struct bench_child *c);

// Pins the calling process. -1: to no CPU, whatever it was before.
void bench_pin(int cpu);
// The highest CPU that the calling process may use.
int bench_last_cpu(void);
