// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/devices and one of them. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_devices(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument);
struct api_response api_get_device(const struct api_context *ctx, const struct api_request *req,
                                   const char *name);
