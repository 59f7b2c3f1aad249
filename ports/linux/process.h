// SPDX-License-Identifier: Apache-2.0
// What whoever started the program has left it: descriptors, how many there may be, a terminal.
#pragma once

#include "ports/linux/log.h"

#include <stdbool.h>

// Before anything is opened: makes sure of stdin, stdout and stderr. What is opened next would get
// the number of one that is closed, and the log go into a disk image.
bool process_has_standard_descriptors(void);

// Lets the program have the descriptors that so many connections take, or warns that it may not.
void process_make_room_for(unsigned connections, const struct log *log);

// Whether stderr goes to systemd's journal (JOURNAL_STREAM, systemd.exec(5)).
bool process_writes_to_journal(void);

// Whether there is a controlling terminal, or may be. Never waits.
bool process_has_terminal(void);

// Whether SIGHUP is ignored, as nohup has it; asked before it is handled.
bool process_ignores_hangup(void);
