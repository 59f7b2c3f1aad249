// SPDX-License-Identifier: Apache-2.0
#include "sim_disk.h"
#include "sim_disk_fat.h"

#define MIB (1024ull * 1024)
#define SIZE_DEFAULT (64 * MIB)

enum { SIZE, IMAGE, READ_ONLY, UAS, SPEED };
enum { HIGH, SUPER };

static const char *const speeds[] = {[HIGH] = "high", [SUPER] = "super", NULL};

static bool format_memory(struct sim_spec *s, struct sim_disk_options *o)
{
    uint64_t size = s->value[SIZE].given ? s->value[SIZE].number : SIZE_DEFAULT;
    if (sim_storage_ram(&o->storage, sim_alloc(s->bus), size) != BASE_OK)
        return false;
    (void)sim_disk_fat_format(&o->storage, o->number); // it cannot fail: no medium, large enough
    o->storage.read_only = s->value[READ_ONLY].given;
    return true;
}

static struct sim_device *create(struct sim_spec *s)
{
    struct sim_disk_options o = {
        .number = s->root_port,
        .super = s->value[SPEED].number == SUPER,
        .uas = s->value[UAS].given,
    };
    if (o.uas && o.super) // it would need streams, which no USB/IP client has
        return sim_spec_refuse(s, BASE_ERR_INVALID, "'uas' is for high speed only");
    if (s->value[IMAGE].given && s->value[SIZE].given)
        return sim_spec_refuse(s, BASE_ERR_INVALID, "a file has its own size, leave out 'size='");
    if (s->value[SIZE].number % SIM_STORAGE_BLOCK != 0)
        return sim_spec_refuse_value(s, SIZE);
    if (s->value[IMAGE].given
            ? !sim_spec_open_image(s, IMAGE, s->value[READ_ONLY].given, &o.storage)
            : !format_memory(s, &o))
        return NULL;
    struct sim_device *d = sim_disk_create(s->bus, &o);
    if (!d)
        o.storage.destroy(o.storage.ctx);
    return d;
}

const struct sim_kind sim_disk_kind = {
    .name = "disk",
    .port = "1",
    .help = "USB disk with a FAT file system, 64 MiB of memory",
    .options =
        {
            [SIZE] = {.name = "size",
                      .value = "N",
                      .help = "its size: bytes, or with K, M or G; from 1M to 4G",
                      .min = MIB,
                      .max = 4096 * MIB,
                      .wants = "it goes from 1M to 4G in steps of 512 bytes"},
            [IMAGE] = {.name = "file", .value = "PATH", .help = "an image file in place of memory"},
            [READ_ONLY] = {.name = "ro", .help = "write-protected"},
            [UAS] = {.name = "uas", .help = "USB Attached SCSI, besides bulk-only transport"},
            [SPEED] = {.name = "speed",
                       .value = "super",
                       .help = "super speed, without UAS",
                       .words = speeds,
                       .wants = "it is high or super"},
        },
    .create = create,
};
