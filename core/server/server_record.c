// SPDX-License-Identifier: Apache-2.0
#include "base/base_text.h"
#include "server/server_state.h"

void server_record(struct usbip_server *server, enum eventlog_type type, const char *busid,
                   const char *peer, uint32_t a, uint32_t b)
{
    struct eventlog_event e = {.time_us = server->now_us, .type = type, .a = a, .b = b};
    (void)base_text_copy(e.busid, sizeof e.busid, busid);
    (void)base_text_copy(e.peer, sizeof e.peer, peer);
    eventlog_record(server->log, &e);
}
