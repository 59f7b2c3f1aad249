// SPDX-License-Identifier: Apache-2.0
#include "sim_disk_uas.h"

#include "base/base_bytes.h"
#include "sim_disk_descriptor.h"

#include <string.h>

enum iu_id {
    IU_COMMAND = 1,
    IU_SENSE = 3,
    IU_RESPONSE = 4,
    IU_TASK_MANAGEMENT = 5,
    IU_READ_READY = 6,
    IU_WRITE_READY = 7,
};

enum {
    HEADER_SIZE = 4, // ID, reserved, tag; all of a READY IU
    COMMAND_SIZE = 32,
    TASK_MANAGEMENT_SIZE = 16,
    SENSE_SIZE = 16, // without the sense data
    RESPONSE_SIZE = 8,
    LUN_SIZE = 8,
    ATTRIBUTE = 0x07,      // of byte 4 of a COMMAND IU
    HEAD_OF_QUEUE = 1,     // its value
    CDB_MORE_BYTES = 0xfc, // of byte 6: how much longer than 16 bytes the CDB is
    WORK_PAUSE_US = 1000,  // between two slices of VERIFY
};

enum task_function {
    ABORT_TASK = 0x01,
    ABORT_TASK_SET = 0x02,
    CLEAR_TASK_SET = 0x04,
    LOGICAL_UNIT_RESET = 0x08,
    I_T_NEXUS_RESET = 0x10,
    QUERY_TASK = 0x80,
    QUERY_TASK_SET = 0x81,
    QUERY_ASYNC_EVENT = 0x82,
};

enum response {
    FUNCTION_COMPLETE = 0x00,
    INVALID_IU = 0x02,
    NOT_SUPPORTED = 0x04,
    FUNCTION_SUCCEEDED = 0x08,
    INCORRECT_LUN = 0x09,
    OVERLAPPED_TAG = 0x0a,
};

enum { ONE_EVENT = 1 << 4 }; // UADE DEPTH: there is no second one behind it

enum scsi_status { GOOD = 0x00, CHECK_CONDITION = 0x02, TASK_SET_FULL = 0x28 };

// --- tags in use ---------------------------------------------------------------------------------

static struct sim_disk_uas_task *find_task(struct sim_disk_uas *u, uint16_t tag)
{
    for (unsigned i = 0; i < SIM_DISK_UAS_TASKS; i++)
        if (u->task[i].kind != SIM_DISK_UAS_FREE && u->task[i].tag == tag)
            return &u->task[i];
    return NULL;
}

static unsigned count_tasks(const struct sim_disk_uas *u, enum sim_disk_uas_kind kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < SIM_DISK_UAS_TASKS; i++)
        n += u->task[i].kind == kind;
    return n;
}

// There must be a free one.
static struct sim_disk_uas_task *claim_task(struct sim_disk_uas *u, enum sim_disk_uas_kind kind,
                                            uint16_t tag)
{
    struct sim_disk_uas_task *t = u->task;
    while (t->kind != SIM_DISK_UAS_FREE)
        t++;
    t->kind = kind;
    t->tag = tag;
    return t;
}

static void free_task(struct sim_disk_uas *u, struct sim_disk_uas_task *t)
{
    base_list_remove(&t->link);
    t->kind = SIM_DISK_UAS_FREE;
    if (u->current == t)
        u->current = NULL;
    sim_kick(u->device, SIM_DISK_COMMAND);
}

static void abort_all(struct sim_disk_uas *u)
{
    for (unsigned i = 0; i < SIM_DISK_UAS_TASKS; i++)
        if (u->task[i].kind == SIM_DISK_UAS_COMMAND)
            free_task(u, &u->task[i]);
}

static struct sim_disk_uas_task *task_of(struct base_list *link)
{
    return BASE_CONTAINER(link, struct sim_disk_uas_task, link);
}

// --- execution -----------------------------------------------------------------------------------

