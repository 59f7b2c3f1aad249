// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/settings: the document with all its values, and what can be changed of it; PATCH
// changes it. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_settings(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument);
struct api_response api_patch_settings(const struct api_context *ctx, const struct api_request *req,
                                       const char *argument);
