// SPDX-License-Identifier: Apache-2.0
// The log: the server's typed events and the program's own messages, one line each, as text or as
// JSON, with the time of day. Nothing here waits for who reads it.
#pragma once

#include "eventlog/eventlog.h"
#include "ports/linux/output.h"

#include <stdint.h>

enum log_format {
    LOG_UNSAID, // text, or LOG_JOURNAL where stderr is the journal
    LOG_TEXT,
    LOG_JSON,
    LOG_JOURNAL,    // records with fields, for an output with journal_write()
    LOG_PRIORITIES, // text as the journal takes it from stderr: the priority in front, and no time,
                    // which is the journal's
};

struct log {
    enum eventlog_level level; // nothing that is less important
    enum log_format format;
    struct output *output; // borrowed
    uint64_t last;         // number of the last event that was written
};

// Writes the events that are new since the last call. Loop thread.
void log_events(struct log *l, const struct eventlog *events, uint64_t now_us);

// Writes a message of the program. Any thread.
void log_message(const struct log *l, enum eventlog_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// Says in the log that lines of it were dropped: for output_create(), with the log.
void log_lines_lost(void *log, uint64_t lines);