static void queue_iu(struct sim_disk_uas *u, struct sim_disk_uas_task *t, enum iu_id iu,
                     uint8_t code, enum sim_disk_sense sense)
{
    t->iu = (uint8_t)iu;
    t->code = code;
    t->sense = sense;
    base_list_append(&u->status, &t->link);
    sim_kick(u->device, SIM_DISK_STATUS);
}

static void start_command(struct sim_disk_uas *u, struct sim_disk_uas_task *t)
{
    u->current = t;
    if (t->nowhere)
        sim_disk_scsi_begin_nowhere(u->scsi, t->cdb);
    else
        sim_disk_scsi_begin(u->scsi, t->cdb, sizeof t->cdb);
    u->left = u->scsi->length;
    u->phase = u->left > 0 ? SIM_DISK_UAS_READY : SIM_DISK_UAS_WORK;
    if (u->left > 0)
        queue_iu(u, t, u->scsi->out ? IU_WRITE_READY : IU_READ_READY, 0, SIM_DISK_NO_SENSE);
}

static void conclude_command(struct sim_disk_uas *u)
{
    struct sim_disk_uas_task *t = u->current;
    u->current = NULL;
    queue_iu(u, t, IU_SENSE, u->scsi->failed ? CHECK_CONDITION : GOOD,
             sim_disk_scsi_take_sense(u->scsi));
}

// Moves on as far as it goes without the host.
static void run_commands(struct sim_disk_uas *u)
{
    while (u->current || !base_list_empty(&u->waiting)) {
        if (!u->current)
            start_command(u, task_of(base_list_pop(&u->waiting)));
        if (u->phase != SIM_DISK_UAS_WORK)
            return;
        if (!sim_disk_scsi_work(u->scsi)) {
            if (!u->scsi->waits)
                sim_kick_at(u->device, SIM_DISK_STATUS, sim_now_us(u->device) + WORK_PAUSE_US);
            return;
        }
        conclude_command(u);
    }
}

// --- command pipe --------------------------------------------------------------------------------

static void queue_response(struct sim_disk_uas *u, uint16_t tag, enum response code,
                           enum sim_disk_sense information)
{
    queue_iu(u, claim_task(u, SIM_DISK_UAS_ANSWER, tag), IU_RESPONSE, (uint8_t)code, information);
}

static bool is_ours(const uint8_t lun[LUN_SIZE])
{
    for (unsigned i = 0; i < LUN_SIZE; i++)
        if (lun[i] != 0)
            return false;
    return true;
}

static void receive_command(struct sim_disk_uas *u, uint16_t tag, const uint8_t *iu)
{
    if (count_tasks(u, SIM_DISK_UAS_COMMAND) == SIM_DISK_UAS_COMMANDS) {
        queue_iu(u, claim_task(u, SIM_DISK_UAS_ANSWER, tag), IU_SENSE, TASK_SET_FULL,
                 SIM_DISK_NO_SENSE);
        return;
    }
    struct sim_disk_uas_task *t = claim_task(u, SIM_DISK_UAS_COMMAND, tag);
    t->nowhere = !is_ours(iu + 8);
    memcpy(t->cdb, iu + 16, sizeof t->cdb);
    if ((iu[4] & ATTRIBUTE) == HEAD_OF_QUEUE)
        base_list_prepend(&u->waiting, &t->link);
    else
        base_list_append(&u->waiting, &t->link);
}

static void reset_unit(struct sim_disk_uas *u, enum sim_disk_sense attention)
{
    abort_all(u);
    sim_disk_scsi_clear(u->scsi, attention);
}

