// SPDX-License-Identifier: Apache-2.0
// The stream: frames in time, cut into payloads.
#include "base/base_bytes.h"
#include "sim_camera_device.h"

#include <string.h>

enum {
    HEADER_FID = 0x01, // bmHeaderInfo (USB Video 1.1 2.4.3.3)
    HEADER_EOF = 0x02,
    HEADER_PTS = 0x04,
    HEADER_SCR = 0x08,
    HEADER_END = 0x80, // the header's last byte of flags

    FRAME_US = 1000, // of the bus
    SOF_MASK = 0x7ff,
    UNITS_PER_US = 10, // of intervals
};

// --- frames --------------------------------------------------------------------------------------

static uint64_t due_us(const struct sim_camera *c, uint64_t number)
{
    return c->stream.start_us + number * sim_camera_interval(&c->commit) / UNITS_PER_US;
}

static void begin_frame(struct sim_camera *c, uint64_t number)
{
    struct camera_stream *s = &c->stream;
    uint8_t ground = (uint8_t)(CAMERA_GROUND + c->brightness);
    bool mjpeg = c->commit.format == CAMERA_MJPEG;
    s->number = number;
    s->size = mjpeg ? sim_camera_draw_mjpeg(c->frame, (uint32_t)number, ground)
                    : sim_camera_draw_yuy2(c->frame, (uint32_t)number, ground);
    s->sent = 0;
    s->fid ^= HEADER_FID;
    s->pts = (uint32_t)(due_us(c, number) * CAMERA_CLOCK_MHZ);
    s->next_us = due_us(c, number + 1);
}

// The frame that a payload which begins now is part of.
static void keep_pace(struct sim_camera *c, uint64_t now_us)
{
    struct camera_stream *s = &c->stream;
    if (!s->running) {
        s->running = true;
        s->start_us = now_us;
        begin_frame(c, 0);
    } else if (now_us >= s->next_us) {
        // Rounded up as due_us() rounds down: at the time of a frame this is its number.
        uint64_t units = (now_us - s->start_us) * UNITS_PER_US + UNITS_PER_US - 1;
        uint64_t number = units / sim_camera_interval(&c->commit);
        c->traffic.dropped += number - s->number - (s->sent == s->size);
        begin_frame(c, number);
    }
}

// Stamped with the capture of the frame, and with the clock of both sides now.
static void put_header(const struct camera_stream *s, uint8_t *header, bool last, uint64_t now_us)
{
    unsigned flags = HEADER_END | HEADER_SCR | HEADER_PTS | (last ? HEADER_EOF : 0u) | s->fid;
    header[0] = CAMERA_HEADER_SIZE;
    header[1] = (uint8_t)flags;
    base_put_le32(header + 2, s->pts);
    base_put_le32(header + 6, (uint32_t)(now_us * CAMERA_CLOCK_MHZ));
    base_put_le16(header + 10, (uint16_t)(now_us / FRAME_US & SOF_MASK));
}

static void put_picture(struct sim_camera *c, uint8_t *buf, uint32_t size)
{
    struct camera_stream *s = &c->stream;
    memcpy(buf, c->frame + s->sent, size);
    s->sent += size;
    c->traffic.bytes += size;
    if (size > 0 && s->sent == s->size)
        c->traffic.frames++;
}

static uint32_t least(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

void sim_camera_restart(struct sim_camera *c)
{
    c->stream.running = false;
    c->stream.in_payload = false;
}

void sim_camera_stop(struct sim_camera *c)
{
    sim_camera_restart(c);
    c->stream.committed = false;
}

// --- isochronous ---------------------------------------------------------------------------------

// A payload in each microframe; between two frames it is the header only.
int sim_camera_iso_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct sim_camera *c = (struct sim_camera *)(void *)d;
    struct camera_stream *s = &c->stream;
    uint64_t now_us = sim_now_us(d);
    (void)ep; // the only one
    keep_pace(c, now_us);
    uint32_t room = least(max, sim_camera_payload(c, &c->commit)) - CAMERA_HEADER_SIZE;
    uint32_t size = least(room, s->size - s->sent);
    put_header(s, buf, size > 0 && s->sent + size == s->size, now_us);
    put_picture(c, buf + CAMERA_HEADER_SIZE, size);
    return (int)(CAMERA_HEADER_SIZE + size);
}

// --- bulk ----------------------------------------------------------------------------------------

static bool begin_payload(struct sim_camera *c, uint8_t *header)
{
    struct camera_stream *s = &c->stream;
    uint64_t now_us = sim_now_us(&c->device);
    keep_pace(c, now_us);
    if (s->sent == s->size) {
        sim_kick_at(&c->device, CAMERA_IN, s->next_us);
        return false;
    }
    uint32_t room = sim_camera_payload(c, &c->commit) - CAMERA_HEADER_SIZE;
    s->payload_left = least(room, s->size - s->sent);
    s->in_payload = true;
    put_header(s, header, s->sent + s->payload_left == s->size, now_us);
    return true;
}

// Each payload ends with a short packet, if need be of no bytes, whatever the size of the host's
// transfers is.
int sim_camera_bulk_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct sim_camera *c = (struct sim_camera *)(void *)d;
    struct camera_stream *s = &c->stream;
    uint32_t filled = 0;
    (void)ep; // the only one
    if (!s->committed)
        return SIM_NAK;
    if (!s->in_payload) {
        if (!begin_payload(c, buf))
            return SIM_NAK;
        filled = CAMERA_HEADER_SIZE;
    }
    uint32_t size = least(max - filled, s->payload_left);
    put_picture(c, buf + filled, size);
    s->payload_left -= size;
    filled += size;
    if (filled == 0 || filled % CAMERA_BULK_MPS != 0)
        s->in_payload = false;
    return (int)filled;
}
