// SPDX-License-Identifier: Apache-2.0
// What whoever started the program has left it: descriptors, how many there may be, a terminal.
#pragma once

#include "ports/linux/log.h"

#include <stdbool.h>

// Before anything is opened: makes sure of stdin, stdout and stderr. What is opened next would get
// the number of one that is closed, and the log go into a disk image.
bool process_has_standard_descriptors(void);

// Lets the program have the descriptors that so many connections and HTTP take, or warns that it
// may not.
void process_make_room_for(unsigned connections, unsigned http, const struct log *log);

// Whether stderr goes to systemd's journal (JOURNAL_STREAM, systemd.exec(5)).
bool process_writes_to_journal(void);

// Whether there is a controlling terminal, or may be. Never waits.
bool process_has_terminal(void);

// The file that this program comes from, asked at its start: an upgrade puts another one in its
// place. Empty: unknown.
enum { PROCESS_PATH_SIZE = 4096 };
void process_find_file(char path[PROCESS_PATH_SIZE]);

// Why this run began, if the one before has begun it; once.
enum eventlog_start process_start(void);

// What is at that file now goes on in this process, with these arguments, without the descriptors
// from `behind` on, and with SIGHUP ignored or not. Without the file the present program does.
// Comes back only if that does not work.
void process_begin_again(const char *path, char *const argv[], enum eventlog_start why,
                         bool ignore_hangup, unsigned behind);

// Whether that would begin: runs it beside this process with --check as well. False: `why` is what
// it says, a sentence without its end. Any thread.
bool process_check(const char *path, char *const argv[], char *why, size_t why_size);

// Whether SIGHUP is ignored, as nohup has it; asked before it is handled.
bool process_ignores_hangup(void);
