// SPDX-License-Identifier: Apache-2.0
// A high-speed device with two configurations, 1209:0008. Each has its own interfaces and
// endpoints; address 0x81 is in both, with another type. Loop thread.
//
// Configuration 1: interface 0, vendor: bulk OUT 0x02 comes back on bulk IN 0x81.
// Configuration 2: interface 0, vendor: bulk OUT 0x03 comes back on bulk IN 0x83; interface 1, HID
// mouse: interrupt IN 0x81, which draws a small square, one side each second, for ever.
#pragma once

#include "sim/device/sim_kind.h"

extern const struct sim_kind sim_multi_kind;

// NULL if there is no memory.
struct sim_device *sim_multi_create(struct sim_bus *bus);
