// SPDX-License-Identifier: Apache-2.0
// Operation phase of USB/IP: DEVLIST and IMPORT (Linux Documentation/usb/usbip_protocol.rst;
// offsets in docs/wire.md 1.1, 1.2 and 1.3). Bytes <-> values, pure functions, any thread. All
// integers on the wire are big-endian.
#pragma once

#include "usb/usb_device.h"

#include <stdint.h>

enum {
    WIRE_PORT = 3240,
    WIRE_VERSION = 0x0111,
    WIRE_VERSION_OLDEST = 0x0100, // pre-mainline tools; same layout, their version is echoed
    WIRE_OP_HEADER_SIZE = 8,
    WIRE_OP_IMPORT_SIZE = 40, // request, header included
    WIRE_DEVICE_SIZE = 312,
    WIRE_INTERFACE_SIZE = 4,
    WIRE_BUSID_SIZE = 32,
};

enum wire_op_code {
    WIRE_OP_REQ_DEVLIST = 0x8005,
    WIRE_OP_REP_DEVLIST = 0x0005,
    WIRE_OP_REQ_IMPORT = 0x8003,
    WIRE_OP_REP_IMPORT = 0x0003,
};

// What the user of `usbip attach` reads as the reason (docs/wire.md 1.4).
enum wire_op_status {
    WIRE_ST_OK = 0,
    WIRE_ST_NA = 1,       // out of memory, policy
    WIRE_ST_DEV_BUSY = 2, // another session or this host uses it
    WIRE_ST_DEV_ERR = 3,  // failed to enumerate or to be claimed
    WIRE_ST_NODEV = 4,    // no such busid, or hidden from this client
};

struct wire_op_header {
    uint16_t version, code;
    uint32_t status;
};

void wire_op_header_pack(uint8_t out[WIRE_OP_HEADER_SIZE], const struct wire_op_header *h);
struct wire_op_header wire_op_header_unpack(const uint8_t in[WIRE_OP_HEADER_SIZE]);

// Copies the busid field of an IMPORT request up to its first NUL. BASE_ERR_NOT_FOUND if 32 bytes
// hold no NUL, or the name is empty.
enum base_err wire_busid_unpack(char out[WIRE_BUSID_SIZE], const uint8_t in[WIRE_BUSID_SIZE]);

// The 312-byte record; unused bytes are zero. `interfaces` is bNumInterfaces.
void wire_device_pack(uint8_t out[WIRE_DEVICE_SIZE], const struct usb_device_info *d,
                      uint8_t interfaces);
// Puts another name into the record's busid.
void wire_device_name(uint8_t record[WIRE_DEVICE_SIZE], const char *name);
void wire_interface_pack(uint8_t out[WIRE_INTERFACE_SIZE], const struct usb_interface *i);

// Reads a record back (clients: tests, bench). Strings are cut at their field and terminated.
struct wire_device {
    char path[USB_PATH_SIZE], busid[USB_BUSID_SIZE];
    uint32_t busnum, devnum, speed;
    uint16_t idVendor, idProduct, bcdDevice;
    uint8_t bDeviceClass, bDeviceSubClass, bDeviceProtocol;
    uint8_t bConfigurationValue, bNumConfigurations, bNumInterfaces;
};
void wire_device_unpack(struct wire_device *d, const uint8_t in[WIRE_DEVICE_SIZE]);
