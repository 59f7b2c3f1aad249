// SPDX-License-Identifier: Apache-2.0
// Members of objects in a document's lists: read and checked one by one. Any thread.
#pragma once

#include "access/access_name.h"
#include "settings/settings_error.h"

#include <cJSON.h>

enum { SETTINGS_NOTE_SIZE = 101 }; // bytes of a note, and its NUL

// Members beside those named (up to NULL), and those that are there twice, are errors.
void settings_member_only(const cJSON *object, const char *const *names,
                          const struct settings_place *in, struct settings_errors *e);

// Whether it is an object; else an error was added.
bool settings_member_object(const cJSON *item, const struct settings_place *place,
                            struct settings_errors *e);

// Text of 1 (or `empty`: 0) to size - 1 bytes without control characters; NULL: an error was added.
const char *settings_member_text(const cJSON *item, size_t size, bool empty,
                                 const struct settings_place *place, struct settings_errors *e);

bool settings_member_block(const cJSON *item, struct base_block *b,
                           const struct settings_place *place, struct settings_errors *e);

// {"busid": "1-2"}, or by alias, serial, label, id or class: exactly one.
void settings_member_device(const cJSON *object, struct access_rule *r,
                            const struct settings_place *place, struct settings_errors *e);
