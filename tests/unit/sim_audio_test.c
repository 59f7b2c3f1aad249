// SPDX-License-Identifier: Apache-2.0
#include "sim/device/audio/sim_audio.h"

#include "tests/support/rig.h"

#include <string.h>

enum {
    OUT = 0x01,
    IN = 0x82,
    FRAME = 1000,
    PACKETS = 8,  // of an URB
    IN_MAX = 98,  // bytes of a packet
    SAMPLES = 48, // of a packet
    SPOKEN = 2 * SAMPLES,
    PLAYED = 192,
    PERIOD = 1200, // samples, in 25 packets
    URBS = 16,
    PATTERN = 1 << 16,

    GET_CUR = 0xa181, // requests to the control interface
    GET_MIN = 0xa182,
    GET_MAX = 0xa183,
    GET_RES = 0xa184,
    SET_CUR = 0x2101,
    MUTE = 0x0100, // wValue
    VOLUME = 0x0200,
    ALL = 0xff,
    SPEAKER = 0x0200, // wIndex
    MICROPHONE = 0x0500,
};

static void start_with(struct rig *r, const struct sim_audio_options *options)
{
    rig_begin(r);
    rig_start(r, sim_audio_create(r->bus, options), 1);
}

// Both interfaces stream.
static void start(struct rig *r)
{
    start_with(r, NULL);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
}

// --- descriptors ---------------------------------------------------------------------------------

// From the specification, on its own: USB Audio 1.0 4.2 to 4.6.
static const uint8_t want_config[] = {
    9,  2,    193, 0,    3,    1,    0,    0x80, 50,                  //
    9,  4,    0,   0,    0,    1,    1,    0,    0,                   // audio control
    10, 0x24, 1,   0x00, 0x01, 71,   0,    2,    1,    2,             // header
    12, 0x24, 2,   1,    0x01, 0x01, 0,    2,    0x03, 0x00, 0,    0, // from USB
    10, 0x24, 6,   2,    1,    1,    0x01, 0x02, 0x02, 0,             // feature unit
    9,  0x24, 3,   3,    0x02, 0x04, 4,    2,    0,                   // ear
    12, 0x24, 2,   4,    0x02, 0x04, 3,    1,    0x00, 0x00, 0,    0, // mouth
    9,  0x24, 6,   5,    4,    1,    0x01, 0x02, 0,                   // feature unit
    9,  0x24, 3,   6,    0x01, 0x01, 0,    5,    0,                   // to USB
    9,  4,    1,   0,    0,    1,    2,    0,    0,                   // no bandwidth
    9,  4,    1,   1,    1,    1,    2,    0,    0,                   //
    7,  0x24, 1,   1,    1,    0x01, 0x00,                            // PCM
    11, 0x24, 2,   1,    2,    2,    16,   1,    0x80, 0xbb, 0x00,    // 48000 Hz
    9,  5,    OUT, 0x09, 196,  0,    1,    0,    0,                   // adaptive
    7,  0x25, 1,   0x01, 1,    1,    0,                               //
    9,  4,    2,   0,    0,    1,    2,    0,    0,                   //
    9,  4,    2,   1,    1,    1,    2,    0,    0,                   //
    7,  0x24, 1,   6,    1,    0x01, 0x00,                            //
    11, 0x24, 2,   1,    1,    2,    16,   1,    0x80, 0xbb, 0x00,    //
    9,  5,    IN,  0x05, 98,   0,    1,    0,    0,                   // asynchronous
    7,  0x25, 1,   0x01, 0,    0,    0,
};

RIG_TEST(sim_audio_descriptors, start_with(r, NULL))
{
    const uint8_t *config = r->sim->desc->configs[0];
    CHECK_EQ(rig_check_config(config), 2);
    CHECK_EQ(base_get_le16(config + 2), sizeof want_config);
    CHECK_BYTES(config, want_config, sizeof want_config);
    struct usb_device_descriptor dd;
    struct base_span bytes = {r->sim->desc->device, USB_DT_DEVICE_SIZE};
    CHECK_EQ(usb_device_descriptor_unpack(&dd, bytes), BASE_OK);
    CHECK_EQ(dd.idVendor, 0x1209);
    CHECK_EQ(dd.idProduct, 0x0005);
    CHECK_EQ(dd.bDeviceClass, 0);
    CHECK_EQ(r->sim->speed, USB_SPEED_FULL);
}

static void check_endpoint(struct rig *r, uint8_t ep, unsigned size)
{
    const struct usb_endpoint *e = sim_endpoint(r->sim, ep);
    CHECK(e);
    CHECK_EQ(e->type, USB_ISOCHRONOUS);
    CHECK_EQ(e->max_packet_size, size);
    CHECK_EQ(e->packets_per_interval, 1);
    CHECK_EQ(e->bInterval, 1);
}

