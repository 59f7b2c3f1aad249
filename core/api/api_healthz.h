// SPDX-License-Identifier: Apache-2.0
// GET /healthz. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_healthz(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument);
