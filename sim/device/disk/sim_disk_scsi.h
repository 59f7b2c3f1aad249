// SPDX-License-Identifier: Apache-2.0
// The logical unit of a simulated disk: SCSI commands (SPC-3, SBC-3) on a storage. Knows nothing of
// USB. One command at a time: begin, then read or write until `length` bytes were moved, then work
// until it is done. Loop thread.
#pragma once

#include "sim_storage.h"

enum {
    SIM_DISK_CDB_SIZE = 16,
    SIM_DISK_SERIAL_SIZE = 12, // digits; usbmassbulk 1.0 4.1.1
    SIM_DISK_SENSE_SIZE = 18,  // bytes of sense data
};

// Sense key << 16 | additional sense code << 8 | its qualifier (SPC-3 table 27).
enum sim_disk_sense {
    SIM_DISK_NO_SENSE = 0,
    SIM_DISK_STOPPED = 0x020402,   // NOT READY, initializing command required
    SIM_DISK_NO_MEDIUM = 0x023a00, // NOT READY
    SIM_DISK_WRITE_ERROR = 0x030c00,
    SIM_DISK_READ_ERROR = 0x031100,
    SIM_DISK_BAD_OPCODE = 0x052000,
    SIM_DISK_OUT_OF_RANGE = 0x052100,
    SIM_DISK_BAD_FIELD = 0x052400,  // invalid field in CDB
    SIM_DISK_NO_UNIT = 0x052500,    // logical unit not supported
    SIM_DISK_NOT_SAVED = 0x053900,  // saving parameters not supported
    SIM_DISK_LOCKED = 0x055302,     // medium removal prevented
    SIM_DISK_POWER_ON = 0x062900,   // UNIT ATTENTION
    SIM_DISK_UNIT_RESET = 0x062903, // UNIT ATTENTION, by a task management function
    SIM_DISK_NEXUS_LOST = 0x062907, // UNIT ATTENTION
    SIM_DISK_WRITE_PROTECTED = 0x072700,
    SIM_DISK_DATA_PHASE = 0x0b4b00, // ABORTED COMMAND: fewer data than the command means
    SIM_DISK_TOO_MUCH_DATA = 0x0b4b02,
};

enum sim_disk_medium {
    SIM_DISK_MEDIUM_READY,
    SIM_DISK_MEDIUM_STOPPED,
    SIM_DISK_MEDIUM_EJECTED,
};

struct sim_disk_scsi {
    struct sim_storage storage;
    uint64_t blocks;
    uint32_t number;
    char serial[SIM_DISK_SERIAL_SIZE + 1]; // the number in hex

    enum sim_disk_medium medium;
    bool removal_prevented;
    enum sim_disk_sense sense;     // of the command before, for REQUEST SENSE
    enum sim_disk_sense attention; // unit attention not yet reported

    // The command that runs, set by begin.
    bool failed;         // CHECK CONDITION; `sense` says why
    bool out;            // direction of the data, if there is any
    uint64_t length;     // bytes of data that it means to move
    uint64_t moved;      // of them so far
    uint64_t offset;     // on the medium: where the next byte comes from or goes to
    uint64_t verify_end; // VERIFY reads from `offset` up to here
    bool flush_at_end;   // behind its data: FUA of a WRITE, or the command means it
    enum sim_disk_medium medium_at_end;
    bool waits;      // for the storage, which says when to go on
    bool from_reply; // the data is in `reply`, not on the medium

    uint8_t reply[SIM_STORAGE_BLOCK]; // small answers; VERIFY reads into it
};

// Takes the storage's value; who destroys it is the caller's affair.
void sim_disk_scsi_init(struct sim_disk_scsi *s, const struct sim_storage *storage,
                        uint32_t number);

// Power on: medium loaded, unit attention.
void sim_disk_scsi_reset(struct sim_disk_scsi *s);

// A reset that leaves the medium where it is; `attention` is what the next command is told.
void sim_disk_scsi_clear(struct sim_disk_scsi *s, enum sim_disk_sense attention);

// Starts a command block of `size` bytes, 1..16.
void sim_disk_scsi_begin(struct sim_disk_scsi *s, const uint8_t *cdb, unsigned size);

// The same for a command to a logical unit that is not there.
void sim_disk_scsi_begin_nowhere(struct sim_disk_scsi *s, const uint8_t *cdb);

// The next `size` bytes of data, at most what is left of `length`; whole blocks if they are the
// medium's. None of them was moved: BASE_ERR_IO (the medium is bad there, the command has failed),
// BASE_ERR_AGAIN (call again when the storage says so).
enum base_err sim_disk_scsi_read(struct sim_disk_scsi *s, uint8_t *buf, uint32_t size);
enum base_err sim_disk_scsi_write(struct sim_disk_scsi *s, const uint8_t *buf, uint32_t size);

// Goes on with what a command does after its data. False: not done yet, call again a little later,
// or if it `waits` when the storage says so.
bool sim_disk_scsi_work(struct sim_disk_scsi *s);

// --- sim_disk_sense.c ----------------------------------------------------------------------------

void sim_disk_scsi_fail(struct sim_disk_scsi *s, enum sim_disk_sense sense);

// Fails the command from outside, if it has not failed already.
void sim_disk_scsi_abort(struct sim_disk_scsi *s, enum sim_disk_sense sense);

// The sense of the command that is done, for a transport that sends it along: it is no longer kept
// for REQUEST SENSE.
enum sim_disk_sense sim_disk_scsi_take_sense(struct sim_disk_scsi *s);

// Sense data in fixed format (SPC-3 4.5.3).
void sim_disk_sense_put(uint8_t p[SIM_DISK_SENSE_SIZE], enum sim_disk_sense sense);

// --- sim_disk_reply.c: commands that only answer with data about the unit ------------------------

void sim_disk_inquiry_nowhere(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_inquiry(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_request_sense(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_mode_sense_6(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_mode_sense_10(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_read_capacity_10(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_read_capacity_16(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_read_format_capacities(struct sim_disk_scsi *s, const uint8_t *cdb);
void sim_disk_report_luns(struct sim_disk_scsi *s, const uint8_t *cdb);
