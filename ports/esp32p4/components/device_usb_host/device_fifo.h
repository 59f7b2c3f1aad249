// SPDX-License-Identifier: Apache-2.0
// How the memory of a host controller is divided. The library has a choice of three divisions, each
// with a flaw on one of the two ports, and heeds one of ours with one port only; so ours takes the
// place of its own where the driver writes it to the controller. Any thread.
#pragma once

#include <stdbool.h>

enum {
    DEVICE_FIFO_LINE = 4, // bytes
    DEVICE_FIFO_RX_STATUS = 2,
};

// Lines for what comes in, for bulk and control OUT, and for interrupt and isochronous OUT.
struct device_fifo {
    unsigned rx, nonperiodic, periodic;
};
struct device_fifo device_fifo(bool full_speed_controller);
