// SPDX-License-Identifier: Apache-2.0
#include "api/api_openapi.h"

#include <string.h>

struct api_response api_get_openapi(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument)
{
    (void)ctx;
    (void)req;
    (void)argument;
    return (struct api_response){
        .status = 200,
        .content_type = "application/json",
        .body = api_openapi_text,
        .size = strlen(api_openapi_text),
    };
}
