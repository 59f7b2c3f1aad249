// SPDX-License-Identifier: Apache-2.0
#include "sim_audio_device.h"

#include <assert.h>
#include <string.h>

enum { FRAME_US = 1000, ADLER_BASE = 65521 };

static struct sim_audio *audio(struct sim_device *d)
{
    return (struct sim_audio *)(void *)d;
}

static const struct sim_audio *const_audio(const struct sim_device *d)
{
    return (const struct sim_audio *)(const void *)d;
}

// --- streams -------------------------------------------------------------------------------------

static void count_packet(struct sim_audio *a, struct audio_stream *s, uint32_t bytes)
{
    uint64_t frame = sim_now_us(&a->device) / FRAME_US;
    if (s->running && frame > s->last_frame + 1) {
        s->traffic.gaps++;
        s->traffic.missed += frame - s->last_frame - 1;
    }
    s->running = true;
    s->last_frame = frame;
    s->traffic.packets++;
    s->traffic.bytes += bytes;
}

// Nothing moves before this, also after a reset or another SET_CONFIGURATION.
static void audio_alternate_selected(struct sim_device *d, uint8_t interface)
{
    struct sim_audio *a = audio(d);
    if (interface == AUDIO_SPEAKER) {
        a->out.running = false;
    } else if (interface == AUDIO_MICROPHONE) {
        a->in.running = false;
        a->tone_at = 0;
    }
}

// --- loudspeaker ---------------------------------------------------------------------------------

static uint32_t adler32(uint32_t sum, const uint8_t *bytes, uint32_t count)
{
    uint32_t a = sum & 0xffff, b = sum >> 16; // a packet is too short for an overflow
    for (uint32_t i = 0; i < count; i++) {
        a += bytes[i];
        b += a;
    }
    return b % ADLER_BASE << 16 | a % ADLER_BASE;
}

static void keep_samples(struct sim_audio *a, const uint8_t *samples, uint32_t size)
{
    uint32_t to_end = a->kept_bytes - a->kept_at;
    uint32_t part = size < to_end ? size : to_end;
    memcpy(a->kept + a->kept_at, samples, part);
    memcpy(a->kept, samples + part, size - part);
    a->kept_at = (a->kept_at + size) % a->kept_bytes;
}

static int audio_iso_out(struct sim_device *d, uint8_t ep, const uint8_t *buf, uint32_t len)
{
    struct sim_audio *a = audio(d);
    (void)ep; // the only one
    count_packet(a, &a->out, len);
    if (len == 0)
        return 0;
    a->adler32 = adler32(a->adler32, buf, len);
    if (a->kept_bytes > 0)
        keep_samples(a, buf, len);
    if (a->recording.destroy && a->recording.append(a->recording.ctx, buf, len) != BASE_OK)
        a->unrecorded += len;
    return (int)len;
}

// --- microphone ----------------------------------------------------------------------------------

static int audio_iso_in(struct sim_device *d, uint8_t ep, uint8_t *buf, uint32_t max)
{
    struct sim_audio *a = audio(d);
    (void)ep; // the only one
    assert(max >= AUDIO_TONE_PACKET);
    (void)max;
    count_packet(a, &a->in, AUDIO_TONE_PACKET);
    memcpy(buf, a->tone + a->tone_at, AUDIO_TONE_PACKET);
    a->tone_at = (a->tone_at + AUDIO_TONE_PACKET) % sizeof a->tone;
    return AUDIO_TONE_PACKET;
}

// --- for tests and the port ----------------------------------------------------------------------

struct sim_audio_traffic sim_audio_played(const struct sim_device *d)
{
    return const_audio(d)->out.traffic;
}

struct sim_audio_traffic sim_audio_captured(const struct sim_device *d)
{
    return const_audio(d)->in.traffic;
}

uint32_t sim_audio_played_adler32(const struct sim_device *d)
{
    return const_audio(d)->adler32;
}

uint64_t sim_audio_played_unrecorded(const struct sim_device *d)
{
    return const_audio(d)->unrecorded;
}

uint32_t sim_audio_played_last(const struct sim_device *d, uint8_t *samples, uint32_t size)
{
    const struct sim_audio *a = const_audio(d);
    uint32_t kept = a->kept_bytes;
    if (kept > a->out.traffic.bytes)
        kept = (uint32_t)a->out.traffic.bytes;
    uint32_t n = size < kept ? size : kept;
    uint32_t behind = n < a->kept_at ? n : a->kept_at; // of them, from the start of the ring on
    memcpy(samples, a->kept + a->kept_bytes - (n - behind), n - behind);
    memcpy(samples + (n - behind), a->kept + a->kept_at - behind, behind);
    return n;
}

struct sim_audio_levels sim_audio_speaker(const struct sim_device *d)
{
    return const_audio(d)->speaker;
}

struct sim_audio_levels sim_audio_microphone(const struct sim_device *d)
{
    return const_audio(d)->microphone;
}

// --- life ----------------------------------------------------------------------------------------

static void audio_reset(struct sim_device *d)
{
    const struct sim_audio_levels loud = {.volume = {SIM_AUDIO_VOLUME_MAX, SIM_AUDIO_VOLUME_MAX}};
    struct sim_audio *a = audio(d);
    a->speaker = a->microphone = loud;
    sim_audio_tune(a);
}

static void audio_destroy(struct sim_device *d)
{
    struct sim_audio *a = audio(d);
    if (a->recording.destroy)
        a->recording.destroy(a->recording.ctx);
    base_free(sim_alloc(d->bus), a);
}

static const struct sim_device_ops ops = {
    .destroy = audio_destroy,
    .reset = audio_reset,
    .alternate_selected = audio_alternate_selected,
    .setup = sim_audio_setup,
    .iso_in = audio_iso_in,
    .iso_out = audio_iso_out,
};

struct sim_device *sim_audio_create(struct sim_bus *bus, const struct sim_audio_options *options)
{
    const struct sim_audio_options none = {0};
    const struct sim_audio_options *o = options ? options : &none;
    assert(o->kept_bytes == 0 || o->kept_bytes >= SIM_AUDIO_PACKET_MAX);
    struct sim_audio *a = base_alloc(sim_alloc(bus), sizeof *a + o->kept_bytes);
    if (!a)
        return NULL;
    a->device = (struct sim_device){
        .ops = &ops,
        .desc = &sim_audio_descriptors,
        .speed = USB_SPEED_FULL,
        .bus = bus,
    };
    a->recording = o->recording;
    a->kept_bytes = o->kept_bytes;
    a->adler32 = 1;
    audio_reset(&a->device);
    return &a->device;
}

// --- kind ----------------------------------------------------------------------------------------

enum { RECORD };

static struct sim_device *create(struct sim_spec *s)
{
    struct sim_audio_options o = {0};
    if (s->value[RECORD].given && !sim_spec_open_recording(s, RECORD, &o.recording))
        return NULL;
    struct sim_device *d = sim_audio_create(s->bus, &o);
    if (!d && o.recording.destroy)
        o.recording.destroy(o.recording.ctx);
    return d;
}

const struct sim_kind sim_audio_kind = {
    .name = "audio",
    .port = "4",
    .help = "headset (USB Audio 1.0) that hears a tone, full speed",
    .options =
        {
            [RECORD] = {.name = "record",
                        .value = "PATH",
                        .help = "what is played is appended to this file"},
        },
    .create = create,
};
