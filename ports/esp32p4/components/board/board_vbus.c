// SPDX-License-Identifier: Apache-2.0
#include "board_vbus.h"
#include "driver/gpio.h"

// The level first: the pin becomes an output with the right one.
static esp_err_t switch_pin(int pin, bool level)
{
    const gpio_config_t config = {.pin_bit_mask = 1ull << pin, .mode = GPIO_MODE_OUTPUT};
    esp_err_t err = gpio_set_level((gpio_num_t)pin, level);
    return err == ESP_OK ? gpio_config(&config) : err;
}

esp_err_t board_vbus_on(const struct board_vbus *v)
{
    esp_err_t first = ESP_OK;
    for (unsigned i = 0; i < BOARD_VBUS_PORTS; i++) {
        if (v->pin[i] < 0)
            continue;
        esp_err_t err = switch_pin(v->pin[i], !v->active_low);
        if (first == ESP_OK)
            first = err;
    }
    return first;
}
