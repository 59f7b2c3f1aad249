// SPDX-License-Identifier: Apache-2.0
#include "console_double.h"

#include "esp_console.h"
#include "tests/support/check.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COMMANDS = 32, WORDS = 16, LINE_SIZE = 256 };

static struct {
    esp_console_cmd_t commands[COMMANDS];
    unsigned count, calls, fail_at;
    bool created, started;
    esp_console_repl_t repl;
    const char *typed;
    char *printed;
    size_t printed_size, longest_print;
} console;

void console_double_begin(unsigned fail_at)
{
    free(console.printed);
    memset(&console, 0, sizeof console);
    console.fail_at = fail_at;
}

bool console_double_started(void)
{
    return console.started;
}

unsigned console_double_commands(void)
{
    return console.count;
}

static bool fails(void)
{
    return ++console.calls == console.fail_at;
}

static esp_console_cmd_t *find(const char *name)
{
    for (unsigned i = 0; i < console.count; i++)
        if (strcmp(console.commands[i].command, name) == 0)
            return &console.commands[i];
    return NULL;
}

esp_err_t esp_console_cmd_register(const esp_console_cmd_t *cmd)
{
    if (!cmd->command || strchr(cmd->command, ' ') || !cmd->func == !cmd->func_w_context)
        return ESP_ERR_INVALID_ARG;
    if (fails() || console.count == COMMANDS)
        return ESP_ERR_NO_MEM;
    esp_console_cmd_t *known = find(cmd->command);
    *(known ? known : &console.commands[console.count++]) = *cmd;
    return ESP_OK;
}

static int their_help(int argc, char **argv)
{
    (void)argc, (void)argv;
    printf("not ours\n");
    return 0;
}

esp_err_t esp_console_new_repl_uart(const esp_console_dev_uart_config_t *dev_config,
                                    const esp_console_repl_config_t *repl_config,
                                    esp_console_repl_t **ret_repl)
{
    if (!dev_config || !repl_config || !ret_repl)
        return ESP_FAIL;
    if (fails())
        return ESP_ERR_NO_MEM;
    CHECK_EQ(repl_config->task_stack_size, 8192);
    CHECK_EQ(repl_config->task_priority, 2);
    CHECK_EQ(repl_config->task_core_id, 1);
    console.commands[console.count++] = (esp_console_cmd_t){.command = "help", .func = their_help};
    console.created = true;
    *ret_repl = &console.repl;
    return ESP_OK;
}

esp_err_t esp_console_deregister_help_command(void)
{
    esp_console_cmd_t *help = find("help");
    if (!help || fails())
        return ESP_ERR_INVALID_ARG;
    *help = console.commands[--console.count];
    return ESP_OK;
}

esp_err_t esp_console_start_repl(esp_console_repl_t *repl)
{
    if (repl != &console.repl || !console.created || console.started || fails())
        return ESP_ERR_INVALID_STATE;
    console.started = true;
    return ESP_OK;
}

int console_double_split(char *line, char **argv, int max)
{
    int argc = 0;
    while (argc < max) {
        line += strspn(line, " ");
        if (!*line)
            break;
        const char *end = *line == '"' ? "\"" : " ";
        line += *line == '"';
        argv[argc++] = line;
        line += strcspn(line, end);
        if (*line)
            *line++ = '\0';
    }
    return argc;
}

size_t console_double_longest_print(void)
{
    return console.longest_print;
}

size_t console_double_printed(void)
{
    return console.printed_size;
}

// Without a buffer, so that each call of the program comes as one.
static ssize_t print(void *cookie, const char *text, size_t size)
{
    (void)cookie;
    console.printed = realloc(console.printed, console.printed_size + size + 1);
    CHECK(console.printed != NULL);
    memcpy(console.printed + console.printed_size, text, size);
    console.printed_size += size;
    console.printed[console.printed_size] = '\0';
    if (size > console.longest_print)
        console.longest_print = size;
    return (ssize_t)size;
}

static FILE *open_terminal(void)
{
    free(console.printed);
    console.printed = NULL;
    console.printed_size = console.longest_print = 0;
    (void)print(NULL, "", 0);
    FILE *f = fopencookie(NULL, "w", (cookie_io_functions_t){.write = print});
    CHECK(f && setvbuf(f, NULL, _IONBF, 0) == 0);
    return f;
}

void console_double_type(const char *keys)
{
    console.typed = keys;
}

static FILE *open_keys(void)
{
    const char *keys = console.typed && console.typed[0] ? console.typed : "\4";
    FILE *f = fmemopen((void *)(uintptr_t)keys, strlen(keys), "r");
    CHECK(f && setvbuf(f, NULL, _IONBF, 0) == 0);
    console.typed = NULL;
    return f;
}

const char *console_double_run(const char *line, int *answer)
{
    char words[LINE_SIZE], *argv[WORDS];
    CHECK(console.started && strlen(line) < sizeof words);
    strcpy(words, line);
    int argc = console_double_split(words, argv, WORDS);
    const esp_console_cmd_t *c = argc ? find(argv[0]) : NULL;
    FILE *terminal = stdout, *keys = stdin;
    stdout = open_terminal();
    stdin = open_keys();
    *answer = !c ? -1 : c->func ? c->func(argc, argv) : c->func_w_context(c->context, argc, argv);
    fclose(stdout);
    fclose(stdin);
    stdout = terminal;
    stdin = keys;
    return console.printed;
}
