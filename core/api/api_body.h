// SPDX-License-Identifier: Apache-2.0
// A request's body, which is a JSON object. Loop thread.
#pragma once

#include "api/api.h"

#include <cJSON.h>

// To be deleted. NULL: *r says what is wrong. No deeper than SETTINGS_JSON_DEPTH.
cJSON *api_body_object(const struct api_request *req, struct api_response *r);

// Whether each of its members is one of `names` (NULL behind the last), and there once.
bool api_body_only(const cJSON *body, const char *const *names, struct api_response *r);

// 422: the member `name` is wrong, `detail` is a sentence.
struct api_response api_body_wrong(const char *name, const char *detail);

// The one text that the body has as member `name`, to be freed with api_text_free(). NULL: *r says
// what is wrong: no JSON, no such text, or another member.
char *api_body_text(const struct api_request *req, const char *name, struct api_response *r);
