// SPDX-License-Identifier: Apache-2.0
// The network with the pins and names of this build (Kconfig), and its task.
#pragma once

#include "network.h"

#include "eventlog/eventlog.h"

// `config` has the version and the callbacks. NULL: no network (logged); the console still works.
struct network *main_network_start(struct network_config *config, const struct settings *settings);

// True if Ethernet needs `pin`, so that nothing else may have it.
bool main_network_uses(int pin);

// Records what is different between `before` and `now`. Loop task.
void main_network_record(struct eventlog *log, uint64_t now_us, const struct network_state *before,
                         const struct network_state *now);
