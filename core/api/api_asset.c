// SPDX-License-Identifier: Apache-2.0
#include "api/api_asset.h"
#include "api/api_problem.h"
#include "base/base_text.h"

#include <string.h>

static const char notice[] =
    "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>usbip-server</title>"
    "<h1>usbip-server</h1>"
    "<p>The server runs, but it was built without its page: <code>./dev web</code> builds that."
    "<p>What it has and does is in <a href=\"/api/v1/status\">/api/v1/status</a>.</html>";

static const struct api_asset *find(const struct api_assets *assets, const char *path)
{
    for (unsigned i = 0; i < assets->count; i++)
        if (strcmp(assets->list[i].path, path) == 0)
            return &assets->list[i];
    return NULL;
}

static struct api_response answer(const struct api_asset *a)
{
    struct api_response r = {
        .status = 200,
        .content_type = a->content_type,
        .encoding = "gzip",
        .cache = a->immutable ? "public, max-age=31536000, immutable" : "no-cache",
        .body = (const char *)a->body,
        .size = a->size,
    };
    (void)base_text_copy(r.etag, sizeof r.etag, a->etag);
    return r;
}

struct api_response api_get_page(const struct api_context *ctx, const struct api_request *req,
                                 const char *argument)
{
    const struct api_asset *page = find(&ctx->assets, "/");
    (void)req;
    (void)argument;
    if (page)
        return answer(page);
    return (struct api_response){
        .status = 200,
        .content_type = "text/html; charset=utf-8",
        .body = notice,
        .size = sizeof notice - 1,
    };
}

struct api_response api_get_asset(const struct api_context *ctx, const struct api_request *req,
                                  const char *argument)
{
    const struct api_asset *asset = find(&ctx->assets, req->path);
    (void)argument;
    if (asset)
        return answer(asset);
    return api_problem(404, "Not found", "The page has no such file.");
}
