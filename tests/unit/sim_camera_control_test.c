// SPDX-License-Identifier: Apache-2.0
// Class requests to the webcam: negotiation, brightness, and what it says of wrong ones.
#include "tests/unit/video_rig.h"

#include <string.h>

enum {
    BRIGHTNESS = 0x0200,      // wValue
    UNIT = 2 << 8,            // wIndex: entity and control interface
    ERROR_CODE = 0x0200,      // wValue, of the control interface itself
    REQUEST_FORMAT_AT = 2,    // offsets in the probe and commit controls
    REQUEST_FRAME_AT = 3,     //
    REQUEST_INTERVAL_AT = 4,  //
    REQUEST_SIZE_AT = 18,     //
    REQUEST_PAYLOAD_AT = 22,  //
    REQUEST_CLOCK_AT = 26,    //
    REQUEST_FRAMING_AT = 30,  //
    REQUEST_VERSIONS_AT = 31, //
};

enum { NO_ERROR, NOT_READY, WRONG_STATE, POWER, OUT_OF_RANGE, BAD_UNIT, BAD_CONTROL, BAD_REQUEST };

static struct video video;

static struct video *begin(bool bulk)
{
    struct sim_camera_options options = {.bulk = bulk};
    video_begin(&video, &options);
    return &video;
}

static int streaming(struct video *v, unsigned request, unsigned control, uint8_t *bytes,
                     unsigned size)
{
    return rig_request(v->rig.dev, request, control, VIDEO_STREAMING, bytes, size);
}

static unsigned error_code(struct video *v)
{
    uint8_t code = 0xee;
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_GET_CUR, ERROR_CODE, VIDEO_CONTROL, &code, 1), 1);
    return code;
}

static void check_refused(struct video *v, unsigned request, unsigned value, unsigned index,
                          unsigned size, unsigned code)
{
    uint8_t data[64] = {0};
    CHECK_EQ(rig_request(v->rig.dev, request, value, index, data, size), USB_STATUS_STALL);
    CHECK_EQ(error_code(v), code);
    CHECK_EQ(error_code(v), NO_ERROR); // that it was read is a success
}

static void check_agreed(const uint8_t *bytes, uint8_t format, uint32_t interval, uint32_t size,
                         uint32_t payload)
{
    CHECK_EQ(bytes[REQUEST_FORMAT_AT], format);
    CHECK_EQ(bytes[REQUEST_FRAME_AT], 1);
    CHECK_EQ(base_get_le32(bytes + REQUEST_INTERVAL_AT), interval);
    for (unsigned i = 8; i < REQUEST_SIZE_AT; i++)
        CHECK_EQ(bytes[i], 0);
    CHECK_EQ(base_get_le32(bytes + REQUEST_SIZE_AT), size);
    CHECK_EQ(base_get_le32(bytes + REQUEST_PAYLOAD_AT), payload);
    CHECK_EQ(base_get_le32(bytes + REQUEST_CLOCK_AT), 27000000);
    CHECK_EQ(bytes[REQUEST_FRAMING_AT], 3);
    for (unsigned i = REQUEST_VERSIONS_AT; i < VIDEO_STREAMING_SIZE; i++)
        CHECK_EQ(bytes[i], 1);
}

// --- negotiation ---------------------------------------------------------------------------------

TEST(sim_camera_probe_gives_what_the_host_wants)
{
    struct video *v = begin(false);
    uint8_t bytes[VIDEO_STREAMING_SIZE];
    video_probe(v, VIDEO_YUY2, VIDEO_30_FPS, bytes);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_30_FPS, VIDEO_YUY2_SIZE, 1024);
    CHECK_EQ(base_get_le16(bytes), 1); // bmHint is the host's
    video_probe(v, VIDEO_YUY2, VIDEO_15_FPS, bytes);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_15_FPS, VIDEO_YUY2_SIZE, 512);
    video_probe(v, VIDEO_YUY2, VIDEO_5_FPS, bytes);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_5_FPS, VIDEO_YUY2_SIZE, 192);
    video_probe(v, VIDEO_MJPEG, VIDEO_30_FPS, bytes);
    check_agreed(bytes, VIDEO_MJPEG, VIDEO_30_FPS, 16384, 192);
    rig_end(&v->rig);
    v = begin(true);
    video_probe(v, VIDEO_YUY2, VIDEO_30_FPS, bytes);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_30_FPS, VIDEO_YUY2_SIZE, 16380);
    rig_end(&v->rig);
}

