// SPDX-License-Identifier: Apache-2.0
// POST /api/v1/access/test: may that address have that device? Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_post_access_test(const struct api_context *ctx,
                                         const struct api_request *req, const char *argument);
