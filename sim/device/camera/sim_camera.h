// SPDX-License-Identifier: Apache-2.0
// A high-speed USB Video 1.1 webcam: uncompressed YUY2 320x240 at 30, 15 or 5 frames a second,
// Motion JPEG 640x480 at 30. Its payloads come over the isochronous endpoint 0x81 of alternate
// settings 1..5 of interface 1 (192 to 3 x 1024 bytes in each microframe), or over a bulk endpoint
// 0x81. A frame that the host has not read when the next one is due loses its rest. Loop thread.
//
// Each frame shows its number, 0 for the first of a stream: 32 white (1) and black (0) samples,
// most significant bit first, at the left end of the first row of the picture and once more of the
// last one. In Motion JPEG they are 16x16 blocks, and a COM segment has the number in ten digits.
// Between them a bar moves, on a ground as bright as the host has set.
#pragma once

#include "sim/device/sim_kind.h"

enum {
    SIM_CAMERA_PAYLOAD_MIN = 64, // bytes of a payload with its header of 12
    SIM_CAMERA_PAYLOAD_MAX = 3 * 1024,
    SIM_CAMERA_PAYLOAD_MAX_BULK = 65536,
};

struct sim_camera_options {
    bool bulk;
    uint32_t payload; // dwMaxPayloadTransferSize; 0: as the format needs
};

extern const struct sim_kind sim_camera_kind;

// `options` copied; NULL: all zero. NULL if there is no memory.
struct sim_device *sim_camera_create(struct sim_bus *bus, const struct sim_camera_options *options);

// Of all streams since the device was created. A stream begins with the first packet that the host
// wants after SET_INTERFACE (isochronous), or after the commit control was set or the endpoint's
// halt was cleared (bulk).
struct sim_camera_traffic {
    uint64_t frames;  // given to their last byte
    uint64_t dropped; // cut off or left out, because the next one was due
    uint64_t bytes;   // of pictures: of payloads without their headers
};
struct sim_camera_traffic sim_camera_traffic(const struct sim_device *d);