TEST(sim_camera_probe_clamps)
{
    static const struct {
        uint8_t format, frame;
        uint32_t interval;
        uint8_t want_format;
        uint32_t want_interval;
    } wishes[] = {
        {0, 0, 0, VIDEO_YUY2, VIDEO_30_FPS},
        {VIDEO_YUY2, 9, 1, VIDEO_YUY2, VIDEO_30_FPS},
        {VIDEO_YUY2, 1, 499998, VIDEO_YUY2, VIDEO_30_FPS},
        {VIDEO_YUY2, 1, 500001, VIDEO_YUY2, VIDEO_15_FPS},
        {VIDEO_YUY2, 1, 1333333, VIDEO_YUY2, VIDEO_15_FPS}, // as far from the one as the other
        {VIDEO_YUY2, 1, 1333334, VIDEO_YUY2, VIDEO_5_FPS},
        {VIDEO_YUY2, 1, UINT32_MAX, VIDEO_YUY2, VIDEO_5_FPS},
        {VIDEO_MJPEG, 0, VIDEO_5_FPS, VIDEO_MJPEG, VIDEO_30_FPS},
        {255, 255, 0, VIDEO_MJPEG, VIDEO_30_FPS},
    };
    struct video *v = begin(false);
    for (unsigned i = 0; i < sizeof wishes / sizeof wishes[0]; i++) {
        uint8_t bytes[VIDEO_STREAMING_SIZE];
        memset(bytes, 0xff, sizeof bytes); // what is the camera's to say counts for nothing
        bytes[REQUEST_FORMAT_AT] = wishes[i].format;
        bytes[REQUEST_FRAME_AT] = wishes[i].frame;
        base_put_le32(bytes + REQUEST_INTERVAL_AT, wishes[i].interval);
        CHECK_EQ(streaming(v, VIDEO_SET_CUR, VIDEO_PROBE, bytes, 34), 34);
        CHECK_EQ(streaming(v, VIDEO_GET_CUR, VIDEO_PROBE, bytes, 34), 34);
        CHECK_EQ(bytes[REQUEST_FORMAT_AT], wishes[i].want_format);
        CHECK_EQ(bytes[REQUEST_FRAME_AT], 1);
        CHECK_EQ(base_get_le32(bytes + REQUEST_INTERVAL_AT), wishes[i].want_interval);
        CHECK_EQ(base_get_le16(bytes), 0xffff);
    }
    rig_end(&v->rig);
}

TEST(sim_camera_probe_limits_and_defaults)
{
    struct video *v = begin(false);
    uint8_t bytes[VIDEO_STREAMING_SIZE];
    video_probe(v, VIDEO_YUY2, VIDEO_15_FPS, bytes);
    CHECK_EQ(streaming(v, VIDEO_GET_MIN, VIDEO_PROBE, bytes, 34), 34);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_30_FPS, VIDEO_YUY2_SIZE, 192);
    CHECK_EQ(streaming(v, VIDEO_GET_MAX, VIDEO_PROBE, bytes, 34), 34);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_5_FPS, VIDEO_YUY2_SIZE, 1024);
    video_probe(v, VIDEO_MJPEG, VIDEO_30_FPS, bytes);
    CHECK_EQ(streaming(v, VIDEO_GET_MIN, VIDEO_PROBE, bytes, 34), 34);
    check_agreed(bytes, VIDEO_MJPEG, VIDEO_30_FPS, 16384, 192);
    CHECK_EQ(streaming(v, VIDEO_GET_MAX, VIDEO_PROBE, bytes, 34), 34);
    check_agreed(bytes, VIDEO_MJPEG, VIDEO_30_FPS, 16384, 192);
    CHECK_EQ(streaming(v, VIDEO_GET_DEF, VIDEO_PROBE, bytes, 34), 34);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_30_FPS, VIDEO_YUY2_SIZE, 1024);
    CHECK_EQ(streaming(v, VIDEO_GET_RES, VIDEO_PROBE, bytes, 34), 34);
    for (unsigned i = 0; i < sizeof bytes; i++)
        CHECK_EQ(bytes[i], 0);
    rig_end(&v->rig);
}

