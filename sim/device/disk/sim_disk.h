// SPDX-License-Identifier: Apache-2.0
// A USB disk: mass storage class, one SCSI logical unit. Bulk-only transport (usbmassbulk 1.0), and
// if wanted USB Attached SCSI as alternate setting 1. Loop thread.
#pragma once

#include "sim/device/sim_kind.h"
#include "sim_storage.h"

struct sim_disk_options {
    struct sim_storage storage; // at least one block
    uint32_t number;            // tells disks apart: the end of the serial number
    bool super;                 // super speed; else high speed
    bool uas;                   // not with `super`: there it would need streams
};

extern const struct sim_kind sim_disk_kind;

// Takes the storage and destroys it with the device. NULL if there is no memory; then the storage
// is still the caller's.
struct sim_device *sim_disk_create(struct sim_bus *bus, const struct sim_disk_options *options);
