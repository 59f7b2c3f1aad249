// SPDX-License-Identifier: Apache-2.0
// Switches for the 5 V of the USB ports, on boards that have them. Checked against ESP-IDF v5.5.5:
// driver/gpio.h. One task.
#pragma once

#include "esp_err.h"

#include <stdbool.h>

enum { BOARD_VBUS_PORTS = 2 };

struct board_vbus {
    int pin[BOARD_VBUS_PORTS]; // GPIO of the high-speed and the full-speed port; -1: always on
    bool active_low;           // on is low
};

// All that there are. ESP_OK, or the first thing that failed; the others have been switched.
esp_err_t board_vbus_on(const struct board_vbus *v);
