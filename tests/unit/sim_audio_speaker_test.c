// SPDX-License-Identifier: Apache-2.0
// The simulated headset: its loudspeaker, and recordings of what it plays.
#include "tests/unit/audio_rig.h"

#include <string.h>

static uint32_t adler32(const uint8_t *bytes, uint32_t count)
{
    uint32_t a = 1, b = 0;
    for (uint32_t i = 0; i < count; i++) {
        a = (a + bytes[i]) % 65521;
        b = (b + a) % 65521;
    }
    return b << 16 | a;
}

static void check_last(const struct rig *r, uint32_t size, const uint8_t *want, uint32_t have)
{
    static uint8_t bytes[RIG_PATTERN];
    memset(bytes, 0xee, sizeof bytes);
    CHECK_EQ(sim_audio_played_last(r->sim, bytes, size), have);
    CHECK_BYTES(bytes, want, have);
    CHECK_EQ(bytes[have], 0xee);
}

static void start_keeping(struct rig *r, uint32_t bytes)
{
    audio_begin_with(r, &(struct sim_audio_options){.kept_bytes = bytes});
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
}

RIG_TEST(sim_audio_plays_bit_by_bit, start_keeping(r, 1 << 15))
{
    CHECK_EQ(sim_audio_played_adler32(r->sim), 1);
    check_last(r, 100, rig_pattern(), 0);
    const uint8_t *end = audio_play(r, AUDIO_URBS, AUDIO_PLAYED, rig_pattern());
    uint32_t bytes = (uint32_t)(end - rig_pattern());
    struct sim_audio_traffic t = sim_audio_played(r->sim);
    CHECK_EQ(t.packets, AUDIO_URBS * AUDIO_PACKETS);
    CHECK_EQ(t.bytes, bytes);
    CHECK_EQ(t.gaps, 0);
    CHECK_EQ(t.missed, 0);
    CHECK_EQ(sim_audio_played_adler32(r->sim), adler32(rig_pattern(), bytes));
    check_last(r, RIG_PATTERN - 1, rig_pattern(), bytes);
    check_last(r, 1000, end - 1000, 1000);
    check_last(r, 0, end, 0);
    CHECK_EQ(sim_audio_captured(r->sim).packets, 0);
}

RIG_TEST(sim_audio_plays_packets_of_any_size, start_keeping(r, 1000))
{
    static const uint8_t wikipedia[12] = "Wikipedia";
    struct rig_urb u;
    rig_iso_urb(&u, r->dev, AUDIO_OUT, wikipedia, 3, 4); // 4, 0 and 5 bytes
    u.packets[1].length = 0;
    u.packets[2].offset = 4;
    u.packets[2].length = 5;
    rig_submit(&u);
    rig_advance(r, 4 * AUDIO_FRAME);
    CHECK_EQ(u.packets[0].actual_length, 4);
    CHECK_EQ(u.packets[1].status, USB_STATUS_OK);
    CHECK_EQ(u.packets[2].actual_length, 5);
    CHECK_EQ(rig_finish(&u), 9);
    CHECK_EQ(sim_audio_played_adler32(r->sim), 0x11e60398); // from the literature
    check_last(r, 100, wikipedia, 9);
    CHECK_EQ(sim_audio_played(r->sim).packets, 3);
    CHECK_EQ(sim_audio_played(r->sim).gaps, 0); // an empty packet is one
    (void)audio_play(r, 1, SIM_AUDIO_PACKET_MAX, rig_pattern());
    CHECK_EQ(sim_audio_played(r->sim).bytes, 9 + AUDIO_PACKETS * SIM_AUDIO_PACKET_MAX);
}

