// SPDX-License-Identifier: Apache-2.0
// The simulated headset: descriptors and controls.
#include "tests/unit/audio_rig.h"

// --- descriptors ---------------------------------------------------------------------------------

// From the specification, on its own: USB Audio 1.0 4.2 to 4.6.
static const uint8_t want_config[] = {
    9,  2,    193,       0,    3,    1,    0,    0x80, 50,                  //
    9,  4,    0,         0,    0,    1,    1,    0,    0,                   // audio control
    10, 0x24, 1,         0x00, 0x01, 71,   0,    2,    1,    2,             // header
    12, 0x24, 2,         1,    0x01, 0x01, 0,    2,    0x03, 0x00, 0,    0, // from USB
    10, 0x24, 6,         2,    1,    1,    0x01, 0x02, 0x02, 0,             // feature unit
    9,  0x24, 3,         3,    0x02, 0x04, 4,    2,    0,                   // ear
    12, 0x24, 2,         4,    0x02, 0x04, 3,    1,    0x00, 0x00, 0,    0, // mouth
    9,  0x24, 6,         5,    4,    1,    0x01, 0x02, 0,                   // feature unit
    9,  0x24, 3,         6,    0x01, 0x01, 0,    5,    0,                   // to USB
    9,  4,    1,         0,    0,    1,    2,    0,    0,                   // no bandwidth
    9,  4,    1,         1,    1,    1,    2,    0,    0,                   //
    7,  0x24, 1,         1,    1,    0x01, 0x00,                            // PCM
    11, 0x24, 2,         1,    2,    2,    16,   1,    0x80, 0xbb, 0x00,    // 48000 Hz
    9,  5,    AUDIO_OUT, 0x09, 196,  0,    1,    0,    0,                   // adaptive
    7,  0x25, 1,         0x01, 1,    1,    0,                               //
    9,  4,    2,         0,    0,    1,    2,    0,    0,                   //
    9,  4,    2,         1,    1,    1,    2,    0,    0,                   //
    7,  0x24, 1,         6,    1,    0x01, 0x00,                            //
    11, 0x24, 2,         1,    1,    2,    16,   1,    0x80, 0xbb, 0x00,    //
    9,  5,    AUDIO_IN,  0x05, 98,   0,    1,    0,    0,                   // asynchronous
    7,  0x25, 1,         0x01, 0,    0,    0,
};

RIG_TEST(sim_audio_descriptors, audio_begin_with(r, NULL))
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

RIG_TEST(sim_audio_has_bandwidth_in_one_setting_only, audio_begin_with(r, NULL))
{
    CHECK(!sim_endpoint(r->sim, AUDIO_OUT) && !sim_endpoint(r->sim, AUDIO_IN));
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    check_endpoint(r, AUDIO_OUT, SIM_AUDIO_PACKET_MAX);
    CHECK(!sim_endpoint(r->sim, AUDIO_IN));
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 1, 0);
    check_endpoint(r, AUDIO_IN, AUDIO_IN_MAX);
    CHECK(!sim_endpoint(r->sim, AUDIO_OUT));
    CHECK_EQ(rig_request(r->dev, 0x010b, 2, 1, NULL, 0), USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, 0x010b, 1, 0, NULL, 0), USB_STATUS_STALL);
}

// --- controls ------------------------------------------------------------------------------------

static void check_limits(struct rig *r, unsigned unit, unsigned channel)
{
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_MIN, unit, channel), -60 * 256);
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_MAX, unit, channel), 0);
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_RES, unit, channel), 256);
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_CUR, unit, channel), 0);
}

TEST(sim_audio_volume_limits)
{
    struct rig r;
    audio_begin_with(&r, NULL); // controls need no alternate setting
    check_limits(&r, AUDIO_SPEAKER, 1);
    check_limits(&r, AUDIO_SPEAKER, 2);
    check_limits(&r, AUDIO_MICROPHONE, 1);
    rig_end(&r);
}

