// SPDX-License-Identifier: Apache-2.0
#include "sim_disk_bot.h"

#include "base/base_bytes.h"
#include "sim_disk_descriptor.h"

enum {
    CBW_SIZE = 31,
    CSW_SIZE = 13,
    CBW_SIGNATURE = 0x43425355,
    CSW_SIGNATURE = 0x53425355,
    WORK_PAUSE_US = 1000, // between two slices of VERIFY
};

enum { GET_MAX_LUN = 0xa1fe, RESET = 0x21ff }; // bmRequestType << 8 | bRequest

enum csw_status { PASSED = 0, FAILED = 1, PHASE_ERROR = 2 };

static void halt_endpoint(struct sim_disk_bot *b, bool in)
{
    if (in)
        b->in_halt = true;
    else
        b->out_halt = true;
}

// Either endpoint may have waited (NAK) for the phase that comes now.
static void enter_phase(struct sim_disk_bot *b, enum sim_disk_bot_phase phase)
{
    b->phase = phase;
    sim_kick(b->device, SIM_DISK_IN);
    sim_kick(b->device, SIM_DISK_OUT);
}

// The device moves no more data. If the host counts on more, a STALL tells it (usbmassbulk 6.7.2:
// "the device shall STALL the Bulk-In pipe", also behind a short packet; 6.7.3 for Bulk-Out).
static void end_data(struct sim_disk_bot *b)
{
    if (b->scsi->moved < b->host_length)
        halt_endpoint(b, b->host_reads);
    enter_phase(b, SIM_DISK_BOT_STATUS);
}

// The thirteen cases (usbmassbulk 6.7): what the host announced against what the command means.
static void enter_data_phase(struct sim_disk_bot *b)
{
    const struct sim_disk_scsi *scsi = b->scsi;
    if (scsi->length == 0) { // 1, 4, 9
        end_data(b);
    } else if (scsi->length > b->host_length || scsi->out == b->host_reads) {
        b->phase_error = true; // 2, 3, 7, 8, 10, 13
        end_data(b);
    } else { // 5, 6, 11, 12
        enter_phase(b, scsi->out ? SIM_DISK_BOT_DATA_OUT : SIM_DISK_BOT_DATA_IN);
    }
}

// Valid and meaningful (usbmassbulk 6.2.1, 6.2.2)? Reserved bits must be 0; there is LUN 0 only.
static bool cbw_valid(const uint8_t *cbw, uint32_t size)
{
    return size == CBW_SIZE && base_get_le32(cbw) == CBW_SIGNATURE && !(cbw[12] & 0x7f) &&
           cbw[13] == 0 && cbw[14] >= 1 && cbw[14] <= SIM_DISK_CDB_SIZE;
}

static int receive_command(struct sim_disk_bot *b, const uint8_t *cbw, uint32_t size)
{
    if (!cbw_valid(cbw, size)) { // usbmassbulk 6.6.1
        b->needs_reset = b->in_halt = b->out_halt = true;
        enter_phase(b, SIM_DISK_BOT_COMMAND);
        return (int)(size < b->packet_size ? size : b->packet_size);
    }
    b->tag = base_get_le32(cbw + 4);
    b->host_length = base_get_le32(cbw + 8);
    b->host_reads = cbw[12] & USB_DIR_IN;
    b->phase_error = false;
    sim_disk_scsi_begin(b->scsi, cbw + 15, cbw[14]);
    enter_data_phase(b);
    return CBW_SIZE;
}

static uint32_t data_left(const struct sim_disk_bot *b)
{
    return (uint32_t)(b->scsi->length - b->scsi->moved); // at most host_length, see above
}

static int refuse_data(struct sim_disk_bot *b, enum base_err err)
{
    if (err == BASE_ERR_AGAIN)
        return SIM_NAK;
    end_data(b);
    return SIM_STALL;
}

