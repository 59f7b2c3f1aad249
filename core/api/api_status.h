// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/status: what the server has and does. Loop thread.
#pragma once

#include "api/api.h"

// One JSON object in one line, free with api_text_free(). NULL: no memory.
char *api_status_json(const struct api_context *ctx);
