// SPDX-License-Identifier: Apache-2.0
// A restart that somebody asks for by HTTP: his answer is sent, and then the loop ends. What
// happens behind posix_loop_run() is the program's.
#pragma once

#include "eventlog/eventlog.h"
#include "ports/posix/posix_loop.h"

#include <stdatomic.h>

struct posix_restart {
    struct posix_loop *loop;
    struct posix_timer timer;
    enum eventlog_start why;
    bool asked;
    atomic_bool erased;
};

// Before the loop runs; `r` stays where it is.
void posix_restart_begin(struct posix_restart *r, struct posix_loop *loop);

// Loop thread. The first reason holds, unless it is less than a factory reset.
void posix_restart_ask(struct posix_restart *r, enum eventlog_start why);

// Any thread: what is kept has been removed. Whoever has wanted that may not come to ask: the loop
// may have ended by then, for another reason.
void posix_restart_erased(struct posix_restart *r);

// When the loop has ended: what the next run tells.
enum eventlog_start posix_restart_why(const struct posix_restart *r);
