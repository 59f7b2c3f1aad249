// SPDX-License-Identifier: Apache-2.0
#include "sim_faulty_device.h"
#include "usb/usb_descriptor_bytes.h"

#include <assert.h>
#include <string.h>

const struct sim_faulty_options sim_faulty_d1 = {
    .speed = USB_SPEED_HIGH,
    .product = 0x0001,
    .interfaces = 2,
};

// clang-format off
static const uint8_t device_descriptor[USB_DT_DEVICE_SIZE] = {
    18, USB_DT_DEVICE, USB_LE16(0x0200), 0, 0, 0, 64,
    USB_LE16(0x1209), USB_LE16(0x0001), USB_LE16(0x0100), 1, 2, 3, 1,
};
// clang-format on

static const char *const strings[] = {"usbip-esp32p4", "Faulty device", "D1", NULL};

static uint16_t put_interface(uint8_t *p, unsigned number, uint8_t alternate, uint8_t endpoints)
{
    const uint8_t interface[] = {
        USB_INTERFACE_BYTES((uint8_t)number, alternate, endpoints, USB_CLASS_VENDOR, 255, 255, 0)};
    memcpy(p, interface, sizeof interface);
    return sizeof interface;
}

static uint16_t put_endpoint(uint8_t *p, uint8_t address, uint8_t type, uint16_t size,
                             uint8_t interval)
{
    const uint8_t ep[] = {USB_ENDPOINT_BYTES(address, type, size, interval)};
    memcpy(p, ep, sizeof ep);
    return sizeof ep;
}

static uint16_t put_interface0(uint8_t *p, enum usb_speed speed)
{
    bool high = speed == USB_SPEED_HIGH;
    uint16_t bulk = high ? 512 : 64, at = put_interface(p, 0, 0, 3);
    at += put_endpoint(p + at, 0x02, USB_BULK, bulk, 0);
    at += put_endpoint(p + at, 0x81, USB_BULK, bulk, 0);
    return at + put_endpoint(p + at, 0x83, USB_INTERRUPT, 8, high ? 4 : 1);
}

static uint16_t put_interface1(uint8_t *p, enum usb_speed speed)
{
    uint8_t interval = speed == USB_SPEED_HIGH ? 4 : 1; // each a millisecond
    uint16_t at = put_interface(p, 1, 0, 0);
    at += put_interface(p + at, 1, 1, 2);
    at += put_endpoint(p + at, 0x84, USB_ISOCHRONOUS, 192, interval);
    return at + put_endpoint(p + at, 0x05, USB_ISOCHRONOUS, 192, interval);
}

static uint16_t build_config(struct faulty *f)
{
    const struct sim_faulty_options *o = &f->options;
    assert(o->interfaces <= USB_MAX_INTERFACES);
    uint16_t at = USB_DT_CONFIG_SIZE;
    if (o->interfaces > 0)
        at += put_interface0(f->config + at, o->speed);
    if (o->interfaces > 1)
        at += put_interface1(f->config + at, o->speed);
    for (unsigned i = 2; i < o->interfaces; i++)
        at += put_interface(f->config + at, i, 0, 0);
    assert(at <= sizeof f->config);
    // Value 1, self-powered, remote wakeup, 100 mA.
    const uint8_t header[] = {USB_CONFIG_BYTES(at, (uint8_t)o->interfaces, 1, 0, 0xe0, 50)};
    memcpy(f->config, header, sizeof header);
    return at;
}

void sim_faulty_build_descriptors(struct faulty *f)
{
    memcpy(f->device, f->options.device ? f->options.device : device_descriptor, sizeof f->device);
    if (!f->options.device)
        base_put_le16(f->device + 10, f->options.product);
    if (!f->options.configs[0]) {
        f->options.config_sizes[0] = build_config(f);
        f->options.configs[0] = f->config;
    }
    f->desc = (struct sim_descriptors){
        .device = f->device,
        .configs = f->options.configs,
        .strings = strings,
        .raw_string = f->options.string,
        .config_sizes = f->options.config_sizes,
    };
}
