// SPDX-License-Identifier: Apache-2.0
// A request's body, which is a JSON object. Loop thread.
#pragma once

#include "api/api.h"

// The one text that the body has as member `name`, to be freed with api_text_free(). NULL: *r says
// what is wrong: no JSON, no such text, or another member.
char *api_body_text(const struct api_request *req, const char *name, struct api_response *r);
