// SPDX-License-Identifier: Apache-2.0
// Writes the server's events to the serial console, from a task of its own: a line takes several
// milliseconds there, which the loop cannot spare.
#pragma once

#include "ports/posix/posix_loop.h"

#include <stdatomic.h>

struct main_log {
    struct posix_loop *loop;
    struct usbip_server *server;
    atomic_uintptr_t task; // 0: not running yet
    uint64_t told;         // loop task: number of the last event when the log task was woken
    uint64_t written;      // log task
};

// Starts the task, before the loop runs. `l` stays where it is.
void main_log_start(struct main_log *l, struct posix_loop *loop, struct usbip_server *server);

// Loop task, after each turn: true if there are new events; the log task is woken for them.
bool main_log_turn(struct main_log *l);
