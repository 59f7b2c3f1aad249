// SPDX-License-Identifier: Apache-2.0
// What the endpoints of a session have done, as JSON. Loop thread.
#pragma once

#include "api/api_json.h"
#include "session/session.h"

// Adds an object per endpoint that the session has or had to the array `list`.
void api_endpoints(struct api_json *j, cJSON *list, const struct session *s, uint64_t now_us);
