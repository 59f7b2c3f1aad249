// SPDX-License-Identifier: Apache-2.0
// The network with the pins and names of this build (Kconfig), and its task.
#pragma once

#include "network.h"

// The clock is `clock`. NULL: no network (logged); the console still works.
struct network *main_network_start(const struct settings *settings,
                                   const struct network_clock *clock, const char *version);
