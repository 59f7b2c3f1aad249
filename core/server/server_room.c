// SPDX-License-Identifier: Apache-2.0
// Room for those who come: places and memory. Clients that are silent have some of both; before
// anybody is refused for want of it, they are asked whether they are still there.
#include "server/server_state.h"

enum { HOPE_US = 5000000 }; // for a probe's answer and the next look of the port

// --- places --------------------------------------------------------------------------------------

// The oldest connection that has not asked for a device gives way.
static bool send_away(struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (l->device || session_is_closing(l->session))
            continue;
        session_close(l->session, EVENT_END_CROWDED, server->now_us);
        return true;
    }
    return false;
}

bool server_room_for_connection(struct usbip_server *server)
{
    unsigned open = 0, asking = 0;
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        bool counts = !session_is_closing(l->session);
        bool has = l->device && !l->waiting && l->device->state == REGISTRY_IN_USE;
        open += counts;
        asking += counts && !has;
    }
    return open < server->config.max_connections || asking < SERVER_ASKING || send_away(server);
}

bool server_room_has_place(const struct usbip_server *server)
{
    unsigned held = 0;
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        held += l->device && !l->waiting && !session_is_closing(l->session);
    }
    return held < server->config.max_connections;
}

bool server_room_has_memory(const struct usbip_server *server)
{
    const struct session_budget *b = &server->budget;
    return b->in_use + b->reserved + session_reserve(&server->config.session) <= b->total;
}

// --- silent clients ------------------------------------------------------------------------------

static void probe_all(struct usbip_server *server)
{
    if (server->config.never_take_over)
        return;
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (!session_is_closing(l->session))
            session_peer_probe(l->session, server->now_us);
    }
}

// A client's answer is due, or what a dead one had is on its way back.
bool server_room_hope(const struct usbip_server *server)
{
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        bool closing = session_is_closing(l->session);
        if (session_peer(l->session) == (closing ? SESSION_PEER_DEAD : SESSION_PEER_PROBED))
            return true;
    }
    return false;
}

bool server_room_may_come(struct usbip_server *server, struct server_link *l)
{
    if (!l->asked)
        probe_all(server);
    l->asked = true;
    l->wants_room = server_room_hope(server);
    return l->wants_room;
}

void server_room_for_urbs(struct usbip_server *server)
{
    struct session_budget *b = &server->budget;
    if (!b->wanted)
        return;
    b->wanted = false;
    if (server->now_us < b->hope_us)
        return;
    probe_all(server);
    if (server_room_hope(server))
        b->hope_us = server->now_us + HOPE_US;
}

bool server_room_wanted(const struct usbip_server *server)
{
    if (server->now_us < server->budget.hope_us && !base_list_empty(&server->budget.starving))
        return true;
    BASE_LIST_FOR_EACH (struct server_link, l, &server->links, list) {
        if (l->wants_room && !session_is_closing(l->session))
            return true;
    }
    return false;
}
