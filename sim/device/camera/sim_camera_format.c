// SPDX-License-Identifier: Apache-2.0
// What the camera has to offer, and what a choice of it means.
#include "sim_camera_device.h"

enum {
    BULK_PAYLOAD = 16384 - 4, // no multiple of the packet size: ends without a zero-length packet
};

static const struct camera_format formats[CAMERA_FORMATS + 1] = {
    [CAMERA_YUY2] = {CAMERA_YUY2_SIZE,
                     CAMERA_INTERVALS,
                     {CAMERA_INTERVAL_30, CAMERA_INTERVAL_15, CAMERA_INTERVAL_5},
                     {1024, 512, 192}},
    [CAMERA_MJPEG] = {CAMERA_MJPEG_SIZE_MAX, 1, {CAMERA_INTERVAL_30}, {192}},
};

const struct camera_format *sim_camera_format(const struct camera_settings *s)
{
    return &formats[s->format];
}

uint32_t sim_camera_interval(const struct camera_settings *settings)
{
    return sim_camera_format(settings)->intervals[settings->interval];
}

uint32_t sim_camera_payload(const struct sim_camera *c, const struct camera_settings *s)
{
    if (c->options.payload > 0)
        return c->options.payload;
    return c->options.bulk ? BULK_PAYLOAD : sim_camera_format(s)->payloads[s->interval];
}
