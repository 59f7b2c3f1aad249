// SPDX-License-Identifier: Apache-2.0
// The serial console in ESP-IDF's line editor, and the restart that it asks for.
#include "board_reset.h"
#include "board_restart.h"
#include "console_double.h"
#include "console_esp.h"
#include "idf_double.h"
#include "reset_double.h"
#include "tests/support/check.h"

#include <string.h>

static struct {
    enum eventlog_start restarted; // 0: no
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

static const struct console_config config = {
    .port = {.version = "0.1.0", .ctx = &box, .network = network, .erase = erase},
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
    CHECK_EQ(n, 3 + 8 + 1); // create, their help, ours, start; then nothing fails
    CHECK(console_double_started());
    CHECK_EQ(console_double_commands(), 8);
    CHECK_EQ(console_start(&config), ESP_ERR_INVALID_STATE);

    CHECK(strstr(console_double_run("help", &answer), "factory-reset yes"));
    CHECK_EQ(answer, 0);
    CHECK(console_double_printed() > 400 && console_double_longest_print() < 100);
    CHECK(strstr(console_double_run("address", &answer), "host name: a-box\n"));
    CHECK(strstr(console_double_run("settings what", &answer), "is wanted\n"));
    CHECK_EQ(answer, 0); // else the editor adds a line of its own
    CHECK_EQ(box.restarted, EVENT_START_UNKNOWN);

    const char *text = console_double_run("restart", &answer);
    CHECK_EQ(box.restarted, EVENT_START_RESTART);
    CHECK_EQ(box.printed_before, strlen(text)); // people read it before it happens
    (void)console_double_run("factory-reset yes", &answer);
    CHECK_EQ(box.restarted, EVENT_START_FACTORY_RESET);
    console_double_begin(0);
}

// --- restart -------------------------------------------------------------------------------------

struct box_loop {
    struct board_restart restart;
    bool ends;
    unsigned stops;
};

static void stop_loop(void *ctx)
{
    struct box_loop *l = ctx;
    l->stops++;
    if (l->ends)
        CHECK(board_restart_stopped(&l->restart)); // it has been asked for
}

static void ask(void *arg)
{
    struct box_loop *l = arg;
    board_restart_ask(&l->restart, EVENT_START_UPDATE);
}

static void check_restart(bool ends, unsigned limit_ms)
{
    struct box_loop l = {.ends = ends};
    board_restart_init(&l.restart, stop_loop, &l, limit_ms);
    CHECK(reset_double_restarts(ask, &l));
    CHECK_EQ(l.stops, 1);
    reset_double_reason(ESP_RST_SW);
    CHECK_EQ(board_reset_start(), EVENT_START_UPDATE);
}

TEST(board_restart_when_the_loop_has_ended)
{
    check_restart(true, 1000000); // would take a quarter of an hour
}

TEST(board_restart_when_the_loop_does_not_end)
{
    check_restart(false, 1);
}

TEST(board_restart_nobody_has_asked_for)
{
    struct box_loop l = {0};
    board_restart_init(&l.restart, stop_loop, &l, 1000);
    CHECK(!board_restart_stopped(&l.restart));
    CHECK_EQ(l.stops, 0);
}
