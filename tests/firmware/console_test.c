// SPDX-License-Identifier: Apache-2.0
// The serial console's commands, on a server with simulated devices.
#include "console_commands.h"
#include "console_double.h"
#include "console_text.h"
#include "sim/set/sim_set.h"
#include "tests/support/check.h"
#include "tests/support/settings_rig.h"
#include "tests/support/stage.h"

#include <string.h>

// What the firmware gives to the console.
struct box {
    struct stage st;
    struct console_port port;
    struct console_network network;
    struct settings settings;
    unsigned loop_calls, saves, erases;
    bool on_loop, loop_ended, full, restart_wanted;
    bool no_usb;
    bool unclaimed;
    const char *code, *typed[2]; // what is typed when it is asked for; NULL: given up
    unsigned asked;
    char password[200];
    char text[32 * 1024];
};

static uint64_t now_us(void *ctx)
{
    struct box *b = ctx;
    return b->st.now_us;
}

static bool call(void *ctx, void (*fn)(void *arg), void *arg)
{
    struct box *b = ctx;
    if (b->loop_ended)
        return false;
    b->loop_calls++;
    b->on_loop = true;
    fn(arg);
    b->on_loop = false;
    return true;
}

static void network(void *ctx, struct console_network *n)
{
    struct box *b = ctx;
    CHECK(!b->on_loop);
    *n = b->network;
}

static void memory(void *ctx, struct console_memory *m)
{
    (void)ctx;
    *m = (struct console_memory){200 * 1024, 150 * 1024, 20 * 1024 * 1024, 19 * 1024 * 1024};
}

static bool usb(void *ctx, struct console_usb *u)
{
    struct box *b = ctx;
    *u = (struct console_usb){.buffers_free = 4, .buffers_used_max = 5, .shortages = 1};
    return !b->no_usb;
}

static void settings(void *ctx, struct settings *copy)
{
    struct box *b = ctx;
    *copy = b->settings;
}

static enum base_err set(void *ctx, const char *key, const char *text, bool *restart, char *why)
{
    struct box *b = ctx;
    struct settings changed = b->settings;
    CHECK(!b->on_loop); // writes flash
    enum base_err err = settings_set(&changed, key, text, why);
    if (err != BASE_OK)
        return err;
    if (b->full) {
        strcpy(why, "the settings partition (nvs) is full");
        return BASE_ERR_IO;
    }
    b->settings = changed;
    b->saves++;
    *restart = b->restart_wanted;
    return BASE_OK;
}

static enum base_err erase(void *ctx, char *why)
{
    struct box *b = ctx;
    CHECK(!b->on_loop);
    strcpy(why, "the flash does not work");
    b->erases++;
    return b->full ? BASE_ERR_IO : BASE_OK;
}

static void claim(void *ctx, struct console_claim *c)
{
    const struct box *b = ctx;
    CHECK(b->on_loop);
    c->claimed = !b->unclaimed;
    c->code = b->code ? b->code : "";
}

static bool secret(void *ctx, const char *prompt, char *line, size_t size)
{
    struct box *b = ctx;
    const char *typed = b->typed[b->asked++];
    CHECK(!b->on_loop && strlen(prompt) > 5);
    if (typed)
        snprintf(line, size, "%s", typed);
    return typed != NULL;
}

static bool password(void *ctx, const char *text, char *why)
{
    struct box *b = ctx;
    CHECK(!b->on_loop); // hashes, and writes flash
    strcpy(why, "the flash is full");
    strcpy(b->password, text);
    return !b->full;
}

static struct box box;

static void begin_with(const char *sim, const struct server_config *config)
{
    const struct stage_options options = {.config = config};
    char why[160];
    memset(&box, 0, sizeof box);
    CHECK(stage_open(&box.st, &options));
    CHECK_EQ(sim_set_plug(box.st.bus, sim, NULL, why, sizeof why), BASE_OK);
    stage_settle(&box.st);
    box.settings = settings_rig();
    box.port = (struct console_port){
        .server = box.st.server,
        .version = "0.1.0",
        .ctx = &box,
        .now_us = now_us,
        .call = call,
        .network = network,
        .memory = memory,
        .usb = usb,
        .settings = settings,
        .set = set,
        .erase = erase,
        .claim = claim,
        .secret = secret,
        .password = password,
    };
}

