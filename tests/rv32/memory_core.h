// SPDX-License-Identifier: Apache-2.0
// What the core takes in the worst case that the firmware promises: its server with every device
// attached, each with as many URBs in flight as a session may have. Sizes are those of the machine
// that this runs on, so on RV32 they are the chip's. One thread.
#pragma once

#include "server/server.h"

#include <stdint.h>

struct memory_core {
    uint32_t bytes;      // that were allocated, without payload and event log
    uint32_t per_device; // of these, what the session of one attached device has
    uint32_t urbs;       // in flight
};

// As many devices and connections as `config` allows; `attached` of them are in use. Each device
// has a configuration of `config_bytes` bytes. `overhead`: what the heap adds to each block. Ends
// the program if something does not work.
void memory_core_measure(const struct server_config *config, unsigned attached,
                         unsigned config_bytes, uint32_t overhead, struct memory_core *out);
