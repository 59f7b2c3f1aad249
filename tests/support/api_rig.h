// SPDX-License-Identifier: Apache-2.0
// Routes asked on a stage, without HTTP, and looking at the JSON that comes. What is missing fails
// the running test.
#pragma once

#include "api/api.h"
#include "tests/support/stage.h"

#include <cJSON.h>

// As a port on this machine asks: "GET", "/api/v1/events?limit=1".
struct api_context api_rig_context(const struct stage *st);
struct api_response api_rig_ask(const struct api_context *ctx, const char *method,
                                const char *target, const char *body);

// What comes of it, if it is a job: begun, run and finished.
struct api_response api_rig_finish(const struct api_context *ctx, struct api_response r);

// The answer with that status, to be deleted; and that of a GET with 200.
cJSON *api_rig_json(const struct api_context *ctx, const char *method, const char *target,
                    const char *body, int status);
cJSON *api_rig_get(const struct stage *st, const char *target);

cJSON *api_rig_member(const cJSON *o, const char *name);
cJSON *api_rig_item(const cJSON *list, int i);
const char *api_rig_text(const cJSON *o, const char *name);
double api_rig_number(const cJSON *o, const char *name);
bool api_rig_is_null(const cJSON *o, const char *name);
// The one of `list` whose member `name` is `value`.
cJSON *api_rig_find(const cJSON *list, const char *name, const char *value);
