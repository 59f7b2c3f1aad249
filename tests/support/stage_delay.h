// SPDX-License-Identifier: Apache-2.0
// In front of a backend that is not the simulated bus itself: sim_delay_open() and its like, which
// tests call for the bus, delay that backend's answers. Programs with it are linked with
// --wrap=sim_delay_open and so on. One at a time.
#pragma once

#include "tests/support/stage.h"

// The backend to be given to the server in place of `real`.
struct usbip_backend *stage_delay_begin(struct stage *st, struct usbip_backend *real);

// Has PLUGGED of that busid been taken, and no UNPLUGGED?
bool stage_delay_is_plugged(const char *busid);
