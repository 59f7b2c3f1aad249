// SPDX-License-Identifier: Apache-2.0
// The client side of one connection: the operation phase of USB/IP, then streams of URBs to one
// endpoint. The floor is driven by the same code, without the operation phase. Blocking; what goes
// wrong ends the bench.
#pragma once

#include "wire/wire_op.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_DEPTH_MAX = 32 };

struct bench_client {
    int fd;
    uint32_t devid, seqnum;
    size_t begin, end; // bytes of `in` not yet used
    uint8_t *in;
    bool check_zeros; // payload received must be zero bytes
};

struct bench_transfer {
    uint8_t ep; // address; bit 7: IN
    uint32_t length;
    unsigned depth; // URBs kept in flight, at most BENCH_DEPTH_MAX
};

uint64_t bench_now_ns(void);

void bench_client_open(struct bench_client *c, uint16_t port);
void bench_client_close(struct bench_client *c);

// The devices that the server exports, at most `max`. Uses up the connection.
unsigned bench_client_list(struct bench_client *c, struct wire_device *devices, unsigned max);

// Imports the device. False: busy (a session that has just ended may still have it).
bool bench_client_import(struct bench_client *c, const char *busid);
void bench_client_set_configuration(struct bench_client *c, uint8_t value);

// Moves `count` URBs and returns how long it took. `round_trips_ns`, if not NULL, gets the time of
// each one; for depth 1 only.
uint64_t bench_client_run(struct bench_client *c, const struct bench_transfer *t, unsigned count,
                          uint32_t *round_trips_ns);
