// SPDX-License-Identifier: Apache-2.0
// What can be done to devices and sessions. What takes time is answered with 202, and its outcome
// is an event. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_post_disconnect(const struct api_context *ctx,
                                        const struct api_request *req, const char *name);
struct api_response api_post_reset(const struct api_context *ctx, const struct api_request *req,
                                   const char *name);
struct api_response api_delete_session(const struct api_context *ctx, const struct api_request *req,
                                       const char *id);
