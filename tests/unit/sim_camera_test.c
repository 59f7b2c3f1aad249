// SPDX-License-Identifier: Apache-2.0
// The webcam's isochronous streams: payloads, frames and their pace.
#include "tests/unit/video_rig.h"

static struct video video;

static struct video *start(uint8_t format, uint32_t interval, uint8_t alternate)
{
    video_begin(&video, NULL);
    video_commit(&video, format, interval);
    rig_change(video.rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, alternate);
    return &video;
}

static struct sim_camera_traffic traffic(const struct video *v)
{
    return sim_camera_traffic(v->rig.sim);
}

TEST(sim_camera_each_format_in_the_setting_that_it_asks_for)
{
    static const struct {
        uint8_t format;
        uint32_t interval, payload;
        uint8_t alternate;
        unsigned frames; // in a second
    } ways[] = {
        {VIDEO_YUY2, VIDEO_30_FPS, 1024, 3, 30},
        {VIDEO_YUY2, VIDEO_15_FPS, 512, 2, 15},
        {VIDEO_YUY2, VIDEO_5_FPS, 192, 1, 5},
        {VIDEO_MJPEG, VIDEO_30_FPS, 192, 1, 30},
    };
    for (unsigned i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct video *v = start(ways[i].format, ways[i].interval, ways[i].alternate);
        video_read_iso(v, 1000);
        video_check_frames(v, 0, ways[i].frames);
        CHECK_EQ(v->payload_max, ways[i].payload);
        CHECK_EQ(v->payloads, 8000);
        CHECK_EQ(traffic(v).frames, ways[i].frames);
        CHECK_EQ(traffic(v).dropped, 0);
        CHECK_EQ(traffic(v).bytes, v->bytes);
        rig_end(&v->rig);
    }
}

TEST(sim_camera_payload_is_never_more_than_agreed)
{
    static const unsigned sizes[] = {192, 512, 1024, 2048, 3072};
    for (uint8_t alternate = 1; alternate <= 5; alternate++) {
        struct video *v = start(VIDEO_YUY2, VIDEO_15_FPS, alternate);
        unsigned size = sizes[alternate - 1];
        video_read_iso(v, 140);
        CHECK_EQ(v->payload_max, size < 512 ? size : 512);
        CHECK_EQ(v->frames[0].whole, size >= 512);
        CHECK_EQ(v->frames[1].whole, size >= 512);
        rig_end(&v->rig);
    }
}

TEST(sim_camera_large_payloads_through_each_setting)
{
    static const unsigned sizes[] = {192, 512, 1024, 2048, 3072};
    struct sim_camera_options options = {.payload = 3072};
    for (uint8_t alternate = 1; alternate <= 5; alternate++) {
        struct video *v = &video;
        unsigned size = sizes[alternate - 1];
        video_begin(v, &options);
        video_commit(v, VIDEO_YUY2, VIDEO_5_FPS);
        rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, alternate);
        video_read_iso(v, 600);
        video_check_frames(v, 0, 3);
        CHECK_EQ(v->payload_max, size);
        unsigned data = VIDEO_YUY2_SIZE / (size - 12) + 1; // packets of a frame
        CHECK_EQ(v->headers_only, 600 * 8 - 3 * data);
        rig_end(&v->rig);
    }
}

TEST(sim_camera_frames_keep_the_pace_of_the_bus)
{
    struct video *v = start(VIDEO_YUY2, VIDEO_30_FPS, 3);
    video_read_iso(v, 2000);
    video_check_frames(v, 0, 60);
    for (unsigned i = 1; i < 60; i++) {
        uint32_t want = (uint32_t)((uint64_t)i * VIDEO_30_FPS / 10 * 27);
        CHECK_EQ(v->frames[i].pts - v->frames[0].pts, want);
    }
    rig_end(&v->rig);
}

TEST(sim_camera_yuy2_picture)
{
    struct video *v = start(VIDEO_YUY2, VIDEO_5_FPS, 1);
    video_read_iso(v, 200 * 23); // the bar begins anew at frame 20
    CHECK_EQ(v->count, 23);
    const uint8_t *row = v->last, *middle = row + 100 * VIDEO_YUY2_ROW;
    for (unsigned x = 0; x < 320; x++) {
        bool in_bar = x / 16 == 22 % 20;
        bool is_one = x < 32 && 22u << x & 0x80000000u;
        CHECK_EQ(row[2 * x], x >= 32 ? 128 : is_one ? 235 : 16);
        CHECK_EQ(row[2 * x + 1], 128); // no colour
        CHECK_EQ(middle[2 * x], in_bar ? 235 : 128);
        CHECK_EQ(middle[2 * x + 1], 128);
    }
    for (unsigned y = 1; y < 239; y++)
        CHECK_BYTES(row + y * VIDEO_YUY2_ROW, middle, VIDEO_YUY2_ROW);
    CHECK_BYTES(row + 239 * VIDEO_YUY2_ROW, row, VIDEO_YUY2_ROW);
    rig_end(&v->rig);
}