RIG_TEST(sim_audio_has_bandwidth_in_one_setting_only, start_with(r, NULL))
{
    CHECK(!sim_endpoint(r->sim, OUT) && !sim_endpoint(r->sim, IN));
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    check_endpoint(r, OUT, SIM_AUDIO_PACKET_MAX);
    CHECK(!sim_endpoint(r->sim, IN));
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 0);
    check_endpoint(r, IN, IN_MAX);
    CHECK(!sim_endpoint(r->sim, OUT));
    CHECK_EQ(rig_request(r->dev, 0x010b, 2, 1, NULL, 0), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x010b, 1, 0, NULL, 0), USB_STATUS_STALL);
}

// --- streams -------------------------------------------------------------------------------------

static void check_packets(const struct rig_urb *u, uint32_t size)
{
    CHECK(u->done);
    CHECK_EQ(u->urb.status, USB_STATUS_OK);
    CHECK_EQ(u->urb.error_count, 0);
    for (unsigned i = 0; i < u->urb.packet_count; i++) {
        CHECK_EQ(u->packets[i].status, USB_STATUS_OK);
        CHECK_EQ(u->packets[i].actual_length, size);
    }
}

static int16_t *take_samples(const struct rig_urb *u, int16_t *to)
{
    for (unsigned i = 0; i < u->urb.packet_count; i++)
        for (unsigned k = 0; k < u->packets[i].actual_length; k += 2)
            *to++ = (int16_t)base_get_le16(u->urb.buffer + u->packets[i].offset + k);
    return to;
}

// Hears `count` URBs of `each` packets, all of them queued at the start.
static void listen(struct rig *r, unsigned count, unsigned each, int16_t *samples)
{
    struct rig_urb u[URBS];
    CHECK(count <= URBS);
    for (unsigned i = 0; i < count; i++) {
        rig_iso_urb(&u[i], r->dev, IN, NULL, each, IN_MAX);
        rig_submit(&u[i]);
    }
    rig_advance(r, (count * each + 1) * FRAME);
    for (unsigned i = 0; i < count; i++) {
        check_packets(&u[i], SPOKEN);
        samples = take_samples(&u[i], samples);
        (void)rig_finish(&u[i]);
    }
}

// The next 8 packets, which are 384 samples.
static void listen_once(struct rig *r, int16_t *samples)
{
    listen(r, 1, PACKETS, samples);
}

static void restart_microphone(struct rig *r)
{
    rig_change(r->dev, USB_SET_INTERFACE, 2, 0);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
}

// Bytes that differ from their neighbours.
static const uint8_t *pattern(void)
{
    static uint8_t bytes[PATTERN];
    for (uint32_t i = 0; bytes[PATTERN - 1] == 0 && i < PATTERN; i++)
        bytes[i] = (uint8_t)(i * 7 + (i >> 8));
    return bytes;
}

// Plays `count` URBs of 8 packets of `size` bytes, queued at the start; returns what is behind
// them.
static const uint8_t *play(struct rig *r, unsigned count, uint32_t size, const uint8_t *data)
{
    struct rig_urb u[URBS];
    CHECK(count <= URBS);
    for (unsigned i = 0; i < count; i++, data += (size_t)PACKETS * size) {
        rig_iso_urb(&u[i], r->dev, OUT, data, PACKETS, size);
        rig_submit(&u[i]);
    }
    rig_advance(r, (count * PACKETS + 1) * FRAME);
    for (unsigned i = 0; i < count; i++) {
        check_packets(&u[i], size);
        (void)rig_finish(&u[i]);
    }
    return data;
}

// --- microphone ----------------------------------------------------------------------------------

// Each sample of a pure tone follows from the two before it: x[n+1] = 2 cos(w) x[n] - x[n-1]. With
// a jump or a distortion it does not. Rounding may be wrong by 2.
static void check_pure(const int16_t *samples, unsigned count)
{
    const int64_t two_cos = 2093675; // 2 cos(2 pi * 440 / 48000), 20 bits behind the point
    for (unsigned n = 1; n + 1 < count; n++) {
        int64_t next = ((two_cos * samples[n] + (1 << 19)) >> 20) - samples[n - 1];
        int64_t wrong = next - samples[n + 1];
        if (wrong < -2 || wrong > 2)
            check_fail(__FILE__, __LINE__, "sample %u is wrong by %d", n + 1, (int)wrong);
    }
}

