// SPDX-License-Identifier: Apache-2.0
// The settings of a backup, and what they would be here. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

#include <cJSON.h>

struct api_restored {
    struct api_json ignored; // what this server does not take: an array, open
    char *patch;             // of the settings of now
    char *before, *after;    // all settings
    bool restart;            // something holds only after one
};

// The patch of the backup's `settings`, which are changed. False: *r. With api_restored_free() in
// any case.
bool api_restored_patch(struct api_restored *s, const struct api_context *ctx, cJSON *settings,
                        struct api_response *r);

// All of now, and of what comes of the patch. `host`: by which the box was asked; it must be so
// then. False: *r.
bool api_restored_compare(struct api_restored *s, const struct api_context *ctx,
                          const struct settings *then, const char *host, struct api_response *r);
void api_restored_free(struct api_restored *s);

// One thing more that is not taken: "access.mode", and a sentence.
void api_restored_ignore(struct api_restored *s, const char *key, const char *detail);

// 422: what is wrong with a body, at "/backup/format".
struct api_response api_restored_wrong(const char *pointer, const char *detail);
