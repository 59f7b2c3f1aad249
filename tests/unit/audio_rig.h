// SPDX-License-Identifier: Apache-2.0
// A host's side of USB Audio, on a simulated headset: streams both ways, volume and mute.
#pragma once

#include "sim/device/audio/sim_audio.h"
#include "tests/support/rig.h"

enum {
    AUDIO_OUT = 0x01,
    AUDIO_IN = 0x82,
    AUDIO_FRAME = 1000,
    AUDIO_PACKETS = 8,  // of an URB
    AUDIO_IN_MAX = 98,  // bytes of a packet
    AUDIO_SAMPLES = 48, // of a packet
    AUDIO_SPOKEN = 2 * AUDIO_SAMPLES,
    AUDIO_PLAYED = 192,
    AUDIO_PERIOD = 1200, // samples, in 25 packets
    AUDIO_URBS = 16,

    AUDIO_GET_CUR = 0xa181, // requests to the control interface
    AUDIO_GET_MIN = 0xa182,
    AUDIO_GET_MAX = 0xa183,
    AUDIO_GET_RES = 0xa184,
    AUDIO_SET_CUR = 0x2101,
    AUDIO_MUTE = 0x0100, // wValue
    AUDIO_VOLUME = 0x0200,
    AUDIO_ALL = 0xff,
    AUDIO_SPEAKER = 0x0200, // wIndex
    AUDIO_MICROPHONE = 0x0500,
};

void audio_begin_with(struct rig *r, const struct sim_audio_options *options);

// Both interfaces stream.
void audio_begin(struct rig *r);
void audio_check_packets(const struct rig_urb *u, uint32_t size);

// The frame in which the first packet of the URB moved.
uint32_t audio_first_frame(const struct rig_urb *u);
int16_t *audio_take_samples(const struct rig_urb *u, int16_t *to);

// Hears `count` URBs of `each` packets, all of them queued at the start.
void audio_listen(struct rig *r, unsigned count, unsigned each, int16_t *samples);

// The next 8 packets, which are 384 samples.
void audio_listen_once(struct rig *r, int16_t *samples);

// Plays `count` URBs of 8 packets of `size` bytes, queued at the start; returns what is behind
// them.
const uint8_t *audio_play(struct rig *r, unsigned count, uint32_t size, const uint8_t *data);

// Each sample of a pure tone follows from the two before it: x[n+1] = 2 cos(w) x[n] - x[n-1]. With
// a jump or a distortion it does not. Rounding may be wrong by 2.
void audio_check_pure(const int16_t *samples, unsigned count);

// The loudest of the next samples.
int audio_loudness(struct rig *r);
int audio_set_volume(struct rig *r, unsigned unit, unsigned channel, int value);
int audio_get_volume(struct rig *r, unsigned request, unsigned unit, unsigned channel);
void audio_set_mute(struct rig *r, unsigned unit, uint8_t value);
bool audio_get_mute(struct rig *r, unsigned unit);
