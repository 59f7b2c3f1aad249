// SPDX-License-Identifier: Apache-2.0
// Whether a text is JSON as RFC 8259 has it, and plain enough for settings, before the JSON library
// gets it. The library recurses a thousand levels deep, which a small stack does not survive, takes
// control characters for blanks, numbers like 01, and what follows the document for nothing; and it
// does not say whether it ran out of memory. Any thread; stack for SETTINGS_JSON_DEPTH levels.
#pragma once

#include "settings/settings.h"

enum { SETTINGS_JSON_DEPTH = 5, SETTINGS_JSON_NUMBER_SIZE = 32 };

// Takes one object and blanks around it, `most` bytes. Strings hold UTF-8, and no NUL. False: `why`
// names the line.
bool settings_json_check(const char *json, size_t size, size_t most, char *why);
