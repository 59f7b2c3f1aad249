// SPDX-License-Identifier: Apache-2.0
// The first password, logging in and out, and who one is. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_post_setup(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);
struct api_response api_post_login(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);
struct api_response api_post_logout(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument);
struct api_response api_get_me(const struct api_context *ctx, const struct api_request *req,
                               const char *argument);
struct api_response api_put_my_password(const struct api_context *ctx,
                                        const struct api_request *req, const char *argument);
