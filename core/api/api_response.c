// SPDX-License-Identifier: Apache-2.0
#include "api/api.h"

#include <stddef.h>

void api_response_free(struct api_response *r)
{
    api_text_free(r->memory);
    r->memory = NULL;
}
