// SPDX-License-Identifier: Apache-2.0
// The webcam with a bulk endpoint: payloads over transfers of any size.
#include "tests/unit/video_rig.h"

enum { MPS = 512, PAYLOAD_MAX = 65536 };

static struct video video;

static struct video *begin(uint32_t payload)
{
    struct sim_camera_options options = {.bulk = true, .payload = payload};
    video_begin(&video, &options);
    return &video;
}

static struct video *start(uint32_t payload, uint8_t format, uint32_t interval)
{
    struct video *v = begin(payload);
    video_commit(v, format, interval);
    return v;
}

static struct sim_camera_traffic traffic(const struct video *v)
{
    return sim_camera_traffic(v->rig.sim);
}

// Reads a payload of at most `max` bytes in transfers of `size`, to its short packet. The size of
// the payload, or RIG_PENDING if there is none now.
static int read_payload(struct video *v, uint32_t max, uint32_t size)
{
    static uint8_t payload[2 * PAYLOAD_MAX];
    uint32_t filled = 0;
    for (;;) {
        CHECK(filled <= max && filled + size <= sizeof payload);
        int n = rig_read(v->rig.dev, VIDEO_IN, payload + filled, size);
        if (n == RIG_PENDING) {
            CHECK_EQ(filled, 0);
            return n;
        }
        CHECK(n >= 0);
        filled += (uint32_t)n;
        if ((uint32_t)n < size)
            break;
    }
    CHECK(filled <= max);
    video_packet(v, payload, filled);
    return (int)filled;
}

// Reads until the camera has no more now.
static unsigned read_all(struct video *v, uint32_t max, uint32_t size)
{
    unsigned payloads = 0;
    while (read_payload(v, max, size) != RIG_PENDING)
        payloads++;
    return payloads;
}

TEST(sim_camera_bulk_payloads_of_any_size_in_transfers_of_any_size)
{
    static const uint32_t payloads[] = {0, 64, 512, 1000, 1024, 16384, 20480, 65536};
    static const uint32_t transfers[] = {512, 1536, 16384, 65536};
    for (unsigned i = 0; i < sizeof payloads / sizeof payloads[0]; i++) {
        for (unsigned k = 0; k < sizeof transfers / sizeof transfers[0]; k++) {
            uint32_t max = payloads[i] ? payloads[i] : 16380;
            struct video *v = start(payloads[i], VIDEO_YUY2, VIDEO_30_FPS);
            CHECK_EQ(read_all(v, max, transfers[k]), (VIDEO_YUY2_SIZE - 1) / (max - 12) + 1);
            video_check_frames(v, 0, 1);
            CHECK_EQ(v->payload_max, max);
            rig_end(&v->rig);
        }
    }
}

// A payload's size, no multiple of the packet size, with which a frame's last payload is one.
static uint32_t payload_with_full_end(void)
{
    for (uint32_t payload = 600;; payload++)
        if (payload % MPS != 0 && (VIDEO_YUY2_SIZE % (payload - 12) + 12) % MPS == 0)
            return payload;
}

TEST(sim_camera_bulk_last_payload_of_whole_packets)
{
    uint32_t payload = payload_with_full_end();
    CHECK(payload < PAYLOAD_MAX);
    struct video *v = start(payload, VIDEO_YUY2, VIDEO_30_FPS);
    CHECK_EQ(read_all(v, payload, MPS), VIDEO_YUY2_SIZE / (payload - 12) + 1);
    video_check_frames(v, 0, 1);
    rig_advance(&v->rig, 33333);
    CHECK_EQ(read_payload(v, payload, MPS), payload); // what came before was at its end
    rig_end(&v->rig);
}

TEST(sim_camera_bulk_waits_for_the_next_frame)
{
    struct video *v = start(0, VIDEO_MJPEG, VIDEO_30_FPS);
    CHECK_EQ(read_all(v, 16380, 16384), 1);
    uint64_t start_us = v->rig.now_us;
    for (uint32_t number = 1; number <= 20; number++) { // with all fractions of a microsecond
        uint64_t due_us = start_us + (uint64_t)number * VIDEO_30_FPS / 10;
        struct rig_urb u;
        rig_urb(&u, v->rig.dev, VIDEO_IN, NULL, 16384);
        rig_submit(&u);
        rig_advance(&v->rig, due_us - 1 - v->rig.now_us);
        CHECK(!u.done);
        rig_advance(&v->rig, 1);
        CHECK(u.done);
        video_packet(v, u.urb.buffer, u.urb.actual_length);
        CHECK(rig_finish(&u) > 0);
    }
    video_check_frames(v, 0, 21);
    rig_end(&v->rig);
}

TEST(sim_camera_bulk_stream)
{
    struct video *v = start(0, VIDEO_YUY2, VIDEO_15_FPS);
    for (unsigned ms = 0; ms < 2000; ms += 5) {
        read_all(v, 16380, 16384);
        rig_advance(&v->rig, 5000);
    }
    video_check_frames(v, 0, 30);
    CHECK_EQ(traffic(v).frames, 30);
    CHECK_EQ(traffic(v).dropped, 0);
    CHECK_EQ(traffic(v).bytes, 30 * VIDEO_YUY2_SIZE);
    rig_end(&v->rig);
}