// A ring of a size that no packet divides.
TEST(sim_audio_keeps_what_was_played_last)
{
    static const uint32_t sizes[] = {SIM_AUDIO_PACKET_MAX, 197, 1000,
                                     2 * AUDIO_PACKETS * AUDIO_PLAYED};
    struct rig r;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        start_keeping(&r, sizes[i]);
        const uint8_t *end = rig_pattern();
        for (unsigned k = 0; k < 9; k++) {
            end = audio_play(&r, 1, AUDIO_PLAYED, end);
            uint32_t played = (uint32_t)(end - rig_pattern());
            uint32_t kept = played < sizes[i] ? played : sizes[i];
            check_last(&r, RIG_PATTERN - 1, end - kept, kept);
            check_last(&r, 150, end - 150, 150);
            check_last(&r, 1, end - 1, 1);
        }
        CHECK_EQ(sim_audio_played_adler32(r.sim),
                 adler32(rig_pattern(), 9 * AUDIO_PACKETS * AUDIO_PLAYED));
        rig_end(&r);
    }
}

RIG_TEST(sim_audio_keeps_nothing_unless_told, audio_begin(r))
{
    (void)audio_play(r, 2, AUDIO_PLAYED, rig_pattern());
    check_last(r, 100, rig_pattern(), 0);
    CHECK_EQ(sim_audio_played(r->sim).bytes, 2 * AUDIO_PACKETS * AUDIO_PLAYED);
    CHECK_EQ(sim_audio_played_adler32(r->sim),
             adler32(rig_pattern(), 2 * AUDIO_PACKETS * AUDIO_PLAYED));
}

RIG_TEST(sim_audio_plays_the_same_whatever_the_volume, start_keeping(r, 10000))
{
    audio_set_mute(r, AUDIO_SPEAKER, 1);
    CHECK_EQ(audio_set_volume(r, AUDIO_SPEAKER, 1, SIM_AUDIO_VOLUME_SILENCE), 2);
    (void)audio_play(r, 2, AUDIO_PLAYED, rig_pattern());
    check_last(r, 10000, rig_pattern(), 2 * AUDIO_PACKETS * AUDIO_PLAYED);
}

RIG_TEST(sim_audio_counts_gaps, audio_begin(r))
{
    struct rig_urb u[3];
    uint64_t missed = 0;
    rig_advance(r, 100 * AUDIO_FRAME); // before the first packet there is no stream
    for (unsigned i = 0; i < 3; i++) {
        rig_iso_urb(&u[i], r->dev, AUDIO_OUT, rig_pattern(), AUDIO_PACKETS, AUDIO_PLAYED);
        rig_submit(&u[i]);
        rig_advance(r, (AUDIO_PACKETS + 1 + i) * AUDIO_FRAME);
        CHECK(u[i].done);
        if (i > 0)
            missed += audio_first_frame(&u[i]) - (u[i - 1].urb.start_frame + AUDIO_PACKETS);
    }
    struct sim_audio_traffic t = sim_audio_played(r->sim);
    CHECK_EQ(t.gaps, 2);
    CHECK(t.missed > 2);
    CHECK_EQ(t.missed, missed);
    CHECK_EQ(sim_audio_captured(r->sim).gaps, 0);
    for (unsigned i = 0; i < 3; i++)
        (void)rig_finish(&u[i]);
}

RIG_TEST(sim_audio_streams_have_no_gap_between_them, start_keeping(r, 10000))
{
    const uint8_t *end = audio_play(r, 1, AUDIO_PLAYED, rig_pattern());
    rig_advance(r, 1000 * AUDIO_FRAME);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    end = audio_play(r, 1, AUDIO_PLAYED, end);
    rig_advance(r, 1000 * AUDIO_FRAME);
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0); // with what was selected
    end = audio_play(r, 1, AUDIO_PLAYED, end);
    rig_advance(r, 1000 * AUDIO_FRAME);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    (void)audio_play(r, 1, AUDIO_PLAYED, end);
    CHECK_EQ(sim_audio_played(r->sim).gaps, 0);
    CHECK_EQ(sim_audio_played(r->sim).missed, 0);
    CHECK_EQ(sim_audio_played(r->sim).packets, 4 * AUDIO_PACKETS);
    check_last(r, 10000, rig_pattern(), 4 * AUDIO_PACKETS * AUDIO_PLAYED); // one behind the other
}

