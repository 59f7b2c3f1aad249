// SPDX-License-Identifier: Apache-2.0
// What reading a document has that others in settings/ need. Any thread.
#pragma once

#include "settings/settings.h"

#include <cJSON.h>

// Brings it to SETTINGS_VERSION, but for the number itself; as settings_migrate().
enum base_err settings_parse_migrate(cJSON *document, char *why);

// Whether settings of the port are in a section of that name.
bool settings_parse_section(const struct settings_port *port, const char *name);
