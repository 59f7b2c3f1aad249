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
    size_t size = settings_max_bytes(ctx->settings->port) + SETTINGS_DEFAULTS_SIZE + 1;
    char *text = cJSON_malloc(size);
    if (text)
        (void)settings_print(ctx->settings, SETTINGS_ALL, text, size);
    return api_answer(200, text);
}
