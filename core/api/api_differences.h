// SPDX-License-Identifier: Apache-2.0
// What is other in two documents of settings. Any thread.
#pragma once

#include "api/api_json.h"
#include "users/users_document.h"

// Documents with all values (SETTINGS_ALL), as text. "differences": [{"pointer", "from", "to"}], of
// values as they are, a list as a whole.
void api_differences_add(struct api_json *j, const char *before, const char *after);

// "secrets": {"users", "tokens"}, the names of those that are other ones, or in one document alone;
// `before` NULL: null.
void api_differences_add_users(struct api_json *j, const struct users_document *before,
                               const struct users_document *after);

// "access.mode" as "/access/mode".
void api_differences_pointer(struct api_json *j, const char *name, const char *key);
