// SPDX-License-Identifier: Apache-2.0
#include "sim_disk_scsi.h"

#include "base/base_bytes.h"

#include <string.h>

enum {
    TEST_UNIT_READY = 0x00,
    REQUEST_SENSE = 0x03,
    READ_6 = 0x08,
    WRITE_6 = 0x0a,
    INQUIRY = 0x12,
    MODE_SENSE_6 = 0x1a,
    START_STOP_UNIT = 0x1b,
    PREVENT_ALLOW = 0x1e,
    READ_FORMAT_CAPACITIES = 0x23, // MMC
    READ_CAPACITY_10 = 0x25,
    READ_10 = 0x28,
    WRITE_10 = 0x2a,
    VERIFY_10 = 0x2f,
    SYNCHRONIZE_CACHE_10 = 0x35,
    MODE_SENSE_10 = 0x5a,
    READ_16 = 0x88,
    WRITE_16 = 0x8a,
    VERIFY_16 = 0x8f,
    SYNCHRONIZE_CACHE_16 = 0x91,
    SERVICE_ACTION_IN_16 = 0x9e,
    REPORT_LUNS = 0xa0,
};

enum {
    FUA = 0x08,     // byte 1 of READ and WRITE, 10 and 16: past every cache
    BYTCHK = 0x06,  // byte 1 of VERIFY: compare with data from the host
    PROTECT = 0xe0, // byte 1: protection information, which we have not
    START = 0x01,   // byte 4 of START STOP UNIT
    LOAD_EJECT = 0x02,
    POWER_CONDITION = 0xf0,

    VERIFY_SLICE = 256 * 1024, // bytes in one go, so that nobody else waits long
};

enum { NEEDS_MEDIUM = 1, NEEDS_WRITABLE = 2, IN_ATTENTION = 4 }; // how a command may start

struct extent {
    uint64_t lba;
    uint32_t count; // of blocks
};

// Where the commands have their LBA and length depends on the size of the CDB, and that on the
// operation code's group (SPC-3 4.3.4.1).
static struct extent extent_unpack(const uint8_t *cdb)
{
    switch (cdb[0] >> 5) {
    case 0: // 6 bytes; a count of 0 means 256
        return (struct extent){base_get_be32(cdb) & 0x1fffff, cdb[4] ? cdb[4] : 256};
    case 4: // 16 bytes
        return (struct extent){base_get_be64(cdb + 2), base_get_be32(cdb + 10)};
    default: // 10 bytes
        return (struct extent){base_get_be32(cdb + 2), base_get_be16(cdb + 7)};
    }
}

// False: the command has failed.
static bool check_range(struct sim_disk_scsi *s, const struct extent *e)
{
    if (e->lba < s->blocks && e->count <= s->blocks - e->lba)
        return true;
    sim_disk_scsi_fail(s, SIM_DISK_OUT_OF_RANGE);
    return false;
}

static void test_unit_ready(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    (void)s, (void)cdb; // all was checked before a command starts
}

static void transfer(struct sim_disk_scsi *s, const uint8_t *cdb, bool out)
{
    struct extent e = extent_unpack(cdb);
    if (cdb[1] & PROTECT) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
    } else if (check_range(s, &e)) {
        s->out = out;
        s->offset = e.lba * SIM_STORAGE_BLOCK;
        s->length = (uint64_t)e.count * SIM_STORAGE_BLOCK;
    }
}

static void read_blocks(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    transfer(s, cdb, false);
}

static void write_blocks(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    transfer(s, cdb, true);
    s->flush_at_end = cdb[0] != WRITE_6 && cdb[1] & FUA;
}

static void verify(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    struct extent e = extent_unpack(cdb);
    if (cdb[1] & (PROTECT | BYTCHK)) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
    } else if (check_range(s, &e)) {
        s->offset = e.lba * SIM_STORAGE_BLOCK;
        s->verify_end = s->offset + (uint64_t)e.count * SIM_STORAGE_BLOCK;
    }
}

static void synchronize_cache(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    struct extent e = extent_unpack(cdb);
    s->flush_at_end = check_range(s, &e);
}

static void start_stop_unit(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    bool load_eject = cdb[4] & LOAD_EJECT, ejected = s->medium == SIM_DISK_MEDIUM_EJECTED;
    if (cdb[4] & POWER_CONDITION) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
    } else if (cdb[4] & START) {
        if (ejected && !load_eject)
            sim_disk_scsi_fail(s, SIM_DISK_NO_MEDIUM);
        else
            s->medium_at_end = SIM_DISK_MEDIUM_READY;
    } else if (!ejected && load_eject && s->removal_prevented) {
        sim_disk_scsi_fail(s, SIM_DISK_LOCKED);
    } else if (!ejected) {
        s->flush_at_end = true;
        s->medium_at_end = load_eject ? SIM_DISK_MEDIUM_EJECTED : SIM_DISK_MEDIUM_STOPPED;
    }
}

