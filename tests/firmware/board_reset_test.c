// SPDX-License-Identifier: Apache-2.0
// Why the chip started, as the event log tells it, and the memory that keeps the log.
#include "board_reset.h"
#include "reset_double.h"
#include "server/server.h"
#include "tests/support/check.h"
#include "tests/support/heap.h"

#include <string.h>

static enum eventlog_start start_after(esp_reset_reason_t reason)
{
    reset_double_reason(reason);
    return board_reset_start();
}

TEST(board_reset_reasons)
{
    (void)start_after(ESP_RST_POWERON); // forgets what other tests have planned
    CHECK_EQ(start_after(ESP_RST_UNKNOWN), EVENT_START_UNKNOWN);
    CHECK_EQ(start_after(ESP_RST_POWERON), EVENT_START_POWER_ON);
    CHECK_EQ(start_after(ESP_RST_EXT), EVENT_START_EXTERNAL);
    CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_RESTART);
    CHECK_EQ(start_after(ESP_RST_PANIC), EVENT_START_PANIC);
    CHECK_EQ(start_after(ESP_RST_INT_WDT), EVENT_START_INTERRUPT_WATCHDOG);
    CHECK_EQ(start_after(ESP_RST_TASK_WDT), EVENT_START_TASK_WATCHDOG);
    CHECK_EQ(start_after(ESP_RST_WDT), EVENT_START_WATCHDOG);
    CHECK_EQ(start_after(ESP_RST_BROWNOUT), EVENT_START_BROWNOUT);
    CHECK_EQ(start_after(ESP_RST_USB), EVENT_START_DEBUGGER);
    CHECK_EQ(start_after(ESP_RST_JTAG), EVENT_START_DEBUGGER);
    CHECK_EQ(start_after(ESP_RST_PWR_GLITCH), EVENT_START_POWER_GLITCH);
    CHECK_EQ(start_after(ESP_RST_CPU_LOCKUP), EVENT_START_LOCKUP);
    CHECK_EQ(start_after((esp_reset_reason_t)99), EVENT_START_UNKNOWN);
}

static void restart(void *why)
{
    board_reset_restart(*(enum eventlog_start *)why);
}

static void plan(enum eventlog_start why)
{
    CHECK(reset_double_restarts(restart, &why));
}

TEST(board_reset_tells_why_it_restarted_once)
{
    plan(EVENT_START_FACTORY_RESET);
    CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_FACTORY_RESET);
    CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_RESTART);
    plan(EVENT_START_UPDATE);
    CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_UPDATE);
    plan(EVENT_START_RESTART);
    CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_RESTART);
}

// The restart did not come to its end: the panic is what counts, and the plan is over.
TEST(board_reset_panic_while_restarting)
{
    plan(EVENT_START_FACTORY_RESET);
    CHECK_EQ(start_after(ESP_RST_PANIC), EVENT_START_PANIC);
    CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_RESTART);
}

TEST(board_reset_plan_that_is_none)
{
    plan(EVENT_START_PANIC); // not for a program to say
    CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_RESTART);
}

extern uint8_t __start_rtc_noinit[], __stop_rtc_noinit[]; // by the linker

// What the memory of the plan holds after a power cut may look nearly like one.
TEST(board_reset_plan_with_a_wrong_bit)
{
    for (uint8_t *at = __start_rtc_noinit; at < __stop_rtc_noinit; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            plan(EVENT_START_FACTORY_RESET);
            *at ^= (uint8_t)(1u << bit);
            CHECK_EQ(start_after(ESP_RST_SW), EVENT_START_RESTART);
        }
    CHECK(__stop_rtc_noinit - __start_rtc_noinit >= 12);
}

static struct usbip_server *run_after(esp_reset_reason_t reason)
{
    struct server_config config;
    server_config_default(&config);
    config.eventlog_memory = board_reset_eventlog_memory();
    config.start = start_after(reason);
    struct usbip_server *server = server_create(&config, &heap, 1000);
    CHECK(server != NULL);
    return server;
}

static void check_text(struct usbip_server *server, uint64_t number, const char *text)
{
    char line[200];
    const struct eventlog_event *e = eventlog_next(server_eventlog(server), number - 1);
    CHECK(e != NULL);
    eventlog_text(e, line, sizeof line);
    CHECK_STR(line, text);
}

TEST(board_reset_event_log_survives)
{
    struct eventlog_memory memory = board_reset_eventlog_memory();
    memset(memory.bytes, 0xa5, memory.size);
    (void)reset_double_written_back();
    struct usbip_server *server = run_after(ESP_RST_POWERON);
    unsigned capacity = server_config(server)->eventlog_capacity;
    CHECK(capacity >= 1000);
    CHECK(reset_double_written_back() >= eventlog_memory_size(capacity));
    server_stop(server, 2000);
    CHECK_EQ(reset_double_written_back(), eventlog_memory_size(1) - eventlog_memory_size(0));
    server_destroy(server);
    plan(EVENT_START_FACTORY_RESET);
    server = run_after(ESP_RST_SW);
    check_text(server, 1, "server started after power on");
    check_text(server, 2, "server is stopping");
    check_text(server, 3, "server started after a factory reset");
    server_destroy(server);
    server = run_after(ESP_RST_TASK_WDT);
    check_text(server, 4, "server started after the task watchdog found a task stuck");
    CHECK_EQ(eventlog_boot(server_eventlog(server)), 3);
    server_destroy(server);
}
