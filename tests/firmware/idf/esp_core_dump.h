// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_err.h"

esp_err_t esp_core_dump_image_erase(void);
