// SPDX-License-Identifier: Apache-2.0
// Full-speed CDC-ACM serial ports (CDC PSTN 1.2) that send back what they receive, each for itself:
// one port, or several in one composite device. Loop thread. A bus reset empties them and sets
// their lines to 115200 8N1.
#pragma once

#include "sim/device/sim_echo.h"
#include "sim/device/sim_kind.h"

enum {
    SIM_SERIAL_RING = SIM_ECHO_RING, // bytes kept per port
    SIM_SERIAL_PORTS_MAX = 4,
};

extern const struct sim_kind sim_serial_kind;

// 1..SIM_SERIAL_PORTS_MAX ports. Port n, from 0 on, has the interfaces 2n and 2n + 1 and the
// endpoints 3n + 1 (data OUT), 3n + 2 (data IN) and 3n + 3 (notifications IN).
// NULL if there is no memory.
struct sim_device *sim_serial_create(struct sim_bus *bus, unsigned ports);

// What the host has set.
struct sim_serial_line {
    uint32_t baud;
    uint8_t stop_bits; // bCharFormat: 0 one, 1 one and a half, 2 two
    uint8_t parity;    // bParityType: 0 none, 1 odd, 2 even, 3 mark, 4 space
    uint8_t data_bits; // 5..8, 16
    bool dtr, rts;
    bool breaking; // a break is on the line
};

void sim_serial_line(const struct sim_device *d, unsigned port, struct sim_serial_line *line);
