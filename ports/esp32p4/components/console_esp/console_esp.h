// SPDX-License-Identifier: Apache-2.0
// The serial console: the commands of console_commands.h in ESP-IDF's line editor, on the UART or
// USB serial port that the configuration has chosen. One per chip. Its task (console_repl) waits in
// read() nearly always, so the task watchdog does not watch it.
#pragma once

#include "console_commands.h"

#include "esp_err.h"

struct console_config {
    struct console_port port;
    // Lets every session end in order and restarts the chip; `port.ctx`. Console task.
    void (*restart)(void *ctx, enum eventlog_start why);
    unsigned priority, stack_size; // of the task; a saved setting takes about 5 KiB of stack
    int core;
};

// Copies `config`. ESP_ERR_NO_MEM, ESP_ERR_INVALID_STATE: it runs already, ESP_ERR_NOT_SUPPORTED:
// the configuration has no console; or what ESP-IDF says. Without a console all else goes on.
esp_err_t console_start(const struct console_config *config);
