// SPDX-License-Identifier: Apache-2.0
// What the firmware needs of ESP-IDF's basics, on the host: heaps with a limit, the log, the task
// watchdog, threads with names. Any thread.
#pragma once

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

// Threads under the watchdog now, and their resets so far.
unsigned idf_double_watched_tasks(void);
unsigned idf_double_watchdog_resets(void);
