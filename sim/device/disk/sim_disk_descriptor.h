// SPDX-License-Identifier: Apache-2.0
// What the simulated disks say about themselves: one model for each way in which a disk can be
// made. Constant data, any thread.
#pragma once

#include "sim/bus/sim_device.h"

enum sim_disk_endpoint {
    SIM_DISK_IN = 0x81, // data of both transports; bulk-only transport: also status
    SIM_DISK_OUT = 0x02,
    SIM_DISK_STATUS = 0x83, // UAS
    SIM_DISK_COMMAND = 0x04,
};

enum sim_disk_alternate { SIM_DISK_BULK_ONLY = 0, SIM_DISK_UAS = 1 };

struct sim_disk_model {
    enum usb_speed speed;
    uint16_t packet_size; // bytes, of all its bulk endpoints
    const uint8_t *device;
    const uint8_t *const *configs;
    const uint8_t *bos; // NULL: none
};

extern const struct sim_disk_model sim_disk_high, sim_disk_high_uas, sim_disk_super;
