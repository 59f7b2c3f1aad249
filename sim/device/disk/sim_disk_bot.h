// SPDX-License-Identifier: Apache-2.0
// Bulk-only transport (usbmassbulk 1.0) of a simulated disk. Loop thread.
#pragma once

#include "sim/bus/sim_device.h"
#include "sim_disk_scsi.h"

enum sim_disk_bot_phase {
    SIM_DISK_BOT_COMMAND,
    SIM_DISK_BOT_DATA_IN,
    SIM_DISK_BOT_DATA_OUT,
    SIM_DISK_BOT_STATUS
};

struct sim_disk_bot {
    struct sim_device *device;
    struct sim_disk_scsi *scsi;
    uint32_t packet_size;

    enum sim_disk_bot_phase phase;
    bool needs_reset;       // after an invalid CBW, until reset recovery
    bool in_halt, out_halt; // the next transaction there gets a STALL
    bool host_reads;        // the rest is from the CBW
    uint32_t tag;
    uint32_t host_length;
    bool phase_error;
};

// `packet_size` is a multiple of SIM_STORAGE_BLOCK.
void sim_disk_bot_init(struct sim_disk_bot *b, struct sim_device *device,
                       struct sim_disk_scsi *scsi, uint32_t packet_size);

// Ready for a command, nothing halted.
void sim_disk_bot_restart(struct sim_disk_bot *b);

// What sim_device_ops ask of a device.
int sim_disk_bot_in(struct sim_disk_bot *b, uint8_t *buf, uint32_t max);
int sim_disk_bot_out(struct sim_disk_bot *b, const uint8_t *buf, uint32_t len);
void sim_disk_bot_halt_cleared(struct sim_disk_bot *b, uint8_t ep);
int sim_disk_bot_setup(struct sim_disk_bot *b, const struct usb_setup *s, uint8_t *data,
                       uint32_t len);
