// SPDX-License-Identifier: Apache-2.0
// How a command fails, and how the host is told.
#include "sim_disk_scsi.h"

#include <string.h>

void sim_disk_scsi_fail(struct sim_disk_scsi *s, enum sim_disk_sense sense)
{
    s->failed = true;
    s->sense = sense;
}

void sim_disk_scsi_abort(struct sim_disk_scsi *s, enum sim_disk_sense sense)
{
    if (!s->failed)
        sim_disk_scsi_fail(s, sense);
}

enum sim_disk_sense sim_disk_scsi_take_sense(struct sim_disk_scsi *s)
{
    enum sim_disk_sense sense = s->sense;
    s->sense = SIM_DISK_NO_SENSE;
    return sense;
}

void sim_disk_sense_put(uint8_t p[SIM_DISK_SENSE_SIZE], enum sim_disk_sense sense)
{
    memset(p, 0, SIM_DISK_SENSE_SIZE);
    p[0] = 0x70; // current error
    p[2] = (uint8_t)(sense >> 16);
    p[7] = SIM_DISK_SENSE_SIZE - 8; // additional length
    p[12] = (uint8_t)(sense >> 8);
    p[13] = (uint8_t)sense;
}
