// SPDX-License-Identifier: Apache-2.0
#include "board_button_gpio.h"
#include "driver/gpio.h"

#include <stddef.h>

static void look_at_pin(void *arg)
{
    struct board_button_gpio *g = arg;
    bool high = gpio_get_level((gpio_num_t)g->pin) != 0;
    g->now_us += BOARD_BUTTON_PERIOD_MS * 1000;
    if (board_button_told(&g->button, high != g->active_low, g->now_us))
        g->held(g->ctx);
}

static esp_err_t set_up_pin(const struct board_button_gpio *g)
{
    const gpio_config_t config = {
        .pin_bit_mask = 1ull << g->pin,
        .mode = GPIO_MODE_INPUT,
        .pull_up_en = g->active_low ? GPIO_PULLUP_ENABLE : GPIO_PULLUP_DISABLE,
        .pull_down_en = g->active_low ? GPIO_PULLDOWN_DISABLE : GPIO_PULLDOWN_ENABLE,
        .intr_type = GPIO_INTR_DISABLE,
    };
    return gpio_config(&config);
}

esp_err_t board_button_gpio_start(struct board_button_gpio *g, unsigned hold_ms)
{
    const esp_timer_create_args_t timer = {
        .callback = look_at_pin, .arg = g, .name = "button", .skip_unhandled_events = true};
    g->timer = NULL;
    if (g->pin < 0)
        return ESP_OK;
    board_button_init(&g->button, hold_ms);
    esp_err_t err = set_up_pin(g);
    if (err == ESP_OK)
        err = esp_timer_create(&timer, &g->timer);
    if (err == ESP_OK)
        err = esp_timer_start_periodic(g->timer, BOARD_BUTTON_PERIOD_MS * 1000);
    return err;
}

void board_button_gpio_stop(struct board_button_gpio *g)
{
    if (!g->timer)
        return;
    esp_timer_stop(g->timer);
    esp_timer_delete(g->timer);
    g->timer = NULL;
}
