// SPDX-License-Identifier: Apache-2.0
// Inside of the simulated headset: what its sources share. sim_audio.c has the streams; below it
// are sim_audio_control.c with the class requests, sim_audio_tone.c and sim_audio_descriptor.c.
#pragma once

#include "sim_audio.h"

enum {
    AUDIO_CONTROL = 0, // interface numbers
    AUDIO_SPEAKER = 1,
    AUDIO_MICROPHONE = 2,

    AUDIO_SPEAKER_UNIT = 2, // IDs of the feature units, the owners of mute and volume
    AUDIO_MICROPHONE_UNIT = 5,

    AUDIO_SPEAKER_OUT = 0x01,
    AUDIO_MICROPHONE_IN = 0x82,

    AUDIO_RATE = 48000,
    AUDIO_SAMPLES = AUDIO_RATE / 1000, // per channel and frame
    AUDIO_SAMPLE_SIZE = 2,

    // 11 periods of 440 Hz take as long as 25 frames, so the tone repeats itself then.
    AUDIO_TONE_FRAMES = 25,
    AUDIO_TONE_PACKET = AUDIO_SAMPLES * AUDIO_SAMPLE_SIZE,
};

// What goes through one streaming interface.
struct audio_stream {
    bool running; // a packet has moved since the interface was set
    uint64_t last_frame;
    struct sim_audio_traffic traffic;
};

struct sim_audio {
    struct sim_device device; // first: the engine's pointer is ours
    struct sim_recording recording;
    struct sim_audio_levels speaker, microphone;
    struct audio_stream out, in;
    uint32_t adler32;
    uint64_t unrecorded;
    uint8_t tone[AUDIO_TONE_FRAMES * AUDIO_TONE_PACKET]; // as loud as the microphone is set
    uint32_t tone_at;                                    // where the next packet of it begins
    uint32_t kept_bytes, kept_at;                        // size; where the next byte goes
    uint8_t kept[];
};

extern const struct sim_descriptors sim_audio_descriptors;

// The tone gets as loud as the microphone is set.
void sim_audio_tune(struct sim_audio *a);

int sim_audio_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len);