TEST(sim_audio_volume_becomes_the_nearest)
{
    static const int set[] = {1,    0x7fff, -1,    -127,   -128,    -129,         -383,
                              -384, -15359, -9999, -15361, -0x7fff, -15360 + 127, -15360 + 129};
    static const int get[] = {0,    0,      0,     0,      -256,   -256,   -256,
                              -512, -15360, -9984, -15360, -15360, -15360, -15104};
    struct rig r;
    audio_begin_with(&r, NULL);
    for (unsigned i = 0; i < sizeof set / sizeof set[0]; i++) {
        CHECK_EQ(audio_set_volume(&r, AUDIO_SPEAKER, 2, set[i]), 2);
        if (audio_get_volume(&r, AUDIO_GET_CUR, AUDIO_SPEAKER, 2) != get[i])
            check_fail(__FILE__, __LINE__, "%d became %d", set[i],
                       audio_get_volume(&r, AUDIO_GET_CUR, AUDIO_SPEAKER, 2));
    }
    CHECK_EQ(audio_get_volume(&r, AUDIO_GET_CUR, AUDIO_SPEAKER, 1), 0);
    rig_end(&r);
}

RIG_TEST(sim_audio_channels_one_by_one_and_all_at_once, audio_begin_with(r, NULL))
{
    uint8_t data[5] = {0};
    CHECK_EQ(audio_set_volume(r, AUDIO_SPEAKER, 1, -256), 2);
    CHECK_EQ(audio_set_volume(r, AUDIO_SPEAKER, 2, -512), 2);
    CHECK_EQ(sim_audio_speaker(r->sim).volume[0], -256);
    CHECK_EQ(sim_audio_speaker(r->sim).volume[1], -512);
    CHECK_EQ(rig_request(r->dev, AUDIO_GET_CUR, AUDIO_VOLUME | AUDIO_ALL, AUDIO_SPEAKER, data, 5),
             4);
    CHECK_BYTES(data, ((uint8_t[]){0x00, 0xff, 0x00, 0xfe}), 4);
    base_put_le16(data, (uint16_t)-768);
    base_put_le16(data + 2, (uint16_t)-1024);
    CHECK_EQ(rig_request(r->dev, AUDIO_SET_CUR, AUDIO_VOLUME | AUDIO_ALL, AUDIO_SPEAKER, data, 4),
             4);
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_CUR, AUDIO_SPEAKER, 1), -768);
    CHECK_EQ(audio_get_volume(r, AUDIO_GET_CUR, AUDIO_SPEAKER, 2), -1024);
    CHECK_EQ(rig_request(r->dev, AUDIO_SET_CUR, AUDIO_VOLUME | AUDIO_ALL, AUDIO_SPEAKER, data, 2),
             USB_STATUS_STALL);
    CHECK_EQ(rig_request(r->dev, AUDIO_GET_MIN, AUDIO_VOLUME | AUDIO_ALL, AUDIO_SPEAKER, data, 4),
             4);
    CHECK_BYTES(data, ((uint8_t[]){0x00, 0xc4, 0x00, 0xc4}), 4);
    CHECK_EQ(
        rig_request(r->dev, AUDIO_GET_CUR, AUDIO_VOLUME | AUDIO_ALL, AUDIO_MICROPHONE, data, 4), 2);
    CHECK_EQ(rig_request(r->dev, AUDIO_GET_CUR, AUDIO_MUTE | AUDIO_ALL, AUDIO_SPEAKER, data, 4), 1);
    CHECK_EQ(rig_request(r->dev, AUDIO_GET_CUR, AUDIO_VOLUME | 1, AUDIO_SPEAKER, data, 1),
             1); // cut to what was asked
    CHECK_EQ(data[0], 0x00);
}

