// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/topology: buses, hubs and ports, the empty ones too. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_topology(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument);
