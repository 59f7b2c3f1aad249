// SPDX-License-Identifier: Apache-2.0
#include "ports/posix/posix_restart.h"
#include "ports/posix/posix_time.h"

enum { ANSWER_US = 300000 }; // for the answer to leave

static void due(void *ctx, uint64_t now_us)
{
    struct posix_restart *r = ctx;
    (void)now_us;
    r->timer.due_us = UINT64_MAX;
    posix_loop_stop(r->loop);
}

void posix_restart_begin(struct posix_restart *r, struct posix_loop *loop)
{
    *r = (struct posix_restart){
        .loop = loop,
        .timer = {.due_us = UINT64_MAX, .due = due, .ctx = r},
        .why = EVENT_START_RESTART,
    };
    posix_loop_remind(loop, &r->timer);
}

void posix_restart_ask(struct posix_restart *r, enum eventlog_start why)
{
    if (!r->asked)
        r->timer.due_us = posix_now_us() + ANSWER_US;
    r->asked = true;
    if (why == EVENT_START_FACTORY_RESET)
        r->why = why;
}

void posix_restart_erased(struct posix_restart *r)
{
    atomic_store(&r->erased, true);
}

enum eventlog_start posix_restart_why(const struct posix_restart *r)
{
    return atomic_load(&r->erased) ? EVENT_START_FACTORY_RESET : r->why;
}
