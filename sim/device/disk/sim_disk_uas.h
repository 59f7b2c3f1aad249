// SPDX-License-Identifier: Apache-2.0
// USB Attached SCSI (INCITS 471, "UAS") of a simulated disk, as it is at high speed: four bulk
// pipes without streams. Commands are queued and executed one after the other, in the order of
// arrival (those of attribute HEAD OF QUEUE first); a READ READY or WRITE READY IU tells the host
// whose data moves next. Loop thread.
#pragma once

#include "base/base_list.h"
#include "sim/bus/sim_device.h"
#include "sim_disk_scsi.h"

enum {
    SIM_DISK_UAS_COMMANDS = 32, // at a time; one more is told TASK SET FULL
    SIM_DISK_UAS_TASKS = 40,    // with other answers on their way; then the command pipe waits
};

enum sim_disk_uas_kind {
    SIM_DISK_UAS_FREE,
    SIM_DISK_UAS_COMMAND, // in the task set until its SENSE IU has gone
    SIM_DISK_UAS_ANSWER,  // an IU to send, nothing else
};

// A tag in use.
struct sim_disk_uas_task {
    struct base_list link; // in `waiting` or `status`; alone: the current command in mid-data
    enum sim_disk_uas_kind kind;
    uint16_t tag;

    bool nowhere; // the command is for another logical unit than ours
    uint8_t cdb[SIM_DISK_CDB_SIZE];

    uint8_t iu;                // what is sent for it next; the rest is that IU's content
    uint8_t code;              // SENSE: status; RESPONSE: response code
    enum sim_disk_sense sense; // SENSE: with CHECK CONDITION; RESPONSE: additional information
};

enum sim_disk_uas_phase {
    SIM_DISK_UAS_READY, // its READ READY or WRITE READY IU waits to be sent
    SIM_DISK_UAS_DATA,
    SIM_DISK_UAS_WORK, // no data is to be moved any more
};

struct sim_disk_uas {
    struct sim_device *device;
    struct sim_disk_scsi *scsi;
    struct sim_disk_uas_task task[SIM_DISK_UAS_TASKS];
    struct base_list waiting, status; // commands to execute, IUs to send: both in order

    // The command that the SCSI part executes; NULL: none.
    struct sim_disk_uas_task *current;
    enum sim_disk_uas_phase phase;
    uint64_t left; // bytes of its data phase
};

void sim_disk_uas_init(struct sim_disk_uas *u, struct sim_device *device,
                       struct sim_disk_scsi *scsi);

// Forgets all commands.
void sim_disk_uas_restart(struct sim_disk_uas *u);

// What sim_device_ops ask of a device.
int sim_disk_uas_in(struct sim_disk_uas *u, uint8_t ep, uint8_t *buf, uint32_t max);
int sim_disk_uas_out(struct sim_disk_uas *u, uint8_t ep, const uint8_t *buf, uint32_t len);
