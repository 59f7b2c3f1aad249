// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/sessions. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

struct api_response api_get_sessions(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument);

// "sessions", by their ids.
void api_sessions(struct api_json *j, const struct api_context *ctx, bool with_device_only);
