// SPDX-License-Identifier: Apache-2.0
#include "api/api_routes.h"
#include "api/api_access.h"
#include "api/api_asset.h"
#include "api/api_backup.h"
#include "api/api_box.h"
#include "api/api_certificate.h"
#include "api/api_devices.h"
#include "api/api_events.h"
#include "api/api_healthz.h"
#include "api/api_history.h"
#include "api/api_lease.h"
#include "api/api_live.h"
#include "api/api_login.h"
#include "api/api_metrics.h"
#include "api/api_openapi.h"
#include "api/api_operate.h"
#include "api/api_power.h"
#include "api/api_rename.h"
#include "api/api_restore.h"
#include "api/api_sessions.h"
#include "api/api_settings.h"
#include "api/api_simulated.h"
#include "api/api_status.h"
#include "api/api_tokens.h"
#include "api/api_topology.h"
#include "api/api_users.h"

static const struct api_route routes[] = {
    {"GET", "/healthz", API_ANYBODY, api_get_healthz},
    {"GET", "/metrics", API_VIEW, api_get_metrics},
    {"GET", "/api/v1/openapi.json", API_VIEW, api_get_openapi},
    {"GET", "/api/v1/status", API_VIEW, api_get_status},
    {"GET", "/api/v1/devices", API_VIEW, api_get_devices},
    {"GET", "/api/v1/devices/{busid}", API_VIEW, api_get_device},
    {"GET", "/api/v1/topology", API_VIEW, api_get_topology},
    {"GET", "/api/v1/sessions", API_VIEW, api_get_sessions},
    {"GET", "/api/v1/events", API_VIEW, api_get_events},
    {"GET", "/api/v1/live", API_VIEW, api_get_live},
    {"GET", "/api/v1/history", API_VIEW, api_get_history},
    {"GET", "/api/v1/settings", API_VIEW, api_get_settings},
    {"PATCH", "/api/v1/settings", API_ADMIN, api_patch_settings},
    {"GET", "/api/v1/certificate", API_VIEW, api_get_certificate},
    {"PUT", "/api/v1/certificate", API_ADMIN, api_put_certificate},
    {"POST", "/api/v1/access/test", API_OPERATE, api_post_access_test},
    {"PATCH", "/api/v1/devices/{busid}", API_ADMIN, api_patch_device},
    {"GET", "/api/v1/simulate", API_VIEW, api_get_simulate},
    {"POST", "/api/v1/simulate", API_OPERATE, api_post_simulate},
    {"POST", "/api/v1/devices/{busid}/disconnect", API_OPERATE, api_post_disconnect},
    {"POST", "/api/v1/devices/{busid}/reset", API_OPERATE, api_post_reset},
    {"PUT", "/api/v1/devices/{busid}/power", API_OPERATE, api_put_device_power},
    {"GET", "/api/v1/ports/{port}/power", API_VIEW, api_get_port_power},
    {"PUT", "/api/v1/ports/{port}/power", API_OPERATE, api_put_port_power},
    {"PUT", "/api/v1/devices/{busid}/lease", API_OPERATE, api_put_lease},
    {"DELETE", "/api/v1/devices/{busid}/lease", API_OPERATE, api_delete_lease},
    {"POST", "/api/v1/devices/{busid}/plug", API_OPERATE, api_post_plug},
    {"POST", "/api/v1/devices/{busid}/unplug", API_OPERATE, api_post_unplug},
    {"POST", "/api/v1/devices/{busid}/type", API_OPERATE, api_post_type},
    {"DELETE", "/api/v1/sessions/{id}", API_OPERATE, api_delete_session},
    {"POST", "/api/v1/setup", API_ANYBODY, api_post_setup},
    {"POST", "/api/v1/login", API_ANYBODY, api_post_login},
    {"POST", "/api/v1/logout", API_ANYBODY, api_post_logout},
    {"GET", "/api/v1/me", API_ANYBODY, api_get_me},
    {"PUT", "/api/v1/me/password", API_VIEW, api_put_my_password},
    {"GET", "/api/v1/users", API_ADMIN, api_get_users},
    {"POST", "/api/v1/users", API_ADMIN, api_post_user},
    {"PUT", "/api/v1/users/{name}", API_ADMIN, api_put_user},
    {"DELETE", "/api/v1/users/{name}", API_ADMIN, api_delete_user},
    {"GET", "/api/v1/tokens", API_ADMIN, api_get_tokens},
    {"POST", "/api/v1/tokens", API_ADMIN, api_post_token},
    {"DELETE", "/api/v1/tokens/{id}", API_ADMIN, api_delete_token},
    {"POST", "/api/v1/restart", API_ADMIN, api_post_restart},
    {"POST", "/api/v1/factory-reset", API_ADMIN, api_post_factory_reset},
    {"GET", "/api/v1/backup", API_ADMIN, api_get_backup},
    {"POST", "/api/v1/backup", API_ADMIN, api_post_backup},
    {"POST", "/api/v1/restore", API_ADMIN, api_post_restore},

    {"GET", "/", API_ANYBODY, api_get_page},
    {"GET", "/devices/{busid}", API_ANYBODY, api_get_page},
    {"GET", "/topology", API_ANYBODY, api_get_page},
    {"GET", "/clients", API_ANYBODY, api_get_page},
    {"GET", "/events", API_ANYBODY, api_get_page},
    {"GET", "/settings", API_ANYBODY, api_get_page},
    {"GET", "/settings/{part}", API_ANYBODY, api_get_page},
    {"GET", "/assets/{name}", API_ANYBODY, api_get_asset},
};

const struct api_route *api_routes(unsigned *count)
{
    *count = sizeof routes / sizeof routes[0];
    return routes;
}
