// SPDX-License-Identifier: Apache-2.0
#include "console_commands.h"

#include "base/base_number.h"
#include "console_state.h"
#include "console_text.h"
#include "users/users_crypto.h"

#include <string.h>

enum { EVENTS_SHOWN = 20 };

// One command that is being carried out.
struct call {
    const struct console_port *port;
    int argc;
    char **argv;
    struct base_text *out;
    unsigned events;
    enum console_action action;
};

static void say(const struct call *c, const char *text)
{
    base_text_str(c->out, text);
}

static void run_on_loop(struct call *c, void (*fn)(void *arg))
{
    if (!c->port->call(c->port->ctx, fn, c))
        say(c, "the server has ended\n");
}

// --- address, state, devices, events -------------------------------------------------------------

static void address(struct call *c)
{
    struct console_network n = {0};
    c->port->network(c->port->ctx, &n);
    say(c, "host name: ");
    say(c, n.host_name);
    say(c, "\nlink: ");
    say(c, n.link_up ? "up" : "down, is the cable plugged in?");
    if (n.link_up && n.speed[0]) {
        say(c, ", ");
        say(c, n.speed);
    }
    say(c, "\naddress: ");
    say(c, n.address[0] ? n.address : "none");
    if (n.address[0] && n.source[0]) {
        say(c, " (");
        say(c, n.source);
        say(c, ")");
    }
    say(c, "\n");
    if (n.trouble[0]) {
        say(c, n.trouble);
        say(c, "\n");
    }
}

static void state_on_loop(void *arg)
{
    struct call *c = arg;
    console_state_summary(c->port, c->out);
}

static void state(struct call *c)
{
    run_on_loop(c, state_on_loop);
}

static void devices_on_loop(void *arg)
{
    struct call *c = arg;
    console_state_devices(c->port, c->out);
}

static void devices(struct call *c)
{
    run_on_loop(c, devices_on_loop);
}

static void events_on_loop(void *arg)
{
    struct call *c = arg;
    console_state_events(c->port, c->events, c->out);
}

static void events(struct call *c)
{
    uint64_t count = EVENTS_SHOWN;
    if (c->argc > 1 && !base_number(c->argv[1], 1, CONSOLE_MAX_EVENTS, &count)) {
        say(c, "a number from 1 to 100 is wanted\n");
        return;
    }
    c->events = (unsigned)count;
    run_on_loop(c, events_on_loop);
}

// --- settings ------------------------------------------------------------------------------------

static bool show_setting(struct call *c, const struct settings *s, const char *key)
{
    char value[SETTINGS_VALUE_SIZE];
    if (settings_get(s, key, value) != BASE_OK)
        return false;
    say(c, key);
    say(c, " = ");
    say(c, value[0] ? value : "\"\"");
    say(c, "\n");
    return true;
}

static void get_settings(struct call *c)
{
    struct settings s;
    const char *key;
    c->port->settings(c->port->ctx, &s);
    if (c->argc > 2) {
        if (!show_setting(c, &s, c->argv[2]))
            say(c, "there is no such setting; \"settings\" lists them\n");
        return;
    }
    for (unsigned i = 0; (key = settings_key(s.port, i)) != NULL; i++)
        (void)show_setting(c, &s, key);
}

static void set_setting(struct call *c)
{
    char why[SETTINGS_WHY_SIZE] = "";
    bool restart = false;
    enum base_err err = c->port->set(c->port->ctx, c->argv[2], c->argv[3], &restart, why);
    if (err == BASE_OK) {
        say(c, restart ? "saved; it takes effect with the next \"restart\"\n" : "saved\n");
        return;
    }
    say(c, err == BASE_ERR_IO ? "not saved: " : "not changed: ");
    console_text_foreign(c->out, why);
    say(c, "\n");
}

static void settings_command(struct call *c)
{
    const char *what = c->argc > 1 ? c->argv[1] : "get";
    if (strcmp(what, "get") == 0 && c->argc <= 3)
        get_settings(c);
    else if (strcmp(what, "set") == 0 && c->argc == 4)
        set_setting(c);
    else
        say(c, "\"settings\", \"settings get KEY\" or \"settings set KEY VALUE\" is wanted\n"
               "(quotation marks around a value with spaces, \"\" for an empty one)\n");
}

