// SPDX-License-Identifier: Apache-2.0
// Users, for admins. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_users(const struct api_context *ctx, const struct api_request *req,
                                  const char *argument);
struct api_response api_post_user(const struct api_context *ctx, const struct api_request *req,
                                  const char *argument);
struct api_response api_put_user(const struct api_context *ctx, const struct api_request *req,
                                 const char *name);
struct api_response api_delete_user(const struct api_context *ctx, const struct api_request *req,
                                    const char *name);
