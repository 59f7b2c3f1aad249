// SPDX-License-Identifier: Apache-2.0
// The serial console in ESP-IDF's line editor, and the restart that it asks for.
#include "board_reset.h"
#include "board_restart.h"
#include "console_double.h"
#include "console_esp.h"
#include "idf_double.h"
#include "reset_double.h"
#include "tests/support/check.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

static struct {
    enum eventlog_start restarted; // 0: no
    char password[200];
    size_t printed_before;
} box;

static enum base_err erase(void *ctx, char *why)
{
    (void)why;
    CHECK(ctx == &box);
    return BASE_OK;
}

static void network(void *ctx, struct console_network *n)
{
    CHECK(ctx == &box);
    strcpy(n->host_name, "a-box");
}

static void note_restart(void *ctx, enum eventlog_start why)
{
    CHECK(ctx == &box);
    box.restarted = why;
    box.printed_before = console_double_printed();
}

static bool password(void *ctx, const char *text, char *why)
{
    CHECK(ctx == &box);
    strcpy(box.password, text);
    strcpy(why, "");
    return true;
}

// What is typed is taken byte by byte, and never printed.
static void check_passwords(void)
{
    static const struct {
        const char *keys, *taken; // NULL: none
    } cases[] = {
        {"a new one\ra new one\r", "a new one"},
        {"\na new one\n\r\na new one\n", "a new one"}, // a terminal that sends both
        {"a nex\x7fw onf\be\ra new one\r", "a new one"},
        {"forget it\x15\x7f\ba new one\ra new one\r", "a new one"},
        {"\xc3\xa4 new one\r\xc3\xa4 new one\r", "\xc3\xa4 new one"},
        {"a new one\ra new\3", NULL},
        {"a new one\r\x1b[A", NULL},
        {"a new", NULL}, // and the terminal is gone
        {"", NULL},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int answer;
        box.password[0] = '\0';
        console_double_type(cases[i].keys);
        const char *printed = console_double_run("set-password", &answer);
        CHECK(!strstr(printed, "one") && !strstr(printed, "new\n"));
        CHECK(strstr(printed, "new password of admin: \n"));
        CHECK_STR(box.password, cases[i].taken ? cases[i].taken : "");
    }
}

// Longer than any: it is cut, and still too long.
static void check_long_password(void)
{
    char keys[2 * 1001 + 1];
    int answer;
    memset(keys, 'x', sizeof keys - 1);
    keys[1000] = keys[2001] = '\r';
    keys[2002] = '\0';
    console_double_type(keys);
    (void)console_double_run("set-password", &answer);
    CHECK_EQ(strlen(box.password), 159);
}

static const struct console_config config = {
    .port =
        {.version = "0.1.0", .ctx = &box, .network = network, .erase = erase, .password = password},
    .restart = note_restart,
    .priority = 2,
    .stack_size = 8192,
    .core = 1,
};

// One console per process, as per chip: all of its life is in this test.
TEST(console_esp_life)
{
    int answer;
    idf_double_limit_heap(IDF_HEAP_SPIRAM, 100);
    console_double_begin(0);
    CHECK_EQ(console_start(&config), ESP_ERR_NO_MEM);
    idf_double_limit_heap(IDF_HEAP_SPIRAM, SIZE_MAX);
    unsigned n = 1;
    for (console_double_begin(n); console_start(&config) != ESP_OK; console_double_begin(++n)) {
        CHECK(!console_double_started());
        CHECK_EQ(idf_double_heap_in_use(IDF_HEAP_SPIRAM), 0);
    }
    CHECK_EQ(n, 3 + 9 + 1); // create, their help, ours, start; then nothing fails
    CHECK(console_double_started());
    CHECK_EQ(console_double_commands(), 9);
    CHECK_EQ(console_start(&config), ESP_ERR_INVALID_STATE);

    CHECK(strstr(console_double_run("help", &answer), "factory-reset yes"));
    CHECK_EQ(answer, 0);
    CHECK(console_double_printed() > 400 && console_double_longest_print() < 100);
    CHECK(strstr(console_double_run("address", &answer), "host name: a-box\n"));
    CHECK(strstr(console_double_run("settings what", &answer), "is wanted\n"));
    CHECK_EQ(answer, 0); // else the editor adds a line of its own
    CHECK_EQ(box.restarted, EVENT_START_UNKNOWN);

    check_passwords();
    check_long_password();

    const char *text = console_double_run("restart", &answer);
    CHECK_EQ(box.restarted, EVENT_START_RESTART);
    CHECK_EQ(box.printed_before, strlen(text)); // people read it before it happens
    (void)console_double_run("factory-reset yes", &answer);
    CHECK_EQ(box.restarted, EVENT_START_FACTORY_RESET);
    console_double_begin(0);
}

// --- restart -------------------------------------------------------------------------------------

// A loop that ends when it has been waited for so often; 0: at once, UINT_MAX: never.
struct box_loop {
    struct board_restart restart;
    unsigned ends_after, stops, waits;
    uint64_t waited_us;
};

static struct box_loop *waited_for;

static void end_loop(struct box_loop *l)
{
    CHECK(board_restart_stopped(&l->restart)); // it has been asked for
}

// board_restart.c's (--wrap).
int __wrap_usleep(useconds_t us);

int __wrap_usleep(useconds_t us)
{
    struct box_loop *l = waited_for;
    l->waited_us += us;
    if (++l->waits == l->ends_after)
        end_loop(l);
    return 0;
}

static void stop_loop(void *ctx)
{
    struct box_loop *l = ctx;
    l->stops++;
    if (l->ends_after == 0)
        end_loop(l);
}

static void ask(void *arg)
{
    struct box_loop *l = arg;
    board_restart_ask(&l->restart, EVENT_START_UPDATE);
}

static void check_restart(struct box_loop *l, unsigned limit_ms)
{
    waited_for = l;
    board_restart_init(&l->restart, stop_loop, l, limit_ms);
    CHECK(reset_double_restarts(ask, l));
    CHECK_EQ(l->stops, 1);
    reset_double_reason(ESP_RST_SW);
    CHECK_EQ(board_reset_start(), EVENT_START_UPDATE);
}

TEST(board_restart_when_the_loop_has_ended)
{
    struct box_loop l = {.ends_after = 0};
    check_restart(&l, 1000);
    CHECK_EQ(l.waits, 0);
}

TEST(board_restart_waits_for_the_loop)
{
    struct box_loop l = {.ends_after = 5};
    check_restart(&l, 1000);
    CHECK_EQ(l.waits, 5);
}

TEST(board_restart_when_the_loop_does_not_end)
{
    struct box_loop l = {.ends_after = UINT_MAX};
    check_restart(&l, 1000);
    CHECK_EQ(l.waited_us, 1000 * 1000);
}

TEST(board_restart_nobody_has_asked_for)
{
    struct box_loop l = {0};
    board_restart_init(&l.restart, stop_loop, &l, 1000);
    CHECK(!board_restart_stopped(&l.restart));
    CHECK_EQ(l.stops, 0);
}
