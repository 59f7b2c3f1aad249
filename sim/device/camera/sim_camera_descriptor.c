// SPDX-License-Identifier: Apache-2.0
// Descriptors of the webcam: USB Device Class Definition for Video Devices 1.1 chapter 3, formats
// in its companions for uncompressed and Motion JPEG payloads.
#include "sim_camera_device.h"
#include "usb/usb_descriptor_bytes.h"

enum {
    CLASS_VIDEO = 0x0e,
    CONTROL_SUBCLASS = 1,
    STREAMING_SUBCLASS = 2,
    COLLECTION_SUBCLASS = 3,

    DT_ASSOCIATION = 0x0b, // descriptor types
    CS_INTERFACE = 0x24,

    CONTROL_HEADER = 1, // subtypes in the control interface
    CONTROL_INPUT_TERMINAL = 2,
    CONTROL_OUTPUT_TERMINAL = 3,
    CONTROL_PROCESSING_UNIT = 5,
    STREAMING_INPUT_HEADER = 1, // in the streaming interface
    STREAMING_FORMAT_UNCOMPRESSED = 4,
    STREAMING_FRAME_UNCOMPRESSED = 5,
    STREAMING_FORMAT_MJPEG = 6,
    STREAMING_FRAME_MJPEG = 7,
    STREAMING_COLOUR = 0x0d,

    TERMINAL_STREAMING = 0x0101,
    TERMINAL_CAMERA = 0x0201,
    BRIGHTNESS = 0x0001, // bit of the processing unit's bmControls

    NAME_STRING = 2,

    HEADER_SIZE = 12 + 1, // one streaming interface
    CAMERA_SIZE = 15 + 3,
    PROCESSING_SIZE = 10 + 2,
    OUTPUT_SIZE = 9,
    CONTROL_SIZE = HEADER_SIZE + CAMERA_SIZE + PROCESSING_SIZE + OUTPUT_SIZE,

    INPUT_HEADER_SIZE = 13 + CAMERA_FORMATS,
    FORMAT_YUY2_SIZE = 27,
    FRAME_YUY2_SIZE = 26 + CAMERA_INTERVALS * 4,
    FORMAT_MJPEG_SIZE = 11,
    FRAME_MJPEG_SIZE = 26 + 1 * 4,
    COLOUR_SIZE = 6,
    FORMATS_SIZE = INPUT_HEADER_SIZE + FORMAT_YUY2_SIZE + FRAME_YUY2_SIZE + FORMAT_MJPEG_SIZE +
                   FRAME_MJPEG_SIZE + 2 * COLOUR_SIZE,

    COMMON_SIZE = 9 + 8 + 9 + CONTROL_SIZE + 9 + FORMATS_SIZE,
    ISO_SETTINGS = 5,
    ISO_SIZE = COMMON_SIZE + ISO_SETTINGS * (9 + 7),
    BULK_SIZE = COMMON_SIZE + 7,

    // Asynchronous: the camera has a clock of its own (USB 2.0 table 9-13).
    ISOCHRONOUS_ASYNCHRONOUS = USB_ISOCHRONOUS | 1 << 2,
};

// Bits per second of 30 frames.
#define YUY2_RATE (8u * 30 * CAMERA_YUY2_SIZE)
#define MJPEG_RATE (8u * 30 * CAMERA_MJPEG_SIZE_MAX)

