// SPDX-License-Identifier: Apache-2.0
// The settings store of Linux: settings.json in a folder, settings.json.old with what was there
// before. A document is written beside them, flushed and renamed, so a crash at any moment leaves
// a whole one. One process per folder. One thread at a time; blocks on the disk.
#pragma once

#include "settings/settings_store.h"

struct store_file {
    struct settings_store store; // for settings_store_load() and so on
    int folder;                  // the open folder, locked while the store is open
};

enum { STORE_FILE_MAX_BYTES = 256 * 1024 }; // of a document

// Makes the folder if only its last part is missing (mode 0700). False: `why` (SETTINGS_WHY_SIZE
// bytes) says why not, without the folder's name.
bool store_file_open(struct store_file *f, const char *folder, char *why);
void store_file_close(struct store_file *f);

// A document of somebody else's, which is only read: up to STORE_FILE_MAX_BYTES into `text`,
// which has room for one byte more.
// OK, NONE (no such file), DAMAGED (too long) or FAILED; `why` says what, without the path.
enum settings_store_result store_file_read(const char *path, char *text, size_t *size, char *why);