TEST(sim_camera_streaming_controls_say_what_they_are)
{
    struct video *v = begin(false);
    for (unsigned control = VIDEO_PROBE; control <= VIDEO_COMMIT; control += 0x0100) {
        uint8_t data[2];
        CHECK_EQ(streaming(v, VIDEO_GET_LEN, control, data, 2), 2);
        CHECK_EQ(base_get_le16(data), 34);
        CHECK_EQ(streaming(v, VIDEO_GET_INFO, control, data, 1), 1);
        CHECK_EQ(data[0], 3); // GET and SET
    }
    rig_end(&v->rig);
}

TEST(sim_camera_streaming_controls_of_video_1_0)
{
    struct video *v = begin(false);
    uint8_t bytes[48] = {0};
    bytes[REQUEST_FORMAT_AT] = VIDEO_MJPEG;
    bytes[REQUEST_FRAME_AT] = 1;
    base_put_le32(bytes + REQUEST_INTERVAL_AT, VIDEO_30_FPS);
    CHECK_EQ(streaming(v, VIDEO_SET_CUR, VIDEO_PROBE, bytes, 26), 26);
    CHECK_EQ(streaming(v, VIDEO_GET_CUR, VIDEO_PROBE, bytes, 26), 26);
    CHECK_EQ(base_get_le32(bytes + REQUEST_PAYLOAD_AT), 192);
    CHECK_EQ(streaming(v, VIDEO_SET_CUR, VIDEO_COMMIT, bytes, 26), 26);
    CHECK_EQ(streaming(v, VIDEO_GET_CUR, VIDEO_COMMIT, bytes, 48), 34);
    check_agreed(bytes, VIDEO_MJPEG, VIDEO_30_FPS, 16384, 192);
    rig_end(&v->rig);
}

TEST(sim_camera_streaming_controls_of_other_sizes)
{
    static const unsigned sizes[] = {0, 1, 25, 27, 33, 35, 48};
    struct video *v = begin(false);
    uint8_t bytes[VIDEO_STREAMING_SIZE];
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        check_refused(v, VIDEO_SET_CUR, VIDEO_PROBE, VIDEO_STREAMING, sizes[i], BAD_REQUEST);
        check_refused(v, VIDEO_SET_CUR, VIDEO_COMMIT, VIDEO_STREAMING, sizes[i], BAD_REQUEST);
    }
    CHECK_EQ(streaming(v, VIDEO_GET_CUR, VIDEO_PROBE, bytes, 34), 34);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_30_FPS, VIDEO_YUY2_SIZE, 1024); // as it was
    rig_end(&v->rig);
}

TEST(sim_camera_commit_takes_only_what_there_is)
{
    struct video *v = begin(false);
    uint8_t good[VIDEO_STREAMING_SIZE], bytes[VIDEO_STREAMING_SIZE];
    video_probe(v, VIDEO_YUY2, VIDEO_15_FPS, good);
    static const unsigned wrong[] = {REQUEST_FORMAT_AT, REQUEST_FRAME_AT, REQUEST_INTERVAL_AT};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        memcpy(bytes, good, sizeof bytes);
        bytes[wrong[i]] += 7;
        CHECK_EQ(streaming(v, VIDEO_SET_CUR, VIDEO_COMMIT, bytes, 34), USB_STATUS_STALL);
        CHECK_EQ(error_code(v), OUT_OF_RANGE);
    }
    CHECK_EQ(streaming(v, VIDEO_GET_CUR, VIDEO_COMMIT, bytes, 34), 34);
    check_agreed(bytes, VIDEO_YUY2, VIDEO_30_FPS, VIDEO_YUY2_SIZE, 1024); // the default
    CHECK_EQ(streaming(v, VIDEO_SET_CUR, VIDEO_COMMIT, good, 34), 34);
    CHECK_EQ(streaming(v, VIDEO_GET_CUR, VIDEO_COMMIT, bytes, 34), 34);
    CHECK_BYTES(bytes, good, 34);
    rig_end(&v->rig);
}

TEST(sim_camera_probe_while_streaming_but_no_commit)
{
    struct video *v = begin(false);
    uint8_t bytes[VIDEO_STREAMING_SIZE];
    rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, 1);
    video_probe(v, VIDEO_MJPEG, VIDEO_30_FPS, bytes);
    CHECK_EQ(streaming(v, VIDEO_SET_CUR, VIDEO_COMMIT, bytes, 34), USB_STATUS_STALL);
    CHECK_EQ(error_code(v), WRONG_STATE);
    rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, 0);
    CHECK_EQ(streaming(v, VIDEO_SET_CUR, VIDEO_COMMIT, bytes, 34), 34);
    rig_end(&v->rig);
}

