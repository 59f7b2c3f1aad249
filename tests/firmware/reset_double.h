// SPDX-License-Identifier: Apache-2.0
// esp_restart(), esp_reset_reason() and the cache before PSRAM, on the host. One thread.
#pragma once

#include "esp_system.h"

#include <stdbool.h>
#include <stddef.h>

// What esp_reset_reason() answers.
void reset_double_reason(esp_reset_reason_t reason);

// Runs fn(arg). True: it ended in esp_restart().
bool reset_double_restarts(void (*fn)(void *arg), void *arg);

// Bytes written back to PSRAM since the last call of this.
size_t reset_double_written_back(void);
