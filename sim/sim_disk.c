// SPDX-License-Identifier: Apache-2.0
#include "sim/sim_disk.h"

#include "base/base_bytes.h"
#include "sim/sim_disk_scsi.h"

#include <string.h>

enum {
    EP_IN = 0x81,
    EP_OUT = 0x02,
    PACKET = 512,
    CBW_SIZE = 31,
    CSW_SIZE = 13,
    CBW_SIGNATURE = 0x43425355,
    CSW_SIGNATURE = 0x53425355,
    WORK_PAUSE_US = 1000, // between two slices of VERIFY
};
_Static_assert((int)PACKET == (int)SIM_STORAGE_BLOCK, "packets are moved as whole blocks");

enum { GET_MAX_LUN = 0xa1fe, RESET = 0x21ff }; // bmRequestType << 8 | bRequest

enum csw_status { PASSED = 0, FAILED = 1, PHASE_ERROR = 2 };

enum disk_phase { DISK_COMMAND, DISK_DATA_IN, DISK_DATA_OUT, DISK_STATUS };

struct disk {
    struct sim_device device; // first: the engine's pointer is ours
    struct sim_descriptors descriptors;
    const char *strings[4];
    struct sim_disk_scsi scsi;

    enum disk_phase phase;
    bool needs_reset;       // after an invalid CBW, until reset recovery
    bool in_halt, out_halt; // the next transaction there gets a STALL
    bool host_reads;        // the rest is from the CBW
    uint32_t tag;
    uint32_t host_length;
    bool phase_error;
};

#define LE16(v) (v) & 0xff, (v) >> 8
#define BULK_ENDPOINT(address) 7, USB_DT_ENDPOINT, address, USB_BULK, LE16(PACKET), 0

// The class is in the interface.
// clang-format off
static const uint8_t disk_device_descriptor[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, LE16(0x0200), 0, 0, 0, 64,
    LE16(0x1209), LE16(0x0002), LE16(0x0100), 1, 2, 3, 1,
};

// SCSI transparent command set, bulk-only; bus-powered, 100 mA.
static const uint8_t disk_configuration[] = {
    9, USB_DT_CONFIG, LE16(32), 1, 1, 0, 0x80, 50,
    9, USB_DT_INTERFACE, 0, 0, 2, USB_CLASS_MASS_STORAGE, 6, 0x50, 0,
    BULK_ENDPOINT(EP_IN),
    BULK_ENDPOINT(EP_OUT),
};
// clang-format on
_Static_assert(sizeof disk_configuration == 32, "wTotalLength");

static const uint8_t *const disk_configurations[] = {disk_configuration};

static struct disk *disk_of(struct sim_device *d)
{
    return (struct disk *)(void *)d;
}

static void disk_halt(struct disk *disk, bool in)
{
    if (in)
        disk->in_halt = true;
    else
        disk->out_halt = true;
}

// Either endpoint may have waited (NAK) for the phase that comes now.
static void disk_enter(struct disk *disk, enum disk_phase phase)
{
    disk->phase = phase;
    sim_kick(&disk->device, EP_IN);
    sim_kick(&disk->device, EP_OUT);
}

// The device moves no more data. If the host counts on more, a STALL tells it (usbmassbulk 6.7.2:
// "the device shall STALL the Bulk-In pipe", also behind a short packet; 6.7.3 for Bulk-Out).
static void disk_end_data(struct disk *disk)
{
    if (disk->scsi.moved < disk->host_length)
        disk_halt(disk, disk->host_reads);
    disk_enter(disk, DISK_STATUS);
}

// The thirteen cases (usbmassbulk 6.7): what the host announced against what the command means.
static void disk_agree(struct disk *disk)
{
    const struct sim_disk_scsi *scsi = &disk->scsi;
    if (scsi->length == 0) { // 1, 4, 9
        disk_end_data(disk);
    } else if (scsi->length > disk->host_length || scsi->out == disk->host_reads) {
        disk->phase_error = true; // 2, 3, 7, 8, 10, 13
        disk_end_data(disk);
    } else { // 5, 6, 11, 12
        disk_enter(disk, scsi->out ? DISK_DATA_OUT : DISK_DATA_IN);
    }
}

// Valid and meaningful (usbmassbulk 6.2.1, 6.2.2)? Reserved bits must be 0; there is LUN 0 only.
static bool disk_cbw_valid(const uint8_t *cbw, uint32_t size)
{
    return size == CBW_SIZE && base_get_le32(cbw) == CBW_SIGNATURE && !(cbw[12] & 0x7f) &&
           cbw[13] == 0 && cbw[14] >= 1 && cbw[14] <= SIM_DISK_CDB_SIZE;
}

static int disk_receive_command(struct disk *disk, const uint8_t *cbw, uint32_t size)
{
    if (!disk_cbw_valid(cbw, size)) { // usbmassbulk 6.6.1
        disk->needs_reset = disk->in_halt = disk->out_halt = true;
        disk_enter(disk, DISK_COMMAND);
        return size < PACKET ? (int)size : PACKET;
    }
    disk->tag = base_get_le32(cbw + 4);
    disk->host_length = base_get_le32(cbw + 8);
    disk->host_reads = cbw[12] & USB_DIR_IN;
    disk->phase_error = false;
    sim_disk_scsi_begin(&disk->scsi, cbw + 15, cbw[14]);
    disk_agree(disk);
    return CBW_SIZE;
}

