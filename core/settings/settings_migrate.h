// SPDX-License-Identifier: Apache-2.0
// Documents of older versions, brought to the present one step after the other. Any thread.
#pragma once

#include "settings/settings.h"

#include <cJSON.h>

// Turns a document of version n into one of n + 1, except for the number itself. It only moves what
// it knows: the values are checked after the last step. False: no memory.
typedef bool (*settings_step)(cJSON *document);

// steps[n] leads from version n to n + 1; [0] is not used. `current` is the version to reach.
// BASE_ERR_INVALID: no version in it; BASE_ERR_UNSUPPORTED: newer than `current`; BASE_ERR_NOMEM.
enum base_err settings_migrate(cJSON *document, const settings_step *steps, unsigned current,
                               char *why);