// SAM-4 7: COMPLETE also if there is no such task; SUCCEEDED says yes to a query.
static enum response execute_function(struct sim_disk_uas *u, uint8_t function,
                                      struct sim_disk_uas_task *task)
{
    bool is_command = task && task->kind == SIM_DISK_UAS_COMMAND;
    switch (function) {
    case ABORT_TASK:
        if (is_command)
            free_task(u, task);
        return FUNCTION_COMPLETE;
    case ABORT_TASK_SET:
    case CLEAR_TASK_SET: // the same: there is one initiator
        abort_all(u);
        return FUNCTION_COMPLETE;
    case LOGICAL_UNIT_RESET:
        reset_unit(u, SIM_DISK_UNIT_RESET);
        return FUNCTION_COMPLETE;
    case I_T_NEXUS_RESET:
        reset_unit(u, SIM_DISK_NEXUS_LOST);
        return FUNCTION_COMPLETE;
    case QUERY_TASK:
        return is_command ? FUNCTION_SUCCEEDED : FUNCTION_COMPLETE;
    case QUERY_TASK_SET:
        return count_tasks(u, SIM_DISK_UAS_COMMAND) ? FUNCTION_SUCCEEDED : FUNCTION_COMPLETE;
    case QUERY_ASYNC_EVENT:
        return u->scsi->attention ? FUNCTION_SUCCEEDED : FUNCTION_COMPLETE;
    default: // CLEAR ACA among them
        return NOT_SUPPORTED;
    }
}

static void receive_function(struct sim_disk_uas *u, uint16_t tag, const uint8_t *iu)
{
    uint8_t function = iu[4];
    if (function != I_T_NEXUS_RESET && !is_ours(iu + 8)) {
        queue_response(u, tag, INCORRECT_LUN, SIM_DISK_NO_SENSE);
        return;
    }
    enum response code = execute_function(u, function, find_task(u, base_get_be16(iu + 6)));
    bool event = function == QUERY_ASYNC_EVENT && code == FUNCTION_SUCCEEDED;
    queue_response(u, tag, code, event ? u->scsi->attention : SIM_DISK_NO_SENSE);
}

static bool is_valid(const uint8_t *iu, uint32_t size)
{
    if (size < HEADER_SIZE)
        return false;
    if (iu[0] == IU_COMMAND)
        return size >= COMMAND_SIZE && size - COMMAND_SIZE == (iu[6] & CDB_MORE_BYTES);
    return iu[0] == IU_TASK_MANAGEMENT && size == TASK_MANAGEMENT_SIZE;
}

// One IU each time, as it is in one packet.
static int receive_iu(struct sim_disk_uas *u, const uint8_t *iu, uint32_t size)
{
    if (count_tasks(u, SIM_DISK_UAS_FREE) == 0)
        return SIM_NAK;
    uint16_t tag = size >= HEADER_SIZE ? base_get_be16(iu + 2) : 0;
    if (!is_valid(iu, size)) {
        queue_response(u, tag, INVALID_IU, SIM_DISK_NO_SENSE);
    } else if (find_task(u, tag)) { // SAM-4 5.9.3: who lost count of its tags loses all commands
        abort_all(u);
        queue_response(u, tag, OVERLAPPED_TAG, SIM_DISK_NO_SENSE);
    } else if (iu[0] == IU_COMMAND) {
        receive_command(u, tag, iu);
    } else {
        receive_function(u, tag, iu);
    }
    run_commands(u);
    return (int)size;
}

// --- data pipes ----------------------------------------------------------------------------------

static bool moves_data(const struct sim_disk_uas *u, bool out)
{
    return u->current && u->phase == SIM_DISK_UAS_DATA && u->scsi->out == out;
}

static void end_data(struct sim_disk_uas *u)
{
    u->phase = SIM_DISK_UAS_WORK;
    run_commands(u);
}

// On a bad block a zero-length packet ends the host's transfer, so that none of the next command's
// data gets into it.
static int send_data(struct sim_disk_uas *u, uint8_t *buf, uint32_t max)
{
    if (!moves_data(u, false))
        return SIM_NAK;
    uint32_t size = u->left < max ? (uint32_t)u->left : max;
    enum base_err err = sim_disk_scsi_read(u->scsi, buf, size);
    if (err == BASE_ERR_AGAIN)
        return SIM_NAK;
    if (err != BASE_OK)
        u->left = size = 0;
    u->left -= size;
    if (u->left == 0)
        end_data(u);
    return (int)size;
}

