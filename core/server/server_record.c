// SPDX-License-Identifier: Apache-2.0
#include "base/base_text.h"
#include "server/server_state.h"

void server_record(struct usbip_server *server, const char *busid, const char *peer,
                   struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = server->now_us, .what = what};
    (void)base_text_copy(e.busid, sizeof e.busid, busid);
    (void)base_text_copy(e.peer, sizeof e.peer, peer);
    eventlog_record(server->log, &e);
}
