// SPDX-License-Identifier: Apache-2.0
// What is not well, in words: page, metrics and whoever looks after many boxes say the same. Loop
// thread.
#pragma once

#include "api/api.h"
#include "api/api_json.h"

// "restart_reason", "restart_text"
void api_health_restart(struct api_json *j, const struct api_context *ctx);

// "refusals": those of the last hour.
void api_health_refusals(struct api_json *j, const struct api_context *ctx);

// "oldest_pending": the URB that its device has had for the longest time, those that wait for data
// not counted.
void api_health_pending(struct api_json *j, const struct api_context *ctx);

// "problems"
void api_health_problems(struct api_json *j, const struct api_context *ctx,
                         const struct api_port_facts *facts);
