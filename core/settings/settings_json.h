// SPDX-License-Identifier: Apache-2.0
// Whether a text is JSON as RFC 8259 has it, and plain enough for settings, before the JSON library
// gets it. The library recurses a thousand levels deep, which a small stack does not survive, takes
// control characters for blanks, numbers like 01, and what follows the document for nothing; and it
// does not say whether it ran out of memory. Any thread; stack for that many levels.
#pragma once

#include "settings/settings.h"

enum {
    SETTINGS_JSON_DEPTH = 5,        // of what may be inside each other in a document
    SETTINGS_JSON_BACKUP_DEPTH = 7, // in a request that has a document in a backup
    SETTINGS_JSON_NUMBER_SIZE = 32
};

// Takes one object and blanks around it, `most` bytes, and so many brackets inside each other.
// Strings hold UTF-8, and no NUL. False: `why` names the line.
bool settings_json_check_depth(const char *json, size_t size, size_t most, unsigned depth,
                               char *why);

// The same with SETTINGS_JSON_DEPTH.
bool settings_json_check(const char *json, size_t size, size_t most, char *why);
