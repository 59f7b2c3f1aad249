// SPDX-License-Identifier: Apache-2.0
#include "api/api_settings.h"
#include "api/api_problem.h"

#include "settings/settings.h"

#include <cJSON.h> // its memory only

struct api_response api_get_settings(const struct api_context *ctx, const struct api_request *req,
                                     const char *argument)
{
    (void)req;
    (void)argument;
    if (!ctx->settings)
        return api_problem(404, "No settings", "This server has none.");
    char *text = cJSON_malloc(SETTINGS_MAX_BYTES + 1);
    if (text)
        (void)settings_print(ctx->settings, SETTINGS_ALL, text, SETTINGS_MAX_BYTES + 1);
    return api_answer(200, text);
}
