// SPDX-License-Identifier: Apache-2.0
// Settings that others change: what they say comes into force, and what HTTP may do with them.
#pragma once

#include "main.h"

// Loop task. Limits, rules, names and network as the settings say now; who has what is the same as
// before leaves it alone. An address that does not work is given up by the network itself
// (network_policy.h). False: no memory, and not all of them hold.
bool main_change_put_into_force(struct firmware *f);

// Factory reset; not the loop task. The core dump, the settings, and then the users: if the power
// goes in between, the box still belongs to somebody. False: `why` (SETTINGS_WHY_SIZE), and the box
// goes on.
bool main_change_erase(struct firmware *f, char *why);

// Fills in f->change.
void main_change_offer(struct firmware *f);
