// SPDX-License-Identifier: Apache-2.0
#include "api/api_restored.h"
#include "api/api_change.h"
#include "api/api_differences.h"
#include "api/api_guard.h"
#include "api/api_problem.h"

#include "settings/settings_whole.h"

#include <string.h>

struct api_response api_restored_wrong(const char *pointer, const char *detail)
{
    const struct api_error error = {pointer, detail};
    return api_problem_of(422, "This backup cannot be used", detail, &error, 1);
}

// --- what is not for this server -----------------------------------------------------------------

void api_restored_ignore(struct api_restored *s, const char *key, const char *detail)
{
    api_json_object(&s->ignored, NULL);
    api_differences_pointer(&s->ignored, "pointer", key);
    api_json_text(&s->ignored, "detail", detail);
    api_json_object_end(&s->ignored);
}

struct trying {
    struct api_restored *s;
    const struct api_change *change; // NULL: none
};

static bool is_fixed(void *ctx, const char *key)
{
    const struct api_change *change = ((const struct trying *)ctx)->change;
    const char *fixed;
    for (unsigned i = 0; change && (fixed = change->fixed(change->ctx, i)); i++)
        if (strcmp(fixed, key) == 0)
            return true;
    return false;
}

static void left(void *ctx, const char *key, enum settings_left why)
{
    static const char *const details[] = {
        [SETTINGS_LEFT_UNKNOWN] = "This program does not know it.",
        [SETTINGS_LEFT_PORT] = "This kind of server does not have it.",
        [SETTINGS_LEFT_FIXED] = "The administrator's file decides about it here.",
    };
    api_restored_ignore(((struct trying *)ctx)->s, key, details[why]);
}

// --- what would be -------------------------------------------------------------------------------

static char *print(const struct settings *s, enum settings_extent extent)
{
    size_t size = settings_max_bytes(s->port) + SETTINGS_DEFAULTS_SIZE + 1;
    char *text = cJSON_malloc(size);
    if (text)
        (void)settings_print(s, extent, text, size);
    return text;
}

bool api_restored_patch(struct api_restored *s, const struct api_context *ctx, cJSON *settings,
                        struct api_response *r)
{
    struct trying t = {s, ctx->change};
    const struct settings_whole whole = {ctx->settings->port, is_fixed, left, &t};
    char why[SETTINGS_WHY_SIZE];
    char *text = print(ctx->settings, SETTINGS_CHANGED);
    cJSON *present = text ? cJSON_Parse(text) : NULL;
    enum base_err err = present ? settings_whole(&whole, settings, present, why) : BASE_ERR_NOMEM;
    if (err == BASE_OK)
        s->patch = cJSON_PrintUnformatted(settings);
    *r = api_answer(200, NULL);
    if (err == BASE_ERR_INVALID || err == BASE_ERR_UNSUPPORTED)
        *r = api_restored_wrong("/backup/settings/version", why);
    cJSON_Delete(present);
    cJSON_free(text);
    return s->patch != NULL;
}

static const char *host_header(void *ctx, const char *name)
{
    return strcmp(name, "Host") == 0 ? ctx : NULL;
}

// The next request, by the same name, must not be one for somebody else.
static bool still_answers(const struct api_context *ctx, const struct settings *then,
                          const char *host, struct api_response *r)
{
    const struct api_request next = {.method = "POST",
                                     .path = "/api/v1/restore",
                                     .header = host_header,
                                     .header_ctx = (char *)(uintptr_t)host}; // only read
    struct api_context with = *ctx;
    with.settings = then;
    if (ctx->host_name == ctx->settings->host_name)
        with.host_name = then->host_name;
    if (!host[0] || !api_guard_host(&with, &next))
        return true;
    *r = api_problem(409, "You would be locked out",
                     "With these settings the server does not answer by the name that you ask it "
                     "by. Ask by its address.");
    return false;
}

bool api_restored_compare(struct api_restored *s, const struct api_context *ctx,
                          const struct settings *then, const char *host, struct api_response *r)
{
    s->before = print(ctx->settings, SETTINGS_ALL);
    s->after = print(then, SETTINGS_ALL);
    s->restart = memcmp(ctx->settings->bus_speed, then->bus_speed, sizeof then->bus_speed) != 0;
    *r = api_answer(200, NULL);
    return s->before && s->after && still_answers(ctx, then, host, r);
}

void api_restored_free(struct api_restored *s)
{
    api_text_free(api_json_end(&s->ignored));
    cJSON_free(s->patch);
    cJSON_free(s->before);
    cJSON_free(s->after);
}
