// SPDX-License-Identifier: Apache-2.0
#include "board_restart.h"

#include "board_reset.h"

#include <unistd.h>

enum { LOOK_EVERY_MS = 20 };

void board_restart_init(struct board_restart *r, void (*stop)(void *ctx), void *ctx,
                        unsigned limit_ms)
{
    r->stop = stop;
    r->ctx = ctx;
    r->limit_ms = limit_ms;
    atomic_init(&r->stopped, false);
    atomic_init(&r->asked, false);
}

_Noreturn void board_restart_ask(struct board_restart *r, enum eventlog_start why)
{
    atomic_store(&r->asked, true);
    r->stop(r->ctx);
    for (unsigned ms = 0; ms < r->limit_ms && !atomic_load(&r->stopped); ms += LOOK_EVERY_MS)
        usleep(LOOK_EVERY_MS * 1000);
    board_reset_restart(why);
}

bool board_restart_stopped(struct board_restart *r)
{
    atomic_store(&r->stopped, true);
    return atomic_load(&r->asked);
}
