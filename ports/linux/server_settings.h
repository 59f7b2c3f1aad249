// SPDX-License-Identifier: Apache-2.0
// The settings of usbip-server: defaults, over them what --state-dir keeps, over that the
// administrator's document (--config), which is never written. Before the loop runs, then loop
// thread, except for server_settings_keep(); reads files.
#pragma once

#include "ports/linux/log.h"
#include "ports/linux/store_file.h"
#include "server/server.h"
#include "settings/settings_patch.h"

enum server_settings_result {
    SERVER_SETTINGS_OK,
    SERVER_SETTINGS_WRONG,  // the administrator's document is
    SERVER_SETTINGS_FAILED, // the state folder cannot be used
};

enum { SERVER_SETTINGS_WHY_SIZE = 512 };

struct server_settings {
    struct settings_port port;
    char host_name[SETTINGS_HOST_NAME_SIZE]; // this machine's own, the default
    const char *config_file;                 // borrowed; NULL: none
    const char *state_folder;                // borrowed; NULL: nothing is kept
    struct store_file store;                 // of the folder
    struct settings stored;                  // defaults and what the store has
    struct settings now;                     // and the administrator's document over that
    struct settings_keys fixed;              // that the administrator's document has
    bool changing;                           // between server_settings_begin() and _end():
    struct settings stored_then, then;       // what is stored and holds after it
    struct settings_keys fixed_then;
    char why[SERVER_SETTINGS_WHY_SIZE]; // a sentence without its full stop, unless OK
};

// Reads both, either may be NULL; `policy` is "export" where neither has it; they are borrowed, and
// *s, zeroed, stays where it is. A copy in the state folder that had to be passed over is a warning
// in the log. On an error all is closed again.
enum server_settings_result server_settings_open(struct server_settings *s, const char *config_file,
                                                 const char *state_folder,
                                                 enum access_export policy, const struct log *log);
void server_settings_close(struct server_settings *s);

// Reads the administrator's document again. What changed is logged, key by key. If it is wrong,
// that is a warning, everything stays as it was, and the answer is false. Not during a change.
bool server_settings_reload(struct server_settings *s, const struct log *log);

// The i-th key that the administrator's document has; nobody else can change it. NULL behind the
// last.
const char *server_settings_fixed(const struct server_settings *s, unsigned i);

enum server_settings_change {
    SERVER_SETTINGS_CHANGE_OK,
    SERVER_SETTINGS_CHANGE_WRONG,  // `errors` says what is
    SERVER_SETTINGS_CHANGE_FIXED,  // it sets a key of the administrator's document: `why`
    SERVER_SETTINGS_CHANGE_FAILED, // no memory, or it cannot be kept: `why`
};

// A change, one at a time. Takes a merge patch (settings_patch.h); unless OK, none has begun. With
// `try` none begins either, and *try, to be dropped, is what would hold.
enum server_settings_change server_settings_begin(struct server_settings *s, const char *patch,
                                                  size_t size, struct settings_errors *errors,
                                                  struct settings *try);

// Any thread, between them: writes what comes of it, if there is a folder. False: `why`, of
// SERVER_SETTINGS_WHY_SIZE, and nothing is kept.
bool server_settings_keep(struct server_settings *s, char *why);

// `kept`: it holds, and the caller puts into force what is in `now` (server_settings_limits(),
// posix_settings_access()); else all is as before.
void server_settings_end(struct server_settings *s, bool kept);

// Any thread but while something is kept: removes what the folder has, which holds until the end.
// False: `why`, of SETTINGS_WHY_SIZE.
bool server_settings_erase(struct server_settings *s, char *why);

// What somebody has named the server; NULL: nobody, so that it is called as its machine.
const char *server_settings_name(const struct server_settings *s);

// Puts the limits into `config`, which passes server_config_check() then.
void server_settings_limits(const struct settings *s, struct server_config *config);

// Makes the budgets fit the kernel's memory for transfers (sysfs_usbfs.h). True: it is less than
// the settings allow.
bool server_settings_fit(struct server_config *config, uint64_t kernel_bytes);

// The most connections that any settings allow.
unsigned server_settings_most_connections(const struct server_settings *s);
