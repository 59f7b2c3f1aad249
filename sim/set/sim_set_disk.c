// SPDX-License-Identifier: Apache-2.0
// The disk and its options.
#include "sim/device/disk/sim_disk.h"
#include "sim/device/disk/sim_disk_fat.h"
#include "sim_set_kind.h"

#include <assert.h>
#include <string.h>

#define MIB (1024ull * 1024)
#define DISK_SIZE_DEFAULT (64 * MIB)
#define DISK_SIZE_MIN MIB
#define DISK_SIZE_MAX (4096 * MIB)

struct disk_request {
    const char *file; // NULL: memory
    const char *size; // NULL: not given
    bool read_only, uas, super;
};

static enum base_err read_speed(struct sim_set *set, const char *value, bool *super)
{
    *super = value && strcmp(value, "super") == 0;
    if (*super || (value && strcmp(value, "high") == 0))
        return BASE_OK;
    return SIM_SET_REFUSE(set, BASE_ERR_INVALID, "disk: 'speed=' is high or super");
}

static enum base_err read_option(struct sim_set *set, const struct sim_set_option *o,
                                 struct disk_request *r)
{
    if (sim_set_option_is(o, "speed"))
        return read_speed(set, o->value, &r->super);
    if (sim_set_option_is(o, "ro") && !o->value)
        r->read_only = true;
    else if (sim_set_option_is(o, "uas") && !o->value)
        r->uas = true;
    else
        return sim_set_refuse_option(set, o);
    return BASE_OK;
}

static enum base_err read_disk(struct sim_set *set, char *options, struct disk_request *r)
{
    struct sim_set_option o;
    enum base_err err = BASE_OK;
    while (err == BASE_OK && sim_set_next_option(&options, &o)) {
        bool is_size = sim_set_option_is(&o, "size"), is_file = sim_set_option_is(&o, "file");
        if (!is_size && !is_file)
            err = read_option(set, &o, r);
        else if (!o.value || !*o.value)
            err = sim_set_needs_value(set, &o);
        else
            *(is_size ? &r->size : &r->file) = o.value;
    }
    if (err == BASE_OK && r->uas && r->super) // it would need streams, which no USB/IP client has
        return SIM_SET_REFUSE(set, BASE_ERR_INVALID, "disk: 'uas' is for high speed only");
    return err;
}

static enum base_err open_file(struct sim_set *set, const struct disk_request *r,
                               struct sim_storage *storage)
{
    if (r->size)
        return SIM_SET_REFUSE(set, BASE_ERR_INVALID,
                              "disk: a file has its own size, leave out 'size='");
    if (!set->env || !set->env->open_file)
        return SIM_SET_REFUSE(set, BASE_ERR_UNSUPPORTED,
                              "disk: there are no files here, leave out 'file='");
    return set->env->open_file(set->env->ctx, r->file, r->read_only, storage, set->why.buf,
                               set->why.size);
}

static enum base_err make_ram(struct sim_set *set, const struct disk_request *r, uint32_t number,
                              struct sim_storage *storage)
{
    uint64_t size = r->size ? sim_set_read_size(r->size) : DISK_SIZE_DEFAULT;
    if (size < DISK_SIZE_MIN || size > DISK_SIZE_MAX || size % SIM_STORAGE_BLOCK != 0)
        return SIM_SET_REFUSE(set, BASE_ERR_INVALID, "disk: bad size '", r->size,
                              "', it goes from 1M to 4G in steps of 512 bytes");
    if (sim_storage_ram(storage, sim_alloc(set->bus), size) != BASE_OK)
        return sim_set_no_memory(set);
    (void)sim_disk_fat_format(storage, number); // memory has neither errors nor too small a size
    storage->read_only = r->read_only;
    return BASE_OK;
}

enum base_err sim_set_create_disk(struct sim_set *set, char *options, struct sim_set_place *p)
{
    struct disk_request request = {0};
    struct sim_disk_options o = {.number = (uint32_t)sim_set_read_size(p->busid + 2)};
    enum base_err err = read_disk(set, options, &request);
    o.uas = request.uas;
    o.super = request.super;
    if (err == BASE_OK)
        err = request.file ? open_file(set, &request, &o.storage)
                           : make_ram(set, &request, o.number, &o.storage);
    if (err != BASE_OK)
        return err;
    assert(o.storage.destroy);
    p->device = sim_disk_create(set->bus, &o);
    if (!p->device)
        o.storage.destroy(o.storage.ctx);
    return p->device ? BASE_OK : sim_set_no_memory(set);
}