RIG_TEST(sim_audio_tone_is_440_hz, start(r))
{
    int16_t s[13 * 4 * SAMPLES];
    int16_t lowest = 0, highest = 0;
    unsigned rises = 0;
    listen(r, 13, 4, s); // 52 packets, two periods and some more
    CHECK_EQ(s[0], 0);
    CHECK(s[1] > 0);
    for (unsigned n = 0; n < PERIOD; n++) {
        CHECK_EQ(s[n + PERIOD], s[n]);
        int sum = s[n] + s[n + PERIOD / 2]; // five and a half of eleven periods later
        CHECK(sum >= -1 && sum <= 1);
        rises += s[n] <= 0 && s[n + 1] > 0;
        lowest = s[n] < lowest ? s[n] : lowest;
        highest = s[n] > highest ? s[n] : highest;
    }
    CHECK_EQ(rises, 11); // in 25 ms
    CHECK(highest <= SIM_AUDIO_TONE_PEAK && highest > SIM_AUDIO_TONE_PEAK - 30);
    CHECK_EQ(lowest, -highest);
    check_pure(s, 2 * PERIOD);
}

// Goertzel's algorithm for 440 Hz over one period, against the energy of the whole signal.
TEST(sim_audio_tone_is_nothing_but_440_hz)
{
    const double two_cos = 1.9966836332280566;
    struct rig r;
    int16_t samples[URBS * PACKETS * SAMPLES];
    double s1 = 0, s2 = 0, energy = 0;
    start(&r);
    listen(&r, 4, PACKETS, samples);
    for (unsigned n = 0; n < PERIOD; n++) {
        double s0 = samples[n] + two_cos * s1 - s2;
        s2 = s1;
        s1 = s0;
        energy += (double)samples[n] * samples[n];
    }
    double in_tone = 2 * (s1 * s1 + s2 * s2 - two_cos * s1 * s2) / PERIOD;
    CHECK(in_tone > 0.99999 * energy && in_tone < 1.00001 * energy);
    rig_end(&r);
}

TEST(sim_audio_tone_goes_on_over_urb_borders)
{
    struct rig r;
    int16_t samples[URBS * PACKETS * SAMPLES];
    for (unsigned each = 1; each <= PACKETS; each++) {
        start(&r);
        listen(&r, URBS, each, samples);
        check_pure(samples, URBS * each * SAMPLES);
        CHECK_EQ(sim_audio_captured(r.sim).packets, URBS * each);
        CHECK_EQ(sim_audio_captured(r.sim).bytes, URBS * each * SPOKEN);
        CHECK_EQ(sim_audio_captured(r.sim).gaps, 0);
        rig_end(&r);
    }
}

// One URB is in work while the other is on its way to the host and back.
RIG_TEST(sim_audio_tone_goes_on_with_two_urbs_in_turn, start(r))
{
    struct rig_urb u[2];
    int16_t samples[URBS * PACKETS * SAMPLES], *end = samples;
    for (unsigned i = 0; i < URBS + 2; i++) {
        struct rig_urb *turn = &u[i % 2];
        if (i >= 2) {
            while (!turn->done)
                rig_advance(r, r->backend->next_deadline(r->backend) - r->now_us);
            check_packets(turn, SPOKEN);
            end = take_samples(turn, end);
            (void)rig_finish(turn);
        }
        if (i < URBS) {
            rig_iso_urb(turn, r->dev, IN, NULL, PACKETS, IN_MAX);
            rig_submit(turn);
        }
    }
    CHECK_EQ(end - samples, URBS * PACKETS * SAMPLES);
    check_pure(samples, URBS * PACKETS * SAMPLES);
    CHECK_EQ(sim_audio_captured(r->sim).gaps, 0);
}

// The frame in which the first packet of the URB moved.
static uint32_t first_frame(const struct rig_urb *u)
{
    unsigned i = 0;
    while (i < PACKETS && u->packets[i].status != USB_STATUS_OK)
        i++;
    CHECK(i < PACKETS);
    return u->urb.start_frame + i;
}

// What a late host has missed is counted, and not missing in what it gets.
RIG_TEST(sim_audio_tone_waits_for_the_host, start(r))
{
    struct rig_urb u[2];
    int16_t samples[2 * PACKETS * SAMPLES], *end = samples;
    for (unsigned i = 0; i < 2; i++) {
        rig_iso_urb(&u[i], r->dev, IN, NULL, PACKETS, IN_MAX);
        rig_submit(&u[i]);
        rig_advance(r, (PACKETS + 1 + 5) * FRAME);
        CHECK(u[i].done);
        end = take_samples(&u[i], end);
    }
    check_pure(samples, (unsigned)(end - samples));
    struct sim_audio_traffic t = sim_audio_captured(r->sim);
    CHECK_EQ(t.gaps, 1);
    CHECK_EQ(t.missed, first_frame(&u[1]) - first_frame(&u[0]) - PACKETS);
    CHECK(t.missed >= 5);
    (void)rig_finish(&u[0]);
    (void)rig_finish(&u[1]);
}

