// SPDX-License-Identifier: Apache-2.0
// A restart that somebody asks for by HTTP: his answer is sent, and then the loop ends. What
// happens behind posix_loop_run() is the program's.
#pragma once

#include "eventlog/eventlog.h"
#include "ports/posix/posix_loop.h"

struct posix_restart {
    struct posix_loop *loop;
    struct posix_timer timer;
    enum eventlog_start why;
    bool asked;
};

// Before the loop runs; `r` stays where it is.
void posix_restart_begin(struct posix_restart *r, struct posix_loop *loop);

// Loop thread. The first reason holds, unless it is less than a factory reset.
void posix_restart_ask(struct posix_restart *r, enum eventlog_start why);
