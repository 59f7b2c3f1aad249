// SPDX-License-Identifier: Apache-2.0
#include "session/session_state.h"

#include <string.h>

void session_record(struct session *s, struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = s->now_us, .session = s->id, .what = what};
    struct base_text t;
    base_text_init(&t, e.peer, sizeof e.peer);
    base_peer_text(&s->peer, &t);
    memcpy(e.busid, s->busid, sizeof e.busid);
    eventlog_record(s->log, &e);
}
