// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/status: the server in figures. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

struct api_response api_get_status(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);

// Its members, into an object that is open.
void api_status_members(struct api_json *j, const struct api_context *ctx, bool with_limits);