RIG_TEST(sim_audio_tone_begins_anew_with_the_interface, start(r))
{
    int16_t first[PACKETS * SAMPLES], again[PACKETS * SAMPLES];
    listen_once(r, first);
    rig_advance(r, 100 * FRAME);
    restart_microphone(r);
    listen_once(r, again);
    CHECK_BYTES(again, first, sizeof first);
    rig_advance(r, 7 * FRAME);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    listen_once(r, again);
    CHECK_BYTES(again, first, sizeof first);
    CHECK_EQ(sim_audio_captured(r->sim).gaps, 0);
    CHECK_EQ(sim_audio_captured(r->sim).packets, 3 * PACKETS);
}

// --- loudness ------------------------------------------------------------------------------------

static int set_volume(struct rig *r, unsigned unit, unsigned channel, int value)
{
    uint8_t data[2];
    base_put_le16(data, (uint16_t)value);
    return rig_request(r->dev, SET_CUR, VOLUME | channel, unit, data, 2);
}

static int get_volume(struct rig *r, unsigned request, unsigned unit, unsigned channel)
{
    uint8_t data[2] = {0};
    CHECK_EQ(rig_request(r->dev, request, VOLUME | channel, unit, data, 2), 2);
    return (int16_t)base_get_le16(data);
}

static void set_mute(struct rig *r, unsigned unit, uint8_t value)
{
    CHECK_EQ(rig_request(r->dev, SET_CUR, MUTE, unit, &value, 1), 1);
}

static bool get_mute(struct rig *r, unsigned unit)
{
    uint8_t value = 0x55;
    CHECK_EQ(rig_request(r->dev, GET_CUR, MUTE, unit, &value, 1), 1);
    CHECK(value <= 1);
    return value;
}

// The loudest of the next samples.
static int loudness(struct rig *r)
{
    int16_t samples[PACKETS * SAMPLES];
    int peak = 0;
    listen_once(r, samples);
    check_pure(samples, PACKETS * SAMPLES);
    for (unsigned n = 0; n < PACKETS * SAMPLES; n++)
        peak = samples[n] > peak ? samples[n] : peak;
    return peak;
}

RIG_TEST(sim_audio_microphone_follows_its_volume, start(r))
{
    static const int db[] = {0, -1, -6, -20, -40, -59, -60};
    static const int peak[] = {16384, 14602, 8211, 1638, 163, 18, 16}; // 16384 * 10^(db / 20)
    for (unsigned i = 0; i < sizeof db / sizeof db[0]; i++) {
        CHECK_EQ(set_volume(r, MICROPHONE, 1, db[i] * 256), 2);
        CHECK_EQ(get_volume(r, GET_CUR, MICROPHONE, 1), db[i] * 256);
        CHECK_EQ(sim_audio_microphone(r->sim).volume[0], db[i] * 256);
        int have = loudness(r);
        if (have > peak[i] + 1 || have < peak[i] - peak[i] / 500 - 1)
            check_fail(__FILE__, __LINE__, "%d at %d dB, not %d", have, db[i], peak[i]);
    }
    CHECK_EQ(set_volume(r, MICROPHONE, 1, SIM_AUDIO_VOLUME_SILENCE), 2);
    CHECK_EQ(get_volume(r, GET_CUR, MICROPHONE, 1), SIM_AUDIO_VOLUME_SILENCE);
    CHECK_EQ(loudness(r), 0);
}

RIG_TEST(sim_audio_microphone_follows_its_mute, start(r))
{
    CHECK(!get_mute(r, MICROPHONE));
    set_mute(r, MICROPHONE, 1);
    CHECK(get_mute(r, MICROPHONE) && sim_audio_microphone(r->sim).mute);
    CHECK_EQ(loudness(r), 0);
    CHECK_EQ(get_volume(r, GET_CUR, MICROPHONE, 1), SIM_AUDIO_VOLUME_MAX);
    set_mute(r, MICROPHONE, 0);
    CHECK(!get_mute(r, MICROPHONE));
    CHECK(loudness(r) > 16300);
    CHECK_EQ(sim_audio_captured(r->sim).bytes, 2 * PACKETS * SPOKEN); // silence is data as well
}

RIG_TEST(sim_audio_microphone_does_not_hear_the_loudspeakers_controls, start(r))
{
    set_mute(r, SPEAKER, 1);
    CHECK_EQ(set_volume(r, SPEAKER, 1, -5120), 2);
    CHECK(loudness(r) > 16300);
    CHECK(!sim_audio_microphone(r->sim).mute);
    CHECK(sim_audio_speaker(r->sim).mute);
}

