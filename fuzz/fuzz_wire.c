// SPDX-License-Identifier: Apache-2.0
// Any bytes through every unpack function; what was understood must pack to the same bytes again.
#include "fuzz/fuzz.h"
#include "wire/wire_op.h"
#include "wire/wire_urb.h"

#include <string.h>

static void urb_header(const uint8_t *in)
{
    struct wire_urb_header h, again;
    uint8_t out[WIRE_URB_HEADER_SIZE], twice[WIRE_URB_HEADER_SIZE];
    wire_urb_header_unpack(&h, in);
    if (h.command < WIRE_CMD_SUBMIT || h.command > WIRE_RET_UNLINK)
        return;
    wire_urb_header_pack(out, &h);
    fuzz_require(memcmp(in, out, 20) == 0); // the fields that all commands have
    if (h.command == WIRE_CMD_SUBMIT)
        fuzz_require(memcmp(in, out, sizeof out) == 0);
    wire_urb_header_unpack(&again, out);
    wire_urb_header_pack(twice, &again);
    fuzz_require(memcmp(out, twice, sizeof out) == 0);
}

static void iso_packet(const uint8_t *in)
{
    struct usb_iso_packet p;
    uint8_t out[WIRE_ISO_PACKET_SIZE];
    wire_iso_packet_unpack(&p, in);
    wire_iso_packet_pack(out, &p);
    fuzz_require(memcmp(in, out, sizeof out) == 0);
}

static void op_header(const uint8_t *in)
{
    struct wire_op_header h = wire_op_header_unpack(in);
    uint8_t out[WIRE_OP_HEADER_SIZE];
    wire_op_header_pack(out, &h);
    fuzz_require(memcmp(in, out, sizeof out) == 0);
}

static void busid(const uint8_t *in)
{
    char name[WIRE_BUSID_SIZE];
    if (wire_busid_unpack(name, in))
        return;
    size_t length = strlen(name);
    fuzz_require(length > 0 && length < sizeof name);
    fuzz_require(memcmp(name, in, length + 1) == 0);
}

static void device(const uint8_t *in)
{
    struct wire_device d;
    wire_device_unpack(&d, in);
    fuzz_require(memchr(d.path, 0, sizeof d.path) && memchr(d.busid, 0, sizeof d.busid));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size >= WIRE_OP_HEADER_SIZE)
        op_header(data);
    if (size >= WIRE_ISO_PACKET_SIZE)
        iso_packet(data);
    if (size >= WIRE_BUSID_SIZE)
        busid(data);
    if (size >= WIRE_URB_HEADER_SIZE)
        urb_header(data);
    if (size >= WIRE_DEVICE_SIZE)
        device(data);
    return 0;
}
