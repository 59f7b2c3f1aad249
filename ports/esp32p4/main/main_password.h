// SPDX-License-Identifier: Apache-2.0
// The admin's password, set by whoever has the console: the first one, or one in the place of a
// forgotten one.
#pragma once

#include "main.h"

// Any task but the loop's and the jobs'; hashes, keeps and puts it into force, which takes about a
// second. All sessions of the admin end. False: `why` (SETTINGS_WHY_SIZE).
bool main_password_set(struct firmware *f, const char *password, char *why);