static void begin(const char *sim)
{
    begin_with(sim, NULL);
}

#define BOX_TEST(id, sim) TEST_BETWEEN(id, begin(sim), stage_close(&box.st))

static enum console_action act(const char *line)
{
    char words[256], *argv[8];
    struct base_text t;
    CHECK(strlen(line) < sizeof words);
    strcpy(words, line);
    base_text_init(&t, box.text, sizeof box.text);
    enum console_action action =
        console_run(&box.port, console_double_split(words, argv, 8), argv, &t);
    CHECK(!t.cut);
    return action;
}

// What the command answers; it wants nothing done.
static const char *answer(const char *line)
{
    CHECK_EQ(act(line), CONSOLE_NOTHING);
    return box.text;
}

static void check_has(const char *line, const char *part)
{
    if (!strstr(answer(line), part))
        check_fail(__FILE__, __LINE__, "\"%s\" is not in:\n%s", part, box.text);
}

// --- help and wrong input ------------------------------------------------------------------------

BOX_TEST(console_help_lists_every_command, "none")
{
    const struct console_command *c;
    unsigned n = 0;
    for (; (c = console_command(n)) != NULL; n++) {
        check_has("help", c->name);
        check_has("help", c->help);
    }
    CHECK_EQ(n, 9);
    check_has("help", "\nsettings [get KEY | set KEY VALUE]      show or change settings\n");
}

BOX_TEST(console_words_that_are_no_command, "none")
{
    CHECK_STR(answer("format"), "there is no such command; \"help\" lists them\n");
    CHECK_STR(answer("\"\""), "there is no such command; \"help\" lists them\n");
    CHECK_STR(answer("state x"), "too many words; \"help\" shows what is wanted\n");
    CHECK_STR(answer("restart now"), "too many words; \"help\" shows what is wanted\n");
    CHECK_STR(answer(""), "");
}

BOX_TEST(console_when_the_loop_has_ended, "none")
{
    box.loop_ended = true;
    CHECK_STR(answer("state"), "the server has ended\n");
    CHECK_STR(answer("devices"), "the server has ended\n");
    CHECK_STR(answer("events"), "the server has ended\n");
    CHECK_EQ(act("restart"), CONSOLE_RESTART); // this needs no loop
}

// --- address -------------------------------------------------------------------------------------

BOX_TEST(console_address, "none")
{
    box.network = (struct console_network){.link_up = true,
                                           .host_name = "usbip-test",
                                           .address = "192.0.2.7",
                                           .source = "DHCP",
                                           .speed = "100 Mbit/s, full duplex"};
    CHECK_STR(answer("address"), "host name: usbip-test\n"
                                 "link: up, 100 Mbit/s, full duplex\n"
                                 "address: 192.0.2.7 (DHCP)\n");
    strcpy(box.network.trouble, "another station has 192.0.2.5");
    check_has("address", "\nanother station has 192.0.2.5\n");
    box.network = (struct console_network){.host_name = "x"};
    CHECK_STR(answer("address"), "host name: x\nlink: down, is the cable plugged in?\n"
                                 "address: none\n");
}

// --- state ---------------------------------------------------------------------------------------

