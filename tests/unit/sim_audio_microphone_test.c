// SPDX-License-Identifier: Apache-2.0
// The simulated headset: its microphone, and how loud it is.
#include "tests/unit/audio_rig.h"

static void restart_microphone(struct rig *r)
{
    rig_change(r->dev, USB_SET_INTERFACE, 2, 0);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
}

RIG_TEST(sim_audio_tone_is_440_hz, audio_begin(r))
{
    int16_t s[13 * 4 * AUDIO_SAMPLES];
    int16_t lowest = 0, highest = 0;
    unsigned rises = 0;
    audio_listen(r, 13, 4, s); // 52 packets, two periods and some more
    CHECK_EQ(s[0], 0);
    CHECK(s[1] > 0);
    for (unsigned n = 0; n < AUDIO_PERIOD; n++) {
        CHECK_EQ(s[n + AUDIO_PERIOD], s[n]);
        int sum = s[n] + s[n + AUDIO_PERIOD / 2]; // five and a half of eleven periods later
        CHECK(sum >= -1 && sum <= 1);
        rises += s[n] <= 0 && s[n + 1] > 0;
        lowest = s[n] < lowest ? s[n] : lowest;
        highest = s[n] > highest ? s[n] : highest;
    }
    CHECK_EQ(rises, 11); // in 25 ms
    CHECK(highest <= SIM_AUDIO_TONE_PEAK && highest > SIM_AUDIO_TONE_PEAK - 30);
    CHECK_EQ(lowest, -highest);
    audio_check_pure(s, 2 * AUDIO_PERIOD);
}

// Goertzel's algorithm for 440 Hz over one period, against the energy of the whole signal.
TEST(sim_audio_tone_is_nothing_but_440_hz)
{
    const double two_cos = 1.9966836332280566;
    struct rig r;
    int16_t samples[AUDIO_URBS * AUDIO_PACKETS * AUDIO_SAMPLES];
    double s1 = 0, s2 = 0, energy = 0;
    audio_begin(&r);
    audio_listen(&r, 4, AUDIO_PACKETS, samples);
    for (unsigned n = 0; n < AUDIO_PERIOD; n++) {
        double s0 = samples[n] + two_cos * s1 - s2;
        s2 = s1;
        s1 = s0;
        energy += (double)samples[n] * samples[n];
    }
    double in_tone = 2 * (s1 * s1 + s2 * s2 - two_cos * s1 * s2) / AUDIO_PERIOD;
    CHECK(in_tone > 0.99999 * energy && in_tone < 1.00001 * energy);
    rig_end(&r);
}

TEST(sim_audio_tone_goes_on_over_urb_borders)
{
    struct rig r;
    int16_t samples[AUDIO_URBS * AUDIO_PACKETS * AUDIO_SAMPLES];
    for (unsigned each = 1; each <= AUDIO_PACKETS; each++) {
        audio_begin(&r);
        audio_listen(&r, AUDIO_URBS, each, samples);
        audio_check_pure(samples, AUDIO_URBS * each * AUDIO_SAMPLES);
        CHECK_EQ(sim_audio_captured(r.sim).packets, AUDIO_URBS * each);
        CHECK_EQ(sim_audio_captured(r.sim).bytes, AUDIO_URBS * each * AUDIO_SPOKEN);
        CHECK_EQ(sim_audio_captured(r.sim).gaps, 0);
        rig_end(&r);
    }
}

// One URB is in work while the other is on its way to the host and back.
RIG_TEST(sim_audio_tone_goes_on_with_two_urbs_in_turn, audio_begin(r))
{
    struct rig_urb u[2];
    int16_t samples[AUDIO_URBS * AUDIO_PACKETS * AUDIO_SAMPLES], *end = samples;
    for (unsigned i = 0; i < AUDIO_URBS + 2; i++) {
        struct rig_urb *turn = &u[i % 2];
        if (i >= 2) {
            while (!turn->done)
                rig_advance(r, r->backend->next_deadline(r->backend) - r->now_us);
            audio_check_packets(turn, AUDIO_SPOKEN);
            end = audio_take_samples(turn, end);
            (void)rig_finish(turn);
        }
        if (i < AUDIO_URBS) {
            rig_iso_urb(turn, r->dev, AUDIO_IN, NULL, AUDIO_PACKETS, AUDIO_IN_MAX);
            rig_submit(turn);
        }
    }
    CHECK_EQ(end - samples, AUDIO_URBS * AUDIO_PACKETS * AUDIO_SAMPLES);
    audio_check_pure(samples, AUDIO_URBS * AUDIO_PACKETS * AUDIO_SAMPLES);
    CHECK_EQ(sim_audio_captured(r->sim).gaps, 0);
}

// What a late host has missed is counted, and not missing in what it gets.
RIG_TEST(sim_audio_tone_waits_for_the_host, audio_begin(r))
{
    struct rig_urb u[2];
    int16_t samples[2 * AUDIO_PACKETS * AUDIO_SAMPLES], *end = samples;
    for (unsigned i = 0; i < 2; i++) {
        rig_iso_urb(&u[i], r->dev, AUDIO_IN, NULL, AUDIO_PACKETS, AUDIO_IN_MAX);
        rig_submit(&u[i]);
        rig_advance(r, (AUDIO_PACKETS + 1 + 5) * AUDIO_FRAME);
        CHECK(u[i].done);
        end = audio_take_samples(&u[i], end);
    }
    audio_check_pure(samples, (unsigned)(end - samples));
    struct sim_audio_traffic t = sim_audio_captured(r->sim);
    CHECK_EQ(t.gaps, 1);
    CHECK_EQ(t.missed, audio_first_frame(&u[1]) - audio_first_frame(&u[0]) - AUDIO_PACKETS);
    CHECK(t.missed >= 5);
    (void)rig_finish(&u[0]);
    (void)rig_finish(&u[1]);
}

