// SPDX-License-Identifier: Apache-2.0
// A button at a GPIO, looked at by a timer. The pin must be free: GPIO 35, where boards like the
// ESP32-P4-Nano have BOOT, is TXD1 of the Ethernet MAC, an output that toggles with every frame; it
// cannot be read as a button while Ethernet runs (network_eth_uses() tells). Such boards have no
// button unless one is added at a free pin.
// Checked against ESP-IDF v5.5.5: driver/gpio.h, esp_timer.h.
#pragma once

#include "board_button.h"

#include "esp_err.h"
#include "esp_timer.h"

enum { BOARD_BUTTON_PERIOD_MS = 20 };

struct board_button_gpio {
    struct board_button button;
    int pin;
    bool active_low; // pressed is low; the chip pulls it up
    uint64_t now_us; // counted in periods
    esp_timer_handle_t timer;
    void (*held)(void *ctx);
    void *ctx;
};

// From now on `held` is called, in the timer's task, each time that the button has been held for
// `hold_ms`; it must not block. `pin`, `active_low`, `held` and `ctx` are set before. ESP_OK also
// for pin -1, which is no button.
esp_err_t board_button_gpio_start(struct board_button_gpio *g, unsigned hold_ms);

void board_button_gpio_stop(struct board_button_gpio *g);
