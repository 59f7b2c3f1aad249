// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/video_rig.h"

#include <string.h>

void video_begin(struct video *v, const struct sim_camera_options *options)
{
    memset(v, 0, sizeof *v);
    v->fid = -1;
    rig_begin(&v->rig);
    rig_start(&v->rig, sim_camera_create(v->rig.bus, options), 1);
}

// --- frames --------------------------------------------------------------------------------------

// 32 samples, the most significant bit first. False: not all of them are black or white.
static bool video_read_row(const uint8_t *luma, unsigned step, uint32_t *number)
{
    *number = 0;
    for (unsigned i = 0; i < 32; i++, luma += step) {
        if (*luma != 16 && *luma != 235)
            return false;
        *number = *number << 1 | (*luma == 235);
    }
    return true;
}

static bool video_read_yuy2(const struct video *v, uint32_t *number)
{
    uint32_t again;
    return v->size == VIDEO_YUY2_SIZE && video_read_row(v->last, 2, number) &&
           video_read_row(v->last + VIDEO_YUY2_SIZE - VIDEO_YUY2_ROW, 2, &again) &&
           *number == again;
}

static bool video_read_mjpeg(const struct video *v, uint32_t *number)
{
    const uint8_t start[] = {0xff, 0xd8, 0xff, 0xfe, 0, 12}, end[] = {0xff, 0xd9};
    if (v->size < 18 || memcmp(v->last, start, 6) != 0 ||
        memcmp(v->last + v->size - 2, end, 2) != 0)
        return false;
    *number = 0;
    for (unsigned i = 6; i < 16; i++)
        *number = *number * 10 + v->last[i] - '0';
    return true;
}

static void video_close_frame(struct video *v, bool ended)
{
    uint32_t number = 0;
    bool good =
        v->format == VIDEO_MJPEG ? video_read_mjpeg(v, &number) : video_read_yuy2(v, &number);
    CHECK(v->count < VIDEO_FRAMES);
    v->frames[v->count++] = (struct video_frame){
        .number = good ? number : 0,
        .size = v->size,
        .pts = v->pts,
        .ended = ended,
        .whole = ended && good,
    };
    v->open = false;
}

// The header (USB Video 1.1 2.4.3.3) of a payload that came just now.
static void video_check_header(const struct video *v, const uint8_t *header)
{
    uint32_t stc = base_get_le32(header + 6), age = (uint32_t)(v->rig.now_us * 27) - stc;
    CHECK_EQ(header[0], 12);
    CHECK_EQ(header[1] & 0xfc, 0x8c); // no error, no still image
    CHECK(age <= 8000 * 27);          // it was read with others
    CHECK_EQ(base_get_le16(header + 10), (v->rig.now_us - age / 27) / 1000 & 0x7ff);
    CHECK((int32_t)(stc - base_get_le32(header + 2)) >= 0);
}

static void video_payload_begins(struct video *v, const uint8_t *header)
{
    int fid = header[1] & 1;
    video_check_header(v, header);
    v->payloads++;
    if (fid == v->fid)
        return;
    if (v->open)
        video_close_frame(v, false);
    v->fid = fid;
    v->open = true;
    v->size = 0;
    v->pts = base_get_le32(header + 2);
}

static void video_picture(struct video *v, const uint8_t *data, uint32_t size)
{
    CHECK(v->open || size == 0);
    CHECK(v->size + size <= sizeof v->last);
    memcpy(v->last + v->size, data, size);
    v->size += size;
    v->bytes += size;
}

void video_packet(struct video *v, const uint8_t *data, uint32_t size)
{
    CHECK(size >= 12);
    if (size > v->payload_max)
        v->payload_max = size;
    v->headers_only += size == 12;
    video_payload_begins(v, data);
    CHECK_EQ(base_get_le32(data + 2), v->pts); // the same in all of a frame
    video_picture(v, data + 12, size - 12);
    if (data[1] & 2) {
        CHECK(v->open);
        video_close_frame(v, true);
    }
}

// --- isochronous ---------------------------------------------------------------------------------

static void video_iso_urb(struct video *v, struct rig_urb *u)
{
    const struct usb_endpoint *ep = sim_endpoint(v->rig.sim, VIDEO_IN);
    CHECK(ep);
    uint32_t size = (uint32_t)ep->max_packet_size * ep->packets_per_interval;
    rig_iso_urb(u, v->rig.dev, VIDEO_IN, NULL, VIDEO_PACKETS, size);
    rig_submit(u);
}

static void video_iso_take(struct video *v, struct rig_urb *u)
{
    CHECK(u->done);
    CHECK_EQ(u->urb.error_count, 0);
    for (unsigned i = 0; i < VIDEO_PACKETS; i++)
        video_packet(v, u->urb.buffer + u->packets[i].offset, u->packets[i].actual_length);
    CHECK(rig_finish(u) > 0);
}

void video_read_iso(struct video *v, unsigned ms)
{
    struct rig_urb urbs[VIDEO_URBS];
    for (unsigned i = 0; i < VIDEO_URBS; i++)
        video_iso_urb(v, &urbs[i]);
    rig_advance(&v->rig, 1000 - v->rig.now_us % 1000); // they begin with the next frame of the bus
    for (unsigned i = 0; i < ms; i++) {
        struct rig_urb *u = &urbs[i % VIDEO_URBS];
        rig_advance(&v->rig, 1000);
        video_iso_take(v, u);
        video_iso_urb(v, u);
    }
    for (unsigned i = 0; i < VIDEO_URBS; i++)
        (void)rig_finish(&urbs[i]);
}

// --- negotiation ---------------------------------------------------------------------------------

void video_probe(struct video *v, uint8_t format, uint32_t interval,
                 uint8_t bytes[VIDEO_STREAMING_SIZE])
{
    memset(bytes, 0, VIDEO_STREAMING_SIZE);
    bytes[0] = 1; // keep the interval
    bytes[2] = format;
    bytes[3] = 1;
    base_put_le32(bytes + 4, interval);
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_SET_CUR, VIDEO_PROBE, VIDEO_STREAMING, bytes, 34), 34);
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_GET_CUR, VIDEO_PROBE, VIDEO_STREAMING, bytes, 34), 34);
}

void video_commit(struct video *v, uint8_t format, uint32_t interval)
{
    uint8_t bytes[VIDEO_STREAMING_SIZE];
    video_probe(v, format, interval, bytes);
    CHECK_EQ(base_get_le32(bytes + 4), interval);
    CHECK_EQ(rig_request(v->rig.dev, VIDEO_SET_CUR, VIDEO_COMMIT, VIDEO_STREAMING, bytes, 34), 34);
    v->format = format;
}

void video_check_frames(const struct video *v, uint32_t first, unsigned count)
{
    CHECK_EQ(v->count, count);
    for (unsigned i = 0; i < count; i++) {
        CHECK(v->frames[i].whole);
        CHECK_EQ(v->frames[i].number, first + i);
    }
}
