// SPDX-License-Identifier: Apache-2.0
// What the settings of a port say to its server. Loop thread, or before it runs.
#pragma once

#include "server/server.h"
#include "settings/settings.h"

// Rules and names, which hold at once. False: no memory, all is as before.
bool posix_settings_access(const struct settings *s, struct usbip_server *server, uint64_t now_us);
