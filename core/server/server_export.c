// SPDX-License-Identifier: Apache-2.0
// What is exported at all: said when a device comes, and when it changes.
#include "server/server_state.h"

static void tell_export(struct usbip_server *server, struct registry_device *d)
{
    const struct access_answer a = registry_exports(d, server->access);
    if (!a.yes && a.reason != d->kept)
        server_record(server, d->info.busid, NULL,
                      EVENTLOG_WITH(device_kept, .reason = a.reason, .rule = a.rule));
    else if (a.yes && d->kept)
        server_record(server, d->info.busid, NULL, EVENTLOG(device_exported));
    d->kept = a.yes ? 0 : a.reason;
}

// Its host uses it, or something else keeps it from being used.
static void tell_obstacle(struct usbip_server *server, struct registry_device *d, bool taken)
{
    const enum usb_obstacle reason = d->info.obstacle;
    server_record(server, d->info.busid, NULL,
                  taken ? EVENTLOG_WITH(device_taken, .reason = reason)
                        : EVENTLOG_WITH(device_obstacle, .reason = reason));
}

void server_export_tell(struct usbip_server *server, struct registry_device *d, bool fresh)
{
    const enum usb_obstacle obstacle = d->info.obstacle;
    bool taken = usb_obstacle_is_use(obstacle) && registry_rest(d) == REGISTRY_AVAILABLE;
    if (fresh ? obstacle != USB_OBSTACLE_NONE : taken != d->taken)
        tell_obstacle(server, d, taken);
    d->taken = taken;
    if (d->state != REGISTRY_HUB)
        tell_export(server, d);
}
