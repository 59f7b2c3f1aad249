// SPDX-License-Identifier: Apache-2.0
#include "api/api_routes.h"
#include "api/api_asset.h"
#include "api/api_healthz.h"
#include "api/api_status.h"

static const struct api_route routes[] = {
    {"GET", "/healthz", API_VIEW, api_get_healthz},
    {"GET", "/api/v1/status", API_VIEW, api_get_status},

    {"GET", "/", API_VIEW, api_get_page},
    {"GET", "/devices/{busid}", API_VIEW, api_get_page},
    {"GET", "/topology", API_VIEW, api_get_page},
    {"GET", "/clients", API_VIEW, api_get_page},
    {"GET", "/events", API_VIEW, api_get_page},
    {"GET", "/settings", API_VIEW, api_get_page},
    {"GET", "/assets/{name}", API_VIEW, api_get_asset},
};

const struct api_route *api_routes(unsigned *count)
{
    *count = sizeof routes / sizeof routes[0];
    return routes;
}