RIG_TEST(sim_audio_tone_begins_anew_with_the_interface, audio_begin(r))
{
    int16_t first[AUDIO_PACKETS * AUDIO_SAMPLES], again[AUDIO_PACKETS * AUDIO_SAMPLES];
    audio_listen_once(r, first);
    rig_advance(r, 100 * AUDIO_FRAME);
    restart_microphone(r);
    audio_listen_once(r, again);
    CHECK_BYTES(again, first, sizeof first);
    rig_advance(r, 7 * AUDIO_FRAME);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    audio_listen_once(r, again);
    CHECK_BYTES(again, first, sizeof first);
    CHECK_EQ(sim_audio_captured(r->sim).gaps, 0);
    CHECK_EQ(sim_audio_captured(r->sim).packets, 3 * AUDIO_PACKETS);
}

// --- loudness ------------------------------------------------------------------------------------

RIG_TEST(sim_audio_microphone_follows_its_volume, audio_begin(r))
{
    static const int db[] = {0, -1, -6, -20, -40, -59, -60};
    static const int peak[] = {16384, 14602, 8211, 1638, 163, 18, 16}; // 16384 * 10^(db / 20)
    for (unsigned i = 0; i < sizeof db / sizeof db[0]; i++) {
        CHECK_EQ(audio_set_volume(r, AUDIO_MICROPHONE, 1, db[i] * 256), 2);
        CHECK_EQ(audio_get_volume(r, AUDIO_GET_CUR, AUDIO_MICROPHONE, 1), db[i] * 256);
        CHECK_EQ(sim_audio_microphone(r->sim).volume[0], db[i] * 256);
        int have = audio_loudness(r);
        if (have > peak[i] + 1 || have < peak[i] - peak[i] / 500 - 1)
            check_fail(__FILE__, __LINE__, "%d at %d dB, not %d", have, db[i], peak[i]);
    }
    CHECK_EQ(audio_set_volume(r, AUDIO_MICROPHONE, 1, SIM_AUDIO_VOLUME_SILENCE), 2);
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_CUR, AUDIO_MICROPHONE, 1), SIM_AUDIO_VOLUME_SILENCE);
    CHECK_EQ(audio_loudness(r), 0);
}

RIG_TEST(sim_audio_microphone_follows_its_mute, audio_begin(r))
{
    CHECK(!audio_get_mute(r, AUDIO_MICROPHONE));
    audio_set_mute(r, AUDIO_MICROPHONE, 1);
    CHECK(audio_get_mute(r, AUDIO_MICROPHONE) && sim_audio_microphone(r->sim).mute);
    CHECK_EQ(audio_loudness(r), 0);
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_CUR, AUDIO_MICROPHONE, 1), SIM_AUDIO_VOLUME_MAX);
    audio_set_mute(r, AUDIO_MICROPHONE, 0);
    CHECK(!audio_get_mute(r, AUDIO_MICROPHONE));
    CHECK(audio_loudness(r) > 16300);
    CHECK_EQ(sim_audio_captured(r->sim).bytes,
             2 * AUDIO_PACKETS * AUDIO_SPOKEN); // silence is data as well
}

RIG_TEST(sim_audio_microphone_does_not_hear_the_loudspeakers_controls, audio_begin(r))
{
    audio_set_mute(r, AUDIO_SPEAKER, 1);
    CHECK_EQ(audio_set_volume(r, AUDIO_SPEAKER, 1, -5120), 2);
    CHECK(audio_loudness(r) > 16300);
    CHECK(!sim_audio_microphone(r->sim).mute);
    CHECK(sim_audio_speaker(r->sim).mute);
}

// The tone keeps its phase: after 25 packets it is where it was, only not so loud.
RIG_TEST(sim_audio_volume_changes_in_mid_stream, audio_begin(r))
{
    struct rig_urb u[4];
    int16_t loud[AUDIO_PACKETS * AUDIO_SAMPLES], quiet[AUDIO_PACKETS * AUDIO_SAMPLES];
    for (unsigned i = 0; i < 4; i++) {
        rig_iso_urb(&u[i], r->dev, AUDIO_IN, NULL,
                    i == 2 ? AUDIO_PACKETS : AUDIO_PACKETS - (i == 1), AUDIO_IN_MAX);
        rig_submit(&u[i]);
    }
    rig_advance(r, 10 * AUDIO_FRAME);
    CHECK_EQ(audio_set_volume(r, AUDIO_MICROPHONE, 1, -256 * 20), 2);
    rig_advance(r, 30 * AUDIO_FRAME);
    (void)audio_take_samples(&u[0], loud); // packets 0 to 7
    (void)audio_take_samples(&u[3], quiet);
    for (unsigned n = 0; n + 2 * AUDIO_SAMPLES < AUDIO_PACKETS * AUDIO_SAMPLES;
         n++) { // packets 23 and 25
        int want = loud[n], have = 10 * quiet[n + 2 * AUDIO_SAMPLES];
        CHECK(have - want <= 20 && want - have <= 20);
    }
    for (unsigned i = 0; i < 4; i++)
        (void)rig_finish(&u[i]);
}