TEST(sim_camera_streaming_requests_refused)
{
    struct video *v = begin(false);
    static const unsigned commit_has_not[] = {VIDEO_GET_MIN, VIDEO_GET_MAX, VIDEO_GET_RES,
                                              VIDEO_GET_DEF};
    for (unsigned i = 0; i < 4; i++)
        check_refused(v, commit_has_not[i], VIDEO_COMMIT, VIDEO_STREAMING, 34, BAD_REQUEST);
    check_refused(v, 0xa188, VIDEO_PROBE, VIDEO_STREAMING, 34, BAD_REQUEST);
    check_refused(v, 0x2102, VIDEO_PROBE, VIDEO_STREAMING, 34, BAD_REQUEST);
    check_refused(v, 0xa101, VIDEO_PROBE, VIDEO_STREAMING, 34, BAD_REQUEST); // SET that gets
    check_refused(v, 0x2181, VIDEO_PROBE, VIDEO_STREAMING, 34, BAD_REQUEST); // GET that sets
    check_refused(v, VIDEO_GET_CUR, 0, VIDEO_STREAMING, 34, BAD_CONTROL);
    check_refused(v, VIDEO_GET_CUR, 0x0300, VIDEO_STREAMING, 34, BAD_CONTROL); // still image
    check_refused(v, VIDEO_GET_CUR, VIDEO_PROBE + 1, VIDEO_STREAMING, 34, BAD_CONTROL);
    check_refused(v, VIDEO_GET_CUR, VIDEO_PROBE, UNIT + VIDEO_STREAMING, 34, BAD_UNIT);
    rig_end(&v->rig);
}

// --- control interface ---------------------------------------------------------------------------

static int16_t brightness(struct video *v, unsigned request)
{
    uint8_t data[2];
    CHECK_EQ(rig_request(v->rig.dev, request, BRIGHTNESS, UNIT, data, 2), 2);
    return (int16_t)base_get_le16(data);
}

static int set_brightness(struct video *v, int value)
{
    uint8_t data[2];
    base_put_le16(data, (uint16_t)value);
    return rig_request(v->rig.dev, VIDEO_SET_CUR, BRIGHTNESS, UNIT, data, 2);
}

TEST(sim_camera_brightness)
{
    struct video *v = begin(false);
    uint8_t info;
    CHECK_EQ(brightness(v, VIDEO_GET_CUR), 0);
    CHECK_EQ(brightness(v, VIDEO_GET_MIN), -64);
    CHECK_EQ(brightness(v, VIDEO_GET_MAX), 64);
    CHECK_EQ(brightness(v, VIDEO_GET_RES), 1);
    CHECK_EQ(brightness(v, VIDEO_GET_DEF), 0);
    CHECK_EQ(brightness(v, VIDEO_GET_LEN), 2);
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_GET_INFO, BRIGHTNESS, UNIT, &info, 1), 1);
    CHECK_EQ(info, 3);
    for (int value = -64; value <= 64; value += 32) {
        CHECK_EQ(set_brightness(v, value), 2);
        CHECK_EQ(brightness(v, VIDEO_GET_CUR), value);
    }
    static const int wrong[] = {-65, 65, -32768, 32767};
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(set_brightness(v, wrong[i]), USB_STATUS_STALL);
        CHECK_EQ(error_code(v), OUT_OF_RANGE);
    }
    CHECK_EQ(brightness(v, VIDEO_GET_CUR), 64);
    rig_end(&v->rig);
}

TEST(sim_camera_error_code_control)
{
    struct video *v = begin(false);
    uint8_t data[2];
    CHECK_EQ(error_code(v), NO_ERROR);
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_GET_INFO, ERROR_CODE, VIDEO_CONTROL, data, 1), 1);
    CHECK_EQ(data[0], 1); // GET only
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_GET_LEN, ERROR_CODE, VIDEO_CONTROL, data, 2), 2);
    CHECK_EQ(base_get_le16(data), 1);
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_GET_CUR, ERROR_CODE, VIDEO_CONTROL, NULL, 0), 0);
    check_refused(v, VIDEO_SET_CUR, ERROR_CODE, VIDEO_CONTROL, 1, BAD_REQUEST);
    check_refused(v, VIDEO_GET_MIN, ERROR_CODE, VIDEO_CONTROL, 1, BAD_REQUEST);
    // Any request that succeeds resets it.
    CHECK_EQ(set_brightness(v, 100), USB_STATUS_STALL);
    CHECK_EQ(set_brightness(v, 10), 2);
    CHECK_EQ(error_code(v), NO_ERROR);
    rig_end(&v->rig);
}

