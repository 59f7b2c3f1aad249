// SPDX-License-Identifier: Apache-2.0
// The client side of one connection: the operation phase of USB/IP, then streams of URBs to one
// endpoint. The floor is driven by the same code, without the operation phase. Blocking; what goes
// wrong ends the bench.
#pragma once

#include "wire/wire_op.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { BENCH_DEPTH_MAX = 32, BENCH_PACKETS_MAX = 32 };

struct bench_client {
    int fd;
    uint32_t devid, seqnum;
    size_t begin, end; // bytes of `in` not yet used
    uint8_t *in;
    bool check_zeros;        // payload received must be zero bytes
    uint64_t received_bytes; // of IN payloads
};

struct bench_transfer {
    uint8_t ep; // address; bit 7: IN
    uint32_t length;
    unsigned depth;   // URBs kept in flight, at most BENCH_DEPTH_MAX
    unsigned packets; // isochronous: so many of equal size make the length, at most
                      // BENCH_PACKETS_MAX, and IN may bring less; 0: another type
    bool paced;       // OUT, one in flight: sent as a link of 100 Mbit/s would bring it
};

uint64_t bench_now_ns(void);

void bench_client_open(struct bench_client *c, uint16_t port);
void bench_client_close(struct bench_client *c);

// The devices that the server exports, at most `max`. Uses up the connection.
unsigned bench_client_list(struct bench_client *c, struct wire_device *devices, unsigned max);

// Connects and imports the device; waits if a session that has just ended still has it.
void bench_client_attach(struct bench_client *c, uint16_t port, const char *busid);

// A control transfer with a data stage of exactly wLength bytes, at most 64.
void bench_client_control(struct bench_client *c, const struct usb_setup *s, uint8_t *data);
void bench_client_set_configuration(struct bench_client *c, uint8_t value);

// Moves `count` URBs and returns how long it took. `round_trips_ns`, if not NULL, gets the time of
// each one; for depth 1 only.
uint64_t bench_client_run(struct bench_client *c, const struct bench_transfer *t, unsigned count,
                          uint32_t *round_trips_ns);
