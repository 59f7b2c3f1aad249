// SPDX-License-Identifier: Apache-2.0
// Stand-in for the header of espressif/usb 1.5.0. The firmware reads descriptors with core/usb: of
// the library's parsers there is only the one in whose way it is (device_view.c).
#pragma once

#include "esp_err.h"
#include "usb/usb_types_ch9.h"
#include "usb/usb_types_stack.h"

#include <stdint.h>

static inline int usb_round_up_to_mps(int num_bytes, int mps)
{
    return num_bytes > 0 && mps > 0 ? (num_bytes + mps - 1) / mps * mps : 0;
}

// NULL: not found.
const usb_ep_desc_t *usb_parse_endpoint_descriptor_by_address(const usb_config_desc_t *config_desc,
                                                              uint8_t bInterfaceNumber,
                                                              uint8_t bAlternateSetting,
                                                              uint8_t bEndpointAddress,
                                                              int *offset);
