// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_stream.h"

#include "base/base_bytes.h"
#include "bench/bench_client.h"

#include <string.h>

enum {
    SIM_VENDOR = 0x1209,
    CAMERA_PRODUCT = 0x0007,
    AUDIO_PRODUCT = 0x0005,
    ZERO_VENDOR = 0x0525,
    ZERO_PRODUCT = 0xa4a0,
    ZERO_SOURCE_SINK = 3, // bConfigurationValue
    ZERO_IN = 0x81,
    ZERO_OUT = 0x01,
    ZERO_PACKET = 64,

    TO_INTERFACE = 0x01, // bmRequestType
    CLASS_TO_INTERFACE = 0x21,
    CLASS_FROM_INTERFACE = 0xa1,
    CLASS_TO_ENDPOINT = 0x22,

    CAMERA_STREAMING = 1, // interface
    SET_CUR = 0x01,       // USB Video 1.1 4.2, USB Audio 1.0 5.2
    GET_CUR = 0x81,
    PROBE = 0x0100, // wValue
    COMMIT = 0x0200,
    PROBE_SIZE = 34, // of both
    FORMAT_AT = 2,   // in them
    FRAME_AT = 3,
    INTERVAL_AT = 4,
    YUY2 = 1,
    MJPEG = 2,
    INTERVAL_30 = 333333, // 100 ns

    SAMPLING_FREQUENCY = 0x0100, // wValue
    AUDIO_SPEAKER = 1,           // interface
    SPEAKER_OUT = 0x01,
    SPEAKER_PACKET = 192, // 48 samples, left and right, 16 bits

    QUICK_URBS = 8,
};

// Sets the device up until the stream's first URB may come.
typedef void stream_start(struct bench_client *c, uint8_t variant);

static void set_interface(struct bench_client *c, uint8_t interface, uint8_t alternate)
{
    const struct usb_setup s = {.bmRequestType = TO_INTERFACE,
                                .bRequest = USB_REQ_SET_INTERFACE,
                                .wValue = alternate,
                                .wIndex = interface};
    bench_client_control(c, &s, NULL);
}

static void camera_request(struct bench_client *c, uint8_t request, uint16_t control, uint8_t *data)
{
    const struct usb_setup s = {.bmRequestType =
                                    request == SET_CUR ? CLASS_TO_INTERFACE : CLASS_FROM_INTERFACE,
                                .bRequest = request,
                                .wValue = control,
                                .wIndex = CAMERA_STREAMING,
                                .wLength = PROBE_SIZE};
    bench_client_control(c, &s, data);
}

// As uvcvideo does, which takes the smallest alternate setting that is enough: the first one for
// Motion JPEG 640x480, the third one for YUY2 320x240, both at 30 frames a second.
static void start_camera(struct bench_client *c, uint8_t format)
{
    uint8_t probe[PROBE_SIZE] = {1}; // bmHint: the interval shall stay
    probe[FORMAT_AT] = format;
    probe[FRAME_AT] = 1;
    base_put_le32(probe + INTERVAL_AT, INTERVAL_30);
    bench_client_set_configuration(c, 1);
    camera_request(c, SET_CUR, PROBE, probe);
    camera_request(c, GET_CUR, PROBE, probe);
    camera_request(c, SET_CUR, COMMIT, probe);
    set_interface(c, CAMERA_STREAMING, format == MJPEG ? 1 : 3);
}

static void start_speaker(struct bench_client *c, uint8_t alternate)
{
    const struct usb_setup s = {.bmRequestType = CLASS_TO_ENDPOINT,
                                .bRequest = SET_CUR,
                                .wValue = SAMPLING_FREQUENCY,
                                .wIndex = SPEAKER_OUT,
                                .wLength = 3};
    uint8_t rate[3] = {48000 & 0xff, 48000 >> 8, 0};
    bench_client_set_configuration(c, 1);
    set_interface(c, AUDIO_SPEAKER, alternate);
    bench_client_control(c, &s, rate);
}

struct stream {
    uint16_t product;
    enum usb_speed bulk_speed; // of the source/sink device with the same pace
    stream_start *start;
    uint8_t variant; // for start()
    unsigned packets_per_s;
    struct bench_transfer transfer;
};

