// SPDX-License-Identifier: Apache-2.0
#include "console_esp.h"

#include "esp_console.h"
#include "esp_heap_caps.h"
#include "sdkconfig.h"

#include <stdio.h>
#include <string.h>

// A hundred events of the longest text.
enum { TEXT_SIZE = 32 * 1024 };

static struct {
    struct console_config config;
    char *text; // in PSRAM; NULL: not started
} console;

// Line by line: all tasks share the lock of stdout, and a hundred events take seconds, in which one
// that wants to log something must not wait.
static void print(const struct base_text *t)
{
    for (size_t at = 0, n; at < t->length; at += n) {
        const char *end = memchr(t->buf + at, '\n', t->length - at);
        n = end ? (size_t)(end + 1 - (t->buf + at)) : t->length - at;
        (void)fwrite(t->buf + at, 1, n, stdout);
    }
    if (t->cut)
        (void)fputs("...\n", stdout);
    (void)fflush(stdout);
}

// The line editor would show it, and keep it. What is typed comes byte by byte, and is waited for.
static bool read_secret(void *ctx, const char *prompt, char *line, size_t size)
{
    enum { CTRL_H = 8, CTRL_U = 21, SPACE = 32, DELETE = 127 };
    size_t n = 0;
    int c;
    (void)ctx;
    (void)fputs(prompt, stdout);
    (void)fflush(stdout);
    // What ends a line may be what is left of the command's.
    while ((c = getc(stdin)) != EOF && (n == 0 || (c != '\r' && c != '\n'))) {
        if (c == CTRL_H || c == DELETE)
            n -= n > 0;
        else if (c == CTRL_U)
            n = 0;
        else if (c < SPACE && c != '\r' && c != '\n')
            break;
        else if (c >= SPACE && n + 1 < size)
            line[n++] = (char)c;
    }
    line[n] = '\0';
    (void)fputc('\n', stdout);
    return c == '\r' || c == '\n';
}

// The line editor complains about everything but 0, and the text has said it already.
static int run_command(void *context, int argc, char **argv)
{
    struct base_text t;
    (void)context;
    base_text_init(&t, console.text, TEXT_SIZE);
    enum console_action action = console_run(&console.config.port, argc, argv, &t);
    print(&t);
    if (action == CONSOLE_RESTART)
        console.config.restart(console.config.port.ctx, EVENT_START_RESTART);
    else if (action == CONSOLE_FACTORY_RESET)
        console.config.restart(console.config.port.ctx, EVENT_START_FACTORY_RESET);
    return 0;
}

// Ours takes the place of ESP-IDF's "help".
static esp_err_t register_commands(void)
{
    const struct console_command *c;
    esp_err_t err = esp_console_deregister_help_command();
    for (unsigned i = 0; err == ESP_OK && (c = console_command(i)) != NULL; i++) {
        const esp_console_cmd_t command = {
            .command = c->name,
            .help = c->help,
            .hint = c->arguments,
            .func_w_context = run_command,
            .context = &console,
        };
        err = esp_console_cmd_register(&command);
    }
    return err;
}

static esp_err_t new_repl(const esp_console_repl_config_t *config, esp_console_repl_t **repl)
{
#if CONFIG_ESP_CONSOLE_UART_DEFAULT || CONFIG_ESP_CONSOLE_UART_CUSTOM
    const esp_console_dev_uart_config_t device = ESP_CONSOLE_DEV_UART_CONFIG_DEFAULT();
    return esp_console_new_repl_uart(&device, config, repl);
#elif CONFIG_ESP_CONSOLE_USB_SERIAL_JTAG
    const esp_console_dev_usb_serial_jtag_config_t device =
        ESP_CONSOLE_DEV_USB_SERIAL_JTAG_CONFIG_DEFAULT();
    return esp_console_new_repl_usb_serial_jtag(&device, config, repl);
#else
    (void)config;
    (void)repl;
    return ESP_ERR_NOT_SUPPORTED;
#endif
}

static esp_err_t start_repl(void)
{
    esp_console_repl_t *repl = NULL;
    esp_console_repl_config_t config = ESP_CONSOLE_REPL_CONFIG_DEFAULT();
    config.prompt = "usbip>";
    config.task_stack_size = console.config.stack_size;
    config.task_priority = console.config.priority;
    config.task_core_id = console.config.core;
    esp_err_t err = new_repl(&config, &repl);
    if (err != ESP_OK)
        return err;
    err = register_commands();
    return err == ESP_OK ? esp_console_start_repl(repl) : err;
}

esp_err_t console_start(const struct console_config *config)
{
    if (console.text)
        return ESP_ERR_INVALID_STATE;
    console.text = heap_caps_malloc(TEXT_SIZE, MALLOC_CAP_SPIRAM | MALLOC_CAP_8BIT);
    if (!console.text)
        return ESP_ERR_NO_MEM;
    console.config = *config;
    console.config.port.secret = read_secret;
    esp_err_t err = start_repl();
    if (err != ESP_OK) {
        heap_caps_free(console.text);
        console.text = NULL;
    }
    return err;
}
