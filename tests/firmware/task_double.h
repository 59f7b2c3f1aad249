// SPDX-License-Identifier: Apache-2.0
// FreeRTOS's tasks as threads. Priorities and cores are the chip's matter. Any thread.
#pragma once

#include <stdbool.h>

// A task of that name has been created and has not deleted itself.
bool task_double_runs(const char *name);

// Calls of xTaskNotifyGive() so far.
unsigned task_double_notices(void);

// The calling thread is the task of that name.
bool task_double_is(const char *name);
