// SPDX-License-Identifier: Apache-2.0
// A full-speed USB Audio 1.0 headset at 48 kHz, 16 bits: a stereo loudspeaker (isochronous OUT
// 0x01) and a mono microphone (isochronous IN 0x82) that hears a tone of 440 Hz. Alternate setting
// 1 of interface 1 or 2 lets it stream, one packet in each frame. Loop thread.
#pragma once

#include "sim/device/sim_kind.h"
#include "sim/device/sim_recording.h"

enum {
    SIM_AUDIO_PACKET_MAX = 196,    // bytes that the loudspeaker takes in a frame; 192 are usual
    SIM_AUDIO_TONE_PEAK = 16384,   // of 32767, at 0 dB
    SIM_AUDIO_VOLUME_MIN = -15360, // 1/256 dB: -60 dB
    SIM_AUDIO_VOLUME_MAX = 0,
    SIM_AUDIO_VOLUME_STEP = 256,
    SIM_AUDIO_VOLUME_SILENCE = INT16_MIN, // in place of a volume: nothing is heard
};

struct sim_audio_options {
    uint32_t kept_bytes; // of what is played last: 0, or at least a packet

    // Of what is played, raw as on the bus: little-endian, left before right. Taken, unless there
    // is no memory.
    struct sim_recording recording;
};

extern const struct sim_kind sim_audio_kind;

// `options` copied; NULL: nothing is kept or recorded. NULL if there is no memory.
struct sim_device *sim_audio_create(struct sim_bus *bus, const struct sim_audio_options *options);

// One direction, since the device was created. A frame without a packet between two packets of one
// stream is a missed one, counted by the bus's clock; several in a row are one gap. A stream begins
// with the first packet after SET_INTERFACE. The tone does not go on in a missed frame: a jump in
// it was made by who carried the packets, not by a host that came late.
struct sim_audio_traffic {
    uint64_t packets, bytes;
    uint64_t gaps, missed;
};
struct sim_audio_traffic sim_audio_played(const struct sim_device *d);
struct sim_audio_traffic sim_audio_captured(const struct sim_device *d);

// What was played is what came over the bus, bit by bit: mute and volume come behind it.
uint32_t sim_audio_played_adler32(const struct sim_device *d);    // RFC 1950, of all of it
uint64_t sim_audio_played_unrecorded(const struct sim_device *d); // bytes of packets that failed

// Copies the last `size` bytes that were played, or as many as are kept. Returns how many.
uint32_t sim_audio_played_last(const struct sim_device *d, uint8_t *samples, uint32_t size);

// What the host has set. A bus reset makes it loud again: not muted, SIM_AUDIO_VOLUME_MAX.
struct sim_audio_levels {
    bool mute;
    int16_t volume[2]; // 1/256 dB: left, right; the microphone has the first one only
};
struct sim_audio_levels sim_audio_speaker(const struct sim_device *d);
struct sim_audio_levels sim_audio_microphone(const struct sim_device *d);