static void prevent_allow(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    if (cdb[4] & 2) // obsolete in SPC-3
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
    else
        s->removal_prevented = cdb[4] & 1;
}

struct command {
    uint8_t opcode;
    uint8_t size; // of the CDB
    uint8_t how;
    void (*run)(struct sim_disk_scsi *s, const uint8_t *cdb);
};

static const struct command commands[] = {
    {TEST_UNIT_READY, 6, NEEDS_MEDIUM, test_unit_ready},
    {REQUEST_SENSE, 6, IN_ATTENTION, sim_disk_request_sense},
    {READ_6, 6, NEEDS_MEDIUM, read_blocks},
    {WRITE_6, 6, NEEDS_MEDIUM | NEEDS_WRITABLE, write_blocks},
    {INQUIRY, 6, IN_ATTENTION, sim_disk_inquiry},
    {MODE_SENSE_6, 6, 0, sim_disk_mode_sense_6},
    {START_STOP_UNIT, 6, 0, start_stop_unit},
    {PREVENT_ALLOW, 6, 0, prevent_allow},
    {READ_FORMAT_CAPACITIES, 10, 0, sim_disk_read_format_capacities},
    {READ_CAPACITY_10, 10, NEEDS_MEDIUM, sim_disk_read_capacity_10},
    {READ_10, 10, NEEDS_MEDIUM, read_blocks},
    {WRITE_10, 10, NEEDS_MEDIUM | NEEDS_WRITABLE, write_blocks},
    {VERIFY_10, 10, NEEDS_MEDIUM, verify},
    {SYNCHRONIZE_CACHE_10, 10, NEEDS_MEDIUM, synchronize_cache},
    {MODE_SENSE_10, 10, 0, sim_disk_mode_sense_10},
    {READ_16, 16, NEEDS_MEDIUM, read_blocks},
    {WRITE_16, 16, NEEDS_MEDIUM | NEEDS_WRITABLE, write_blocks},
    {VERIFY_16, 16, NEEDS_MEDIUM, verify},
    {SYNCHRONIZE_CACHE_16, 16, NEEDS_MEDIUM, synchronize_cache},
    {SERVICE_ACTION_IN_16, 16, NEEDS_MEDIUM, sim_disk_read_capacity_16},
    {REPORT_LUNS, 12, IN_ATTENTION, sim_disk_report_luns},
};

static const struct command *find_command(uint8_t opcode)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (commands[i].opcode == opcode)
            return &commands[i];
    return NULL;
}

static void start_command(struct sim_disk_scsi *s, const struct command *c, const uint8_t *cdb)
{
    if ((c->how & NEEDS_MEDIUM) && s->medium == SIM_DISK_MEDIUM_EJECTED)
        sim_disk_scsi_fail(s, SIM_DISK_NO_MEDIUM);
    else if ((c->how & NEEDS_MEDIUM) && s->medium == SIM_DISK_MEDIUM_STOPPED)
        sim_disk_scsi_fail(s, SIM_DISK_STOPPED);
    else if ((c->how & NEEDS_WRITABLE) && s->storage.read_only)
        sim_disk_scsi_fail(s, SIM_DISK_WRITE_PROTECTED);
    else
        c->run(s, cdb);
}

static void clear_command(struct sim_disk_scsi *s)
{
    if (s->storage.slow) // of a command that was aborted
        s->storage.slow->abandon(s->storage.ctx);
    s->failed = s->out = s->from_reply = s->flush_at_end = s->waits = false;
    s->length = s->moved = s->offset = s->verify_end = 0;
    s->medium_at_end = s->medium;
}

void sim_disk_scsi_begin(struct sim_disk_scsi *s, const uint8_t *cdb, unsigned size)
{
    const struct command *c = find_command(cdb[0]);
    clear_command(s);
    if (cdb[0] != REQUEST_SENSE) // sense data is kept for the very next command only
        s->sense = SIM_DISK_NO_SENSE;
    if (s->attention && !(c && c->how & IN_ATTENTION)) {
        sim_disk_scsi_fail(s, s->attention);
        s->attention = SIM_DISK_NO_SENSE;
    } else if (!c) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_OPCODE);
    } else if (size < c->size) {
        sim_disk_scsi_fail(s, SIM_DISK_BAD_FIELD);
    } else {
        start_command(s, c, cdb);
    }
}