BOX_TEST(console_state, "zero")
{
    struct stage_client *c = stage_attach(&box.st, "1-3");
    stage_check_alive(c);
    stage_advance(&box.st, UINT64_C(90061) * 1000000);
    const char *text = answer("state");
    CHECK_EQ(box.loop_calls, 1);
    CHECK(strstr(text, "version 0.1.0, up 1 d 01:01:01, run 1\n"));
    CHECK(strstr(text, "memory free: internal 200 KiB (lowest 150 KiB), PSRAM 20.0 MiB (lowest "
                       "19.0 MiB)\n"));
    CHECK(strstr(text, "USB: 4 large transfer buffers free, at most 5 in use, none left 1 time\n"));
    CHECK(strstr(text, "\n1 connection, 1 attached device\n"));
    CHECK(strstr(text, "since start: 1 connection, 1 import (0 refused), 0 protocol errors\n"));
    CHECK(strstr(text, "             1 URB (0 failed)"));
    box.no_usb = true;
    check_has("state", "the USB host does not work\n");
    stage_fin(c);
    stage_settle(&box.st);
    check_has("state", "\n0 connections, 0 attached devices\n");
    check_has("state", "             1 URB (0 failed)"); // those of sessions that are over count
}

TEST(console_state_tells_why_it_started)
{
    struct server_config config;
    server_config_default(&config);
    config.start = EVENT_START_BROWNOUT;
    begin_with("none", &config);
    check_has("state", "run 1, started after the supply voltage dropped\n");
    stage_close(&box.st);
}

// --- devices -------------------------------------------------------------------------------------

BOX_TEST(console_devices, "disk,keyboard")
{
    struct stage_client *c = stage_attach(&box.st, "1-1");
    stage_advance(&box.st, 5000000);
    const char *text = answer("devices");
    CHECK(strstr(text, "1-1       "));
    CHECK(strstr(text, "attached by "));
    CHECK(strstr(text, " for 00:00:05\n"));
    CHECK(strstr(text, "1-2       "));
    CHECK(strstr(text, "hub\n"));
    CHECK(strstr(text, "low   "));
    CHECK(strstr(text, ", free\n"));
    CHECK_EQ(box.loop_calls, 1);
    stage_fin(c);
}

BOX_TEST(console_devices_none, "none")
{
    CHECK_STR(answer("devices"), "no device is plugged in\n");
}

static void add_refused(const char *busid, enum usb_obstacle obstacle, const char *product)
{
    struct usb_device_info info = {.busnum = 1, .devnum = 9, .obstacle = obstacle, .speed = 77};
    struct registry_device *d;
    strcpy(info.busid, busid);
    strcpy(info.product, product);
    CHECK_EQ(registry_add(server_registry(box.st.server), &info, NULL, NULL, 0, &d), BASE_OK);
}

BOX_TEST(console_devices_with_an_obstacle, "none")
{
    add_refused("1-1.4", USB_OBSTACLE_SPEED, "");
    add_refused("1-1.5", USB_OBSTACLE_NONE, "Bad\x1b[2J\nMouse");
    check_has("devices", "1-1.4                ?     not exported: a low- or full-speed device "
                         "cannot work behind a high-speed hub here: ");
    check_has("devices", "1-1.5                ?     Bad?[2J?Mouse, not exported: its descriptors "
                         "do not hold together\n");
}

// --- events --------------------------------------------------------------------------------------

BOX_TEST(console_events, "zero")
{
    stage_advance(&box.st, 1000000);
    struct stage_client *c = stage_attach(&box.st, "1-3");
    const char *text = answer("events");
    CHECK(strstr(text, "run 1, this one:\n"
                       "1       +00:00:00                 info    server started\n"));
    CHECK(strstr(text, "+00:00:01                 info    session 1: "));
    CHECK_EQ(box.loop_calls, 1);
    eventlog_set_clock(server_eventlog(box.st.server), UINT64_C(1795350896000000), box.st.now_us);
    check_has("events 1", "2026-11-22T12:34:56.000Z  info    clock set to");
    stage_fin(c);
}

static unsigned lines(const char *text)
{
    unsigned n = 0;
    for (; *text; text++)
        n += *text == '\n';
    return n;
}