// The host sends what it has announced, also when the command has already failed.
static int receive_data(struct sim_disk_uas *u, const uint8_t *data, uint32_t size)
{
    if (!moves_data(u, true))
        return SIM_NAK;
    uint32_t blocks = size < u->left ? size : (uint32_t)u->left;
    blocks -= blocks % SIM_STORAGE_BLOCK;
    if (blocks && !u->scsi->failed && sim_disk_scsi_write(u->scsi, data, blocks) == BASE_ERR_AGAIN)
        return SIM_NAK;
    bool is_short = size % SIM_STORAGE_BLOCK != 0 || size == 0;
    if (size > u->left)
        sim_disk_scsi_abort(u->scsi, SIM_DISK_TOO_MUCH_DATA);
    else if (is_short)
        sim_disk_scsi_abort(u->scsi, SIM_DISK_DATA_PHASE);
    u->left -= blocks;
    if (is_short || u->left == 0)
        end_data(u);
    return (int)size;
}

// --- status pipe ---------------------------------------------------------------------------------

static int put_sense(const struct sim_disk_uas_task *t, uint8_t *iu)
{
    iu[6] = t->code;
    if (!t->sense)
        return SENSE_SIZE;
    base_put_be16(iu + 14, SIM_DISK_SENSE_SIZE);
    sim_disk_sense_put(iu + SENSE_SIZE, t->sense);
    return SENSE_SIZE + SIM_DISK_SENSE_SIZE;
}

// The additional response information tells the event that was asked for (SAM-4 7.10).
static int put_response(const struct sim_disk_uas_task *t, uint8_t *iu)
{
    iu[4] = t->sense ? (uint8_t)(ONE_EVENT | t->sense >> 16) : 0;
    iu[5] = (uint8_t)(t->sense >> 8);
    iu[6] = (uint8_t)t->sense;
    iu[7] = t->code;
    return RESPONSE_SIZE;
}

static int put_iu(const struct sim_disk_uas_task *t, uint8_t *iu)
{
    memset(iu, 0, SENSE_SIZE);
    iu[0] = t->iu;
    base_put_be16(iu + 2, t->tag);
    switch (t->iu) {
    case IU_SENSE:
        return put_sense(t, iu);
    case IU_RESPONSE:
        return put_response(t, iu);
    default:
        return HEADER_SIZE;
    }
}

static int send_iu(struct sim_disk_uas *u, uint8_t *iu)
{
    run_commands(u);
    struct base_list *first = base_list_pop(&u->status);
    if (!first)
        return SIM_NAK;
    struct sim_disk_uas_task *t = task_of(first);
    int size = put_iu(t, iu);
    if (t == u->current) {
        u->phase = SIM_DISK_UAS_DATA;
        sim_kick(u->device, u->scsi->out ? SIM_DISK_OUT : SIM_DISK_IN);
    } else {
        free_task(u, t);
    }
    return size;
}

// --- life ----------------------------------------------------------------------------------------

int sim_disk_uas_in(struct sim_disk_uas *u, uint8_t ep, uint8_t *buf, uint32_t max)
{
    return ep == SIM_DISK_STATUS ? send_iu(u, buf) : send_data(u, buf, max);
}

int sim_disk_uas_out(struct sim_disk_uas *u, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    return ep == SIM_DISK_COMMAND ? receive_iu(u, buf, len) : receive_data(u, buf, len);
}

void sim_disk_uas_restart(struct sim_disk_uas *u)
{
    for (unsigned i = 0; i < SIM_DISK_UAS_TASKS; i++) {
        base_list_init(&u->task[i].link);
        u->task[i].kind = SIM_DISK_UAS_FREE;
    }
    base_list_init(&u->waiting);
    base_list_init(&u->status);
    u->current = NULL;
}

void sim_disk_uas_init(struct sim_disk_uas *u, struct sim_device *device,
                       struct sim_disk_scsi *scsi)
{
    u->device = device;
    u->scsi = scsi;
    sim_disk_uas_restart(u);
}
