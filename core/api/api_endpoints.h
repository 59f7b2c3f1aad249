// SPDX-License-Identifier: Apache-2.0
// What the endpoints of a session have done, as JSON. Loop thread.
#pragma once

#include "api/api_json.h"
#include "server/server.h"

// "endpoints": one object per endpoint that the session (NULL: none) has or had.
void api_endpoints(struct api_json *j, const struct session *s, uint64_t now_us);

// "control", "isochronous", "bulk", "interrupt"; "no_endpoint" of SESSION_NO_ENDPOINT
const char *api_endpoint_type(unsigned type);