// uvcvideo keeps 5 URBs of 32 packets in flight, snd-usb-audio for playback at full speed 6 packets
// in an URB and 18 ms of them.
static const struct stream streams[BENCH_STREAMS] = {
    {CAMERA_PRODUCT, USB_SPEED_FULL, start_camera, MJPEG, 8000, {0x81, 32 * 192, 5, 32}},
    {CAMERA_PRODUCT, USB_SPEED_FULL, start_camera, YUY2, 8000, {0x81, 32 * 1024, 5, 32}},
    {AUDIO_PRODUCT,
     USB_SPEED_HIGH,
     start_speaker,
     1,
     1000,
     {SPEAKER_OUT, 6 * SPEAKER_PACKET, 3, 6}},
};

#define STREAM_ROW(row_name)                                                                       \
    {                                                                                              \
        .name = (row_name), .unit = "ms/s", .aim = BENCH_AIM_AT_MOST_110, .against = "bulk"        \
    }

const struct bench_row bench_stream_rows[BENCH_STREAMS] = {
    STREAM_ROW("cpu_iso_camera"),
    STREAM_ROW("cpu_iso_camera_yuy2"),
    STREAM_ROW("cpu_iso_audio"),
};

// Several of one kind differ in speed; USB_SPEED_UNKNOWN: any.
static const char *find_device(const struct wire_device *devices, unsigned count, uint16_t vendor,
                               uint16_t product, enum usb_speed speed)
{
    for (unsigned i = 0; i < count; i++)
        if (devices[i].idVendor == vendor && devices[i].idProduct == product &&
            (speed == USB_SPEED_UNKNOWN || devices[i].speed == speed))
            return devices[i].busid;
    bench_die("the server exports no device %04x:%04x", vendor, product);
}

// CPU milliseconds of the server for a second of the stream. Time is what the packets took on the
// bus: if somebody comes late, the stream takes longer and nothing changes. `*urb_bytes`: how many
// an URB had on average.
static double measure_iso(const struct stream *s, const struct bench_child *server,
                          const char *busid, unsigned urbs, uint32_t *urb_bytes)
{
    struct bench_client c;
    bench_client_attach(&c, server->port, busid);
    s->start(&c, s->variant);
    bench_client_run(&c, &s->transfer, s->transfer.depth, NULL);
    c.received_bytes = 0;
    uint64_t cpu_ns = bench_child_cpu_ns(server);
    bench_client_run(&c, &s->transfer, urbs, NULL);
    cpu_ns = bench_child_cpu_ns(server) - cpu_ns;
    bool in = (s->transfer.ep & USB_DIR_IN) != 0;
    *urb_bytes = in ? (uint32_t)(c.received_bytes / urbs) : s->transfer.length;
    bench_client_close(&c);
    return (double)cpu_ns / 1e6 * s->packets_per_s / s->transfer.packets / urbs;
}

// The same for a bulk stream of `urb_bytes` as often, rounded up to whole packets (IN would
// babble): from a source/sink device that has something when the isochronous URB would be over.
static double measure_bulk(const struct stream *s, const struct bench_child *server,
                           const char *busid, unsigned urbs, uint32_t urb_bytes)
{
    const struct bench_transfer t = {
        .ep = s->transfer.ep & USB_DIR_IN ? ZERO_IN : ZERO_OUT,
        .length = (urb_bytes + ZERO_PACKET - 1) / ZERO_PACKET * ZERO_PACKET,
        .depth = s->transfer.depth,
    };
    struct bench_client c;
    bench_client_attach(&c, server->port, busid);
    bench_client_set_configuration(&c, ZERO_SOURCE_SINK);
    bench_client_run(&c, &t, t.depth, NULL);
    uint64_t cpu_ns = bench_child_cpu_ns(server);
    bench_client_run(&c, &t, urbs, NULL);
    cpu_ns = bench_child_cpu_ns(server) - cpu_ns;
    bench_client_close(&c);
    return (double)cpu_ns / 1e6 * s->packets_per_s / s->transfer.packets / urbs;
}

void bench_stream_measure(struct bench_row *row, unsigned index, const struct bench_child *server,
                          const struct wire_device *devices, unsigned device_count, bool quick)
{
    const struct stream *s = &streams[index];
    const char *zero = find_device(devices, device_count, ZERO_VENDOR, ZERO_PRODUCT, s->bulk_speed);
    const char *busid =
        find_device(devices, device_count, SIM_VENDOR, s->product, USB_SPEED_UNKNOWN);
    unsigned urbs = quick ? QUICK_URBS : s->packets_per_s / s->transfer.packets;
    uint32_t urb_bytes;
    row->value[row->rounds] = measure_iso(s, server, busid, urbs, &urb_bytes);
    row->floor[row->rounds++] = measure_bulk(s, server, zero, urbs, urb_bytes);
}
