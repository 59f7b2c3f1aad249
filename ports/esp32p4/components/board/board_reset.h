// SPDX-License-Identifier: Apache-2.0
// Why the chip started, restarting it with a reason, and the memory for the event log that a reset
// leaves as it is. Any task.
#pragma once

#include "eventlog/eventlog.h"

// Why this run began: ESP-IDF's reset reason, and for a restart the reason that was given to
// board_reset_restart(). Once per run; afterwards server_config()->start has it.
enum eventlog_start board_reset_start(void);

// Restarts the chip at once. `why` is RESTART, FACTORY_RESET or UPDATE and is told by the next run.
_Noreturn void board_reset_restart(enum eventlog_start why);

// PSRAM that start-up code does not clear (CONFIG_SPIRAM_ALLOW_NOINIT_SEG_EXTERNAL_MEMORY), for
// about a thousand events. What is written goes through the cache at once, because a reset only
// saves the first of its two levels. A firmware of another size finds the memory elsewhere and
// begins anew.
struct eventlog_memory board_reset_eventlog_memory(void);
