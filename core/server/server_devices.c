// SPDX-License-Identifier: Apache-2.0
// Who has which device: import, what backends report, release.
#include "server/server_state.h"

// --- import --------------------------------------------------------------------------------------

static void refuse_import(struct usbip_server *server, struct server_link *l,
                          enum wire_op_status status)
{
    l->waiting = l->wants_room = false;
    l->device = NULL;
    server->totals.imports_refused++;
    (void)session_import_reply(l->session, status, NULL, server->now_us);
}

static struct server_link *holder_of(const struct usbip_server *server,
                                     const struct registry_device *d)
{
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (l->device == d && !l->waiting)
            return l;
    }
    return NULL;
}

// There is no place or no memory for one more device, unless silent clients turn out to be dead.
static void want_room(struct usbip_server *server, struct server_link *l, struct registry_device *d)
{
    l->waiting = true;
    l->device = d;
    if (server_room_may_come(server, l))
        return;
    server_record(server, d->info.busid, session_peer_address(l->session),
                  EVENTLOG_WITH(connection_refused, .reason = server_room_has_place(server)
                                                                  ? EVENT_REFUSED_NO_MEMORY
                                                                  : EVENT_REFUSED_LIMIT));
    refuse_import(server, l, WIRE_ST_NA);
}

static void open_device(struct usbip_server *server, struct server_link *l,
                        struct registry_device *d)
{
    if (!server_room_has_place(server) || !server_room_has_memory(server)) {
        want_room(server, l, d);
        return;
    }
    l->waiting = false;
    l->device = d;
    d->state = REGISTRY_OPENING;
    d->session = l->id;
    d->backend->open(d->backend, d->backend_device);
}

// Will it be free in a moment, or may it? Then an import waits instead of failing.
static bool being_released(const struct usbip_server *server, const struct registry_device *d)
{
    struct server_link *holder = holder_of(server, d);
    if (d->state == REGISTRY_CLEANING || (holder && session_is_closing(holder->session)))
        return true;
    if (!holder || session_peer(holder->session) == SESSION_PEER_ANSWERS ||
        server->config.never_take_over)
        return false;
    session_peer_probe(holder->session, server->now_us);
    return true;
}

// It holds for whoever comes after it has begun: who has the device keeps it.
static bool is_leased_away(struct usbip_server *server, const struct server_link *l,
                           const struct registry_device *d)
{
    const struct access_identity who = server_identity(l);
    if (!registry_leased_away(d, &who))
        return false;
    server_record_of(server, l, d->info.busid, EVENTLOG(lease_in_force));
    return true;
}

static void import(struct usbip_server *server, struct server_link *l, struct registry_device *d)
{
    if (!d) {
        refuse_import(server, l, WIRE_ST_NODEV);
    } else if (d->state == REGISTRY_REFUSED) {
        refuse_import(server, l, WIRE_ST_DEV_ERR);
    } else if (is_leased_away(server, l, d)) {
        refuse_import(server, l, WIRE_ST_DEV_BUSY);
    } else if (d->state == REGISTRY_AVAILABLE) {
        open_device(server, l, d);
    } else if (being_released(server, d)) {
        l->waiting = true;
        l->device = d;
    } else {
        refuse_import(server, l, WIRE_ST_DEV_BUSY);
    }
}

void server_import(struct usbip_server *server, struct server_link *l, const char *name)
{
    import(server, l, server_find(server, l, name));
}

// One that is being opened for it is let go when the backend has answered.
void server_deny(struct usbip_server *server, struct server_link *l, struct access_answer a)
{
    struct registry_device *d = l->device;
    server_record_of(server, l, d->info.busid,
                     EVENTLOG_WITH(access_ended, .reason = a.reason, .rule = a.rule));
    if (l->waiting) {
        refuse_import(server, l, WIRE_ST_NODEV);
    } else if (d->state == REGISTRY_OPENING) {
        server->totals.imports_refused++;
        (void)session_import_reply(l->session, WIRE_ST_NODEV, NULL, server->now_us);
    } else {
        session_close(l->session, EVENT_END_ACCESS, server->now_us);
    }
}

void server_serve_room(struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (!l->wants_room || !l->waiting || session_is_closing(l->session))
            continue;
        l->wants_room = false;
        import(server, l, l->device);
    }
}

// The device came free: the oldest session that waits gets it, the others hear that it is busy.
static void serve_waiting(struct usbip_server *server, struct registry_device *d)
{
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (l->device != d || !l->waiting || l->wants_room)
            continue;
        if (session_is_closing(l->session)) {
            l->waiting = false;
            l->device = NULL;
            session_give_notice(&l->notice);
        } else if (d->state == REGISTRY_AVAILABLE && !is_leased_away(server, l, d)) {
            open_device(server, l, d);
        } else {
            refuse_import(server, l, WIRE_ST_DEV_BUSY);
        }
    }
}

