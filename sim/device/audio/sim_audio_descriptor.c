// SPDX-License-Identifier: Apache-2.0
// Descriptors of the headset: USB Device Class Definition for Audio Devices 1.0 chapter 4, formats
// and terminal types in its two companions.
#include "sim_audio_device.h"
#include "usb/usb_descriptor_bytes.h"

enum {
    AUDIO_CONTROL_SUBCLASS = 1,
    AUDIO_STREAMING_SUBCLASS = 2,
    CS_INTERFACE = 0x24, // descriptor types
    CS_ENDPOINT = 0x25,

    CONTROL_HEADER = 1, // subtypes in the control interface
    CONTROL_INPUT_TERMINAL = 2,
    CONTROL_OUTPUT_TERMINAL = 3,
    CONTROL_FEATURE_UNIT = 6,
    STREAMING_GENERAL = 1, // in a streaming interface
    STREAMING_FORMAT_TYPE = 2,
    ENDPOINT_GENERAL = 1,

    TERMINAL_USB = 0x0101,
    TERMINAL_HEADSET = 0x0402, // both ways: the two terminals name each other
    LEFT_FRONT_RIGHT_FRONT = 0x0003,
    MUTE = 0x01, // bits of bmaControls
    VOLUME = 0x02,
    FORMAT_PCM = 0x0001,
    FORMAT_TYPE_I = 1,
    SAMPLING_FREQUENCY = 0x01, // of bmAttributes: the endpoint has that control

    // Terminals and units: USB 1 -> feature unit 2 -> ear 3, mouth 4 -> feature unit 5 -> USB 6.
    FROM_USB = 1,
    EAR = 3,
    MOUTH = 4,
    TO_USB = 6,

    // The loudspeaker follows the rate at which data comes, so that it needs no feedback endpoint.
    // The microphone has a clock of its own: a packet may have a sample more or less than 48.
    ISOCHRONOUS_ADAPTIVE = USB_ISOCHRONOUS | 2 << 2,
    ISOCHRONOUS_ASYNCHRONOUS = USB_ISOCHRONOUS | 1 << 2,
    MICROPHONE_PACKET_MAX = (AUDIO_SAMPLES + 1) * AUDIO_SAMPLE_SIZE,

    HEADER_SIZE = 8 + 2, // two streaming interfaces
    INPUT_TERMINAL_SIZE = 12,
    OUTPUT_TERMINAL_SIZE = 9,
    SPEAKER_UNIT_SIZE = 7 + 3, // controls of the master channel and two more, a byte each
    MICROPHONE_UNIT_SIZE = 7 + 2,
    CONTROL_SIZE = HEADER_SIZE + 2 * INPUT_TERMINAL_SIZE + 2 * OUTPUT_TERMINAL_SIZE +
                   SPEAKER_UNIT_SIZE + MICROPHONE_UNIT_SIZE,
    STREAMING_SIZE = 9 + 9 + 7 + 11 + 9 + 7,
    TOTAL_SIZE = 9 + 9 + CONTROL_SIZE + 2 * STREAMING_SIZE,
};

_Static_assert(SIM_AUDIO_PACKET_MAX == (AUDIO_SAMPLES + 1) * 2 * AUDIO_SAMPLE_SIZE,
               "the host may have a sample too much as well");

// clang-format off
// Alternate setting 0 takes no bandwidth, 1 has the endpoint. Audio's endpoint descriptors have two
// bytes more than others: bRefresh and bSynchAddress, which are those of a feedback endpoint.
#define STREAMING(interface, terminal, channels, endpoint, sync, packet, lock_unit, lock) \
    USB_INTERFACE_BYTES(interface, 0, 0, USB_CLASS_AUDIO, AUDIO_STREAMING_SUBCLASS, 0, 0), \
    USB_INTERFACE_BYTES(interface, 1, 1, USB_CLASS_AUDIO, AUDIO_STREAMING_SUBCLASS, 0, 0), \
    7, CS_INTERFACE, STREAMING_GENERAL, terminal, 1 /* frame of delay */, USB_LE16(FORMAT_PCM), \
    11, CS_INTERFACE, STREAMING_FORMAT_TYPE, FORMAT_TYPE_I, channels, AUDIO_SAMPLE_SIZE, \
        8 * AUDIO_SAMPLE_SIZE, 1, USB_LE24(AUDIO_RATE), \
    9, USB_DT_ENDPOINT, endpoint, sync, USB_LE16(packet), 1, 0, 0, \
    7, CS_ENDPOINT, ENDPOINT_GENERAL, SAMPLING_FREQUENCY, lock_unit, USB_LE16(lock)

