// SPDX-License-Identifier: Apache-2.0
// Simulated devices in the firmware (Kconfig: USBIP_SIM), on bus 3.
#pragma once

#include "api/api_simulate.h"
#include "server/server.h"

enum { MAIN_SIM_BUS = 3 };

// Before the loop runs. The devices live as long as the firmware. What goes wrong is logged, and
// all else goes on; without memory *simulate stays as it is.
void main_sim_start(struct usbip_server *server, const struct base_alloc *alloc,
                    struct api_simulate *simulate);
