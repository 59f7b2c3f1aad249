// SPDX-License-Identifier: Apache-2.0
// A whole document, of this port or another one, put in the place of the settings: as a merge patch
// (settings_patch.h). Any thread.
#pragma once

#include "settings/settings.h"

#include <cJSON.h>

// Why a member of the document is left out.
enum settings_left {
    SETTINGS_LEFT_UNKNOWN, // no port has it
    SETTINGS_LEFT_PORT,    // this one has not
    SETTINGS_LEFT_FIXED,   // it is not to be changed
};

struct settings_whole {
    const struct settings_port *port;
    bool (*is_fixed)(void *ctx, const char *key); // "access.mode"
    void (*left)(void *ctx, const char *key, enum settings_left why);
    void *ctx;
};

// Makes the patch of *document, of this or an older version, over `present`, which is what
// settings_print() says has changed: what only that has goes away. Values are checked when it is
// applied.
// @return BASE_ERR_INVALID, BASE_ERR_UNSUPPORTED (a newer version): `why`; BASE_ERR_NOMEM.
enum base_err settings_whole(const struct settings_whole *w, cJSON *document, const cJSON *present,
                             char *why);
