// SPDX-License-Identifier: Apache-2.0
#include "tests/firmware/gpio_double.h"
#include "driver/gpio.h"
#include "esp_timer.h"
#include "tests/support/check.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static char calls[256];
static bool levels[GPIO_NUM_MAX], running;
static int failing;
static esp_timer_create_args_t made;

void gpio_double_reset(void)
{
    memset(levels, 0, sizeof levels);
    calls[0] = '\0';
    failing = -1;
    running = false;
    made = (esp_timer_create_args_t){0};
}

void gpio_double_set(int pin, bool high)
{
    levels[pin] = high;
}

void gpio_double_fail(int pin)
{
    failing = pin;
}

const char *gpio_double_calls(void)
{
    return calls;
}

static esp_err_t write_down(int pin, const char *format, ...) __attribute__((format(printf, 2, 3)));

static esp_err_t write_down(int pin, const char *format, ...)
{
    size_t used = strlen(calls);
    va_list args;
    used += (size_t)snprintf(calls + used, sizeof calls - used, "%s%d", used ? " " : "", pin);
    va_start(args, format);
    vsnprintf(calls + used, sizeof calls - used, format, args);
    va_end(args);
    return pin == failing ? ESP_ERR_INVALID_ARG : ESP_OK;
}

esp_err_t gpio_config(const gpio_config_t *pGPIOConfig)
{
    int pin = __builtin_ctzll(pGPIOConfig->pin_bit_mask);
    CHECK_EQ(pGPIOConfig->pin_bit_mask, 1ull << pin);
    CHECK_EQ(pGPIOConfig->intr_type, GPIO_INTR_DISABLE);
    return write_down(pin, "%s%s%s", pGPIOConfig->mode == GPIO_MODE_OUTPUT ? "out" : "in",
                      pGPIOConfig->pull_up_en ? "+" : "", pGPIOConfig->pull_down_en ? "-" : "");
}

esp_err_t gpio_set_level(gpio_num_t gpio_num, uint32_t level)
{
    return write_down(gpio_num, "=%u", (unsigned)level);
}

int gpio_get_level(gpio_num_t gpio_num)
{
    CHECK(gpio_num >= 0 && gpio_num < GPIO_NUM_MAX);
    return levels[gpio_num];
}

esp_err_t esp_timer_create(const esp_timer_create_args_t *create_args,
                           esp_timer_handle_t *out_handle)
{
    CHECK(!made.callback);
    made = *create_args;
    *out_handle = (esp_timer_handle_t)(void *)&made;
    return ESP_OK;
}

esp_err_t esp_timer_start_periodic(esp_timer_handle_t timer, uint64_t period_us)
{
    CHECK(timer && period_us == 20000);
    running = true;
    return ESP_OK;
}

esp_err_t esp_timer_stop(esp_timer_handle_t timer)
{
    CHECK(timer && running);
    running = false;
    return ESP_OK;
}

esp_err_t esp_timer_delete(esp_timer_handle_t timer)
{
    CHECK(timer && !running);
    made = (esp_timer_create_args_t){0};
    return ESP_OK;
}

bool gpio_double_tick(unsigned times)
{
    for (unsigned i = 0; i < times && running; i++)
        made.callback(made.arg);
    return running;
}