// The tone keeps its phase: after 25 packets it is where it was, only not so loud.
RIG_TEST(sim_audio_volume_changes_in_mid_stream, start(r))
{
    struct rig_urb u[4];
    int16_t loud[PACKETS * SAMPLES], quiet[PACKETS * SAMPLES];
    for (unsigned i = 0; i < 4; i++) {
        rig_iso_urb(&u[i], r->dev, IN, NULL, i == 2 ? PACKETS : PACKETS - (i == 1), IN_MAX);
        rig_submit(&u[i]);
    }
    rig_advance(r, 10 * FRAME);
    CHECK_EQ(set_volume(r, MICROPHONE, 1, -256 * 20), 2);
    rig_advance(r, 30 * FRAME);
    (void)take_samples(&u[0], loud); // packets 0 to 7
    (void)take_samples(&u[3], quiet);
    for (unsigned n = 0; n + 2 * SAMPLES < PACKETS * SAMPLES; n++) { // packets 23 and 25
        int want = loud[n], have = 10 * quiet[n + 2 * SAMPLES];
        CHECK(have - want <= 20 && want - have <= 20);
    }
    for (unsigned i = 0; i < 4; i++)
        (void)rig_finish(&u[i]);
}

// --- controls ------------------------------------------------------------------------------------

static void check_limits(struct rig *r, unsigned unit, unsigned channel)
{
    CHECK_EQ(get_volume(r, GET_MIN, unit, channel), -60 * 256);
    CHECK_EQ(get_volume(r, GET_MAX, unit, channel), 0);
    CHECK_EQ(get_volume(r, GET_RES, unit, channel), 256);
    CHECK_EQ(get_volume(r, GET_CUR, unit, channel), 0);
}

TEST(sim_audio_volume_limits)
{
    struct rig r;
    start_with(&r, NULL); // controls need no alternate setting
    check_limits(&r, SPEAKER, 1);
    check_limits(&r, SPEAKER, 2);
    check_limits(&r, MICROPHONE, 1);
    rig_end(&r);
}

TEST(sim_audio_volume_becomes_the_nearest)
{
    static const int set[] = {1,    0x7fff, -1,    -127,   -128,    -129,         -383,
                              -384, -15359, -9999, -15361, -0x7fff, -15360 + 127, -15360 + 129};
    static const int get[] = {0,    0,      0,     0,      -256,   -256,   -256,
                              -512, -15360, -9984, -15360, -15360, -15360, -15104};
    struct rig r;
    start_with(&r, NULL);
    for (unsigned i = 0; i < sizeof set / sizeof set[0]; i++) {
        CHECK_EQ(set_volume(&r, SPEAKER, 2, set[i]), 2);
        if (get_volume(&r, GET_CUR, SPEAKER, 2) != get[i])
            check_fail(__FILE__, __LINE__, "%d became %d", set[i],
                       get_volume(&r, GET_CUR, SPEAKER, 2));
    }
    CHECK_EQ(get_volume(&r, GET_CUR, SPEAKER, 1), 0);
    rig_end(&r);
}

RIG_TEST(sim_audio_channels_one_by_one_and_all_at_once, start_with(r, NULL))
{
    uint8_t data[5] = {0};
    CHECK_EQ(set_volume(r, SPEAKER, 1, -256), 2);
    CHECK_EQ(set_volume(r, SPEAKER, 2, -512), 2);
    CHECK_EQ(sim_audio_speaker(r->sim).volume[0], -256);
    CHECK_EQ(sim_audio_speaker(r->sim).volume[1], -512);
    CHECK_EQ(rig_request(r->dev, GET_CUR, VOLUME | ALL, SPEAKER, data, 5), 4);
    CHECK_BYTES(data, ((uint8_t[]){0x00, 0xff, 0x00, 0xfe}), 4);
    base_put_le16(data, (uint16_t)-768);
    base_put_le16(data + 2, (uint16_t)-1024);
    CHECK_EQ(rig_request(r->dev, SET_CUR, VOLUME | ALL, SPEAKER, data, 4), 4);
    CHECK_EQ(get_volume(r, GET_CUR, SPEAKER, 1), -768);
    CHECK_EQ(get_volume(r, GET_CUR, SPEAKER, 2), -1024);
    CHECK_EQ(rig_request(r->dev, SET_CUR, VOLUME | ALL, SPEAKER, data, 2), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, GET_MIN, VOLUME | ALL, SPEAKER, data, 4), 4);
    CHECK_BYTES(data, ((uint8_t[]){0x00, 0xc4, 0x00, 0xc4}), 4);
    CHECK_EQ(rig_request(r->dev, GET_CUR, VOLUME | ALL, MICROPHONE, data, 4), 2);
    CHECK_EQ(rig_request(r->dev, GET_CUR, MUTE | ALL, SPEAKER, data, 4), 1);
    CHECK_EQ(rig_request(r->dev, GET_CUR, VOLUME | 1, SPEAKER, data, 1),
             1); // cut to what was asked
    CHECK_EQ(data[0], 0x00);
}

