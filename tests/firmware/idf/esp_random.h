// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include <stddef.h>

void esp_fill_random(void *buf, size_t len);
