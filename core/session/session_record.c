// SPDX-License-Identifier: Apache-2.0
#include "session/session_state.h"

#include <string.h>

void session_record(struct session *s, struct eventlog_what what)
{
    struct eventlog_event e = {.time_us = s->now_us, .session = s->id, .what = what};
    memcpy(e.peer, s->peer, sizeof e.peer);
    memcpy(e.busid, s->busid, sizeof e.busid);
    eventlog_record(s->log, &e);
}