TEST(sim_camera_control_requests_refused)
{
    struct video *v = begin(false);
    check_refused(v, VIDEO_SET_CUR, BRIGHTNESS, UNIT, 0, BAD_REQUEST);
    check_refused(v, VIDEO_SET_CUR, BRIGHTNESS, UNIT, 1, BAD_REQUEST);
    check_refused(v, VIDEO_SET_CUR, BRIGHTNESS, UNIT, 3, BAD_REQUEST);
    check_refused(v, 0x2182, BRIGHTNESS, UNIT, 2, BAD_REQUEST);
    check_refused(v, 0xa188, BRIGHTNESS, UNIT, 2, BAD_REQUEST);
    check_refused(v, VIDEO_GET_CUR, 0x0300, UNIT, 2, BAD_CONTROL); // contrast
    check_refused(v, VIDEO_GET_CUR, BRIGHTNESS + 1, UNIT, 2, BAD_CONTROL);
    check_refused(v, VIDEO_GET_CUR, 0x0100, VIDEO_CONTROL, 1, BAD_CONTROL); // power mode
    check_refused(v, VIDEO_GET_CUR, 0x0200, 1 << 8, 1, BAD_CONTROL);        // the camera terminal's
    check_refused(v, VIDEO_GET_CUR, 0x0100, 3 << 8, 1, BAD_CONTROL);        // the output terminal's
    check_refused(v, VIDEO_GET_CUR, BRIGHTNESS, 4 << 8, 2, BAD_UNIT);
    check_refused(v, VIDEO_GET_CUR, BRIGHTNESS, UNIT + 2, 2, BAD_UNIT); // no such interface
    check_refused(v, 0xa281, BRIGHTNESS, VIDEO_IN, 2, BAD_CONTROL);     // of an endpoint
    check_refused(v, 0xa081, BRIGHTNESS, 0, 2, BAD_CONTROL);            // of the device
    rig_end(&v->rig);
}

TEST(sim_camera_other_requests_are_none_of_its_own)
{
    struct video *v = begin(false);
    uint8_t data[2];
    CHECK_EQ(set_brightness(v, 100), USB_STATUS_STALL);
    CHECK_EQ(rig_request(v->rig.dev, 0xc181, BRIGHTNESS, UNIT, data, 2),
             USB_STATUS_STALL);                                                      // vendor
    CHECK_EQ(rig_request(v->rig.dev, 0x8106, 0x2200, 0, data, 2), USB_STATUS_STALL); // standard
    CHECK_EQ(error_code(v), OUT_OF_RANGE);
    rig_change(v->rig.dev, USB_SET_CONFIGURATION, 0, 1);
    CHECK_EQ(rig_request(v->rig.dev, 0x0009, 0, 0, NULL, 0), 0); // not configured
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_GET_CUR, BRIGHTNESS, UNIT, data, 2), USB_STATUS_STALL);
    rig_end(&v->rig);
}

TEST(sim_camera_reset_forgets_everything)
{
    struct video *v = begin(true);
    uint8_t bytes[VIDEO_STREAMING_SIZE];
    video_commit(v, VIDEO_MJPEG, VIDEO_30_FPS);
    CHECK_EQ(set_brightness(v, 10), 2);
    CHECK_EQ(set_brightness(v, 100), USB_STATUS_STALL);
    rig_change(v->rig.dev, USB_RESET_DEVICE, 0, 0);
    CHECK_EQ(error_code(v), NO_ERROR);
    CHECK_EQ(brightness(v, VIDEO_GET_CUR), 0);
    for (unsigned control = VIDEO_PROBE; control <= VIDEO_COMMIT; control += 0x0100) {
        CHECK_EQ(streaming(v, VIDEO_GET_CUR, control, bytes, 34), 34);
        check_agreed(bytes, VIDEO_YUY2, VIDEO_30_FPS, VIDEO_YUY2_SIZE, 16380);
        CHECK_EQ(base_get_le16(bytes), 0);
    }
    CHECK_EQ(rig_read(v->rig.dev, VIDEO_IN, bytes, 0), RIG_PENDING); // no stream
    rig_end(&v->rig);
}