BOX_TEST(console_events_count, "none")
{
    struct eventlog *log = server_eventlog(box.st.server);
    for (unsigned i = 0; i < 200; i++)
        eventlog_record(log, &(struct eventlog_event){
                                 .time_us = i, .what = EVENTLOG_WITH(devlist, .devices = i)});
    CHECK_EQ(lines(answer("events")), 20 + 1);
    CHECK_EQ(lines(answer("events 3")), 3 + 1);
    CHECK(strstr(box.text, "listed 199 devices\n"));
    CHECK_EQ(lines(answer("events 100")), 100 + 1);
    static const char *const wrong[] = {"0", "101", "1000", "-1", "x", "1x", "99999999999"};
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char line[40] = "events ";
        strcat(line, wrong[i]);
        CHECK_STR(answer(line), "a number from 1 to 100 is wanted\n");
    }
}

// Times of different runs are not set beside each other as if they were one.
TEST(console_events_of_earlier_runs)
{
    static uint64_t kept[512];
    struct server_config config;
    server_config_default(&config);
    memset(kept, 0, sizeof kept);
    config.eventlog_memory = (struct eventlog_memory){.bytes = kept, .size = sizeof kept};
    begin_with("none", &config);
    stage_close(&box.st);
    config.start = EVENT_START_PANIC;
    begin_with("none", &config);
    CHECK_STR(answer("events"),
              "run 1, before a reset:\n"
              "1       +00:00:00                 info    server started\n"
              "2       +00:00:00                 info    server is stopping\n"
              "run 2, this one:\n"
              "3       +00:00:00                 warning server started after a panic\n");
    stage_close(&box.st);
}

// Busids in events come from clients.
BOX_TEST(console_events_do_not_steer_the_terminal, "none")
{
    struct eventlog_event e = {.what = EVENTLOG_WITH(import_refused, .status = 4),
                               .busid = "\x1b[31mred\r\n"};
    eventlog_record(server_eventlog(box.st.server), &e);
    check_has("events 1", " was refused ?[31mred??: no such device\n");
    strcpy(e.busid, "\x9bJ \xc2\x9bJ"); // the same above ASCII, in both encodings
    eventlog_record(server_eventlog(box.st.server), &e);
    check_has("events 1", " was refused ?J ??J: no such device\n");
}

// --- settings ------------------------------------------------------------------------------------

BOX_TEST(console_settings_shows_all, "none")
{
    const char *key;
    for (unsigned i = 0; (key = settings_key(&settings_rig_port, i)) != NULL; i++)
        check_has("settings", key);
    check_has("settings", "host_name = usbip-test\n");
    check_has("settings get", "network.addressing = dhcp\n");
}

BOX_TEST(console_settings_get_one, "none")
{
    CHECK_STR(answer("settings get host_name"), "host_name = usbip-test\n");
    CHECK_STR(answer("settings get colour"), "there is no such setting; \"settings\" lists them\n");
    CHECK_STR(answer("settings set network.sntp_server \"\""), "saved\n");
    CHECK_STR(answer("settings get network.sntp_server"), "network.sntp_server = \"\"\n");
}

BOX_TEST(console_settings_set, "none")
{
    CHECK_STR(answer("settings set host_name lab-3"), "saved\n");
    CHECK_STR(box.settings.host_name, "lab-3");
    box.restart_wanted = true;
    CHECK_STR(answer("settings set host_name lab-4"),
              "saved; it takes effect with the next \"restart\"\n");
    CHECK_EQ(box.saves, 2);
}

BOX_TEST(console_settings_refused, "none")
{
    CHECK(strncmp(answer("settings set host_name -bad-"), "not changed: ", 13) == 0);
    CHECK(strlen(box.text) > 20);
    CHECK(strncmp(answer("settings set colour red"), "not changed: ", 13) == 0);
    box.full = true;
    CHECK_STR(answer("settings set host_name lab-3"),
              "not saved: the settings partition (nvs) is full\n");
    CHECK_STR(box.settings.host_name, "usbip-test");
    CHECK_EQ(box.saves, 0);
}

