// SPDX-License-Identifier: Apache-2.0
// URB phase of USB/IP: the 48-byte header and isochronous packet descriptors (docs/wire.md 2.1).
// Bytes <-> values, pure functions, any thread.
#pragma once

#include "usb/usb_urb.h"

#include <stdint.h>

enum {
    WIRE_URB_HEADER_SIZE = 48,
    WIRE_ISO_PACKET_SIZE = 16,
    WIRE_ISO_PACKETS_MAX = 1024, // Linux drivers/usb/usbip/usbip_common.h; usbip-win2 the same
    // What a client can send: Linux's driver needs the descriptors in one piece of at most 4 MiB.
    WIRE_ISO_PACKETS_SENT_MAX = 4 * 1024 * 1024 / WIRE_ISO_PACKET_SIZE,
};

enum wire_command {
    WIRE_CMD_SUBMIT = 1,
    WIRE_CMD_UNLINK = 2,
    WIRE_RET_SUBMIT = 3,
    WIRE_RET_UNLINK = 4,
};

enum wire_direction {
    WIRE_DIR_OUT = 0,
    WIRE_DIR_IN = 1,
};

// The bits of transfer_flags that have an effect (docs/wire.md 2.7); all others are ignored.
enum wire_transfer_flags {
    WIRE_SHORT_NOT_OK = 0x0001,
    WIRE_ZERO_PACKET = 0x0040,
};

struct wire_urb_header {
    uint32_t command; // enum wire_command
    uint32_t seqnum, devid, direction, ep;
    union {
        struct {
            uint32_t transfer_flags;
            int32_t transfer_buffer_length, start_frame, number_of_packets, interval;
            uint8_t setup[8]; // as on the USB, little-endian
        } submit;
        struct {
            int32_t status, actual_length, start_frame, number_of_packets, error_count;
        } ret_submit;
        struct {
            uint32_t victim; // seqnum of the CMD_SUBMIT to unlink
        } unlink;
        struct {
            int32_t status;
        } ret_unlink;
    } u;
};

// Unknown commands unpack with `u` zeroed; the caller judges.
void wire_urb_header_unpack(struct wire_urb_header *h, const uint8_t in[WIRE_URB_HEADER_SIZE]);

// Packs any of the four commands; unused bytes are zero. assert()s on another command.
void wire_urb_header_pack(uint8_t out[WIRE_URB_HEADER_SIZE], const struct wire_urb_header *h);

void wire_iso_packet_unpack(struct usb_iso_packet *p, const uint8_t in[WIRE_ISO_PACKET_SIZE]);
void wire_iso_packet_pack(uint8_t out[WIRE_ISO_PACKET_SIZE], const struct usb_iso_packet *p);
