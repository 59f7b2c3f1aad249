// SPDX-License-Identifier: Apache-2.0
// A full-speed CDC-ACM serial port (CDC PSTN 1.2) that sends back what it receives. Loop thread.
// A bus reset empties it and sets the line to 115200 8N1.
#pragma once

#include "sim/sim_device.h"

enum { SIM_SERIAL_RING = 16384 }; // bytes kept; then it takes no more until the host reads

// NULL if there is no memory.
struct sim_device *sim_serial_create(struct sim_bus *bus);

// What the host has set.
struct sim_serial_line {
    uint32_t baud;
    uint8_t stop_bits; // bCharFormat: 0 one, 1 one and a half, 2 two
    uint8_t parity;    // bParityType: 0 none, 1 odd, 2 even, 3 mark, 4 space
    uint8_t data_bits; // 5..8, 16
    bool dtr, rts;
    bool breaking; // a break is on the line
};

void sim_serial_line(const struct sim_device *d, struct sim_serial_line *line);
