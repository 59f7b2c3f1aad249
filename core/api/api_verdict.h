// SPDX-License-Identifier: Apache-2.0
// What access rules say, in JSON. Loop thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

// "rule" (null: none fits), "why"
void api_verdict(struct api_json *j, struct access_answer answer);

// "ends": the sessions that end if these settings come into force.
struct settings;
void api_verdict_ends(struct api_json *j, const struct api_context *ctx, const struct settings *s);
