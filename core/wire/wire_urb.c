// SPDX-License-Identifier: Apache-2.0
#include "wire/wire_urb.h"

#include <assert.h>
#include <string.h>

// Offsets in the 48-byte header; 20 and up depend on the command.
enum {
    AT_COMMAND = 0,
    AT_SEQNUM = 4,
    AT_DEVID = 8,
    AT_DIRECTION = 12,
    AT_EP = 16,
    AT_FLAGS = 20, // CMD_SUBMIT; victim of an UNLINK; status of a reply
    AT_LENGTH = 24,
    AT_START_FRAME = 28,
    AT_PACKETS = 32,
    AT_INTERVAL = 36, // CMD_SUBMIT; error_count of a RET_SUBMIT
    AT_SETUP = 40,
};

static int32_t get_s32(const uint8_t *p)
{
    return (int32_t)base_get_be32(p);
}

void wire_urb_header_unpack(struct wire_urb_header *h, const uint8_t in[WIRE_URB_HEADER_SIZE])
{
    h->command = base_get_be32(in + AT_COMMAND);
    h->seqnum = base_get_be32(in + AT_SEQNUM);
    h->devid = base_get_be32(in + AT_DEVID);
    h->direction = base_get_be32(in + AT_DIRECTION);
    h->ep = base_get_be32(in + AT_EP);
    switch (h->command) {
    case WIRE_CMD_SUBMIT:
        h->u.submit.transfer_flags = base_get_be32(in + AT_FLAGS);
        h->u.submit.transfer_buffer_length = get_s32(in + AT_LENGTH);
        h->u.submit.start_frame = get_s32(in + AT_START_FRAME);
        h->u.submit.number_of_packets = get_s32(in + AT_PACKETS);
        h->u.submit.interval = get_s32(in + AT_INTERVAL);
        memcpy(h->u.submit.setup, in + AT_SETUP, 8);
        break;
    case WIRE_RET_SUBMIT:
        h->u.ret_submit.status = get_s32(in + AT_FLAGS);
        h->u.ret_submit.actual_length = get_s32(in + AT_LENGTH);
        h->u.ret_submit.start_frame = get_s32(in + AT_START_FRAME);
        h->u.ret_submit.number_of_packets = get_s32(in + AT_PACKETS);
        h->u.ret_submit.error_count = get_s32(in + AT_INTERVAL);
        break;
    case WIRE_CMD_UNLINK:
        h->u.unlink.victim = base_get_be32(in + AT_FLAGS);
        break;
    case WIRE_RET_UNLINK:
        h->u.ret_unlink.status = get_s32(in + AT_FLAGS);
        break;
    default:
        memset(&h->u, 0, sizeof h->u);
        break;
    }
}

void wire_urb_header_pack(uint8_t out[WIRE_URB_HEADER_SIZE], const struct wire_urb_header *h)
{
    base_put_be32(out + AT_COMMAND, h->command);
    base_put_be32(out + AT_SEQNUM, h->seqnum);
    base_put_be32(out + AT_DEVID, h->devid);
    base_put_be32(out + AT_DIRECTION, h->direction);
    base_put_be32(out + AT_EP, h->ep);
    switch (h->command) {
    case WIRE_CMD_SUBMIT:
        base_put_be32(out + AT_FLAGS, h->u.submit.transfer_flags);
        base_put_be32(out + AT_LENGTH, (uint32_t)h->u.submit.transfer_buffer_length);
        base_put_be32(out + AT_START_FRAME, (uint32_t)h->u.submit.start_frame);
        base_put_be32(out + AT_PACKETS, (uint32_t)h->u.submit.number_of_packets);
        base_put_be32(out + AT_INTERVAL, (uint32_t)h->u.submit.interval);
        memcpy(out + AT_SETUP, h->u.submit.setup, 8);
        break;
    case WIRE_RET_SUBMIT:
        base_put_be32(out + AT_FLAGS, (uint32_t)h->u.ret_submit.status);
        base_put_be32(out + AT_LENGTH, (uint32_t)h->u.ret_submit.actual_length);
        base_put_be32(out + AT_START_FRAME, (uint32_t)h->u.ret_submit.start_frame);
        base_put_be32(out + AT_PACKETS, (uint32_t)h->u.ret_submit.number_of_packets);
        base_put_be32(out + AT_INTERVAL, (uint32_t)h->u.ret_submit.error_count);
        base_put_be32(out + AT_SETUP, 0);
        base_put_be32(out + AT_SETUP + 4, 0);
        break;
    case WIRE_CMD_UNLINK:
        base_put_be32(out + AT_FLAGS, h->u.unlink.victim);
        memset(out + AT_LENGTH, 0, WIRE_URB_HEADER_SIZE - AT_LENGTH);
        break;
    case WIRE_RET_UNLINK:
        base_put_be32(out + AT_FLAGS, (uint32_t)h->u.ret_unlink.status);
        memset(out + AT_LENGTH, 0, WIRE_URB_HEADER_SIZE - AT_LENGTH);
        break;
    default:
        assert(!"command to pack");
    }
}

void wire_iso_packet_unpack(struct usb_iso_packet *p, const uint8_t in[WIRE_ISO_PACKET_SIZE])
{
    p->offset = base_get_be32(in);
    p->length = base_get_be32(in + 4);
    p->actual_length = base_get_be32(in + 8);
    p->status = get_s32(in + 12);
}

void wire_iso_packet_pack(uint8_t out[WIRE_ISO_PACKET_SIZE], const struct usb_iso_packet *p)
{
    base_put_be32(out, p->offset);
    base_put_be32(out + 4, p->length);
    base_put_be32(out + 8, p->actual_length);
    base_put_be32(out + 12, (uint32_t)p->status);
}