static int receive_data(struct sim_disk_bot *b, const uint8_t *data, uint32_t size)
{
    uint32_t left = data_left(b), blocks = size < left ? size : left;
    blocks -= blocks % SIM_STORAGE_BLOCK;
    enum base_err err = blocks ? sim_disk_scsi_write(b->scsi, data, blocks) : BASE_OK;
    if (err != BASE_OK)
        return refuse_data(b, err);
    if (blocks == left) {
        end_data(b);
    } else if (size % b->packet_size != 0 || size == 0) { // short: less than the host announced
        b->phase_error = true;
        end_data(b);
    }
    // Of a packet of which it wants only a part the device takes all.
    uint32_t packets = (left + b->packet_size - 1) / b->packet_size;
    return (int)(size / b->packet_size < packets ? size : packets * b->packet_size);
}

static int send_data(struct sim_disk_bot *b, uint8_t *buf, uint32_t max)
{
    uint32_t left = data_left(b), size = max < left ? max : left;
    enum base_err err = sim_disk_scsi_read(b->scsi, buf, size);
    if (err != BASE_OK)
        return refuse_data(b, err);
    if (size == left)
        end_data(b);
    return (int)size;
}

static int send_status(struct sim_disk_bot *b, uint8_t *csw)
{
    if (!sim_disk_scsi_work(b->scsi)) {
        if (!b->scsi->waits)
            sim_kick_at(b->device, SIM_DISK_IN, sim_now_us(b->device) + WORK_PAUSE_US);
        return SIM_NAK;
    }
    base_put_le32(csw, CSW_SIGNATURE);
    base_put_le32(csw + 4, b->tag);
    base_put_le32(csw + 8, b->host_length - (uint32_t)b->scsi->moved);
    csw[12] = b->phase_error ? PHASE_ERROR : b->scsi->failed ? FAILED : PASSED;
    enter_phase(b, SIM_DISK_BOT_COMMAND);
    return CSW_SIZE;
}

int sim_disk_bot_in(struct sim_disk_bot *b, uint8_t *buf, uint32_t max)
{
    if (b->in_halt)
        return SIM_STALL;
    if (b->phase == SIM_DISK_BOT_DATA_IN)
        return send_data(b, buf, max);
    return b->phase == SIM_DISK_BOT_STATUS ? send_status(b, buf) : SIM_NAK;
}

int sim_disk_bot_out(struct sim_disk_bot *b, const uint8_t *buf, uint32_t len)
{
    if (b->out_halt)
        return SIM_STALL;
    if (b->phase == SIM_DISK_BOT_COMMAND)
        return receive_command(b, buf, len);
    return b->phase == SIM_DISK_BOT_DATA_OUT ? receive_data(b, buf, len) : SIM_NAK;
}

// CLEAR_FEATURE(ENDPOINT_HALT); of no use between an invalid CBW and the class's reset.
void sim_disk_bot_halt_cleared(struct sim_disk_bot *b, uint8_t ep)
{
    if (b->needs_reset)
        return;
    if (ep == SIM_DISK_IN)
        b->in_halt = false;
    else
        b->out_halt = false;
}

int sim_disk_bot_setup(struct sim_disk_bot *b, const struct usb_setup *s, uint8_t *data,
                       uint32_t len)
{
    if (s->wValue != 0 || s->wIndex != 0) // the one interface, 0
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
        b->needs_reset = false;
        enter_phase(b, SIM_DISK_BOT_COMMAND);
        return 0;
    default:
        return SIM_STALL;
    }
}

void sim_disk_bot_restart(struct sim_disk_bot *b)
{
    b->needs_reset = b->in_halt = b->out_halt = false;
    enter_phase(b, SIM_DISK_BOT_COMMAND);
}

void sim_disk_bot_init(struct sim_disk_bot *b, struct sim_device *device,
                       struct sim_disk_scsi *scsi, uint32_t packet_size)
{
    *b = (struct sim_disk_bot){.device = device, .scsi = scsi, .packet_size = packet_size};
}
