// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/history: rates of the last minute and the last hour. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_history(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument);
