// SPDX-License-Identifier: Apache-2.0
// The client's side of USB/IP over a real socket, for tests: blocking, with deadlines. What fails,
// fails the test, except where a result is returned.
#pragma once

#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct usbip_client {
    int fd;
    uint32_t devid;
    uint32_t seqnum; // of the last SUBMIT
};

// Sends IMPORT and reads the answer; returns its status.
enum wire_op_status usbip_client_import(struct usbip_client *c, int fd, const char *busid);

// Sends DEVLIST, returns the number of devices in the reply. The server then closes.
unsigned usbip_client_devlist(int fd);

// The bytes of a SUBMIT without its data, for a transfer of `length` bytes; takes the next seqnum.
void usbip_client_pack(struct usbip_client *c, uint8_t out[WIRE_URB_HEADER_SIZE], uint32_t ep,
                       bool in, uint32_t length);

void usbip_client_submit(struct usbip_client *c, uint32_t ep, bool in, const void *data,
                         uint32_t length);

// SET_CONFIGURATION, and its answer.
void usbip_client_configure(struct usbip_client *c, uint8_t configuration);

// Reads one RET_SUBMIT or RET_UNLINK with its data (at most `max` bytes). `in` as submitted.
struct wire_urb_header usbip_client_reply(struct usbip_client *c, bool in, void *data, size_t max);

// An IN transfer that is filled.
void usbip_client_read(struct usbip_client *c, uint32_t ep, void *data, uint32_t length);

// Sends `size` (at most 4096) bytes to the bulk endpoints of a device that sends them back, and
// compares. Not a multiple of the packet size: Gadget Zero gives back what a short packet has
// ended.
void usbip_client_echo(struct usbip_client *c, uint8_t first, uint32_t size);
