// SPDX-License-Identifier: Apache-2.0
#include "api/api_access.h"
#include "api/api_body.h"
#include "api/api_problem.h"
#include "api/api_verdict.h"
#include "api/api_wrong.h"

#include "settings/settings_patch.h"

#include <string.h>

struct question {
    struct access_identity who;
    const struct registry_device *device;
    struct settings s; // with the rules that are asked about
    bool held;         // else those in force
};

static const char *text_of(const cJSON *body, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(body, name));
    return text ? text : "";
}

// Lays {"access": ...} over the settings, of which nobody else hears.
static bool patch(struct question *q, const char *text, struct api_response *r)
{
    struct api_wrong wrong;
    bool room = text && api_wrong_begin(&wrong);
    enum base_err err = BASE_ERR_NOMEM;
    if (room)
        err = settings_patch(&q->s, text, strlen(text), &wrong.errors, NULL);
    if (err == BASE_ERR_NOMEM)
        *r = api_answer(200, NULL);
    else if (err != BASE_OK)
        *r = api_wrong_problem(&wrong, 0);
    if (room)
        api_wrong_end(&wrong);
    return err == BASE_OK;
}

static bool take_access(const struct api_context *ctx, const cJSON *body, struct question *q,
                        struct api_response *r)
{
    cJSON *access = cJSON_GetObjectItemCaseSensitive(body, "access"), *document;
    if (!access)
        return true;
    if (!ctx->settings) {
        *r = api_body_wrong("access", "This server has no settings.");
        return false;
    }
    q->s = *ctx->settings;
    settings_hold(&q->s);
    q->held = true;
    document = cJSON_CreateObject();
    char *text = document && cJSON_AddItemReferenceToObject(document, "access", access)
                     ? cJSON_PrintUnformatted(document)
                     : NULL;
    bool taken = patch(q, text, r);
    cJSON_free(text);
    cJSON_Delete(document);
    return taken;
}

static bool take(const struct api_context *ctx, const cJSON *body, struct question *q,
                 struct api_response *r)
{
    static const char *const names[] = {"address", "busid", "access", NULL};
    if (!api_body_only(body, names, r))
        return false;
    if (!base_address_parse(text_of(body, "address"), &q->who.address)) {
        *r = api_body_wrong("address", "An address like 10.0.0.7 or 2001:db8::7 is wanted.");
        return false;
    }
    q->device = registry_find_named(server_registry(ctx->server), text_of(body, "busid"));
    if (!q->device) {
        *r = api_body_wrong("busid", "No device has that bus ID or alias. It may be unplugged.");
        return false;
    }
    return take_access(ctx, body, q, r);
}

static struct api_response answer(const struct api_context *ctx, const struct question *q)
{
    struct api_json j;
    const struct access_list asked = q->held ? settings_access(&q->s) : *server_access(ctx->server);
    struct access_answer a = {.reason = ACCESS_IS_NOT_EXPORTED};
    if (q->device->state != REGISTRY_HUB)
        a = registry_ask(q->device, &asked, &q->who);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_bool(&j, "allowed", a.yes);
    api_verdict(&j, a);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}

struct api_response api_post_access_test(const struct api_context *ctx,
                                         const struct api_request *req, const char *argument)
{
    struct api_response r = api_answer(200, NULL);
    struct question *q = cJSON_malloc(sizeof *q); // the chip's stacks are small
    cJSON *body = q ? api_body_object(req, &r) : NULL;
    (void)argument;
    if (q)
        *q = (struct question){.who = {.kind = ACCESS_IDENTITY_ADDRESS}};
    if (body && take(ctx, body, q, &r))
        r = answer(ctx, q);
    if (q && q->held)
        settings_drop(&q->s);
    cJSON_free(q);
    cJSON_Delete(body);
    return r;
}
