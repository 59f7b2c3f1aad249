// SPDX-License-Identifier: Apache-2.0
#include "api/api_routes.h"
#include "api/api_asset.h"
#include "api/api_devices.h"
#include "api/api_events.h"
#include "api/api_healthz.h"
#include "api/api_live.h"
#include "api/api_sessions.h"
#include "api/api_status.h"
#include "api/api_topology.h"

static const struct api_route routes[] = {
    {"GET", "/healthz", API_VIEW, api_get_healthz},
    {"GET", "/api/v1/status", API_VIEW, api_get_status},
    {"GET", "/api/v1/devices", API_VIEW, api_get_devices},
    {"GET", "/api/v1/devices/{busid}", API_VIEW, api_get_device},
    {"GET", "/api/v1/topology", API_VIEW, api_get_topology},
    {"GET", "/api/v1/sessions", API_VIEW, api_get_sessions},
    {"GET", "/api/v1/events", API_VIEW, api_get_events},
    {"GET", "/api/v1/live", API_VIEW, api_get_live},

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
