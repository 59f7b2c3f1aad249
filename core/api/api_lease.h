// SPDX-License-Identifier: Apache-2.0
// Leases of devices. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

// "lease" of a device: whose it is meanwhile, or null.
void api_lease(struct api_json *j, const struct api_context *ctx, const char *busid);

struct api_response api_put_lease(const struct api_context *ctx, const struct api_request *req,
                                  const char *name);
struct api_response api_delete_lease(const struct api_context *ctx, const struct api_request *req,
                                     const char *name);