TEST(sim_audio_requests_that_it_does_not_have)
{
    static const struct {
        uint16_t request, value, index, length;
    } bad[] = {
        {GET_CUR, MUTE | 1, SPEAKER, 1},      // mute is of all channels
        {GET_MIN, MUTE, SPEAKER, 1},          // and has no range
        {GET_CUR, VOLUME, SPEAKER, 2},        // volume is of each channel
        {GET_CUR, VOLUME | 3, SPEAKER, 2},    //
        {GET_CUR, VOLUME | 2, MICROPHONE, 2}, //
        {GET_CUR, 0x0301, SPEAKER, 2},        // bass
        {GET_CUR, MUTE, 0x0100, 1},           // a terminal
        {GET_CUR, MUTE, 0x0300, 1},           //
        {GET_CUR, MUTE, 0x0700, 1},           // nothing
        {GET_CUR, MUTE, SPEAKER | 1, 1},      // not the control interface
        {0xa185, VOLUME | 1, SPEAKER, 2},     // GET_MEM
        {0xa1ff, VOLUME | 1, SPEAKER, 2},     // GET_STAT
        {0xa101, VOLUME | 1, SPEAKER, 2},     // SET_CUR that reads
        {0x2181, VOLUME | 1, SPEAKER, 2},     // GET_CUR that writes
        {SET_CUR, VOLUME | 1, SPEAKER, 1},    // lengths
        {SET_CUR, VOLUME | 1, SPEAKER, 3},    //
        {SET_CUR, MUTE, SPEAKER, 0},          //
        {SET_CUR, MUTE, SPEAKER, 2},          //
        {0x2102, VOLUME | 1, SPEAKER, 2},     // SET_MIN
        {0x2103, VOLUME | 1, SPEAKER, 2},     // SET_MAX
        {0x2104, VOLUME | 1, SPEAKER, 2},     // SET_RES
        {0xc181, MUTE, SPEAKER, 1},           // vendor
        {0x8106, 0x2200, 0, 8},               // GET_DESCRIPTOR of a report
    };
    struct rig r;
    start_with(&r, NULL);
    for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t data[8] = {0x77, 0x77};
        int have =
            rig_request(r.dev, bad[i].request, bad[i].value, bad[i].index, data, bad[i].length);
        if (have != USB_STATUS_STALL)
            check_fail(__FILE__, __LINE__, "request %u: %d", i, have);
    }
    struct sim_audio_levels now = sim_audio_speaker(r.sim);
    CHECK(!now.mute && now.volume[0] == 0 && now.volume[1] == 0);
    rig_change(r.dev, USB_SET_CONFIGURATION, 0, 0);
    uint8_t data[1];
    CHECK_EQ(rig_request(r.dev, GET_CUR, MUTE, SPEAKER, data, 1), USB_STATUS_STALL);
    rig_end(&r);
}

RIG_TEST(sim_audio_has_one_sampling_frequency, start_with(r, NULL))
{
    uint8_t cd[3] = {0x44, 0xac, 0x00}, dat[3] = {0x80, 0xbb, 0x00}, have[4] = {0};
    CHECK_EQ(rig_request(r->dev, 0xa281, 0x0100, OUT, have, 3), USB_STATUS_STALL); // setting 0
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    for (unsigned i = 0; i < 2; i++) {
        unsigned ep = i ? IN : OUT;
        CHECK_EQ(rig_request(r->dev, 0x2201, 0x0100, ep, cd, 3),
                 3); // is told that it got another one
        CHECK_EQ(rig_request(r->dev, 0xa281, 0x0100, ep, have, 4), 3);
        CHECK_BYTES(have, dat, 3);
        CHECK_EQ(rig_request(r->dev, 0x2201, 0x0100, ep, dat, 3), 3);
        CHECK_EQ(rig_request(r->dev, 0x2201, 0x0100, ep, dat, 2), USB_STATUS_STALL);
        CHECK_EQ(rig_request(r->dev, 0x2201, 0x0200, ep, dat, 3), USB_STATUS_STALL); // pitch
        CHECK_EQ(rig_request(r->dev, 0xa282, 0x0100, ep, have, 3), USB_STATUS_STALL);
        CHECK_EQ(rig_request(r->dev, 0xa201, 0x0100, ep, have, 3), USB_STATUS_STALL);
        CHECK_EQ(rig_request(r->dev, 0x2281, 0x0100, ep, dat, 3), USB_STATUS_STALL);
        CHECK_EQ(rig_request(r->dev, 0xa281, 0x0100, ep | 0x100, have, 3), USB_STATUS_STALL);
    }
    CHECK_EQ(rig_request(r->dev, 0xa281, 0x0100, 0x00, have, 3), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0xa281, 0x0100, 0x80, have, 3), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0xa281, 0x0100, 0x81, have, 3), USB_STATUS_STALL);
}

