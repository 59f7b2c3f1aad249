// SPDX-License-Identifier: Apache-2.0
#include "api/api_operate.h"
#include "api/api_json.h"
#include "api/api_problem.h"

#include "base/base_number.h"

static struct registry_device *find(const struct api_context *ctx, const char *busid)
{
    return registry_find(server_registry(ctx->server), busid);
}

static struct api_response no_device(void)
{
    return api_problem(404, "No such device", "No device has that bus ID. It may be unplugged.");
}

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
                                        const struct api_request *req, const char *busid)
{
    const struct registry_device *d = find(ctx, busid);
    (void)req;
    if (!d)
        return no_device();
    uint32_t session = d->session;
    if (session == 0 || !server_disconnect(ctx->server, session, ctx->now_us))
        return api_problem(409, "Nobody has the device", "There is no client to disconnect.");
    return accepted("session", session);
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
