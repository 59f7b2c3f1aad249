// SPDX-License-Identifier: Apache-2.0
#include "api/api_operate.h"
#include "api/api_device.h"
#include "api/api_problem.h"

#include "base/base_number.h"

static struct api_response accepted(const char *name, uint64_t number)
{
    struct api_json j;
    api_json_begin(&j);
    api_json_object(&j, NULL);
    if (name)
        api_json_number(&j, name, number);
    api_json_object_end(&j);
    return api_answer(202, api_json_end(&j));
}

struct api_response api_post_disconnect(const struct api_context *ctx,
                                        const struct api_request *req, const char *name)
{
    struct api_response r;
    const struct registry_device *d = api_device_find(ctx, name, &r);
    (void)req;
    if (!d)
        return r;
    uint32_t session = d->session;
    if (session == 0 || !server_disconnect(ctx->server, session, ctx->now_us))
        return api_problem(409, "Nobody has the device", "There is no client to disconnect.");
    return accepted("session", session);
}

static const char *why_no_reset(const struct registry_device *d)
{
    if (d->state == REGISTRY_HUB)
        return "It is a hub. Reset the devices behind it.";
    if (d->state == REGISTRY_REFUSED)
        return "It cannot be used. Its obstacle says what helps.";
    return "It is not exported, so that the server leaves it alone.";
}

struct api_response api_post_reset(const struct api_context *ctx, const struct api_request *req,
                                   const char *name)
{
    struct api_response r;
    struct registry_device *d = api_device_find(ctx, name, &r);
    (void)req;
    if (!d)
        return r;
    enum base_err err = server_reset_device(ctx->server, d, ctx->now_us);
    if (err == BASE_ERR_INVALID)
        return api_problem(409, "The device cannot be reset", why_no_reset(d));
    if (err != BASE_OK)
        return api_problem(409, "The device is busy",
                           "It is being opened, cleaned or reset. Try again in a moment.");
    return accepted(NULL, 0);
}

struct api_response api_delete_session(const struct api_context *ctx, const struct api_request *req,
                                       const char *id)
{
    uint64_t number = 0;
    (void)req;
    if (!base_number(id, 1, UINT32_MAX, &number) ||
        !server_disconnect(ctx->server, (uint32_t)number, ctx->now_us))
        return api_problem(404, "No such session", "It has ended, or there never was one.");
    return accepted("session", number);
}
