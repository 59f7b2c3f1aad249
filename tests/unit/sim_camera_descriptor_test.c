// SPDX-License-Identifier: Apache-2.0
// The webcam's descriptors, read as a host's driver does (USB Video 1.1 chapter 3).
#include "tests/unit/video_rig.h"

enum { CS_INTERFACE = 0x24, VIDEO_CLASS = 0x0e };

// What a driver learns from the class-specific descriptors.
struct reading {
    unsigned control_size, streaming_size; // as their headers say, less what was seen
    uint16_t version;
    uint32_t clock;
    uint8_t camera, unit, unit_source, output, output_source, link, stream_endpoint;
    uint16_t unit_controls;
    unsigned formats, formats_seen, frames, colours;
};

static struct base_span config_of(const struct sim_device *d)
{
    return (struct base_span){d->desc->configs[0], base_get_le16(d->desc->configs[0] + 2)};
}

static void read_control(struct reading *r, const uint8_t *p)
{
    if (p[2] == 1) {
        r->control_size = base_get_le16(p + 5);
        r->version = base_get_le16(p + 3);
        r->clock = base_get_le32(p + 7);
        CHECK_EQ(p[0], 13);
        CHECK_EQ(p[11], 1); // one streaming interface
        CHECK_EQ(p[12], VIDEO_STREAMING);
    } else if (p[2] == 2) {
        r->camera = p[3];
        CHECK_EQ(base_get_le16(p + 4), 0x0201);
        CHECK_EQ(p[0], 15 + p[14]);
    } else if (p[2] == 3) {
        r->output = p[3];
        r->output_source = p[7];
        CHECK_EQ(base_get_le16(p + 4), 0x0101);
        CHECK_EQ(p[0], 9);
    } else {
        CHECK_EQ(p[2], 5);
        r->unit = p[3];
        r->unit_source = p[4];
        r->unit_controls = base_get_le16(p + 8);
        CHECK_EQ(p[0], 10 + p[7]); // 1.1: with bmVideoStandards
        CHECK_EQ(p[7], 2);
    }
    r->control_size -= p[0];
}

static void read_format(struct reading *r, const uint8_t *p)
{
    static const uint8_t yuy2[] = {'Y',  'U',  'Y',  '2',  0x00, 0x00, 0x10, 0x00,
                                   0x80, 0x00, 0x00, 0xaa, 0x00, 0x38, 0x9b, 0x71};
    r->formats_seen++;
    CHECK_EQ(p[3], r->formats_seen); // indices from 1 on
    CHECK_EQ(p[4], 1);               // frame descriptors
    if (p[2] == 4) {
        CHECK_EQ(p[0], 27);
        CHECK_BYTES(p + 5, yuy2, 16);
        CHECK_EQ(p[21], 16); // bits per pixel
        CHECK_EQ(p[22], 1);  // default frame
    } else {
        CHECK_EQ(p[0], 11);
        CHECK_EQ(p[6], 1);
    }
}

static void read_frame(struct reading *r, const uint8_t *p)
{
    bool mjpeg = p[2] == 7;
    unsigned intervals = p[25];
    r->frames++;
    CHECK_EQ(r->frames, r->formats_seen); // behind its format
    CHECK_EQ(p[0], 26 + 4 * intervals);
    CHECK_EQ(p[3], 1);
    CHECK_EQ(base_get_le16(p + 5), mjpeg ? 640 : 320);
    CHECK_EQ(base_get_le16(p + 7), mjpeg ? 480 : 240);
    CHECK_EQ(intervals, mjpeg ? 1 : 3);
    CHECK_EQ(base_get_le32(p + 21), VIDEO_30_FPS); // the default, and the shortest
    CHECK_EQ(base_get_le32(p + 26), VIDEO_30_FPS);
    for (unsigned i = 1; i < intervals; i++)
        CHECK_EQ(base_get_le32(p + 26 + 4 * i), i == 1 ? VIDEO_15_FPS : VIDEO_5_FPS);
    uint32_t bits = 8 * base_get_le32(p + 17);
    CHECK_EQ(base_get_le32(p + 13), 30 * bits);
    CHECK_EQ(base_get_le32(p + 9), mjpeg ? 30 * bits : 5 * bits);
    if (!mjpeg)
        CHECK_EQ(base_get_le32(p + 17), VIDEO_YUY2_SIZE);
}

static void read_streaming(struct reading *r, const uint8_t *p)
{
    if (p[2] == 1) {
        r->formats = p[3];
        r->streaming_size = base_get_le16(p + 4);
        r->stream_endpoint = p[6];
        r->link = p[8];
        CHECK_EQ(p[12], 1);
        CHECK_EQ(p[0], 13 + p[3] * p[12]);
    } else if (p[2] == 4 || p[2] == 6) {
        read_format(r, p);
    } else if (p[2] == 5 || p[2] == 7) {
        read_frame(r, p);
    } else {
        CHECK_EQ(p[2], 0x0d);
        CHECK_EQ(p[0], 6);
        CHECK(p[3] == 1 && p[4] == 1 && p[5] == 4); // what Video 1.1 calls the default
        r->colours++;
        CHECK_EQ(r->colours, r->frames);
    }
    r->streaming_size -= p[0];
}