// --- password ------------------------------------------------------------------------------------

enum { PASSWORD_SIZE = 160 }; // longer ones are none

// Twice, since nobody sees it. False: said why not.
static bool ask_password(struct call *c, char line[PASSWORD_SIZE])
{
    char again[PASSWORD_SIZE] = "";
    const struct console_port *port = c->port;
    bool typed = port->secret(port->ctx, "new password of admin: ", line, PASSWORD_SIZE) &&
                 port->secret(port->ctx, "once more: ", again, PASSWORD_SIZE);
    bool same = strcmp(line, again) == 0;
    users_crypto_wipe(again, sizeof again);
    if (!typed || !same)
        say(c, typed ? "not changed: these are two\n" : "not changed\n");
    return typed && same;
}

static void set_password(struct call *c)
{
    char line[PASSWORD_SIZE] = "", why[SETTINGS_WHY_SIZE] = "";
    bool asked = ask_password(c, line);
    bool set = asked && c->port->password(c->port->ctx, line, why);
    users_crypto_wipe(line, sizeof line);
    if (set)
        say(c, "the password of admin is set\n");
    else if (asked) {
        say(c, "not changed: ");
        say(c, why);
        say(c, "\n");
    }
}

// --- restart, factory reset, help ----------------------------------------------------------------

static void restart(struct call *c)
{
    say(c, "attached devices are released, then the chip restarts\n");
    c->action = CONSOLE_RESTART;
}

static void factory_reset(struct call *c)
{
    char why[SETTINGS_WHY_SIZE] = "";
    if (c->argc < 2 || strcmp(c->argv[1], "yes") != 0) {
        say(c,
            "this erases all settings and users and restarts; to do it, say: factory-reset yes\n");
        return;
    }
    if (c->port->erase(c->port->ctx, why) != BASE_OK) {
        say(c, "not done: ");
        say(c, why);
        say(c, "\n");
        return;
    }
    say(c, "all settings and users are erased; attached devices are released, then the chip "
           "restarts\n");
    c->action = CONSOLE_FACTORY_RESET;
}

static void help(struct call *c)
{
    enum { HELP_COLUMN = 40 };
    const struct console_command *command;
    for (unsigned i = 0; (command = console_command(i)) != NULL; i++) {
        size_t start = c->out->length;
        say(c, command->name);
        say(c, command->arguments ? " " : "");
        say(c, command->arguments);
        console_text_column(c->out, start, HELP_COLUMN);
        say(c, command->help);
        say(c, "\n");
    }
}

// --- all of them ---------------------------------------------------------------------------------

static const struct {
    struct console_command command;
    int max_argc;
    void (*run)(struct call *c);
} commands[] = {
    {{"help", NULL, "this list"}, 1, help},
    {{"address", NULL, "network address, link, host name"}, 1, address},
    {{"state", NULL, "how long it runs, memory, what it has done"}, 1, state},
    {{"devices", NULL, "USB devices, and who has which"}, 1, devices},
    {{"events", "[NUMBER]", "what happened last, also before a reset"}, 2, events},
    {{"settings", "[get KEY | set KEY VALUE]", "show or change settings"}, 4, settings_command},
    {{"set-password", NULL, "the password of admin, which it asks for"}, 1, set_password},
    {{"restart", NULL, "release all devices, then restart"}, 1, restart},
    {{"factory-reset", "yes", "erase all settings and users, then restart"}, 2, factory_reset},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

const struct console_command *console_command(unsigned i)
{
    return i < COMMANDS ? &commands[i].command : NULL;
}

enum console_action console_run(const struct console_port *port, int argc, char **argv,
                                struct base_text *out)
{
    struct call c = {.port = port, .argc = argc, .argv = argv, .out = out};
    if (argc < 1)
        return CONSOLE_NOTHING;
    for (unsigned i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[0], commands[i].command.name) != 0)
            continue;
        if (argc <= commands[i].max_argc)
            commands[i].run(&c);
        else
            say(&c, "too many words; \"help\" shows what is wanted\n");
        return c.action;
    }
    say(&c, "there is no such command; \"help\" lists them\n");
    return CONSOLE_NOTHING;
}
