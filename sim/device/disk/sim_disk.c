// SPDX-License-Identifier: Apache-2.0
#include "sim_disk.h"

#include "sim_disk_bot.h"
#include "sim_disk_descriptor.h"
#include "sim_disk_uas.h"

#include <assert.h>

struct disk {
    struct sim_device device; // first: the engine's pointer is ours
    struct sim_descriptors descriptors;
    const char *strings[4];
    struct sim_disk_scsi scsi;

    // One of them is in use, by the alternate setting.
    struct sim_disk_bot bot;
    struct sim_disk_uas uas;
};

static struct disk *disk_of(struct sim_device *d)
{
    return (struct disk *)(void *)d;
}

static bool uses_uas(const struct disk *disk)
{
    return disk->device.alternate[0] == SIM_DISK_UAS;
}

static int disk_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct disk *disk = disk_of(d);
    return uses_uas(disk) ? sim_disk_uas_in(&disk->uas, ep, buf, max)
                          : sim_disk_bot_in(&disk->bot, buf, max);
}

static int disk_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct disk *disk = disk_of(d);
    return uses_uas(disk) ? sim_disk_uas_out(&disk->uas, ep, buf, len)
                          : sim_disk_bot_out(&disk->bot, buf, len);
}

static void disk_halt_cleared(struct sim_device *d, uint8_t ep)
{
    sim_disk_bot_halt_cleared(&disk_of(d)->bot, ep); // UAS has no halts of its own
}

static int disk_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    struct disk *disk = disk_of(d);
    if (d->config == 0 || uses_uas(disk)) // UAS has no requests
        return SIM_STALL;
    return sim_disk_bot_setup(&disk->bot, s, data, len);
}

static void disk_restart(struct sim_device *d)
{
    sim_disk_bot_restart(&disk_of(d)->bot);
    sim_disk_uas_restart(&disk_of(d)->uas);
}

static void disk_alternate_selected(struct sim_device *d, uint8_t interface)
{
    (void)interface; // there is one
    disk_restart(d);
}

static void disk_reset(struct sim_device *d)
{
    disk_restart(d);
    sim_disk_scsi_reset(&disk_of(d)->scsi);
}

static void disk_destroy(struct sim_device *d)
{
    struct disk *disk = disk_of(d);
    disk->scsi.storage.destroy(disk->scsi.storage.ctx);
    base_free(sim_alloc(d->bus), disk);
}

static const struct sim_device_ops disk_ops = {
    .destroy = disk_destroy,
    .reset = disk_reset,
    .configured = disk_restart,
    .alternate_selected = disk_alternate_selected,
    .halt_cleared = disk_halt_cleared,
    .setup = disk_setup,
    .in = disk_in,
    .out = disk_out,
};

// What waits for the storage is asked again, whatever it is by now.
static void storage_done(void *owner)
{
    struct disk *disk = owner;
    sim_kick(&disk->device, SIM_DISK_IN);
    sim_kick(&disk->device, SIM_DISK_OUT);
    sim_kick(&disk->device, SIM_DISK_STATUS);
}

static void describe(struct disk *disk, const struct sim_disk_model *model)
{
    disk->strings[0] = "usbip-esp32p4";
    disk->strings[1] = "Simulated disk";
    disk->strings[2] = disk->scsi.serial;
    disk->descriptors = (struct sim_descriptors){
        .device = model->device,
        .configs = model->configs,
        .strings = disk->strings,
        .bos = model->bos,
    };
}

struct sim_device *sim_disk_create(struct sim_bus *bus, const struct sim_disk_options *options)
{
    assert(!options->super || !options->uas);
    const struct sim_disk_model *model = options->super ? &sim_disk_super
                                         : options->uas ? &sim_disk_high_uas
                                                        : &sim_disk_high;
    struct disk *disk = base_alloc(sim_alloc(bus), sizeof *disk);
    if (!disk)
        return NULL;
    sim_disk_scsi_init(&disk->scsi, &options->storage, options->number);
    describe(disk, model);
    disk->device.ops = &disk_ops;
    disk->device.desc = &disk->descriptors;
    disk->device.speed = model->speed;
    disk->device.bus = bus;
    sim_disk_bot_init(&disk->bot, &disk->device, &disk->scsi, model->packet_size);
    sim_disk_uas_init(&disk->uas, &disk->device, &disk->scsi);
    if (options->storage.slow)
        options->storage.slow->listen(options->storage.ctx, storage_done, disk);
    return &disk->device;
}
