// SPDX-License-Identifier: Apache-2.0
// Class requests to the headset (USB Audio 1.0 chapter 5.2). What it does not have stalls, the
// other attributes of a control among it: by that a host learns which there are.
#include "base/base_bytes.h"
#include "sim_audio_device.h"

enum audio_request { // bmRequestType
    REQUEST_SET_INTERFACE = 0x21,
    REQUEST_GET_INTERFACE = 0xa1,
    REQUEST_SET_ENDPOINT = 0x22,
    REQUEST_GET_ENDPOINT = 0xa2,
};

enum audio_attribute { // bRequest
    SET_CUR = 0x01,
    GET_CUR = 0x81,
    GET_MIN = 0x82,
    GET_MAX = 0x83,
    GET_RES = 0x84,
};

enum {
    MUTE = 1, // control selectors of a feature unit, high byte of wValue
    VOLUME = 2,
    SAMPLING_FREQUENCY = 1, // of an endpoint

    MASTER = 0, // channel numbers, low byte of wValue; a volume has its own from 1 on
    ALL_CHANNELS = 0xff,
    VOLUME_SIZE = 2,
    FREQUENCY_SIZE = 3,
};

// --- feature units -------------------------------------------------------------------------------

static int mute_request(struct sim_audio_levels *levels, const struct usb_setup *s, uint8_t *data,
                        uint32_t len)
{
    uint8_t channel = (uint8_t)s->wValue;
    if (channel != MASTER && channel != ALL_CHANNELS)
        return SIM_STALL;
    if (s->bRequest == GET_CUR)
        return sim_answer(data, len, &levels->mute, 1);
    if (s->bRequest != SET_CUR || len != 1)
        return SIM_STALL;
    levels->mute = data[0] != 0;
    return 1;
}

// A value that the control cannot have becomes the nearest one, which the host can read back.
static int16_t nearest_volume(int16_t v)
{
    const int step = SIM_AUDIO_VOLUME_STEP;
    if (v == SIM_AUDIO_VOLUME_SILENCE)
        return v;
    if (v < SIM_AUDIO_VOLUME_MIN)
        return SIM_AUDIO_VOLUME_MIN;
    if (v > SIM_AUDIO_VOLUME_MAX)
        return SIM_AUDIO_VOLUME_MAX;
    int below_max = (SIM_AUDIO_VOLUME_MAX - v + step / 2) / step * step;
    return (int16_t)(SIM_AUDIO_VOLUME_MAX - below_max);
}

static int set_volumes(int16_t *volume, unsigned count, const uint8_t *data, uint32_t len)
{
    if (len != count * VOLUME_SIZE)
        return SIM_STALL;
    for (unsigned i = 0; i < count; i++)
        volume[i] = nearest_volume((int16_t)base_get_le16(data + VOLUME_SIZE * i));
    return (int)len;
}

// The same limits for every channel.
static int get_volumes(const int16_t *volume, unsigned count, uint8_t attribute, uint8_t *data,
                       uint32_t len)
{
    uint8_t values[2 * VOLUME_SIZE];
    for (unsigned i = 0; i < count; i++) {
        int16_t v = volume[i];
        if (attribute == GET_MIN)
            v = SIM_AUDIO_VOLUME_MIN;
        else if (attribute == GET_MAX)
            v = SIM_AUDIO_VOLUME_MAX;
        else if (attribute == GET_RES)
            v = SIM_AUDIO_VOLUME_STEP;
        else if (attribute != GET_CUR)
            return SIM_STALL;
        base_put_le16(values + VOLUME_SIZE * i, (uint16_t)v);
    }
    return sim_answer(data, len, values, count * VOLUME_SIZE);
}

static int volume_request(struct sim_audio_levels *levels, unsigned channels,
                          const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    unsigned channel = s->wValue & 0xff;
    bool all = channel == ALL_CHANNELS;
    if (!all && (channel < 1 || channel > channels))
        return SIM_STALL;
    int16_t *volume = all ? levels->volume : &levels->volume[channel - 1];
    unsigned count = all ? channels : 1;
    if (s->bRequest == SET_CUR)
        return set_volumes(volume, count, data, len);
    return get_volumes(volume, count, s->bRequest, data, len);
}

static int unit_request(struct sim_audio *a, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    unsigned unit = s->wIndex >> 8, control = s->wValue >> 8;
    bool speaker = unit == AUDIO_SPEAKER_UNIT;
    struct sim_audio_levels *levels = speaker ? &a->speaker : &a->microphone;
    if ((s->wIndex & 0xff) != AUDIO_CONTROL || (!speaker && unit != AUDIO_MICROPHONE_UNIT))
        return SIM_STALL;
    int result = SIM_STALL;
    if (control == MUTE)
        result = mute_request(levels, s, data, len);
    else if (control == VOLUME)
        result = volume_request(levels, speaker ? 2 : 1, s, data, len);
    if (!speaker && s->bRequest == SET_CUR && result >= 0)
        sim_audio_tune(a);
    return result;
}

// --- endpoints -----------------------------------------------------------------------------------

// There is one frequency. A host may set any, gets the nearest one that there is, and reads it
// back.
static int endpoint_request(const struct sim_audio *a, const struct usb_setup *s, uint8_t *data,
                            uint32_t len)
{
    static const uint8_t rate[FREQUENCY_SIZE] = {AUDIO_RATE & 0xff, AUDIO_RATE >> 8 & 0xff,
                                                 AUDIO_RATE >> 16};
    bool exists = s->wIndex <= 0xff && sim_endpoint(&a->device, (uint8_t)s->wIndex) != NULL;
    if (!exists || (s->wIndex & 0x0f) == 0 || s->wValue != SAMPLING_FREQUENCY << 8)
        return SIM_STALL;
    if (s->bRequest == GET_CUR)
        return sim_answer(data, len, rate, sizeof rate);
    return s->bRequest == SET_CUR && len == FREQUENCY_SIZE ? FREQUENCY_SIZE : SIM_STALL;
}

int sim_audio_setup(struct sim_device *d, const struct usb_setup *s, uint8_t *data, uint32_t len)
{
    struct sim_audio *a = (struct sim_audio *)(void *)d;
    bool get = (s->bRequest & 0x80) != 0;
    if (d->config == 0)
        return SIM_STALL;
    switch (s->bmRequestType) {
    case REQUEST_SET_INTERFACE:
    case REQUEST_GET_INTERFACE:
        return get == (s->bmRequestType == REQUEST_GET_INTERFACE) ? unit_request(a, s, data, len)
                                                                  : SIM_STALL;
    case REQUEST_SET_ENDPOINT:
    case REQUEST_GET_ENDPOINT:
        return get == (s->bmRequestType == REQUEST_GET_ENDPOINT) ? endpoint_request(a, s, data, len)
                                                                 : SIM_STALL;
    default:
        return SIM_STALL;
    }
}