RIG_TEST(sim_audio_reset_makes_it_loud_again, start(r))
{
    set_mute(r, SPEAKER, 1);
    set_mute(r, MICROPHONE, 1);
    CHECK_EQ(set_volume(r, SPEAKER, 1, -5120), 2);
    CHECK_EQ(set_volume(r, SPEAKER, 2, -5120), 2);
    CHECK_EQ(set_volume(r, MICROPHONE, 1, -5120), 2);
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    CHECK(!get_mute(r, SPEAKER) && !get_mute(r, MICROPHONE));
    check_limits(r, SPEAKER, 1);
    check_limits(r, SPEAKER, 2);
    check_limits(r, MICROPHONE, 1);
    CHECK(loudness(r) > 16300);
}

// --- loudspeaker ---------------------------------------------------------------------------------

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
    static uint8_t bytes[PATTERN];
    memset(bytes, 0xee, sizeof bytes);
    CHECK_EQ(sim_audio_played_last(r->sim, bytes, size), have);
    CHECK_BYTES(bytes, want, have);
    CHECK_EQ(bytes[have], 0xee);
}

static void start_keeping(struct rig *r, uint32_t bytes)
{
    start_with(r, &(struct sim_audio_options){.kept_bytes = bytes});
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
}

RIG_TEST(sim_audio_plays_bit_by_bit, start_keeping(r, 1 << 15))
{
    CHECK_EQ(sim_audio_played_adler32(r->sim), 1);
    check_last(r, 100, pattern(), 0);
    const uint8_t *end = play(r, URBS, PLAYED, pattern());
    uint32_t bytes = (uint32_t)(end - pattern());
    struct sim_audio_traffic t = sim_audio_played(r->sim);
    CHECK_EQ(t.packets, URBS * PACKETS);
    CHECK_EQ(t.bytes, bytes);
    CHECK_EQ(t.gaps, 0);
    CHECK_EQ(t.missed, 0);
    CHECK_EQ(sim_audio_played_adler32(r->sim), adler32(pattern(), bytes));
    check_last(r, PATTERN - 1, pattern(), bytes);
    check_last(r, 1000, end - 1000, 1000);
    check_last(r, 0, end, 0);
    CHECK_EQ(sim_audio_captured(r->sim).packets, 0);
}

RIG_TEST(sim_audio_plays_packets_of_any_size, start_keeping(r, 1000))
{
    static const uint8_t wikipedia[12] = "Wikipedia";
    struct rig_urb u;
    rig_iso_urb(&u, r->dev, OUT, wikipedia, 3, 4); // 4, 0 and 5 bytes
    u.packets[1].length = 0;
    u.packets[2].offset = 4;
    u.packets[2].length = 5;
    rig_submit(&u);
    rig_advance(r, 4 * FRAME);
    CHECK_EQ(u.packets[0].actual_length, 4);
    CHECK_EQ(u.packets[1].status, USB_STATUS_OK);
    CHECK_EQ(u.packets[2].actual_length, 5);
    CHECK_EQ(rig_finish(&u), 9);
    CHECK_EQ(sim_audio_played_adler32(r->sim), 0x11e60398); // from the literature
    check_last(r, 100, wikipedia, 9);
    CHECK_EQ(sim_audio_played(r->sim).packets, 3);
    CHECK_EQ(sim_audio_played(r->sim).gaps, 0); // an empty packet is one
    (void)play(r, 1, SIM_AUDIO_PACKET_MAX, pattern());
    CHECK_EQ(sim_audio_played(r->sim).bytes, 9 + PACKETS * SIM_AUDIO_PACKET_MAX);
}

// A ring of a size that no packet divides.
TEST(sim_audio_keeps_what_was_played_last)
{
    static const uint32_t sizes[] = {SIM_AUDIO_PACKET_MAX, 197, 1000, 2 * PACKETS * PLAYED};
    struct rig r;
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        start_keeping(&r, sizes[i]);
        const uint8_t *end = pattern();
        for (unsigned k = 0; k < 9; k++) {
            end = play(&r, 1, PLAYED, end);
            uint32_t played = (uint32_t)(end - pattern());
            uint32_t kept = played < sizes[i] ? played : sizes[i];
            check_last(&r, PATTERN - 1, end - kept, kept);
            check_last(&r, 150, end - 150, 150);
            check_last(&r, 1, end - 1, 1);
        }
        CHECK_EQ(sim_audio_played_adler32(r.sim), adler32(pattern(), 9 * PACKETS * PLAYED));
        rig_end(&r);
    }
}

RIG_TEST(sim_audio_keeps_nothing_unless_told, start(r))
{
    (void)play(r, 2, PLAYED, pattern());
    check_last(r, 100, pattern(), 0);
    CHECK_EQ(sim_audio_played(r->sim).bytes, 2 * PACKETS * PLAYED);
    CHECK_EQ(sim_audio_played_adler32(r->sim), adler32(pattern(), 2 * PACKETS * PLAYED));
}

