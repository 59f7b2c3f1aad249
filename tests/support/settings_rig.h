// SPDX-License-Identifier: Apache-2.0
// A port for tests and fuzzing of the settings, with everything that the chip has.
#pragma once

#include "settings/settings.h"

extern const struct settings_port settings_rig_port;

struct settings settings_rig(void); // the defaults

// The first key that they have other values of; "": none.
const char *settings_rig_difference(const struct settings *a, const struct settings *b);