TEST(sim_camera_bulk_late_host_loses_the_rest_of_a_frame)
{
    struct video *v = start(0, VIDEO_YUY2, VIDEO_30_FPS);
    for (unsigned i = 0; i < 3; i++)
        CHECK_EQ(read_payload(v, 16380, 16384), 16380);
    rig_advance(&v->rig, 100000);
    read_all(v, 16380, 16384);
    CHECK_EQ(v->count, 2);
    CHECK(!v->frames[0].ended);
    CHECK_EQ(v->frames[0].size, 3 * (16380 - 12));
    CHECK(v->frames[1].whole);
    CHECK_EQ(v->frames[1].number, 3);
    CHECK_EQ(traffic(v).dropped, 3); // 0, 1 and 2
    rig_end(&v->rig);
}

// A payload that has begun goes on: its length would not be known otherwise.
TEST(sim_camera_bulk_late_host_gets_the_payload_whole)
{
    struct video *v = start(65536, VIDEO_YUY2, VIDEO_30_FPS);
    static uint8_t payload[65536];
    CHECK_EQ(rig_read(v->rig.dev, VIDEO_IN, payload, 16384), 16384);
    rig_advance(&v->rig, 50000);
    CHECK_EQ(rig_read(v->rig.dev, VIDEO_IN, payload + 16384, 65536 - 16384), 65536 - 16384);
    CHECK_EQ(base_get_le16(payload + 10), 1000 & 0x7ff); // the header is of its beginning
    CHECK_EQ(rig_read(v->rig.dev, VIDEO_IN, payload, 512), 0);
    CHECK_EQ(rig_read(v->rig.dev, VIDEO_IN, payload, 512), 512);
    CHECK_EQ(payload[1] & 1, 0); // the second frame
    rig_end(&v->rig);
}

TEST(sim_camera_bulk_gives_nothing_before_a_commit)
{
    struct video *v = begin(0);
    uint8_t bytes[VIDEO_STREAMING_SIZE];
    CHECK_EQ(read_payload(v, 16380, 16384), RIG_PENDING);
    video_probe(v, VIDEO_YUY2, VIDEO_30_FPS, bytes);
    CHECK_EQ(read_payload(v, 16380, 16384), RIG_PENDING);
    video_commit(v, VIDEO_YUY2, VIDEO_30_FPS);
    CHECK_EQ(read_payload(v, 16380, 16384), 16380);
    rig_change(v->rig.dev, USB_SET_INTERFACE, VIDEO_STREAMING, 0);
    CHECK_EQ(read_payload(v, 16380, 16384), RIG_PENDING);
    video_commit(v, VIDEO_YUY2, VIDEO_30_FPS);
    rig_change(v->rig.dev, USB_SET_CONFIGURATION, 0, 1);
    CHECK_EQ(read_payload(v, 16380, 16384), RIG_PENDING);
    rig_end(&v->rig);
}

TEST(sim_camera_bulk_commit_wakes_the_endpoint)
{
    struct video *v = begin(0);
    struct rig_urb u;
    rig_urb(&u, v->rig.dev, VIDEO_IN, NULL, 16384);
    rig_submit(&u);
    CHECK(!u.done);
    video_commit(v, VIDEO_MJPEG, VIDEO_30_FPS);
    rig_settle(&v->rig);
    CHECK(u.done);
    video_packet(v, u.urb.buffer, u.urb.actual_length);
    CHECK(rig_finish(&u) > 0);
    video_check_frames(v, 0, 1);
    rig_end(&v->rig);
}

// Hosts clear the endpoint's halt when they stop: what they read next must begin with a header.
TEST(sim_camera_bulk_cleared_halt_begins_a_stream)
{
    struct video *v = start(0, VIDEO_YUY2, VIDEO_30_FPS);
    uint8_t part[4096];
    read_all(v, 16380, 16384);
    rig_advance(&v->rig, 40000);
    CHECK_EQ(rig_read(v->rig.dev, VIDEO_IN, part, sizeof part), sizeof part);
    rig_change(v->rig.dev, USB_CLEAR_HALT, 0, VIDEO_IN);
    v->count = 0;
    v->fid = -1;
    read_all(v, 16380, 16384);
    video_check_frames(v, 0, 1);
    CHECK_EQ(traffic(v).dropped, 0);
    rig_end(&v->rig);
}

// The same for a commit in the middle of a payload, which has no alternate setting to wait for.
TEST(sim_camera_bulk_commit_begins_a_stream)
{
    struct video *v = start(0, VIDEO_YUY2, VIDEO_30_FPS);
    uint8_t part[4096];
    CHECK_EQ(rig_read(v->rig.dev, VIDEO_IN, part, sizeof part), sizeof part);
    video_commit(v, VIDEO_MJPEG, VIDEO_30_FPS);
    read_all(v, 16380, 16384);
    video_check_frames(v, 0, 1);
    rig_end(&v->rig);
}
