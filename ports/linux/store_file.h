// SPDX-License-Identifier: Apache-2.0
// The settings store of Linux: settings.json in a folder, settings.json.old with what was there
// before. A document is written beside them, flushed and renamed, so a crash at any moment leaves
// a whole one. One process per folder. One thread at a time; blocks on the disk.
#pragma once

#include "settings/settings_store.h"

#include <stdatomic.h>

//
// Beside it secrets.json, by the same means: nobody but its owner can read it, and any number of
// processes use it: who writes holds secrets.lock.
struct store_file {
    struct settings_store store; // for settings_store_load() and so on
    int folder;                  // the open folder; of settings.json locked while that is open
    const struct store_file_names *names;
    int held;                      // descriptor of the lock while it is held, or -1
    atomic_uint_least64_t written; // the file that was last written, as a number; any thread
};

enum { STORE_FILE_MAX_BYTES = 256 * 1024 }; // of a document

// Makes the folder if only its last part is missing (mode 0700). False: `why` (SETTINGS_WHY_SIZE
// bytes) says why not, without the folder's name.
bool store_file_open(struct store_file *f, const char *folder, char *why);
void store_file_close(struct store_file *f);

#define STORE_FILE_SECRETS "secrets.json"

// The same for secrets.json. It needs store_file_open()'s folder no more than any other.
bool store_file_open_secrets(struct store_file *f, const char *folder, char *why);

// And for certificate.pem, with its key, which only the server of the folder writes.
bool store_file_open_certificate(struct store_file *f, const char *folder, char *why);

// hold(), if it need not wait. For the loop's thread.
bool store_file_try_hold(struct store_file *f);

// Whether the newest copy is neither what was there at the opening nor what `f` has last written.
// While it is held.
bool store_file_is_anothers(struct store_file *f);

// A document of somebody else's, which is only read: up to STORE_FILE_MAX_BYTES into `text`,
// which has room for one byte more.
// OK, NONE (no such file), DAMAGED (too long) or FAILED; `why` says what, without the path.
enum settings_store_result store_file_read(const char *path, char *text, size_t *size, char *why);
