// SPDX-License-Identifier: Apache-2.0
// A folder of its own for a test that keeps settings in files.
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct settings_folder {
    char path[64];
};

void settings_folder_make(struct settings_folder *f);
void settings_folder_remove(struct settings_folder *f); // with the files in it

// "PATH/NAME"; valid until the next call.
const char *settings_folder_file(const struct settings_folder *f, const char *name);

// `text` NULL removes the file; `size` bytes of it otherwise.
void settings_folder_put(const struct settings_folder *f, const char *name, const char *text,
                         size_t size);
bool settings_folder_has(const struct settings_folder *f, const char *name);