RIG_TEST(sim_audio_setting_one_interface_leaves_the_other, audio_begin(r))
{
    struct rig_urb in, out;
    rig_iso_urb(&in, r->dev, AUDIO_IN, NULL, AUDIO_PACKETS, AUDIO_IN_MAX);
    rig_iso_urb(&out, r->dev, AUDIO_OUT, rig_pattern(), AUDIO_PACKETS, AUDIO_PLAYED);
    rig_submit(&in);
    rig_submit(&out);
    rig_advance(r, (AUDIO_PACKETS + 1) * AUDIO_FRAME);
    audio_check_packets(&in, AUDIO_SPOKEN);
    audio_check_packets(&out, AUDIO_PLAYED);
    (void)rig_finish(&in);
    (void)rig_finish(&out);
    rig_advance(r, 10 * AUDIO_FRAME);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    (void)audio_play(r, 1, AUDIO_PLAYED, rig_pattern());
    int16_t samples[AUDIO_PACKETS * AUDIO_SAMPLES];
    audio_listen_once(r, samples);
    CHECK_EQ(sim_audio_played(r->sim).gaps, 1);
    CHECK_EQ(sim_audio_captured(r->sim).gaps, 0);
}

// --- recording -----------------------------------------------------------------------------------

struct tape {
    uint8_t bytes[AUDIO_PACKETS * AUDIO_PLAYED * 2];
    size_t used, room;
    unsigned destroyed;
};

static enum base_err tape_append(void *ctx, const void *samples, size_t size)
{
    struct tape *t = ctx;
    if (size > t->room - t->used)
        return BASE_ERR_IO;
    memcpy(t->bytes + t->used, samples, size);
    t->used += size;
    return BASE_OK;
}

static void tape_destroy(void *ctx)
{
    struct tape *t = ctx;
    t->destroyed++;
}

static void start_recording(struct rig *r, struct tape *t, size_t room)
{
    *t = (struct tape){.room = room};
    audio_begin_with(r, &(struct sim_audio_options){.recording = {tape_append, tape_destroy, t}});
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
}

TEST(sim_audio_records)
{
    struct rig r;
    struct tape t;
    start_recording(&r, &t, sizeof t.bytes);
    (void)audio_play(&r, 2, AUDIO_PLAYED, rig_pattern());
    CHECK_EQ(t.used, 2 * AUDIO_PACKETS * AUDIO_PLAYED);
    CHECK_BYTES(t.bytes, rig_pattern(), t.used);
    CHECK_EQ(sim_audio_played_unrecorded(r.sim), 0);
    CHECK_EQ(t.destroyed, 0);
    rig_end(&r);
    CHECK_EQ(t.destroyed, 1);
}

TEST(sim_audio_plays_on_when_it_cannot_record)
{
    struct rig r;
    struct tape t;
    start_recording(&r, &t, 3 * AUDIO_PLAYED + 7);
    (void)audio_play(&r, 1, AUDIO_PLAYED, rig_pattern());
    CHECK_EQ(t.used, 3 * AUDIO_PLAYED);
    CHECK_EQ(sim_audio_played_unrecorded(r.sim), (AUDIO_PACKETS - 3) * AUDIO_PLAYED);
    CHECK_EQ(sim_audio_played(r.sim).bytes, AUDIO_PACKETS * AUDIO_PLAYED);
    CHECK_EQ(sim_audio_played_adler32(r.sim), adler32(rig_pattern(), AUDIO_PACKETS * AUDIO_PLAYED));
    rig_end(&r);
}

RIG_TEST(sim_audio_without_memory, audio_begin(r))
{
    struct tape t = {0};
    r->heap.fail_at = 1;
    CHECK(!sim_audio_create(r->bus, NULL));
    const struct sim_audio_options o = {.recording = {tape_append, tape_destroy, &t}};
    CHECK(!sim_audio_create(r->bus, &o));
    CHECK_EQ(t.destroyed, 0); // still the caller's
    r->heap.fail_at = 0;
}