// clang-format off
#define COMMON(total, streaming_endpoints) \
    USB_CONFIG_BYTES(total, 2, 1, 0, 0x80, 250), /* bus-powered, 500 mA */ \
    8, DT_ASSOCIATION, CAMERA_CONTROL, 2, CLASS_VIDEO, COLLECTION_SUBCLASS, 0, NAME_STRING, \
    USB_INTERFACE_BYTES(CAMERA_CONTROL, 0, 0, CLASS_VIDEO, CONTROL_SUBCLASS, 0, NAME_STRING), \
    HEADER_SIZE, CS_INTERFACE, CONTROL_HEADER, USB_LE16(0x0110), USB_LE16(CONTROL_SIZE), \
        USB_LE32(CAMERA_CLOCK_MHZ * 1000000), 1, CAMERA_STREAMING, \
    CAMERA_SIZE, CS_INTERFACE, CONTROL_INPUT_TERMINAL, CAMERA_TERMINAL, USB_LE16(TERMINAL_CAMERA), \
        0, 0, USB_LE16(0), USB_LE16(0), USB_LE16(0), 3, 0, 0, 0, \
    PROCESSING_SIZE, CS_INTERFACE, CONTROL_PROCESSING_UNIT, CAMERA_PROCESSING, CAMERA_TERMINAL, \
        USB_LE16(0), 2, USB_LE16(BRIGHTNESS), 0, 0, \
    OUTPUT_SIZE, CS_INTERFACE, CONTROL_OUTPUT_TERMINAL, CAMERA_TO_USB, \
        USB_LE16(TERMINAL_STREAMING), 0, CAMERA_PROCESSING, 0, \
    USB_INTERFACE_BYTES(CAMERA_STREAMING, 0, streaming_endpoints, CLASS_VIDEO, \
        STREAMING_SUBCLASS, 0, 0), \
    INPUT_HEADER_SIZE, CS_INTERFACE, STREAMING_INPUT_HEADER, CAMERA_FORMATS, \
        USB_LE16(FORMATS_SIZE), CAMERA_IN, 0, CAMERA_TO_USB, 0, 0, 0, 1, 0, 0, \
    FORMAT_YUY2_SIZE, CS_INTERFACE, STREAMING_FORMAT_UNCOMPRESSED, CAMERA_YUY2, 1, \
        'Y', 'U', 'Y', '2', 0x00, 0x00, 0x10, 0x00, 0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71, \
        16, CAMERA_FRAME, 0, 0, 0, 0, \
    FRAME_YUY2_SIZE, CS_INTERFACE, STREAMING_FRAME_UNCOMPRESSED, CAMERA_FRAME, 0, \
        USB_LE16(CAMERA_YUY2_WIDTH), USB_LE16(CAMERA_YUY2_HEIGHT), \
        USB_LE32(YUY2_RATE / 6), USB_LE32(YUY2_RATE), USB_LE32(CAMERA_YUY2_SIZE), \
        USB_LE32(CAMERA_INTERVAL_30), CAMERA_INTERVALS, USB_LE32(CAMERA_INTERVAL_30), \
        USB_LE32(CAMERA_INTERVAL_15), USB_LE32(CAMERA_INTERVAL_5), \
    COLOUR, \
    FORMAT_MJPEG_SIZE, CS_INTERFACE, STREAMING_FORMAT_MJPEG, CAMERA_MJPEG, 1, \
        0, CAMERA_FRAME, 0, 0, 0, 0, \
    FRAME_MJPEG_SIZE, CS_INTERFACE, STREAMING_FRAME_MJPEG, CAMERA_FRAME, 0, \
        USB_LE16(CAMERA_MJPEG_WIDTH), USB_LE16(CAMERA_MJPEG_HEIGHT), \
        USB_LE32(MJPEG_RATE), USB_LE32(MJPEG_RATE), USB_LE32(CAMERA_MJPEG_SIZE_MAX), \
        USB_LE32(CAMERA_INTERVAL_30), 1, USB_LE32(CAMERA_INTERVAL_30), \
    COLOUR

// Primaries and transfer of BT.709, luma of SMPTE 170M: what a host assumes without it.
#define COLOUR COLOUR_SIZE, CS_INTERFACE, STREAMING_COLOUR, 1, 1, 4

// Bits 11 and 12 of wMaxPacketSize: more packets in a microframe (USB 2.0 9.6.6).
#define ISO_SETTING(alternate, packets, mps) \
    USB_INTERFACE_BYTES(CAMERA_STREAMING, alternate, 1, CLASS_VIDEO, STREAMING_SUBCLASS, 0, 0), \
    USB_ENDPOINT_BYTES(CAMERA_IN, ISOCHRONOUS_ASYNCHRONOUS, ((packets) - 1) << 11 | (mps), 1)

static const uint8_t isochronous[] = {
    COMMON(ISO_SIZE, 0),
    ISO_SETTING(1, 1, 192),
    ISO_SETTING(2, 1, 512),
    ISO_SETTING(3, 1, 1024),
    ISO_SETTING(4, 2, 1024),
    ISO_SETTING(5, 3, 1024),
};

static const uint8_t bulk[] = {
    COMMON(BULK_SIZE, 1),
    USB_ENDPOINT_BYTES(CAMERA_IN, USB_BULK, CAMERA_BULK_MPS, 0),
};

// Two revisions: a host that keeps what it knows of a device must not mix them up.
#define DEVICE(revision) { \
    18, USB_DT_DEVICE, USB_LE16(0x0200), 0xef, 2, 1, 64, /* it has an interface association */ \
    USB_LE16(0x1209), USB_LE16(0x0007), USB_LE16(revision), 1, NAME_STRING, 0, 1, \
}

static const uint8_t device[USB_DT_DEVICE_SIZE] = DEVICE(0x0100);
static const uint8_t bulk_device[USB_DT_DEVICE_SIZE] = DEVICE(0x0101);
// clang-format on

_Static_assert(sizeof isochronous == ISO_SIZE && sizeof bulk == BULK_SIZE, "wTotalLength is right");

// No serial number: several of them on one bus must not claim to be the same device.
const struct sim_descriptors sim_camera_descriptors = {
    .device = device,
    .configs = (const uint8_t *const[]){isochronous},
    .strings = (const char *const[]){"usbip-esp32p4", "Simulated webcam", NULL},
};

const struct sim_descriptors sim_camera_bulk_descriptors = {
    .device = bulk_device,
    .configs = (const uint8_t *const[]){bulk},
    .strings = (const char *const[]){"usbip-esp32p4", "Simulated webcam (bulk)", NULL},
};
