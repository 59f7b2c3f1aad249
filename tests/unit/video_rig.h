// SPDX-License-Identifier: Apache-2.0
// A host's side of USB Video, on a simulated webcam: negotiates, reads payloads and puts them
// together to frames.
#pragma once

#include "sim/device/camera/sim_camera.h"
#include "tests/support/rig.h"

enum {
    VIDEO_CONTROL = 0, // interface numbers
    VIDEO_STREAMING = 1,
    VIDEO_IN = 0x81,

    VIDEO_SET_CUR = 0x2101, // as rig_request() takes them
    VIDEO_GET_CUR = 0xa181,
    VIDEO_GET_MIN = 0xa182,
    VIDEO_GET_MAX = 0xa183,
    VIDEO_GET_RES = 0xa184,
    VIDEO_GET_LEN = 0xa185,
    VIDEO_GET_INFO = 0xa186,
    VIDEO_GET_DEF = 0xa187,

    VIDEO_PROBE = 0x0100, // wValue
    VIDEO_COMMIT = 0x0200,
    VIDEO_STREAMING_SIZE = 34,

    VIDEO_YUY2 = 1, // bFormatIndex
    VIDEO_MJPEG = 2,
    VIDEO_30_FPS = 333333, // dwFrameInterval
    VIDEO_15_FPS = 666666,
    VIDEO_5_FPS = 2000000,
    VIDEO_YUY2_ROW = 2 * 320,
    VIDEO_YUY2_SIZE = VIDEO_YUY2_ROW * 240,

    VIDEO_FRAMES = 64, // kept
    VIDEO_URBS = 4,    // in flight
    VIDEO_PACKETS = 8, // of an URB: a frame of the bus
};

struct video_frame {
    uint32_t number; // 0 if it is damaged
    uint32_t size;
    uint32_t pts;
    bool ended; // with EOF
    bool whole; // and the number can be read
};

struct video {
    struct rig rig;
    uint8_t format;
    int fid;        // of the last payload; -1: there was none
    bool open;      // a frame is being put together
    uint32_t size;  // of it
    uint32_t pts;   // of it
    uint64_t bytes; // of pictures
    unsigned payloads, headers_only, payload_max;
    unsigned count; // of frames
    struct video_frame frames[VIDEO_FRAMES];
    uint8_t last[VIDEO_YUY2_SIZE]; // the frame that is being put together, or the last one
};

void video_begin(struct video *v, const struct sim_camera_options *options);

// --- frames --------------------------------------------------------------------------------------

// A payload in one packet, as all isochronous ones are.
void video_packet(struct video *v, const uint8_t *data, uint32_t size);

// --- isochronous ---------------------------------------------------------------------------------

// Reads for so long without a gap.
void video_read_iso(struct video *v, unsigned ms);

// --- negotiation ---------------------------------------------------------------------------------

// Lets the camera fill in the rest of what the host wants; `bytes` is what they agree on.
void video_probe(struct video *v, uint8_t format, uint32_t interval,
                 uint8_t bytes[VIDEO_STREAMING_SIZE]);
void video_commit(struct video *v, uint8_t format, uint32_t interval);

// Frames `first`, `first` + 1 and so on, whole.
void video_check_frames(const struct video *v, uint32_t first, unsigned count);
