// SPDX-License-Identifier: Apache-2.0
// What the endpoints had done a while ago, for what is told of the last second and the last minute.
#include "session/session_state.h"

enum { STEPS_PER_MARK = 30 };

static const uint64_t mark_us = (uint64_t)STEPS_PER_MARK * SESSION_STEP_US;

void session_past_begin(struct session *s)
{
    for (unsigned i = 0; i < SESSION_MARKS; i++)
        s->past.mark_us[i] = s->now_us;
}

static void mark(struct session *s, uint64_t at_us)
{
    struct session_past *p = &s->past;
    struct session_figures *f;
    for (unsigned i = 0; i < SESSION_ENDPOINTS; i++)
        if ((f = session_pipes_figures_of(s, i)) != NULL)
            session_figures_mark(f, p->oldest);
    p->mark_us[p->oldest] = at_us;
    p->oldest = (p->oldest + 1) % SESSION_MARKS;
}

void session_sample(struct session *s, uint64_t steps, uint64_t over_us)
{
    struct session_past *p = &s->past;
    struct session_figures *f;
    for (unsigned i = 0; i < SESSION_ENDPOINTS; i++)
        if ((f = session_pipes_figures_of(s, i)) != NULL)
            session_figures_step(f, steps);
    uint64_t due = (p->steps + steps) / STEPS_PER_MARK;
    p->steps = (p->steps + steps) % STEPS_PER_MARK;
    uint64_t last_us = over_us - p->steps * SESSION_STEP_US;
    for (uint64_t n = due < SESSION_MARKS ? due : SESSION_MARKS; n > 0; n--)
        mark(s, last_us - (n - 1) * mark_us);
}
