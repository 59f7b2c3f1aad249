// SPDX-License-Identifier: Apache-2.0
// Restarting without cutting anybody off: the loop is asked to end, which releases all devices and
// sends what is queued, and the chip restarts when that is done or has taken too long.
#pragma once

#include "eventlog/eventlog.h"

#include <stdatomic.h>
#include <stdbool.h>

struct board_restart {
    void (*stop)(void *ctx); // asks the loop to end; any task
    void *ctx;
    unsigned limit_ms; // then it restarts all the same: the loop may be stuck
    atomic_bool stopped, asked;
};

void board_restart_init(struct board_restart *r, void (*stop)(void *ctx), void *ctx,
                        unsigned limit_ms);

// Any task but the loop's, also several at a time.
_Noreturn void board_restart_ask(struct board_restart *r, enum eventlog_start why);

// The loop has ended. True: somebody has asked for that and restarts the chip now; false: nobody
// has, the caller must do it.
bool board_restart_stopped(struct board_restart *r);