TEST(sim_camera_late_host_loses_the_rest_of_a_frame)
{
    struct video *v = start(VIDEO_YUY2, VIDEO_30_FPS, 3);
    video_read_iso(v, 10); // half of frame 0
    uint32_t part = v->size;
    CHECK(part > 0 && part < VIDEO_YUY2_SIZE);
    rig_advance(&v->rig, 30000);
    video_read_iso(v, 60); // frame 1 has waited for it
    CHECK_EQ(v->count, 3);
    CHECK(!v->frames[0].ended);
    CHECK_EQ(v->frames[0].size, part);
    CHECK(v->frames[1].whole);
    CHECK_EQ(v->frames[1].number, 1);
    CHECK_EQ(v->frames[2].number, 2);
    CHECK_EQ(traffic(v).dropped, 1);
    CHECK_EQ(traffic(v).frames, 2);
    rig_end(&v->rig);
}

TEST(sim_camera_late_host_misses_whole_frames)
{
    struct video *v = start(VIDEO_MJPEG, VIDEO_30_FPS, 1);
    video_read_iso(v, 20);
    video_check_frames(v, 0, 1);
    rig_advance(&v->rig, 1000000);
    video_read_iso(v, 40);
    CHECK_EQ(v->count, 3);
    CHECK_EQ(v->frames[1].number, 30);
    CHECK_EQ(v->frames[2].number, 31);
    CHECK(v->frames[1].whole && v->frames[2].whole);
    CHECK_EQ(traffic(v).dropped, 29);
    rig_end(&v->rig);
}

TEST(sim_camera_pause_within_the_time_of_a_frame_costs_nothing)
{
    struct video *v = start(VIDEO_YUY2, VIDEO_30_FPS, 3);
    video_read_iso(v, 10);
    rig_advance(&v->rig, 10000);
    video_read_iso(v, 12);
    video_check_frames(v, 0, 1);
    CHECK_EQ(traffic(v).dropped, 0);
    rig_end(&v->rig);
}

TEST(sim_camera_too_small_a_setting_cuts_every_frame)
{
    struct video *v = start(VIDEO_YUY2, VIDEO_30_FPS, 1);
    video_read_iso(v, 200);
    CHECK_EQ(v->count, 5);
    for (unsigned i = 0; i < v->count; i++) {
        CHECK(!v->frames[i].ended && !v->frames[i].whole);
        CHECK(v->frames[i].size > 47000 && v->frames[i].size < 49000);
    }
    CHECK_EQ(traffic(v).frames, 0);
    CHECK_EQ(traffic(v).dropped, 5);
    rig_end(&v->rig);
}

TEST(sim_camera_each_setting_of_the_interface_begins_a_stream)
{
    struct video *v = start(VIDEO_MJPEG, VIDEO_30_FPS, 1);
    video_read_iso(v, 100);
    video_check_frames(v, 0, 3);
    rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, 0);
    CHECK(!sim_endpoint(v->rig.sim, VIDEO_IN));
    video_commit(v, VIDEO_YUY2, VIDEO_30_FPS);
    rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, 3);
    rig_advance(&v->rig, 500000); // it waits for the host
    v->count = 0;
    video_read_iso(v, 100);
    video_check_frames(v, 0, 3);
    CHECK_EQ(traffic(v).frames, 6);
    CHECK_EQ(traffic(v).dropped, 0);
    rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, 3);
    v->count = 0;
    video_read_iso(v, 30);
    video_check_frames(v, 0, 1);
    rig_end(&v->rig);
}

TEST(sim_camera_streams_its_default_without_a_commit)
{
    struct video *v = &video;
    video_begin(v, NULL);
    v->format = VIDEO_YUY2;
    rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, 3);
    video_read_iso(v, 100);
    video_check_frames(v, 0, 3);
    rig_end(&v->rig);
}

TEST(sim_camera_brightness_is_seen_in_the_next_frame)
{
    struct video *v = start(VIDEO_YUY2, VIDEO_30_FPS, 3);
    static const int levels[] = {64, -64, 0};
    for (unsigned i = 0; i < 3; i++) {
        uint8_t value[2];
        base_put_le16(value, (uint16_t)levels[i]);
        CHECK_EQ(rig_request(v->rig.dev, VIDEO_SET_CUR, 0x0200, 0x0200, value, 2), 2);
        rig_advance(&v->rig, 40000);
        v->count = 0;
        v->fid = -1;
        v->open = false;
        video_read_iso(v, 40);
        CHECK(v->count > 0 && v->frames[v->count - 1].whole);
        CHECK_EQ(v->last[2 * 319], 128 + levels[i]);
    }
    rig_end(&v->rig);
}

RIG_TEST(sim_camera_no_memory, rig_begin(r))
{
    r->heap.fail_at = 1;
    CHECK(!sim_camera_create(r->bus, NULL));
}
