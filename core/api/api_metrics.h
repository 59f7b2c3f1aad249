// SPDX-License-Identifier: Apache-2.0
// GET /metrics: the text format of Prometheus. Label sets are bounded: no peer's address, no
// endpoint. Loop thread.
#pragma once

#include "api/api.h"

struct api_response api_get_metrics(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument);
