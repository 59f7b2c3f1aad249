// SPDX-License-Identifier: Apache-2.0
#include "board_reset.h"

#include "esp_attr.h"
#include "esp_cache.h"
#include "esp_system.h"

#include <stdbool.h>

enum { EVENTLOG_BYTES = 152 * 1024 };

static const uint32_t plan_magic = 0x504c414e; // "PLAN"

// In the low-power memory, which only a power cut clears, with noise.
static RTC_NOINIT_ATTR struct {
    uint32_t magic, why, check;
} plan;

static EXT_RAM_NOINIT_ATTR uint64_t eventlog_bytes[EVENTLOG_BYTES / sizeof(uint64_t)];

static uint32_t plan_check(void)
{
    return ~(plan.magic ^ plan.why);
}

static enum eventlog_start planned(void)
{
    bool valid = plan.magic == plan_magic && plan.check == plan_check() &&
                 plan.why >= EVENT_START_RESTART && plan.why <= EVENT_START_UPDATE;
    return valid ? (enum eventlog_start)plan.why : EVENT_START_RESTART;
}

static enum eventlog_start start_for(esp_reset_reason_t reason)
{
    switch (reason) {
    case ESP_RST_POWERON:
        return EVENT_START_POWER_ON;
    case ESP_RST_SW:
        return planned();
    case ESP_RST_PANIC:
        return EVENT_START_PANIC;
    case ESP_RST_TASK_WDT:
        return EVENT_START_TASK_WATCHDOG;
    case ESP_RST_INT_WDT:
        return EVENT_START_INTERRUPT_WATCHDOG;
    case ESP_RST_WDT:
        return EVENT_START_WATCHDOG;
    case ESP_RST_CPU_LOCKUP:
        return EVENT_START_LOCKUP;
    case ESP_RST_BROWNOUT:
        return EVENT_START_BROWNOUT;
    case ESP_RST_PWR_GLITCH:
        return EVENT_START_POWER_GLITCH;
    case ESP_RST_EXT:
    case ESP_RST_SDIO:
        return EVENT_START_EXTERNAL;
    case ESP_RST_USB:
    case ESP_RST_JTAG:
        return EVENT_START_DEBUGGER;
    default:
        return EVENT_START_UNKNOWN;
    }
}

enum eventlog_start board_reset_start(void)
{
    enum eventlog_start why = start_for(esp_reset_reason());
    plan.magic = 0; // a restart that says nothing is not to be taken for this one
    return why;
}

_Noreturn void board_reset_restart(enum eventlog_start why)
{
    plan.magic = plan_magic;
    plan.why = (uint32_t)why;
    plan.check = plan_check();
    esp_restart();
}

static void write_back(void *at, size_t size)
{
    (void)esp_cache_msync(at, size, ESP_CACHE_MSYNC_FLAG_DIR_C2M | ESP_CACHE_MSYNC_FLAG_UNALIGNED);
}

struct eventlog_memory board_reset_eventlog_memory(void)
{
    return (struct eventlog_memory){
        .bytes = eventlog_bytes,
        .size = sizeof eventlog_bytes,
        .written = write_back,
    };
}
