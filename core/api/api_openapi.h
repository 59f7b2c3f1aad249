// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/openapi.json: what all routes take and answer. Any thread.
#pragma once

#include "api/api.h"

extern const char api_openapi_text[]; // OpenAPI 3.1

struct api_response api_get_openapi(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument);