// What has become of the peer that has `d`; those who wait for it hear of it.
void server_follow_peer(struct usbip_server *server, struct server_link *holder)
{
    struct registry_device *d = holder->device;
    enum session_peer peer = session_peer(holder->session);
    if (peer == SESSION_PEER_ANSWERS && !(d && d->silent)) // as a rule
        return;
    if (!d || holder->waiting || session_is_closing(holder->session))
        return;
    d->silent = peer != SESSION_PEER_ANSWERS;
    if (peer == SESSION_PEER_PROBED)
        return;
    bool wanted = server_room_wanted(server);
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (l->device != d || !l->waiting || session_is_closing(l->session))
            continue;
        wanted = true;
        if (peer != SESSION_PEER_DEAD)
            refuse_import(server, l, WIRE_ST_DEV_BUSY);
    }
    if (wanted && peer == SESSION_PEER_DEAD)
        session_close(holder->session, EVENT_END_PEER_DEAD, server->now_us);
    if (!server_room_hope(server))
        server_serve_room(server);
}

static void release_device(struct registry_device *d)
{
    d->state = REGISTRY_CLEANING;
    d->silent = false;
    d->session = 0;
    server_usage_end(d->usage);
    d->backend->close(d->backend, d->backend_device);
}

static struct server_slot *slot_of(struct usbip_server *server, const struct usbip_backend *b)
{
    for (unsigned i = 0; i < server->backend_count; i++)
        if (server->backends[i].backend == b)
            return &server->backends[i];
    return NULL;
}

// --- reset by the server -------------------------------------------------------------------------

// Whoever wants a free device meanwhile waits, as while it is cleaned.
enum base_err server_reset_device(struct usbip_server *server, struct registry_device *d,
                                  uint64_t now_us)
{
    server->now_us = now_us;
    if (d->state == REGISTRY_REFUSED || d->state == REGISTRY_HUB ||
        !registry_exports(d, server->access).yes)
        return BASE_ERR_INVALID;
    if (server->stopping)
        return BASE_ERR_BUSY;
    if (d->state == REGISTRY_IN_USE)
        return session_reset(holder_of(server, d)->session, now_us) ? BASE_OK : BASE_ERR_BUSY;
    if (d->state != REGISTRY_AVAILABLE)
        return BASE_ERR_BUSY;
    d->state = REGISTRY_CLEANING;
    d->resetting = true;
    d->backend->open(d->backend, d->backend_device);
    return BASE_OK;
}

static void reset_over(struct usbip_server *server, struct registry_device *d,
                       enum eventlog_reset why)
{
    d->resetting = false;
    server_record(server, d->info.busid, NULL,
                  why ? EVENTLOG_WITH(device_reset_failed, .reason = why)
                      : EVENTLOG(device_reset_done));
}

static void opened_for_reset(struct usbip_server *server, struct registry_device *d,
                             enum base_err result)
{
    const struct usb_control_op op = {.type = USB_RESET_DEVICE};
    if (result == BASE_OK) {
        d->backend->control(d->backend, d->backend_device, &op);
        return;
    }
    reset_over(server, d, result == BASE_ERR_BUSY ? EVENT_RESET_BUSY : EVENT_RESET_NOT_OPENED);
    d->state = registry_rest(d);
    serve_waiting(server, d);
}

static void control_done(struct usbip_server *server, struct registry_device *d, int32_t status)
{
    if (!d->resetting) {
        session_control_done(holder_of(server, d)->session, status, server->now_us);
        return;
    }
    reset_over(server, d, status == USB_STATUS_OK ? 0 : EVENT_RESET_FAILED);
    d->backend->close(d->backend, d->backend_device);
}

// --- events from backends ------------------------------------------------------------------------

static void refuse_device(struct usbip_server *server, const char *busid, enum eventlog_refusal why)
{
    server_record(server, busid, NULL, EVENTLOG_WITH(device_refused, .reason = why));
}

