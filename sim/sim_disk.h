// SPDX-License-Identifier: Apache-2.0
// A USB disk: mass storage class, bulk-only transport (usbmassbulk 1.0), one SCSI logical unit.
// High speed, bulk IN 0x81 and OUT 0x02. Loop thread.
#pragma once

#include "sim/sim_device.h"
#include "sim/sim_storage.h"

struct sim_disk_options {
    struct sim_storage storage; // at least one block
    uint32_t number;            // tells disks apart: the end of the serial number
};

// Takes the storage and destroys it with the device. NULL if there is no memory; then the storage
// is still the caller's.
struct sim_device *sim_disk_create(struct sim_bus *bus, const struct sim_disk_options *options);
