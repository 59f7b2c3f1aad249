// SPDX-License-Identifier: Apache-2.0
// The firmware's settings: what the build brings (Kconfig), over it what NVS has. Any task; a lock
// is held while flash is read or written, so not the loop task.
#pragma once

#include "server/server.h"
#include "settings/settings.h"
#include "store_nvs.h"

#include <pthread.h>
#include <stdbool.h>

// Every device that is attached is a connection; hubs and devices that cannot be exported are known
// devices as well.
enum { MAIN_OTHER_DEVICES = 8 };

// Payload in flight and kept for the next URB. 8 devices with 64 URBs each share it; it is in
// PSRAM, except for what is small.
enum {
    MAIN_MAX_URBS = 64,
    MAIN_SESSION_BUDGET_KIB = 2 * 1024,
    MAIN_TOTAL_BUDGET_KIB = 12 * 1024,
    MAIN_SILENT_S = 600, // lwIP counts 255 keepalives at most, one each 4 s
    MAIN_POOL_CACHE_BYTES = 1024 * 1024,
};

struct main_settings {
    pthread_mutex_t lock; // guards the rest but `port`
    struct store_nvs *store;
    struct settings_port port;
    struct settings now;
    bool erased; // nothing is saved any more, or it would all be there again
};

// Opens NVS and loads. Whatever is wrong there is logged, and the defaults hold. False: no memory.
bool main_settings_open(struct main_settings *s);

void main_settings_copy(struct main_settings *s, struct settings *copy);

// Changes one value and saves. *before: the settings until then. As settings_set(), or BASE_ERR_IO:
// not saved, all is as before.
enum base_err main_settings_set(struct main_settings *s, const char *key, const char *text,
                                struct settings *before, struct settings *after, char *why);

// Factory reset: removes what is saved. The settings in use stay until the restart and cannot be
// changed any more. BASE_OK or BASE_ERR_IO.
enum base_err main_settings_erase(struct main_settings *s, char *why);

// What the server is made with; the limits of `s` can be changed later (server_change_limits).
void main_settings_server(const struct settings *s, struct server_config *c);