static void device_plugged(struct usbip_server *server, struct usbip_backend *b,
                           const struct backend_event *ev)
{
    static const enum eventlog_refusal why[] = {
        [-BASE_ERR_NOMEM] = EVENT_REFUSED_NO_MEMORY,
        [-BASE_ERR_BUSY] = EVENT_REFUSED_DUPLICATE,
        [-BASE_ERR_LIMIT] = EVENT_REFUSED_LIMIT,
    };
    struct registry_device *d = NULL;
    struct usb_device_descriptor desc = {0};
    enum base_err err =
        registry_add(&server->registry, ev->info, b, ev->device, server->now_us, &d);
    (void)usb_device_descriptor_unpack(&desc, ev->info->device_descriptor);
    if (err != BASE_OK) {
        refuse_device(server, ev->info->busid, why[-err]);
        return;
    }
    d->usage = server_usage_plugged(&server->usages, &d->info);
    server_lease_plugged(server, d);
    bool usable = d->info.obstacle == USB_OBSTACLE_NONE || d->state == REGISTRY_AVAILABLE;
    if (usable)
        server_record(server, d->info.busid, NULL,
                      EVENTLOG_WITH(device_plugged,
                                    .id = (uint32_t)desc.idVendor << 16 | desc.idProduct,
                                    .speed = d->info.speed));
    if (usable && d->state == REGISTRY_REFUSED)
        refuse_device(server, d->info.busid, EVENT_REFUSED_DESCRIPTORS);
    server_export_tell(server, d, true);
}

static void device_unplugged(struct usbip_server *server, struct registry_device *d)
{
    server_record(server, d->info.busid, NULL, EVENTLOG(device_unplugged));
    if (d->resetting)
        reset_over(server, d, EVENT_RESET_UNPLUGGED);
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (l->device != d)
            continue;
        bool asking = l->waiting || d->state == REGISTRY_OPENING;
        if (asking && !session_is_closing(l->session))
            refuse_import(server, l, WIRE_ST_NODEV);
        session_unplugged(l->session, server->now_us);
        l->waiting = false;
        l->device = NULL;
    }
    server_usage_unplugged(&server->usages, d->usage);
    registry_remove(&server->registry, d);
}

static void device_opened(struct usbip_server *server, struct registry_device *d,
                          enum base_err result)
{
    struct server_link *l = holder_of(server, d);
    session_give_notice(&l->notice);
    if (result != BASE_OK) {
        d->state = registry_rest(d);
        d->session = 0;
        if (session_is_closing(l->session))
            l->device = NULL;
        else
            refuse_import(server, l, result == BASE_ERR_BUSY ? WIRE_ST_DEV_BUSY : WIRE_ST_DEV_ERR);
        serve_waiting(server, d);
        return;
    }
    d->state = REGISTRY_IN_USE; // if the client is gone by now, server_let_go() ends it
    if (session_is_closing(l->session))
        return;
    struct session_device device = {
        .info = &d->info,
        .backend_device = d->backend_device,
        .pool = &slot_of(server, d->backend)->pool,
        .budget = &server->budget,
    };
    if (session_import_reply(l->session, WIRE_ST_OK, &device, server->now_us) != BASE_OK) {
        want_room(server, l, d);
        release_device(d);
        return;
    }
    server->totals.imports++;
    server_usage_begin(&server->usages, d->usage, l->session);
}

static void carry_out_event(struct usbip_server *server, struct usbip_backend *b,
                            const struct backend_event *ev)
{
    struct registry_device *d = NULL;
    if (ev->type == BACKEND_URB_DONE) {
        session_urb_done(session_of(ev->urb), ev->urb, server->now_us);
        return;
    }
    if (ev->type == BACKEND_PLUGGED) {
        device_plugged(server, b, ev);
        return;
    }
    if (ev->type == BACKEND_PORT_POWER) {
        server_port_answered(server, ev->port, ev->result);
        return;
    }
    d = registry_find_backend(&server->registry, b, ev->device);
    if (!d)
        return; // a device that we refused to know
    switch (ev->type) {
    case BACKEND_UNPLUGGED:
        device_unplugged(server, d);
        break;
    case BACKEND_OPENED:
        if (d->resetting)
            opened_for_reset(server, d, ev->result);
        else
            device_opened(server, d, ev->result);
        break;
    case BACKEND_CLOSED:
        d->state = registry_rest(d);
        serve_waiting(server, d);
        break;
    case BACKEND_CONTROL_DONE:
        control_done(server, d, ev->status);
        break;
    default:
        break;
    }
}

void server_take_events(struct usbip_server *server)
{
    struct backend_event ev;
    for (unsigned i = 0; i < server->backend_count; i++) {
        struct usbip_backend *b = server->backends[i].backend;
        while (b->take_event(b, server->now_us, &ev))
            carry_out_event(server, b, &ev);
    }
}

// A closing session lets its device go as soon as the backend has given back all URBs.
void server_let_go(struct server_link *l)
{
    struct registry_device *d = l->device;
    if (!d || !session_is_closing(l->session) || !session_is_idle(l->session))
        return;
    if (!l->waiting && d->state != REGISTRY_IN_USE)
        return; // still being opened: OPENED decides
    bool waiting = l->waiting;
    l->waiting = false;
    l->device = NULL;
    if (!waiting)
        release_device(d);
}
