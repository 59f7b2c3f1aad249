// SPDX-License-Identifier: Apache-2.0
// The page: its HTML for every address that it has, and what it is made of. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_page(const struct api_context *ctx, const struct api_request *req,
                                 const char *argument);
struct api_response api_get_asset(const struct api_context *ctx, const struct api_request *req,
                                  const char *argument);
