// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/status: what the server has and does. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_status(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);
