// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/audio_rig.h"

void audio_begin_with(struct rig *r, const struct sim_audio_options *options)
{
    rig_begin(r);
    rig_start(r, sim_audio_create(r->bus, options), 1);
}

void audio_begin(struct rig *r)
{
    audio_begin_with(r, NULL);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
}

void audio_check_packets(const struct rig_urb *u, uint32_t size)
{
    CHECK(u->done);
    CHECK_EQ(u->urb.status, USB_STATUS_OK);
    CHECK_EQ(u->urb.error_count, 0);
    for (unsigned i = 0; i < u->urb.packet_count; i++) {
        CHECK_EQ(u->packets[i].status, USB_STATUS_OK);
        CHECK_EQ(u->packets[i].actual_length, size);
    }
}

uint32_t audio_first_frame(const struct rig_urb *u)
{
    unsigned i = 0;
    while (i < AUDIO_PACKETS && u->packets[i].status != USB_STATUS_OK)
        i++;
    CHECK(i < AUDIO_PACKETS);
    return u->urb.start_frame + i;
}

int16_t *audio_take_samples(const struct rig_urb *u, int16_t *to)
{
    for (unsigned i = 0; i < u->urb.packet_count; i++)
        for (unsigned k = 0; k < u->packets[i].actual_length; k += 2)
            *to++ = (int16_t)base_get_le16(u->urb.buffer + u->packets[i].offset + k);
    return to;
}

void audio_listen(struct rig *r, unsigned count, unsigned each, int16_t *samples)
{
    struct rig_urb u[AUDIO_URBS];
    CHECK(count <= AUDIO_URBS);
    for (unsigned i = 0; i < count; i++) {
        rig_iso_urb(&u[i], r->dev, AUDIO_IN, NULL, each, AUDIO_IN_MAX);
        rig_submit(&u[i]);
    }
    rig_advance(r, (count * each + 1) * AUDIO_FRAME);
    for (unsigned i = 0; i < count; i++) {
        audio_check_packets(&u[i], AUDIO_SPOKEN);
        samples = audio_take_samples(&u[i], samples);
        (void)rig_finish(&u[i]);
    }
}

void audio_listen_once(struct rig *r, int16_t *samples)
{
    audio_listen(r, 1, AUDIO_PACKETS, samples);
}

const uint8_t *audio_play(struct rig *r, unsigned count, uint32_t size, const uint8_t *data)
{
    struct rig_urb u[AUDIO_URBS];
    CHECK(count <= AUDIO_URBS);
    for (unsigned i = 0; i < count; i++, data += (size_t)AUDIO_PACKETS * size) {
        rig_iso_urb(&u[i], r->dev, AUDIO_OUT, data, AUDIO_PACKETS, size);
        rig_submit(&u[i]);
    }
    rig_advance(r, (count * AUDIO_PACKETS + 1) * AUDIO_FRAME);
    for (unsigned i = 0; i < count; i++) {
        audio_check_packets(&u[i], size);
        (void)rig_finish(&u[i]);
    }
    return data;
}

void audio_check_pure(const int16_t *samples, unsigned count)
{
    const int64_t two_cos = 2093675; // 2 cos(2 pi * 440 / 48000), 20 bits behind the point
    for (unsigned n = 1; n + 1 < count; n++) {
        int64_t next = ((two_cos * samples[n] + (1 << 19)) >> 20) - samples[n - 1];
        int64_t wrong = next - samples[n + 1];
        if (wrong < -2 || wrong > 2)
            check_fail(__FILE__, __LINE__, "sample %u is wrong by %d", n + 1, (int)wrong);
    }
}

int audio_loudness(struct rig *r)
{
    int16_t samples[AUDIO_PACKETS * AUDIO_SAMPLES];
    int peak = 0;
    audio_listen_once(r, samples);
    audio_check_pure(samples, AUDIO_PACKETS * AUDIO_SAMPLES);
    for (unsigned n = 0; n < AUDIO_PACKETS * AUDIO_SAMPLES; n++)
        peak = samples[n] > peak ? samples[n] : peak;
    return peak;
}

int audio_set_volume(struct rig *r, unsigned unit, unsigned channel, int value)
{
    uint8_t data[2];
    base_put_le16(data, (uint16_t)value);
    return rig_request(r->dev, AUDIO_SET_CUR, AUDIO_VOLUME | channel, unit, data, 2);
}

int audio_get_volume(struct rig *r, unsigned request, unsigned unit, unsigned channel)
{
    uint8_t data[2] = {0};
    CHECK_EQ(rig_request(r->dev, request, AUDIO_VOLUME | channel, unit, data, 2), 2);
    return (int16_t)base_get_le16(data);
}

void audio_set_mute(struct rig *r, unsigned unit, uint8_t value)
{
    CHECK_EQ(rig_request(r->dev, AUDIO_SET_CUR, AUDIO_MUTE, unit, &value, 1), 1);
}

bool audio_get_mute(struct rig *r, unsigned unit)
{
    uint8_t value = 0x55;
    CHECK_EQ(rig_request(r->dev, AUDIO_GET_CUR, AUDIO_MUTE, unit, &value, 1), 1);
    CHECK(value <= 1);
    return value;
}
