// SPDX-License-Identifier: Apache-2.0
// GET /api/v1/events: a list, or with "Accept: application/x-ndjson" a stream. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

struct api_response api_get_events(const struct api_context *ctx, const struct api_request *req,
                                   const char *argument);

// The event with what the list of those allowed says now about its client.
void api_events_add(struct api_json *j, const struct api_context *ctx,
                    const struct eventlog_event *e);

// The next event that the stream wants, or NULL.
const struct eventlog_event *api_events_next(const struct api_context *ctx,
                                             const struct api_stream *stream, uint64_t after);
