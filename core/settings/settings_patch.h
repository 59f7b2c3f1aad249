// SPDX-License-Identifier: Apache-2.0
// Changes a part of the settings: a JSON Merge Patch (RFC 7396) of a document. Any thread.
#pragma once

#include "settings/settings.h"

// What somebody wants changed in the document that is kept, of which *s came: null takes a key
// away, and the default holds. *s gets it, or stays as it was. A patch may do without "version".
// What it sets and takes away goes to *set, unless that is NULL.
// @return BASE_ERR_INVALID: refuse it, `errors` says where and why; BASE_ERR_LIMIT: the document
//         would be longer than the port has room for, which is in `errors` as well;
//         BASE_ERR_NOMEM: try again.
enum base_err settings_patch(struct settings *s, const char *patch, size_t size,
                             struct settings_errors *errors, struct settings_keys *set);
