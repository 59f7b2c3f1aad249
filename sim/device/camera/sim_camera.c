// SPDX-License-Identifier: Apache-2.0
#include "sim_camera_device.h"

#include <assert.h>

static struct sim_camera *camera(struct sim_device *d)
{
    return (struct sim_camera *)(void *)d;
}

struct sim_camera_traffic sim_camera_traffic(const struct sim_device *d)
{
    return ((const struct sim_camera *)(const void *)d)->traffic;
}

static void camera_halt_cleared(struct sim_device *d, uint8_t ep)
{
    (void)ep; // the only one
    sim_camera_restart(camera(d));
}

static void camera_configured(struct sim_device *d)
{
    sim_camera_stop(camera(d));
}

static void camera_alternate_selected(struct sim_device *d, uint8_t interface)
{
    if (interface == CAMERA_STREAMING)
        sim_camera_stop(camera(d));
}

// The stream ends when the configuration is set again.
static void camera_reset(struct sim_device *d)
{
    sim_camera_reset_controls(camera(d));
}

static void camera_destroy(struct sim_device *d)
{
    base_free(sim_alloc(d->bus), d);
}

static const struct sim_device_ops ops = {
    .destroy = camera_destroy,
    .reset = camera_reset,
    .configured = camera_configured,
    .alternate_selected = camera_alternate_selected,
    .halt_cleared = camera_halt_cleared,
    .setup = sim_camera_setup,
    .in = sim_camera_bulk_in,
    .iso_in = sim_camera_iso_in,
};

struct sim_device *sim_camera_create(struct sim_bus *bus, const struct sim_camera_options *options)
{
    struct sim_camera *c = base_alloc(sim_alloc(bus), sizeof *c);
    if (!c)
        return NULL;
    if (options)
        c->options = *options;
    bool bulk = c->options.bulk;
    uint32_t payload_max = bulk ? SIM_CAMERA_PAYLOAD_MAX_BULK : SIM_CAMERA_PAYLOAD_MAX;
    assert(c->options.payload == 0 || c->options.payload >= SIM_CAMERA_PAYLOAD_MIN);
    assert(c->options.payload <= payload_max);
    (void)payload_max;
    c->device = (struct sim_device){
        .ops = &ops,
        .desc = bulk ? &sim_camera_bulk_descriptors : &sim_camera_descriptors,
        .speed = USB_SPEED_HIGH,
        .bus = bus,
    };
    return &c->device; // in the state of power-on with the reset at plug-in
}

// --- kind ----------------------------------------------------------------------------------------

enum { BULK, PAYLOAD };

static struct sim_device *create(struct sim_spec *s)
{
    const struct sim_camera_options o = {
        .bulk = s->value[BULK].given,
        .payload = (uint32_t)s->value[PAYLOAD].number,
    };
    if (!o.bulk && o.payload > SIM_CAMERA_PAYLOAD_MAX)
        return sim_spec_refuse_value(s, PAYLOAD);
    return sim_camera_create(s->bus, &o);
}

const struct sim_kind sim_camera_kind = {
    .name = "camera",
    .help = "webcam (USB Video 1.1) with numbered frames, high speed",
    .options =
        {
            [BULK] = {.name = "bulk", .help = "through a bulk endpoint, not an isochronous one"},
            [PAYLOAD] = {.name = "payload",
                         .value = "N",
                         .help = "the size of payload that it asks for, in bytes",
                         .min = SIM_CAMERA_PAYLOAD_MIN,
                         .max = SIM_CAMERA_PAYLOAD_MAX_BULK,
                         .wants = "it goes from 64 to 3072 bytes, with 'bulk' to 64K"},
        },
    .create = create,
};