static struct reading read_config(struct base_span config)
{
    struct reading r = {0};
    struct usb_walk w;
    usb_walk_begin(&w, config, USB_SPEED_HIGH);
    while (usb_walk_next(&w)) {
        const uint8_t *p = w.descriptor.data;
        if (w.has_interface) {
            CHECK_EQ(w.interface.bInterfaceClass, VIDEO_CLASS);
            CHECK_EQ(w.interface.bInterfaceSubClass, 1 + w.interface.bInterfaceNumber);
            CHECK_EQ(w.interface.bInterfaceProtocol, 0);
        }
        if (p[1] == USB_DT_ENDPOINT && p[3] != USB_BULK)
            CHECK_EQ(p[3], USB_ISOCHRONOUS | 1 << 2); // asynchronous
        if (p[1] != CS_INTERFACE)
            continue;
        CHECK_EQ(w.interface.bAlternateSetting, 0);
        if (w.interface.bInterfaceSubClass == 1)
            read_control(&r, p);
        else
            read_streaming(&r, p);
    }
    CHECK_EQ(w.rest.size, 0);
    return r;
}

TEST(sim_camera_descriptors_describe_a_camera)
{
    for (unsigned bulk = 0; bulk < 2; bulk++) {
        struct rig r;
        struct sim_camera_options options = {.bulk = bulk};
        rig_begin(&r);
        rig_start(&r, sim_camera_create(r.bus, &options), 1);
        struct reading have = read_config(config_of(r.sim));
        CHECK_EQ(have.control_size, 0);
        CHECK_EQ(have.streaming_size, 0);
        CHECK_EQ(have.version, 0x0110);
        CHECK_EQ(have.clock, 27000000);
        CHECK(have.camera && have.unit_source == have.camera);
        CHECK(have.unit && have.output_source == have.unit);
        CHECK(have.output && have.link == have.output);
        CHECK_EQ(have.unit_controls, 1); // brightness
        CHECK_EQ(have.formats, 2);
        CHECK_EQ(have.formats_seen, 2);
        CHECK_EQ(have.frames, 2);
        CHECK_EQ(have.colours, 2);
        CHECK_EQ(have.stream_endpoint, VIDEO_IN);
        CHECK(have.camera != have.unit && have.unit != have.output && have.output != have.camera);
        rig_end(&r);
    }
}

TEST(sim_camera_device_has_an_interface_association)
{
    for (unsigned bulk = 0; bulk < 2; bulk++) {
        struct rig r;
        struct usb_device_descriptor device;
        struct sim_camera_options options = {.bulk = bulk};
        rig_begin(&r);
        rig_start(&r, sim_camera_create(r.bus, &options), 1);
        struct base_span bytes = {r.sim->desc->device, USB_DT_DEVICE_SIZE};
        CHECK_EQ(usb_device_descriptor_unpack(&device, bytes), BASE_OK);
        CHECK_EQ(device.bcdUSB, 0x0200);
        CHECK_EQ(device.bDeviceClass << 16 | device.bDeviceSubClass << 8 | device.bDeviceProtocol,
                 0xef0201);
        CHECK_EQ(device.idVendor, 0x1209);
        CHECK_EQ(device.idProduct, 0x0007);
        CHECK_EQ(device.bcdDevice, 0x0100 + bulk);
        const uint8_t want[] = {8, 0x0b, VIDEO_CONTROL, 2, VIDEO_CLASS, 3, 0, device.iProduct};
        const uint8_t *config = config_of(r.sim).data;
        CHECK_BYTES(config + 9, want, sizeof want);
        CHECK_EQ(config[4], 2); // interfaces
        rig_end(&r);
    }
}

RIG_TEST(sim_camera_isochronous_settings, rig_begin(r))
{
    static const unsigned packets[][2] = {{192, 1}, {512, 1}, {1024, 1}, {1024, 2}, {1024, 3}};
    rig_start(r, sim_camera_create(r->bus, NULL), 1);
    CHECK_EQ(rig_check_config(r->sim->desc->configs[0]), 5);
    CHECK(!sim_endpoint(r->sim, VIDEO_IN)); // the first setting takes no bandwidth
    for (uint8_t i = 0; i < 5; i++) {
        rig_change(r->dev, USB_SET_INTERFACE, VIDEO_STREAMING, i + 1);
        const struct usb_endpoint *ep = sim_endpoint(r->sim, VIDEO_IN);
        CHECK_EQ(ep->type, USB_ISOCHRONOUS);
        CHECK_EQ(ep->max_packet_size, packets[i][0]);
        CHECK_EQ(ep->packets_per_interval, packets[i][1]);
        CHECK_EQ(ep->bInterval, 1);
    }
    CHECK(!usb_config_has_alternate(config_of(r->sim), VIDEO_STREAMING, 6));
}

RIG_TEST(sim_camera_bulk_endpoint, rig_begin(r))
{
    struct sim_camera_options options = {.bulk = true};
    rig_start(r, sim_camera_create(r->bus, &options), 1);
    CHECK_EQ(rig_check_config(r->sim->desc->configs[0]), 1);
    CHECK(!usb_config_has_alternate(config_of(r->sim), VIDEO_STREAMING, 1));
    const struct usb_endpoint *ep = sim_endpoint(r->sim, VIDEO_IN);
    CHECK_EQ(ep->type, USB_BULK);
    CHECK_EQ(ep->max_packet_size, 512);
}
