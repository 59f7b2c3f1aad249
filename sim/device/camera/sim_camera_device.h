// SPDX-License-Identifier: Apache-2.0
// Inside of the simulated webcam: what its sources share. sim_camera.c is the device; below it are
// sim_camera_control.c with the class requests, sim_camera_stream.c, sim_camera_format.c with what
// can be chosen, sim_camera_jpeg.c and sim_camera_picture.c with what is seen, and
// sim_camera_descriptor.c.
#pragma once

#include "sim_camera.h"

enum {
    CAMERA_CONTROL = 0, // interface numbers
    CAMERA_STREAMING = 1,

    CAMERA_TERMINAL = 1, // IDs of the entities: lens -> processing unit -> USB
    CAMERA_PROCESSING = 2,
    CAMERA_TO_USB = 3,

    CAMERA_IN = 0x81,
    CAMERA_BULK_MPS = 512,

    CAMERA_CLOCK_MHZ = 27, // of time stamps
    CAMERA_HEADER_SIZE = 12,

    CAMERA_BRIGHTNESS_MIN = -64,
    CAMERA_BRIGHTNESS_MAX = 64,

    CAMERA_YUY2 = 1, // bFormatIndex
    CAMERA_MJPEG = 2,
    CAMERA_FORMATS = 2,
    CAMERA_FRAME = 1, // bFrameIndex: each format has one size of picture
    CAMERA_INTERVALS = 3,

    CAMERA_YUY2_WIDTH = 320,
    CAMERA_YUY2_HEIGHT = 240,
    CAMERA_YUY2_SIZE = CAMERA_YUY2_WIDTH * CAMERA_YUY2_HEIGHT * 2,
    CAMERA_MJPEG_WIDTH = 640,
    CAMERA_MJPEG_HEIGHT = 480,
    CAMERA_MJPEG_SIZE_MAX = 16384,

    CAMERA_INTERVAL_30 = 333333, // 30 frames a second, in 100 ns
    CAMERA_INTERVAL_15 = 666666,
    CAMERA_INTERVAL_5 = 2000000,

    CAMERA_BLACK = 16, // luma: BT.601's range
    CAMERA_WHITE = 235,
    CAMERA_GROUND = 128, // of the ground, at brightness 0
    CAMERA_NUMBER_BITS = 32,
};

struct camera_format {
    uint32_t size; // of a frame, at most
    unsigned interval_count;
    uint32_t intervals[CAMERA_INTERVALS]; // 100 ns, shortest first; the first is the default
    uint16_t payloads[CAMERA_INTERVALS];  // bytes per microframe that this takes, with headers
};

// What the host and the camera have agreed on; the rest follows from it.
struct camera_settings {
    uint16_t bmHint;
    uint8_t format;    // CAMERA_YUY2, CAMERA_MJPEG
    unsigned interval; // index into the format's intervals
};

struct camera_stream {
    bool running;      // frame 0 has begun
    uint8_t fid;       // bit 0 of the header, toggles with each frame
    uint64_t start_us; // of frame 0
    uint64_t next_us;  // when the frame behind this one is due
    uint64_t number;
    uint32_t size, sent; // of this frame
    uint32_t pts;

    // Bulk only: a payload is under way until its short packet has gone.
    bool committed;
    bool in_payload;
    uint32_t payload_left;
};

struct sim_camera {
    struct sim_device device; // first: the engine's pointer is ours
    struct sim_camera_options options;
    struct camera_settings probe, commit;
    int16_t brightness;
    uint8_t error; // bRequestErrorCode
    struct camera_stream stream;
    struct sim_camera_traffic traffic;
    uint8_t frame[CAMERA_YUY2_SIZE];
};

extern const struct sim_descriptors sim_camera_descriptors, sim_camera_bulk_descriptors;

const struct camera_format *sim_camera_format(const struct camera_settings *s);
uint32_t sim_camera_interval(const struct camera_settings *settings);                     // 100 ns
uint32_t sim_camera_payload(const struct sim_camera *c, const struct camera_settings *s); // bytes

// The host's next payload is the first of a new stream; with stop() it also has to agree on one
// again.
void sim_camera_restart(struct sim_camera *c);
void sim_camera_stop(struct sim_camera *c);

int sim_camera_iso_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max);
int sim_camera_bulk_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max);

// Controls as after power-on.
void sim_camera_reset_controls(struct sim_camera *c);

int sim_camera_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len);

// Draws a frame and returns its size; `ground` is the luma between the numbers and beside the bar.
uint32_t sim_camera_draw_yuy2(uint8_t *frame, uint32_t number, uint8_t ground);
uint32_t sim_camera_draw_mjpeg(uint8_t *frame, uint32_t number, uint8_t ground);

// Luma of a row of `columns` samples with the number, or with the bar `bar` wide.
void sim_camera_number_row(uint8_t *luma, unsigned columns, uint32_t number, uint8_t ground);
void sim_camera_bar_row(uint8_t *luma, unsigned columns, unsigned bar, uint32_t number,
                        uint8_t ground);
