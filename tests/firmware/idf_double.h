// SPDX-License-Identifier: Apache-2.0
// What the firmware needs of ESP-IDF's basics, on the host: heaps with a limit, the log, the task
// watchdog, threads with names. Any thread.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The two heaps that the chip has. Memory with both or no capability named is internal.
enum idf_heap { IDF_HEAP_INTERNAL, IDF_HEAP_SPIRAM, IDF_HEAPS };

// Bytes that may be allocated at the same time from now on; SIZE_MAX (at first): no limit.
void idf_double_limit_heap(enum idf_heap heap, size_t bytes);

size_t idf_double_heap_in_use(enum idf_heap heap);
size_t idf_double_heap_blocks(enum idf_heap heap);

// Lines logged at `level` or worse since the last call of this.
unsigned idf_double_log_lines(int level);

// The last line that was logged, without what ESP-IDF puts around it. Borrowed until the next one.
const char *idf_double_last_log(void);

// One of the last lines that were logged has that in it.
bool idf_double_has_logged(const char *part);

// Threads under the watchdog now, their resets so far, and how many of them did none since the last
// call of idf_double_watchdog_look().
unsigned idf_double_watched_tasks(void);
unsigned idf_double_watchdog_resets(void);
void idf_double_watchdog_look(void);
unsigned idf_double_silent_tasks(void);

// Calls of vTaskDelay() so far.
unsigned idf_double_rests(void);
