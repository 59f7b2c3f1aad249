// SPDX-License-Identifier: Apache-2.0
// Live updates: a snapshot has a version, and what has changed from the version before is written
// once for all who follow closely; who missed one gets everything, which is written once per
// version as well. Nobody is waited for. Loop thread.
#pragma once

#include "api/api.h"

enum {
    API_LIVE_EVERY_US = 500000,  // snapshots, if something has changed and somebody asks
    API_LIVE_SILENT_US = 2000000 // or if nothing has, so that a dead connection shows
};

struct api_response api_get_live(const struct api_context *ctx, const struct api_request *req,
                                 const char *argument);

// As api_stream_next().
struct api_message *api_live_next(const struct api_context *ctx, struct api_stream *stream);
