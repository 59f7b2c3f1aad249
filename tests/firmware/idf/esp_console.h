// SPDX-License-Identifier: Apache-2.0
// Stand-in for ESP-IDF's header of this name: what the firmware uses of it.
#pragma once

#include "esp_err.h"
#include "esp_heap_caps.h"
#include "freertos/FreeRTOS.h"
#include "freertos/task.h"
#include "sdkconfig.h"

#include <stddef.h>

// What ESP-IDF chooses for this chip if nobody says otherwise.
#ifndef CONFIG_ESP_CONSOLE_UART_DEFAULT
#define CONFIG_ESP_CONSOLE_UART_DEFAULT 1
#define CONFIG_ESP_CONSOLE_UART_NUM 0
#define CONFIG_ESP_CONSOLE_UART_BAUDRATE 115200
#endif

typedef struct {
    uint32_t max_history_len;
    const char *history_save_path;
    uint32_t task_stack_size;
    uint32_t task_priority;
    BaseType_t task_core_id;
    const char *prompt;
    size_t max_cmdline_length;
    size_t max_cmdline_args;
} esp_console_repl_config_t;

#define ESP_CONSOLE_REPL_CONFIG_DEFAULT()                                                          \
    {                                                                                              \
        .max_history_len = 32, .history_save_path = NULL, .task_stack_size = 4096,                 \
        .task_priority = 2, .task_core_id = tskNO_AFFINITY, .prompt = NULL,                        \
        .max_cmdline_length = 0, .max_cmdline_args = 0,                                            \
    }

typedef struct {
    int channel;
    int baud_rate;
    int tx_gpio_num;
    int rx_gpio_num;
} esp_console_dev_uart_config_t;

#define ESP_CONSOLE_DEV_UART_CONFIG_DEFAULT()                                                      \
    {                                                                                              \
        .channel = CONFIG_ESP_CONSOLE_UART_NUM, .baud_rate = CONFIG_ESP_CONSOLE_UART_BAUDRATE,     \
        .tx_gpio_num = -1, .rx_gpio_num = -1,                                                      \
    }

typedef struct esp_console_repl_s esp_console_repl_t;

struct esp_console_repl_s {
    esp_err_t (*del)(esp_console_repl_t *repl);
};

typedef int (*esp_console_cmd_func_t)(int argc, char **argv);
typedef int (*esp_console_cmd_func_with_context_t)(void *context, int argc, char **argv);

typedef struct {
    const char *command;
    const char *help;
    const char *hint;
    esp_console_cmd_func_t func;
    void *argtable;
    esp_console_cmd_func_with_context_t func_w_context;
    void *context;
} esp_console_cmd_t;

esp_err_t esp_console_cmd_register(const esp_console_cmd_t *cmd);
esp_err_t esp_console_deregister_help_command(void);
esp_err_t esp_console_new_repl_uart(const esp_console_dev_uart_config_t *dev_config,
                                    const esp_console_repl_config_t *repl_config,
                                    esp_console_repl_t **ret_repl);
esp_err_t esp_console_start_repl(esp_console_repl_t *repl);
