// SPDX-License-Identifier: Apache-2.0
// A backup (api_backup.h) brought back: what would be other, and then all of it or nothing. Loop
// thread.
#pragma once

#include "api/api.h"
#include "settings/settings.h"

struct api_response api_post_restore(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument);

// The longest body that can be one here, for `body_max`.
size_t api_restore_body_max(const struct settings_port *port);
