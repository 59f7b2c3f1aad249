// SPDX-License-Identifier: Apache-2.0
// The firmware's settings: what the build brings (Kconfig), over it what NVS has. They are the loop
// task's, the others copy them. Whoever changes or erases them has them for himself meanwhile,
// since flash takes its time: other tasks wait for him, the loop task refuses.
#pragma once

#include "server/server.h"
#include "settings/settings_patch.h"
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
    struct settings_port port;
    pthread_mutex_t lock; // guards `now`, `taken` and `erased`; nobody waits for flash with it
    pthread_cond_t free;  // nobody has them any more
    struct settings now;  // its lists are counted by the loop task
    bool taken;           // somebody changes or erases them, who may use the rest:
    bool erased;          // nothing is saved any more, or it would all be there again
    struct store_nvs *store;
    struct settings *then; // what will hold
};

// Opens NVS and loads. Whatever is wrong there is logged, and the defaults hold. False: no memory.
bool main_settings_open(struct main_settings *s);

void main_settings_copy(struct main_settings *s, struct settings *copy);

// Loop task: the same with the lists, which are borrowed until the end of the next change.
void main_settings_look(struct main_settings *s, struct settings *now);

// Changes one value and saves; not the loop task. *before: the settings until then. As
// settings_set(), or BASE_ERR_IO: not saved, all is as before.
enum base_err main_settings_set(struct main_settings *s, const char *key, const char *text,
                                struct settings *before, struct settings *after, char *why);

// A change in three steps. Loop task: makes what comes of a merge patch (settings_patch.h). As
// that, or BASE_ERR_IO: not now. With `try` nothing has begun, and *try, to be dropped, is what
// would hold.
enum base_err main_settings_begin(struct main_settings *s, const char *patch, size_t size,
                                  struct settings_errors *errors, struct settings *try, char *why);
// Any other task: saves it. False: it is not saved.
bool main_settings_keep(struct main_settings *s, char *why);
// Loop task: it holds if it is kept; else all is as before.
void main_settings_end(struct main_settings *s, bool kept);

// Of a factory reset; not the loop task. Removes what is saved. The settings in use stay until the
// restart and cannot be changed any more. BASE_OK or BASE_ERR_IO.
enum base_err main_settings_erase(struct main_settings *s, char *why);
// The factory reset has failed behind that: they can be changed, and then all are saved again.
void main_settings_go_on(struct main_settings *s);

// What the server is made with; the limits of `s` can be changed later (server_change_limits).
void main_settings_server(const struct settings *s, struct server_config *c);