static const uint8_t configuration[] = {
    USB_CONFIG_BYTES(TOTAL_SIZE, 3, 1, 0, 0x80, 50), // bus-powered, 100 mA

    USB_INTERFACE_BYTES(AUDIO_CONTROL, 0, 0, USB_CLASS_AUDIO, AUDIO_CONTROL_SUBCLASS, 0, 0),
    HEADER_SIZE, CS_INTERFACE, CONTROL_HEADER, USB_LE16(0x0100), USB_LE16(CONTROL_SIZE),
        2, AUDIO_SPEAKER, AUDIO_MICROPHONE,
    INPUT_TERMINAL_SIZE, CS_INTERFACE, CONTROL_INPUT_TERMINAL, FROM_USB, USB_LE16(TERMINAL_USB), 0,
        2, USB_LE16(LEFT_FRONT_RIGHT_FRONT), 0, 0,
    SPEAKER_UNIT_SIZE, CS_INTERFACE, CONTROL_FEATURE_UNIT, AUDIO_SPEAKER_UNIT, FROM_USB,
        1, MUTE, VOLUME, VOLUME, 0,
    OUTPUT_TERMINAL_SIZE, CS_INTERFACE, CONTROL_OUTPUT_TERMINAL, EAR, USB_LE16(TERMINAL_HEADSET),
        MOUTH, AUDIO_SPEAKER_UNIT, 0,
    INPUT_TERMINAL_SIZE, CS_INTERFACE, CONTROL_INPUT_TERMINAL, MOUTH, USB_LE16(TERMINAL_HEADSET),
        EAR, 1, USB_LE16(0), 0, 0,
    MICROPHONE_UNIT_SIZE, CS_INTERFACE, CONTROL_FEATURE_UNIT, AUDIO_MICROPHONE_UNIT, MOUTH,
        1, MUTE, VOLUME, 0,
    OUTPUT_TERMINAL_SIZE, CS_INTERFACE, CONTROL_OUTPUT_TERMINAL, TO_USB, USB_LE16(TERMINAL_USB),
        0, AUDIO_MICROPHONE_UNIT, 0,

    STREAMING(AUDIO_SPEAKER, FROM_USB, 2, AUDIO_SPEAKER_OUT, ISOCHRONOUS_ADAPTIVE,
              SIM_AUDIO_PACKET_MAX, 1, 1), // it has locked to the data after 1 ms
    STREAMING(AUDIO_MICROPHONE, TO_USB, 1, AUDIO_MICROPHONE_IN, ISOCHRONOUS_ASYNCHRONOUS,
              MICROPHONE_PACKET_MAX, 0, 0),
};

static const uint8_t device_descriptor[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, USB_LE16(0x0110), 0, 0, 0, 64,
    USB_LE16(0x1209), USB_LE16(0x0005), USB_LE16(0x0100), 1, 2, 0, 1,
};
// clang-format on

_Static_assert(sizeof configuration == TOTAL_SIZE, "wTotalLength is right");

// No serial number: several of them on one bus must not claim to be the same device.
const struct sim_descriptors sim_audio_descriptors = {
    .device = device_descriptor,
    .configs = (const uint8_t *const[]){configuration},
    .strings = (const char *const[]){"usbip-esp32p4", "Simulated headset", NULL},
};
