// SPDX-License-Identifier: Apache-2.0
// The log as systemd's journal keeps it: each message a record with fields to search by
// (journalctl USBIP_EVENT=imported USBIP_BUSID=1-3).
#pragma once

#include "eventlog/eventlog.h"
#include "ports/linux/output.h"

#include <stdbool.h>
#include <stddef.h>

// Whether it takes records, which not every file system that a service sees lets it.
bool journal_is_there(void);

// sd-daemon(3).
unsigned journal_priority(enum eventlog_level level);

// One line for journal_write(); `text` is printable, `e` may be NULL. Returns the length; cut to
// fit.
size_t journal_record(char *line, size_t size, enum eventlog_level level, const char *text,
                      const struct eventlog_event *e);

// Sends such lines to the journal, which may let it wait. What is no record, and what the journal
// does not take, goes to `fd` as text.
output_write_fn journal_write;