// SPC-3 6.4.1: INQUIRY is answered also for a unit that is not there.
void sim_disk_scsi_begin_nowhere(struct sim_disk_scsi *s, const uint8_t *cdb)
{
    clear_command(s);
    s->sense = SIM_DISK_NO_SENSE;
    if (cdb[0] == INQUIRY)
        sim_disk_inquiry_nowhere(s, cdb);
    else
        sim_disk_scsi_fail(s, SIM_DISK_NO_UNIT);
}

// What the storage has answered for the command; BASE_ERR_IO makes it fail.
static enum base_err note(struct sim_disk_scsi *s, enum base_err err, enum sim_disk_sense sense)
{
    s->waits = err == BASE_ERR_AGAIN;
    if (err == BASE_OK || s->waits)
        return err;
    sim_disk_scsi_fail(s, sense);
    return BASE_ERR_IO;
}

static enum base_err read_storage(struct sim_disk_scsi *s, uint8_t *buf, uint32_t size)
{
    return note(s, s->storage.read(s->storage.ctx, s->offset, buf, size), SIM_DISK_READ_ERROR);
}

enum base_err sim_disk_scsi_read(struct sim_disk_scsi *s, uint8_t *buf, uint32_t size)
{
    enum base_err err = BASE_OK;
    if (s->from_reply)
        memcpy(buf, s->reply + s->moved, size);
    else
        err = read_storage(s, buf, size);
    if (err != BASE_OK)
        return err;
    s->offset += size;
    s->moved += size;
    return BASE_OK;
}

// The host hears of a WRITE when its data are written. False: it has to wait.
static bool conclude_writes(struct sim_disk_scsi *s)
{
    const struct sim_storage *storage = &s->storage;
    if (s->out && storage->slow &&
        note(s, storage->slow->settle(storage->ctx), SIM_DISK_WRITE_ERROR) == BASE_ERR_AGAIN)
        return false;
    if (s->flush_at_end && !s->failed && !storage->read_only)
        s->flush_at_end =
            note(s, storage->flush(storage->ctx), SIM_DISK_WRITE_ERROR) == BASE_ERR_AGAIN;
    return !s->waits;
}

enum base_err sim_disk_scsi_write(struct sim_disk_scsi *s, const uint8_t *buf, uint32_t size)
{
    enum base_err err =
        note(s, s->storage.write(s->storage.ctx, s->offset, buf, size), SIM_DISK_WRITE_ERROR);
    if (err != BASE_OK)
        return err;
    s->offset += size;
    s->moved += size;
    if (s->moved == s->length)
        (void)conclude_writes(s); // begins with it, at least
    return BASE_OK;
}

static void verify_slice(struct sim_disk_scsi *s)
{
    for (unsigned n = 0; n < VERIFY_SLICE && s->offset < s->verify_end; n += SIM_STORAGE_BLOCK) {
        enum base_err err = read_storage(s, s->reply, SIM_STORAGE_BLOCK);
        if (err == BASE_ERR_AGAIN)
            return;
        if (err == BASE_ERR_IO)
            s->verify_end = s->offset;
        s->offset += SIM_STORAGE_BLOCK;
    }
}

bool sim_disk_scsi_work(struct sim_disk_scsi *s)
{
    verify_slice(s);
    if (s->offset < s->verify_end || !conclude_writes(s))
        return false;
    if (!s->failed)
        s->medium = s->medium_at_end;
    return true;
}

void sim_disk_scsi_init(struct sim_disk_scsi *s, const struct sim_storage *storage, uint32_t number)
{
    *s = (struct sim_disk_scsi){
        .storage = *storage,
        .blocks = storage->size_bytes / SIM_STORAGE_BLOCK,
        .number = number,
    };
    for (unsigned i = 0; i < SIM_DISK_SERIAL_SIZE; i++) {
        unsigned shift = 4 * (SIM_DISK_SERIAL_SIZE - 1 - i);
        s->serial[i] = "0123456789ABCDEF"[(uint64_t)number >> shift & 15];
    }
    sim_disk_scsi_reset(s);
}

void sim_disk_scsi_clear(struct sim_disk_scsi *s, enum sim_disk_sense attention)
{
    s->removal_prevented = false;
    s->sense = SIM_DISK_NO_SENSE;
    s->attention = attention;
}

void sim_disk_scsi_reset(struct sim_disk_scsi *s)
{
    s->medium = SIM_DISK_MEDIUM_READY;
    sim_disk_scsi_clear(s, SIM_DISK_POWER_ON);
}
