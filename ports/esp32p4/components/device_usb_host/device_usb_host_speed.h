// SPDX-License-Identifier: Apache-2.0
// The three things that need the host controllers' registers, because espressif/usb 1.5.0 has no
// function for them. Tests have their own implementation. Task: those of the library (one core).
#pragma once

#include <stdbool.h>

// Lets the high-speed controller enable its port at full or low speed only. To be called again and
// again: a soft reset of the core, which follows every unplug, forgets it.
void device_usb_host_speed_full_only(void);

// Is something plugged into the root port (0: high-speed controller, 1: full-speed), whatever the
// library thinks of it? Only for a port that is installed.
bool device_usb_host_root_connected(unsigned port);

// Packets that the controller of that port counts in one transfer: 127, and 1023 at high speed from
// silicon revision 3 on. A longer transfer "succeeds" with wrong data (esp-idf issue 17927).
unsigned device_usb_host_packets_max(unsigned port);
