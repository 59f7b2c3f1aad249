// SPDX-License-Identifier: Apache-2.0
// Small files of /sys and /proc. Every path stands under a root, "" for the real one, so that tests
// bring a tree of their own. Any thread; may block for as long as the kernel takes.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { SYSFS_PATH_SIZE = 512, SYSFS_LINE_SIZE = 256 };

// Up to `size` bytes of the file `folder`/`name`; -1: it cannot be read.
ssize_t sysfs_bytes(const char *folder, const char *name, void *out, size_t size);

// The first line of a file, without its end; "" and false if it cannot be read.
bool sysfs_line(const char *folder, const char *name, char *out, size_t size);

// A decimal number at the begin of a file; -1: there is none.
long sysfs_number(const char *folder, const char *name);

// Calls `each` for the lines of a file, however long they are, until it returns true. That is the
// result, too.
bool sysfs_any_line(const char *path, bool (*each)(void *ctx, char *line), void *ctx);

// The same for the names in a folder.
bool sysfs_any_name(const char *folder, bool (*each)(void *ctx, const char *name), void *ctx);

// Where `path` leads to, without symbolic links. False: nowhere.
bool sysfs_real_path(const char *path, char out[SYSFS_PATH_SIZE]);

// Does `path` lie in `folder`, or is it the folder itself?
bool sysfs_is_below(const char *path, const char *folder);

// "FOLDER/NAME". False: it is too long.
bool sysfs_join(char out[SYSFS_PATH_SIZE], const char *folder, const char *name);