TEST(sim_audio_requests_that_it_does_not_have)
{
    static const struct {
        uint16_t request, value, index, length;
    } bad[] = {
        {AUDIO_GET_CUR, AUDIO_MUTE | 1, AUDIO_SPEAKER, 1},      // mute is of all channels
        {AUDIO_GET_MIN, AUDIO_MUTE, AUDIO_SPEAKER, 1},          // and has no range
        {AUDIO_GET_CUR, AUDIO_VOLUME, AUDIO_SPEAKER, 2},        // volume is of each channel
        {AUDIO_GET_CUR, AUDIO_VOLUME | 3, AUDIO_SPEAKER, 2},    //
        {AUDIO_GET_CUR, AUDIO_VOLUME | 2, AUDIO_MICROPHONE, 2}, //
        {AUDIO_GET_CUR, 0x0301, AUDIO_SPEAKER, 2},              // bass
        {AUDIO_GET_CUR, AUDIO_MUTE, 0x0100, 1},                 // a terminal
        {AUDIO_GET_CUR, AUDIO_MUTE, 0x0300, 1},                 //
        {AUDIO_GET_CUR, AUDIO_MUTE, 0x0700, 1},                 // nothing
        {AUDIO_GET_CUR, AUDIO_MUTE, AUDIO_SPEAKER | 1, 1},      // not the control interface
        {0xa185, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 2},           // GET_MEM
        {0xa1ff, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 2},           // GET_STAT
        {0xa101, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 2},           // AUDIO_SET_CUR that reads
        {0x2181, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 2},           // AUDIO_GET_CUR that writes
        {AUDIO_SET_CUR, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 1},    // lengths
        {AUDIO_SET_CUR, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 3},    //
        {AUDIO_SET_CUR, AUDIO_MUTE, AUDIO_SPEAKER, 0},          //
        {AUDIO_SET_CUR, AUDIO_MUTE, AUDIO_SPEAKER, 2},          //
        {0x2102, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 2},           // SET_MIN
        {0x2103, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 2},           // SET_MAX
        {0x2104, AUDIO_VOLUME | 1, AUDIO_SPEAKER, 2},           // SET_RES
        {0xc181, AUDIO_MUTE, AUDIO_SPEAKER, 1},                 // vendor
        {0x8106, 0x2200, 0, 8},                                 // GET_DESCRIPTOR of a report
    };
    struct rig r;
    audio_begin_with(&r, NULL);
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
    CHECK_EQ(rig_request(r.dev, AUDIO_GET_CUR, AUDIO_MUTE, AUDIO_SPEAKER, data, 1),
             USB_STATUS_STALL);
    rig_end(&r);
}

RIG_TEST(sim_audio_has_one_sampling_frequency, audio_begin_with(r, NULL))
{
    uint8_t cd[3] = {0x44, 0xac, 0x00}, dat[3] = {0x80, 0xbb, 0x00}, have[4] = {0};
    CHECK_EQ(rig_request(r->dev, 0xa281, 0x0100, AUDIO_OUT, have, 3),
             USB_STATUS_STALL); // setting 0
    rig_change(r->dev, USB_SET_INTERFACE, 1, 1);
    rig_change(r->dev, USB_SET_INTERFACE, 2, 1);
    for (unsigned i = 0; i < 2; i++) {
        unsigned ep = i ? AUDIO_IN : AUDIO_OUT;
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

RIG_TEST(sim_audio_reset_makes_it_loud_again, audio_begin(r))
{
    audio_set_mute(r, AUDIO_SPEAKER, 1);
    audio_set_mute(r, AUDIO_MICROPHONE, 1);
    CHECK_EQ(audio_set_volume(r, AUDIO_SPEAKER, 1, -5120), 2);
    CHECK_EQ(audio_set_volume(r, AUDIO_SPEAKER, 2, -5120), 2);
    CHECK_EQ(audio_set_volume(r, AUDIO_MICROPHONE, 1, -5120), 2);
    rig_change(r->dev, USB_RESET_DEVICE, 0, 0);
    CHECK(!audio_get_mute(r, AUDIO_SPEAKER) && !audio_get_mute(r, AUDIO_MICROPHONE));
    check_limits(r, AUDIO_SPEAKER, 1);
    check_limits(r, AUDIO_SPEAKER, 2);
    check_limits(r, AUDIO_MICROPHONE, 1);
    CHECK(audio_loudness(r) > 16300);
}
