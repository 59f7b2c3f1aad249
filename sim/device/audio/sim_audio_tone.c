// SPDX-License-Identifier: Apache-2.0
// The tone that the microphone hears, sample by sample without a table or a sine.
#include "base/base_bytes.h"
#include "sim_audio_device.h"

#define ONE INT64_C(1073741824)      // fixed point with 30 bits behind it
#define TURN_COS INT64_C(1071961363) // of the angle from one sample to the next, 2 pi * 440 / 48000
#define TURN_SIN INT64_C(61808903)   //
#define MINUS_ONE_DB INT64_C(956973408) // 10 to the power of -1/20

static int64_t tone_peak(const struct sim_audio_levels *l)
{
    int64_t peak = SIM_AUDIO_TONE_PEAK * ONE;
    if (l->mute)
        return 0;
    for (int v = l->volume[0]; v < SIM_AUDIO_VOLUME_MAX; v += SIM_AUDIO_VOLUME_STEP)
        peak = peak / ONE * MINUS_ONE_DB + peak % ONE * MINUS_ONE_DB / ONE;
    return peak / ONE; // none is left at SIM_AUDIO_VOLUME_SILENCE
}

void sim_audio_tune(struct sim_audio *a)
{
    int64_t x = ONE, y = 0, peak = tone_peak(&a->microphone);
    for (size_t i = 0; i < sizeof a->tone; i += AUDIO_SAMPLE_SIZE) {
        int64_t sample = (y * peak + (y < 0 ? -ONE / 2 : ONE / 2)) / ONE;
        base_put_le16(a->tone + i, (uint16_t)sample);
        int64_t next_x = (x * TURN_COS - y * TURN_SIN) / ONE;
        y = (x * TURN_SIN + y * TURN_COS) / ONE;
        x = next_x;
    }
}
