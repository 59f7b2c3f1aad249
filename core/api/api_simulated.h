// SPDX-License-Identifier: Apache-2.0
// What can be done with simulated devices. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_simulate(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument);
struct api_response api_post_simulate(const struct api_context *ctx, const struct api_request *req,
                                      const char *argument);
struct api_response api_post_plug(const struct api_context *ctx, const struct api_request *req,
                                  const char *name);
struct api_response api_post_unplug(const struct api_context *ctx, const struct api_request *req,
                                    const char *name);
struct api_response api_post_type(const struct api_context *ctx, const struct api_request *req,
                                  const char *name);
