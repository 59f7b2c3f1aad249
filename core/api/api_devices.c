// SPDX-License-Identifier: Apache-2.0
#include "api/api_devices.h"
#include "api/api_descriptors.h"
#include "api/api_device.h"
#include "api/api_endpoints.h"
#include "api/api_sorted.h"

struct api_response api_get_devices(const struct api_context *ctx, const struct api_request *req,
                                    const char *argument)
{
    struct api_sorted sorted;
    struct api_json j;
    (void)req;
    (void)argument;
    if (!api_sorted_begin(&sorted, ctx))
        return api_answer(200, NULL);
    (void)server_usages(ctx->server, ctx->now_us);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_json_array(&j, "devices");
    for (unsigned i = 0; i < sorted.count; i++)
        api_device(&j, NULL, ctx, sorted.device[i]);
    api_json_array_end(&j);
    api_json_object_end(&j);
    api_sorted_end(&sorted);
    return api_answer(200, api_json_end(&j));
}

struct api_response api_get_device(const struct api_context *ctx, const struct api_request *req,
                                   const char *name)
{
    struct api_json j;
    struct api_response r;
    const struct registry_device *d = api_device_find(ctx, name, &r);
    (void)req;
    if (!d)
        return r;
    (void)server_usages(ctx->server, ctx->now_us);
    api_json_begin(&j);
    api_json_object(&j, NULL);
    api_device_members(&j, ctx, d);
    api_descriptors(&j, d);
    api_endpoints(&j, d->usage ? d->usage->session : NULL, ctx->now_us);
    api_round_trip(&j, d->usage ? d->usage->session : NULL);
    api_json_object_end(&j);
    return api_answer(200, api_json_end(&j));
}
