// SPDX-License-Identifier: Apache-2.0
// The limits that a server starts with, and what they may be.
#include "server/server.h"

enum { SECOND_US = 1000000 };

void server_config_default(struct server_config *c)
{
    *c = (struct server_config){
        .session =
            {
                .max_urb_bytes = 1024 * 1024,
                .max_urbs = 256,
                .budget_bytes = 16 * 1024 * 1024,
                .op_timeout_us = 10 * SECOND_US,
                .import_timeout_us = 8 * SECOND_US, // browsers' clients give up after 10 s
                .hold_us = 1 * SECOND_US,
                .unlink_us = SECOND_US / 10,
                .linger_us = 2 * SECOND_US,
                .silent_us = 14400ull * SECOND_US,
                .full_us = 60ull * SECOND_US,
            },
        .max_connections = 256,
        .max_devices = 127,
        .total_budget_bytes = 256 * 1024 * 1024,
        .pool_cache_bytes = 16 * 1024 * 1024,
        .eventlog_capacity = 1000,
    };
}

enum base_err server_config_check(const struct server_config *c, const char **why)
{
    const struct session_limits *s = &c->session;
    *why = NULL;
    if (s->max_urb_bytes < 4096 || s->max_urb_bytes > 32u * 1024 * 1024)
        *why = "the longest URB must be 4 KiB to 32 MiB";
    else if (s->max_urbs < 64 || s->max_urbs > 65536)
        *why = "URBs in flight per session must be 64 to 65536";
    else if (s->budget_bytes < session_reserve(s))
        *why = "a session's budget must hold its longest URB, or 1 MiB";
    else if (c->total_budget_bytes < s->budget_bytes)
        *why = "the total budget must hold one session's budget";
    else if (c->max_connections < 1 || c->max_devices < 1 || c->eventlog_capacity < 1)
        *why = "connections, devices and events kept must be at least 1";
    return *why ? BASE_ERR_INVALID : BASE_OK;
}