static uint32_t disk_left(const struct disk *disk)
{
    return (uint32_t)(disk->scsi.length - disk->scsi.moved); // at most host_length, see above
}

static int disk_receive_data(struct disk *disk, const uint8_t *data, uint32_t size)
{
    uint32_t left = disk_left(disk);
    uint32_t taken = size < left ? size : left, blocks = taken - taken % PACKET;
    if (blocks && !sim_disk_scsi_write(&disk->scsi, data, blocks)) {
        disk_end_data(disk);
        return SIM_STALL;
    }
    if (blocks == left) {
        disk_end_data(disk);
    } else if (blocks < taken || size == 0) { // a short packet: less than the host announced
        disk->phase_error = true;
        disk_end_data(disk);
    }
    return (int)taken;
}

static int disk_send_data(struct disk *disk, uint8_t *buf, uint32_t max)
{
    uint32_t left = disk_left(disk), size = max < left ? max : left;
    if (!sim_disk_scsi_read(&disk->scsi, buf, size)) {
        disk_end_data(disk);
        return SIM_STALL;
    }
    if (size == left)
        disk_end_data(disk);
    return (int)size;
}

static int disk_send_status(struct disk *disk, uint8_t *csw)
{
    if (!sim_disk_scsi_work(&disk->scsi)) {
        sim_kick_at(&disk->device, EP_IN, sim_now_us(&disk->device) + WORK_PAUSE_US);
        return SIM_NAK;
    }
    base_put_le32(csw, CSW_SIGNATURE);
    base_put_le32(csw + 4, disk->tag);
    base_put_le32(csw + 8, disk->host_length - (uint32_t)disk->scsi.moved);
    csw[12] = disk->phase_error ? PHASE_ERROR : disk->scsi.failed ? FAILED : PASSED;
    disk_enter(disk, DISK_COMMAND);
    return CSW_SIZE;
}

static int disk_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct disk *disk = disk_of(d);
    (void)ep; // there is one
    if (disk->in_halt)
        return SIM_STALL;
    if (disk->phase == DISK_DATA_IN)
        return disk_send_data(disk, buf, max);
    return disk->phase == DISK_STATUS ? disk_send_status(disk, buf) : SIM_NAK;
}

static int disk_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct disk *disk = disk_of(d);
    (void)ep;
    if (disk->out_halt)
        return SIM_STALL;
    if (disk->phase == DISK_COMMAND)
        return disk_receive_command(disk, buf, len);
    return disk->phase == DISK_DATA_OUT ? disk_receive_data(disk, buf, len) : SIM_NAK;
}

// CLEAR_FEATURE(ENDPOINT_HALT); of no use between an invalid CBW and the class's reset.
static void disk_halt_cleared(struct sim_device *d, uint8_t ep)
{
    struct disk *disk = disk_of(d);
    if (disk->needs_reset)
        return;
    if (ep == EP_IN)
        disk->in_halt = false;
    else
        disk->out_halt = false;
}

static int disk_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    struct disk *disk = disk_of(d);
    if (d->config == 0 || s->wValue != 0 || s->wIndex != 0) // the one interface, 0
        return SIM_STALL;
    switch (s->bmRequestType << 8 | s->bRequest) {
    case GET_MAX_LUN:
        if (s->wLength != 1 || len < 1)
            return SIM_STALL;
        data[0] = 0;
        return 1;
    case RESET: // halts and toggles stay: clearing the halts is the host's next step (3.1, 5.3.4)
        if (s->wLength != 0)
            return SIM_STALL;
        disk->needs_reset = false;
        disk_enter(disk, DISK_COMMAND);
        return 0;
    default:
        return SIM_STALL;
    }
}

// SET_CONFIGURATION and SET_INTERFACE end every halt.
static void disk_restart(struct sim_device *d)
{
    struct disk *disk = disk_of(d);
    disk->needs_reset = disk->in_halt = disk->out_halt = false;
    disk_enter(disk, DISK_COMMAND);
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

struct sim_device *sim_disk_create(struct sim_bus *bus, const struct sim_disk_options *options)
{
    struct disk *disk = base_alloc(sim_alloc(bus), sizeof *disk);
    if (!disk)
        return NULL;
    sim_disk_scsi_init(&disk->scsi, &options->storage, options->number);
    disk->strings[0] = "usbip-esp32p4";
    disk->strings[1] = "Simulated disk";
    disk->strings[2] = disk->scsi.serial;
    disk->descriptors = (struct sim_descriptors){
        .device = disk_device_descriptor,
        .configs = disk_configurations,
        .strings = disk->strings,
    };
    disk->device.ops = &disk_ops;
    disk->device.desc = &disk->descriptors;
    disk->device.name = "disk";
    disk->device.speed = USB_SPEED_HIGH;
    disk->device.bus = bus;
    return &disk->device;
}
