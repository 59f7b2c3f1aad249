// SPDX-License-Identifier: Apache-2.0
// A test device that behaves as Linux's Gadget Zero (0525:a4a0): drivers/usb/misc/usbtest.c binds
// to it. Configuration 3 (the first) is an endless source and a checking sink; configuration 2
// sends back what it receives. Loop thread. A bus reset empties it; the pattern stays.
#pragma once

#include "sim/device/sim_kind.h"

extern const struct sim_kind sim_zero_kind;

// `speed` is USB_SPEED_HIGH or USB_SPEED_FULL. NULL if there is no memory.
struct sim_device *sim_zero_create(struct sim_bus *bus, enum usb_speed speed);

// What the source sends and the sink wants, as usbtest's module parameter `pattern`: 0: zeros;
// 1: byte i of each packet is i mod 63.
void sim_zero_set_pattern(struct sim_device *d, unsigned pattern);

// From now on the bulk endpoints of source and sink move data once in `pace_us`, as a device does
// that has something at its own times: what the host asks for in one go. 0: as fast as it asks.
void sim_zero_set_pace(struct sim_device *d, uint32_t pace_us);

// Isochronous packets of so many bytes, 1 to 1023, in place of 1024 or 1023. Before it is plugged
// in.
void sim_zero_set_iso_size(struct sim_device *d, uint16_t bytes);
