// SPDX-License-Identifier: Apache-2.0
#include "bench/bench_stream.h"

#include "base/base_bytes.h"
#include "bench/bench_target.h"

#include <string.h>

enum {
    SIM_VENDOR = 0x1209,
    CAMERA_PRODUCT = 0x0007,
    AUDIO_PRODUCT = 0x0005,

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

    DEVICES = 4,
    SLICES_PER_S = 3, // one is a round; ten pictures of the camera
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
    {CAMERA_PRODUCT, USB_SPEED_FULL, start_camera, MJPEG, 8000, {0x81, 32 * 192, 5, 32, false}},
    {CAMERA_PRODUCT, USB_SPEED_FULL, start_camera, YUY2, 8000, {0x81, 32 * 1024, 5, 32, false}},
    {AUDIO_PRODUCT,
     USB_SPEED_HIGH,
     start_speaker,
     1,
     1000,
     {SPEAKER_OUT, 6 * SPEAKER_PACKET, 3, 6, false}},
};

#define STREAM_ROW(row_name)                                                                       \
    {                                                                                              \
        .name = (row_name), .unit = "ms/s", .against = "bulk", .aim = {                            \
            BENCH_AIM_RATIO_AT_MOST,                                                               \
            1.10                                                                                   \
        }                                                                                          \
    }

const struct bench_row bench_stream_rows[BENCH_STREAMS] = {
    STREAM_ROW("cpu_iso_camera"),
    STREAM_ROW("cpu_iso_camera_yuy2"),
    STREAM_ROW("cpu_iso_audio"),
};

// Connects to a device of this kind. Several of one kind differ in speed; USB_SPEED_UNKNOWN: any.
static void attach(struct bench_client *c, const struct bench_child *server, uint16_t vendor,
                   uint16_t product, enum usb_speed speed)
{
    struct wire_device devices[DEVICES];
    bench_client_open(c, server->port);
    unsigned count = bench_client_list(c, devices, DEVICES), i = 0;
    bench_client_close(c);
    while (i < count && (devices[i].idVendor != vendor || devices[i].idProduct != product ||
                         (speed != USB_SPEED_UNKNOWN && devices[i].speed != speed)))
        i++;
    if (i == count)
        bench_die("the server exports no device %04x:%04x", vendor, product);
    bench_client_attach(c, server->port, devices[i].busid);
}

static struct bench_cost move(struct bench_client *c, const struct bench_child *server,
                              const struct bench_transfer *t, unsigned urbs)
{
    bench_client_run(c, t, t->depth, NULL);
    c->received_bytes = 0;
    struct bench_cost before = bench_child_cost(server);
    bench_client_run(c, t, urbs, NULL);
    return bench_child_cost_since(server, &before, urbs);
}

struct bench_cost bench_stream_run_iso(unsigned stream, const struct bench_child *server,
                                       unsigned urbs, uint32_t *urb_bytes)
{
    const struct stream *s = &streams[stream];
    struct bench_client c;
    attach(&c, server, SIM_VENDOR, s->product, USB_SPEED_UNKNOWN);
    s->start(&c, s->variant);
    struct bench_cost cost = move(&c, server, &s->transfer, urbs);
    bool in = (s->transfer.ep & USB_DIR_IN) != 0;
    *urb_bytes = in ? (uint32_t)(c.received_bytes / urbs) : s->transfer.length;
    bench_client_close(&c);
    return cost;
}

// Less than whole packets would babble. The source/sink device has something when the isochronous
// URB would be over.
struct bench_cost bench_stream_run_bulk(unsigned stream, const struct bench_child *server,
                                        unsigned urbs, uint32_t urb_bytes)
{
    const struct stream *s = &streams[stream];
    const struct bench_transfer t = {
        .ep = s->transfer.ep & USB_DIR_IN ? BENCH_ZERO_IN : BENCH_ZERO_OUT,
        .length = (urb_bytes + BENCH_ZERO_PACKET - 1) / BENCH_ZERO_PACKET * BENCH_ZERO_PACKET,
        .depth = s->transfer.depth,
    };
    struct bench_client c;
    attach(&c, server, BENCH_ZERO_VENDOR, BENCH_ZERO_PRODUCT, s->bulk_speed);
    bench_client_set_configuration(&c, BENCH_ZERO_SOURCE_SINK);
    struct bench_cost cost = move(&c, server, &t, urbs);
    bench_client_close(&c);
    return cost;
}

// Time is what the packets took on the bus: if somebody comes late, the stream takes longer and
// nothing changes.
static struct bench_figures figures_of(const struct stream *s, struct bench_cost cost)
{
    double urbs_per_s = (double)s->packets_per_s / s->transfer.packets;
    return (struct bench_figures){cost.cpu_us / 1e3 * urbs_per_s, cost};
}

static void measure_slice(struct bench_row *row, unsigned stream, const struct bench_child *server,
                          bool quick)
{
    const struct stream *s = &streams[stream];
    unsigned urbs = quick ? QUICK_URBS : s->packets_per_s / s->transfer.packets / SLICES_PER_S;
    uint32_t urb_bytes;
    struct bench_figures iso =
        figures_of(s, bench_stream_run_iso(stream, server, urbs, &urb_bytes));
    struct bench_figures bulk =
        figures_of(s, bench_stream_run_bulk(stream, server, urbs, urb_bytes));
    bench_row_add(row, &iso, &bulk);
}

void bench_stream_measure(struct bench_row rows[BENCH_STREAMS], const struct bench_options *o)
{
    const struct bench_server s = {
        .program = o->server, .sim = BENCH_STREAM_SIM, .cpu = o->server_cpu};
    struct bench_child server = bench_server_start(&s);
    for (unsigned round = 0; round < o->rounds; round++)
        for (unsigned i = 0; i < BENCH_STREAMS; i++)
            if (rows[i].wanted)
                measure_slice(&rows[i], i, &server, o->quick);
    bench_child_stop(&server);
}
