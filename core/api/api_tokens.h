// SPDX-License-Identifier: Apache-2.0
// The tokens of programs, for admins. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_tokens(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);
struct api_response api_post_token(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);
struct api_response api_delete_token(const struct api_context *ctx, const struct api_request *req,
                                     const char *id);
