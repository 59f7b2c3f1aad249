// SPDX-License-Identifier: Apache-2.0
#include "base/base_text.h"
#include "server/server_state.h"

void server_record(struct usbip_server *server, const char *busid, const struct base_peer *peer,
                   struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = server->now_us, .what = what};
    (void)base_text_copy(e.busid, sizeof e.busid, busid);
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    if (peer)
        base_peer_text(peer, &t);
    eventlog_record(server->log, &e);
}

void server_record_of(struct usbip_server *server, const struct server_link *l, const char *busid,
                      struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = server->now_us, .session = l->id, .what = what};
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    base_peer_text(session_peer_address(l->session), &t);
    (void)base_text_copy(e.busid, sizeof e.busid, busid);
    eventlog_record(server->log, &e);
}