RIG_TEST(sim_audio_plays_the_same_whatever_the_volume, start_keeping(r, 10000))
{
    set_mute(r, SPEAKER, 1);
    CHECK_EQ(set_volume(r, SPEAKER, 1, SIM_AUDIO_VOLUME_SILENCE), 2);
    (void)play(r, 2, PLAYED, pattern());
    check_last(r, 10000, pattern(), 2 * PACKETS * PLAYED);
}

RIG_TEST(sim_audio_counts_gaps, start(r))
{
    struct rig_urb u[3];
    uint64_t missed = 0;
    rig_advance(r, 100 * FRAME); // before the first packet there is no stream
    for (unsigned i = 0; i < 3; i++) {
        rig_iso_urb(&u[i], r->dev, OUT, pattern(), PACKETS, PLAYED);
        rig_submit(&u[i]);
        rig_advance(r, (PACKETS + 1 + i) * FRAME);
        CHECK(u[i].done);
        if (i > 0)
            missed += first_frame(&u[i]) - (u[i - 1].urb.start_frame + PACKETS);
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
    const uint8_t *end = play(r, 1, PLAYED, pattern());
    rig_advance(r, 1000 * FRAME);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    end = play(r, 1, PLAYED, end);
    rig_advance(r, 1000 * FRAME);
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0); // with what was selected
    end = play(r, 1, PLAYED, end);
    rig_advance(r, 1000 * FRAME);
    rig_change(r->dev, USB_SET_CONFIGURATION, 0, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    (void)play(r, 1, PLAYED, end);
    CHECK_EQ(sim_audio_played(r->sim).gaps, 0);
    CHECK_EQ(sim_audio_played(r->sim).missed, 0);
    CHECK_EQ(sim_audio_played(r->sim).packets, 4 * PACKETS);
    check_last(r, 10000, pattern(), 4 * PACKETS * PLAYED); // one behind the other
}

RIG_TEST(sim_audio_setting_one_interface_leaves_the_other, start(r))
{
    struct rig_urb in, out;
    rig_iso_urb(&in, r->dev, IN, NULL, PACKETS, IN_MAX);
    rig_iso_urb(&out, r->dev, OUT, pattern(), PACKETS, PLAYED);
    rig_submit(&in);
    rig_submit(&out);
    rig_advance(r, (PACKETS + 1) * FRAME);
    check_packets(&in, SPOKEN);
    check_packets(&out, PLAYED);
    (void)rig_finish(&in);
    (void)rig_finish(&out);
    rig_advance(r, 10 * FRAME);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    (void)play(r, 1, PLAYED, pattern());
    int16_t samples[PACKETS * SAMPLES];
    listen_once(r, samples);
    CHECK_EQ(sim_audio_played(r->sim).gaps, 1);
    CHECK_EQ(sim_audio_captured(r->sim).gaps, 0);
}

// --- recording -----------------------------------------------------------------------------------

struct tape {
    uint8_t bytes[PACKETS * PLAYED * 2];
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
    start_with(r, &(struct sim_audio_options){.recording = {tape_append, tape_destroy, t}});
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
}

TEST(sim_audio_records)
{
    struct rig r;
    struct tape t;
    start_recording(&r, &t, sizeof t.bytes);
    (void)play(&r, 2, PLAYED, pattern());
    CHECK_EQ(t.used, 2 * PACKETS * PLAYED);
    CHECK_BYTES(t.bytes, pattern(), t.used);
    CHECK_EQ(sim_audio_played_unrecorded(r.sim), 0);
    CHECK_EQ(t.destroyed, 0);
    rig_end(&r);
    CHECK_EQ(t.destroyed, 1);
}

TEST(sim_audio_plays_on_when_it_cannot_record)
{
    struct rig r;
    struct tape t;
    start_recording(&r, &t, 3 * PLAYED + 7);
    (void)play(&r, 1, PLAYED, pattern());
    CHECK_EQ(t.used, 3 * PLAYED);
    CHECK_EQ(sim_audio_played_unrecorded(r.sim), (PACKETS - 3) * PLAYED);
    CHECK_EQ(sim_audio_played(r.sim).bytes, PACKETS * PLAYED);
    CHECK_EQ(sim_audio_played_adler32(r.sim), adler32(pattern(), PACKETS * PLAYED));
    rig_end(&r);
}

RIG_TEST(sim_audio_without_memory, start(r))
{
    struct tape t = {0};
    r->heap.fail_at = 1;
    CHECK(!sim_audio_create(r->bus, NULL));
    const struct sim_audio_options o = {.recording = {tape_append, tape_destroy, &t}};
    CHECK(!sim_audio_create(r->bus, &o));
    CHECK_EQ(t.destroyed, 0); // still the caller's
    r->heap.fail_at = 0;
}
