// SPDX-License-Identifier: Apache-2.0
// Programs under measurement: servers with simulated devices, and the floor.
#pragma once

#include "bench/bench_child.h"
#include "bench/bench_client.h"

enum {
    BENCH_ZERO_VENDOR = 0x0525, // the source/sink device
    BENCH_ZERO_PRODUCT = 0xa4a0,
    BENCH_ZERO_SOURCE_SINK = 3, // bConfigurationValue
    BENCH_ZERO_IN = 0x81,
    BENCH_ZERO_OUT = 0x01,
    BENCH_ZERO_PACKET = 64, // of full speed; asked for at high speed it would babble
};

// How a server is started.
struct bench_server {
    const char *program, *sim;
    const char *config;       // for --config, or NULL
    const char *const *under; // a program, found by PATH, that runs the server, and its options;
                              // NULL-terminated, or NULL
    int cpu;
};

struct bench_child bench_server_start(const struct bench_server *s);

// Which device is good for what. No names: the floor, which knows no devices.
struct bench_target {
    struct bench_child child;
    char high_speed[USB_BUSID_SIZE], full_speed[USB_BUSID_SIZE];
};

// With a source/sink device of full and one of high speed.
struct bench_target bench_target_server(const char *program, int cpu);
struct bench_target bench_target_floor(const char *program, int cpu);

// The source/sink devices among the exported ones; there must be `want` of them.
void bench_target_zeros(const struct bench_child *child, struct wire_device *zeros, unsigned want);

// Connects, then imports and configures the device that suits the transfer.
void bench_target_attach(struct bench_client *c, const struct bench_target *t,
                         const struct bench_transfer *x);
