// SPDX-License-Identifier: Apache-2.0
// Any bytes as a configuration. Input: bMaxPacketSize0, the alternate setting of interface 0, that
// of all others, then the bytes.
#include "fuzz/fuzz.h"
#include "usb/usb_device.h"

#include <string.h>

static void walk(struct base_span config)
{
    struct usb_walk w;
    struct usb_endpoint ep;
    size_t seen = 0;
    usb_walk_begin(&w, config);
    while (usb_walk_next(&w)) {
        fuzz_require(w.descriptor.size >= 2 && w.descriptor.data == config.data + seen);
        seen += w.descriptor.size;
        fuzz_require(seen <= config.size);
        if (usb_walk_endpoint(&w, &ep))
            fuzz_require((ep.address & 0x0f) != 0 && ep.max_packet_size > 0);
    }
}

static void interfaces(struct base_span config)
{
    struct usb_interface list[USB_MAX_INTERFACES];
    unsigned n = usb_config_interfaces(config, list, USB_MAX_INTERFACES);
    fuzz_require(n <= USB_MAX_INTERFACES);
    fuzz_require(usb_config_interfaces(config, list, 1) == n);
    for (unsigned i = 0; i < n; i++)
        fuzz_require(
            usb_config_has_alternate(config, list[i].bInterfaceNumber, list[i].bAlternateSetting));
}

static void endpoints(struct base_span config, const uint8_t *alternate, uint8_t max_packet_size0)
{
    struct usb_endpoint_table t;
    struct usb_endpoint found;
    usb_endpoint_table_build(&t, config, alternate, max_packet_size0);
    fuzz_require(t.present[0][0] && t.present[1][0]);
    for (unsigned i = 1; i < 16; i++)
        for (unsigned dir = 0; dir < 2; dir++) {
            uint8_t address = (uint8_t)(dir << 7 | i);
            if (!t.present[dir][i])
                continue;
            fuzz_require(t.ep[dir][i].address == address && t.ep[dir][i].type != USB_CONTROL);
            fuzz_require(usb_config_find_endpoint(config, address, &found));
            fuzz_require(usb_config_has_alternate(config, t.ep[dir][i].interface,
                                                  alternate[t.ep[dir][i].interface]));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t alternate[USB_MAX_INTERFACES];
    struct base_span config;
    if (size < 3)
        return 0;
    config = (struct base_span){data + 3, size - 3};
    memset(alternate, data[2], sizeof alternate);
    alternate[0] = data[1];
    walk(config);
    if (usb_config_check(config) != BASE_OK)
        return 0;
    fuzz_require(usb_config_value(config) != 0);
    interfaces(config);
    endpoints(config, alternate, data[0]);
    return 0;
}