TEST(console_settings_wrong_words)
{
    static const char *const wrong[] = {"settings set", "settings set host_name",
                                        "settings get a b", "settings put a b", "settings x"};
    begin("none");
    for (unsigned i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        CHECK(strstr(answer(wrong[i]), "\"settings set KEY VALUE\" is wanted\n"));
    CHECK(strstr(answer("settings set host_name a b"), "too many words"));
    CHECK_EQ(box.saves, 0);
    stage_close(&box.st);
}

// --- restart, factory reset ----------------------------------------------------------------------

BOX_TEST(console_restart, "none")
{
    CHECK_EQ(act("restart"), CONSOLE_RESTART);
    CHECK_STR(box.text, "attached devices are released, then the chip restarts\n");
    CHECK_EQ(box.erases, 0);
}

BOX_TEST(console_factory_reset_wants_a_yes, "none")
{
    CHECK(strstr(answer("factory-reset"), "say: factory-reset yes\n"));
    CHECK(strstr(answer("factory-reset YES"), "say: factory-reset yes\n"));
    CHECK(strstr(answer("factory-reset yes please"), "too many words"));
    CHECK_EQ(box.erases, 0);
    CHECK_EQ(act("factory-reset yes"), CONSOLE_FACTORY_RESET);
    CHECK_EQ(box.erases, 1);
}

BOX_TEST(console_factory_reset_that_fails_does_not_restart, "none")
{
    box.full = true;
    CHECK_STR(answer("factory-reset yes"), "not done: the flash does not work\n");
}

// --- pieces of text ------------------------------------------------------------------------------

TEST(console_text_pieces)
{
    char buf[200];
    struct base_text t;
    base_text_init(&t, buf, sizeof buf);
    console_text_bytes(&t, 1023);
    base_text_char(&t, ' ');
    console_text_bytes(&t, 10 * 1024 * 1024 - 1);
    base_text_char(&t, ' ');
    console_text_bytes(&t, 32 * 1024 * 1024 + 512 * 1024);
    base_text_char(&t, ' ');
    console_text_count(&t, 1, "URB");
    base_text_char(&t, ' ');
    console_text_count(&t, 0, "URB");
    base_text_char(&t, ' ');
    console_text_duration(&t, UINT64_C(86399) * 1000000);
    base_text_char(&t, ' ');
    console_text_duration(&t, UINT64_C(172800) * 1000000);
    CHECK_STR(buf, "0 KiB 10239 KiB 32.5 MiB 1 URB 0 URBs 23:59:59 2 d 00:00:00");
    base_text_init(&t, buf, 5);
    console_text_column(&t, 0, 100);
    CHECK(t.cut);
}

// --- password ------------------------------------------------------------------------------------

static void type_both(const char *one, const char *two)
{
    box.typed[0] = one;
    box.typed[1] = two;
    box.asked = 0;
}

BOX_TEST(console_set_password, "none")
{
    type_both("a new one", "a new one");
    CHECK_STR(answer("set-password"), "the password of admin is set\n");
    CHECK_STR(box.password, "a new one");
    type_both("a new one", "a new ine");
    CHECK_STR(answer("set-password"), "not changed: these are two\n");
    type_both("a new one", NULL);
    CHECK_STR(answer("set-password"), "not changed\n");
    type_both(NULL, NULL);
    CHECK_STR(answer("set-password"), "not changed\n");
    CHECK_EQ(box.asked, 1);
    CHECK_STR(answer("set-password secret"), "too many words; \"help\" shows what is wanted\n");
    box.full = true;
    type_both("a new one", "a new one");
    CHECK_STR(answer("set-password"), "not changed: the flash is full\n");
}

BOX_TEST(console_says_that_nobody_has_claimed_it, "none")
{
    CHECK(!strstr(answer("state"), "password"));
    box.unclaimed = true;
    check_has("state",
              "nobody has set a password: \"set-password\"; until then everybody may change "
              "everything\n");
    box.code = "abcd2345";
    check_has("state", "nobody has set a password: \"set-password\", or in a browser with the code "
                       "abcd2345\n");
    box.unclaimed = false;
    CHECK(!strstr(answer("state"), "abcd2345"));
}
