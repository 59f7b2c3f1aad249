// SPDX-License-Identifier: Apache-2.0
#include "reset_double.h"

#include "esp_cache.h"
#include "tests/support/check.h"

#include <setjmp.h>

static esp_reset_reason_t reason;
static jmp_buf restarted;
static bool may_restart;
static size_t written_back;

void reset_double_reason(esp_reset_reason_t r)
{
    reason = r;
}

esp_reset_reason_t esp_reset_reason(void)
{
    return reason;
}

void esp_restart(void)
{
    if (!may_restart)
        check_fail(__FILE__, __LINE__, "esp_restart() that nobody asked for");
    longjmp(restarted, 1);
}

bool reset_double_restarts(void (*fn)(void *arg), void *arg)
{
    bool restarts = setjmp(restarted) != 0;
    if (!restarts) {
        may_restart = true;
        fn(arg);
    }
    may_restart = false;
    return restarts;
}

// Without INVALIDATE no alignment is wanted, but the library wants to be told.
esp_err_t esp_cache_msync(void *addr, size_t size, int flags)
{
    if (!addr || flags != (ESP_CACHE_MSYNC_FLAG_DIR_C2M | ESP_CACHE_MSYNC_FLAG_UNALIGNED))
        return ESP_ERR_INVALID_ARG;
    written_back += size;
    return ESP_OK;
}

size_t reset_double_written_back(void)
{
    size_t n = written_back;
    written_back = 0;
    return n;
}
