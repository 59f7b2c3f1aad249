// SPDX-License-Identifier: Apache-2.0
// PATCH /api/v1/devices/BUSID: alias, labels, and whether it is exported. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_patch_device(const struct api_context *ctx, const struct api_request *req,
                                     const char *name);
