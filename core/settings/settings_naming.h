// SPDX-License-Identifier: Apache-2.0
// What one device is called, an element of the list "devices". Used inside settings/ only. Any
// thread.
#pragma once

#include "access/access_name.h"
#include "settings/settings_error.h"

#include <cJSON.h>

// Takes the i-th element, which is zeros, and compares it with those before it.
void settings_naming_take(struct access_naming *list, unsigned i, const cJSON *item,
                          const struct settings_place *place, struct settings_errors *e);
