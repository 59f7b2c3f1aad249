// SPDX-License-Identifier: Apache-2.0
// A port for tests of the settings, with everything that the chip has.
#pragma once

#include "settings/settings.h"
#include "tests/support/check.h"

extern const struct settings_port settings_rig_port;

struct settings settings_rig(void); // the defaults

// Both have the same values.
void settings_rig_check_same(const struct settings *a, const struct settings *b);
