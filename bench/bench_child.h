// SPDX-License-Identifier: Apache-2.0
// A server process that the bench starts on loopback, and what it costs. A child lives no longer
// than the bench: it is killed at exit, and by the kernel if the bench itself dies.
#pragma once

#include <stdint.h>
#include <sys/types.h>

struct bench_child {
    pid_t pid;
    uint16_t port;
};

// Prints a message and ends the bench with status 1; the children die with it.
_Noreturn void bench_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

// Starts argv[0] pinned to `cpu` (-1: anywhere) and waits for its line "...: listening on
// ADDR:PORT". At most 4 children.
struct bench_child bench_child_start(char *const argv[], int cpu);
void bench_child_stop(const struct bench_child *c);

uint64_t bench_child_cpu_ns(const struct bench_child *c);
uint64_t bench_child_rss_bytes(const struct bench_child *c);

// Pins the calling process. -1: to no CPU, whatever it was before.
void bench_pin(int cpu);
// The highest CPU that the calling process may use.
int bench_last_cpu(void);
