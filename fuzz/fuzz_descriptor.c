// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration. Input: bMaxPacketSize0, the alternate setting of the first
// interface (its two upper bits are the speed), that of all others, then the bytes.
#include "fuzz/fuzz.h"
#include "usb/usb_device.h"

#include <string.h>

static enum usb_speed speed_of(uint8_t byte)
{
    static const enum usb_speed speeds[] = {USB_SPEED_HIGH, USB_SPEED_FULL, USB_SPEED_LOW,
                                            USB_SPEED_SUPER};
    return speeds[byte >> 6];
}

static void walk(struct base_span config, enum usb_speed speed)
{
    struct usb_walk w;
    struct usb_endpoint ep;
    size_t seen = 0;
    usb_walk_begin(&w, config, speed);
    while (usb_walk_next(&w)) {
        fuzz_require(w.descriptor.size >= 2 && w.descriptor.data == config.data + seen);
        seen += w.descriptor.size;
        fuzz_require(seen <= config.size);
        if (usb_walk_endpoint(&w, &ep))
            fuzz_require((ep.address & 0x0f) != 0 && (ep.address & 0x70) == 0 &&
                         ep.max_packet_size <= 1024 && ep.packets_per_interval > 0 &&
                         w.endpoints <= w.interface.bNumEndpoints);
    }
}

static void interfaces(struct base_span config)
{
    struct usb_interface list[USB_MAX_INTERFACES];
    unsigned n = usb_config_interfaces(config, list, USB_MAX_INTERFACES);
    fuzz_require(n <= USB_MAX_INTERFACES);
    fuzz_require(usb_config_interfaces(config, list, 1) == n);
    for (unsigned i = 0; i < n; i++) {
        fuzz_require(
            usb_config_has_alternate(config, list[i].bInterfaceNumber, list[i].bAlternateSetting));
        fuzz_require(usb_config_interface_index(config, list[i].bInterfaceNumber) == (int)i);
    }
}

static void endpoints(struct base_span config, enum usb_speed speed, const uint8_t *alternate,
                      uint8_t max_packet_size0)
{
    struct usb_endpoint_table t;
    struct usb_endpoint_names names = {0};
    usb_endpoint_table_build(&t, config, speed, alternate, max_packet_size0);
    usb_config_names(config, &names);
    fuzz_require(t.present[0][0] && t.present[1][0]);
    for (unsigned i = 1; i < 16; i++)
        for (unsigned dir = 0; dir < 2; dir++) {
            const struct usb_endpoint *ep = &t.ep[dir][i];
            if (!t.present[dir][i])
                continue;
            fuzz_require(ep->address == (dir << 7 | i));
            fuzz_require(usb_config_interface_index(config, ep->interface) >= 0);
            fuzz_require((ep->type == USB_ISOCHRONOUS ? names.isochronous : names.other) >>
                             (i + dir * 16) &
                         1);
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t alternate[USB_MAX_INTERFACES];
    struct base_span config;
    if (size < 3)
        return 0;
    enum usb_speed speed = speed_of(data[1]);
    config = (struct base_span){data + 3, size - 3};
    memset(alternate, data[2], sizeof alternate);
    alternate[0] = data[1] & 0x3f;
    walk(config, speed);
    if (usb_config_check(config) != BASE_OK)
        return 0;
    interfaces(config);
    endpoints(config, speed, alternate, data[0]);
    return 0;
}
