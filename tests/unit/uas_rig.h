// SPDX-License-Identifier: Apache-2.0
// A host's side of USB Attached SCSI at high speed, on the disk of bot_rig.h.
#pragma once

#include "tests/unit/bot_rig.h"

enum { UAS_DATA_IN = 0x81, UAS_DATA_OUT = 0x02, UAS_STATUS = 0x83, UAS_COMMAND = 0x04 };

enum { UAS_SIMPLE = 0, UAS_HEAD_OF_QUEUE = 1, UAS_ORDERED = 2 };

enum { UAS_GOOD = 0x00, UAS_CHECK_CONDITION = 0x02, UAS_TASK_SET_FULL = 0x28 };

enum { UAS_READ_READY = 6, UAS_WRITE_READY = 7 };

enum {
    UAS_ABORT_TASK = 0x01,
    UAS_ABORT_TASK_SET = 0x02,
    UAS_CLEAR_TASK_SET = 0x04,
    UAS_LOGICAL_UNIT_RESET = 0x08,
    UAS_I_T_NEXUS_RESET = 0x10,
    UAS_CLEAR_ACA = 0x40,
    UAS_QUERY_TASK = 0x80,
    UAS_QUERY_TASK_SET = 0x81,
    UAS_QUERY_ASYNC_EVENT = 0x82,
};

enum {
    UAS_COMPLETE = 0x00,
    UAS_INVALID_IU = 0x02,
    UAS_NOT_SUPPORTED = 0x04,
    UAS_SUCCEEDED = 0x08,
    UAS_INCORRECT_LUN = 0x09,
    UAS_OVERLAPPED_TAG = 0x0a,
};

enum { UAS_ROOM = 112 }; // Linux's for a SENSE IU

void uas_select(struct bot *b);

// Without a unit attention; in the alternate setting of UAS.
void uas_begin(struct bot *b);
void uas_command_init(uint8_t iu[32], uint16_t tag, const uint8_t cdb[16]);
void uas_send(struct bot *b, const uint8_t *iu, uint32_t size);
void uas_command_as(struct bot *b, uint16_t tag, uint8_t attribute, const uint8_t cdb[16]);
void uas_command(struct bot *b, uint16_t tag, const uint8_t cdb[16]);

// READ (10) and WRITE (10).
void uas_read(struct bot *b, uint16_t tag, uint8_t block, uint8_t count);
void uas_write(struct bot *b, uint16_t tag, uint8_t block, uint8_t count);
void uas_function(struct bot *b, uint16_t tag, uint8_t function, uint16_t task_tag);

// The next IU on the status pipe is exactly this.
void uas_check_iu(struct bot *b, const uint8_t *want, uint32_t size);
void uas_check_ready(struct bot *b, uint8_t id, uint16_t tag);
void uas_check_status(struct bot *b, uint16_t tag, uint8_t status);
void uas_check_good(struct bot *b, uint16_t tag);
void uas_check_failed(struct bot *b, uint16_t tag, unsigned sense);
void uas_check_response(struct bot *b, uint16_t tag, uint8_t code);

// There is nothing to tell now.
void uas_check_silence(struct bot *b);

// The data phase of a command that reads `count` blocks from `block` on.
void uas_check_blocks(struct bot *b, uint32_t block, uint32_t count);

// A whole READ: nothing is left of what was before.
void uas_check_alive(struct bot *b);
void uas_check_fails(struct bot *b, const uint8_t cdb[16], unsigned sense);
void uas_check_passes(struct bot *b, const uint8_t cdb[16]);
