// SPDX-License-Identifier: Apache-2.0
// Stand-in for the header of espressif/usb 1.5.0. The firmware reads descriptors with core/usb, so
// the library's parsers are not here.
#pragma once

#include "esp_err.h"
#include "usb/usb_types_ch9.h"
#include "usb/usb_types_stack.h"

#include <stdint.h>

static inline int usb_round_up_to_mps(int num_bytes, int mps)
{
    return num_bytes > 0 && mps > 0 ? (num_bytes + mps - 1) / mps * mps : 0;
}
