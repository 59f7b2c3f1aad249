// SPDX-License-Identifier: Apache-2.0
// A pair of bulk endpoints that sends back what it receives, as a stream of bytes. Loop thread.
#pragma once

#include "sim/bus/sim_device.h"

enum { SIM_ECHO_RING = 16384 }; // bytes kept; then it takes no more until the host reads

struct sim_echo {
    struct sim_device *device;
    uint8_t out, in; // endpoint addresses
    uint16_t packet_size;
    uint32_t first, count; // bytes in the ring
    bool end_due;          // what was sent last does not end a transfer: a zero-length packet must
    bool out_waits;        // an OUT packet had no room
    uint8_t ring[SIM_ECHO_RING];
};

// Empties it, too.
void sim_echo_init(struct sim_echo *e, struct sim_device *device, uint8_t out, uint8_t in,
                   uint16_t packet_size);
void sim_echo_clear(struct sim_echo *e);

// What sim_device_ops ask of a device.
int sim_echo_in(struct sim_echo *e, uint8_t *buf, uint32_t max);
int sim_echo_out(struct sim_echo *e, const uint8_t *buf, uint32_t len);
