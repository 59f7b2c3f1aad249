// SPDX-License-Identifier: Apache-2.0
// Descriptors written by hand: each macro stands for several bytes of an array, in the order of USB
// 2.0 chapter 9.6.
#pragma once

#include "usb_descriptor.h"

#define USB_LE16(v) (uint8_t)(v), (uint8_t)((v) >> 8)
#define USB_LE24(v) USB_LE16(v), (uint8_t)((v) >> 16)
#define USB_LE32(v) USB_LE24(v), (uint8_t)((v) >> 24)

// `power` in units of 2 mA (8 mA at super speed), `string` an index.
#define USB_CONFIG_BYTES(total_size, interfaces, value, string, attributes, power)                 \
    USB_DT_CONFIG_SIZE, USB_DT_CONFIG, USB_LE16(total_size), interfaces, value, string,            \
        attributes, power

#define USB_INTERFACE_BYTES(number, alternate, endpoints, class, subclass, protocol, string)       \
    USB_DT_INTERFACE_SIZE, USB_DT_INTERFACE, number, alternate, endpoints, class, subclass,        \
        protocol, string

#define USB_ENDPOINT_BYTES(address, attributes, max_packet_size, interval)                         \
    USB_DT_ENDPOINT_SIZE, USB_DT_ENDPOINT, address, attributes, USB_LE16(max_packet_size), interval
