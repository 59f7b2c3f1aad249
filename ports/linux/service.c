// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/service.h"

#include <inttypes.h>
#include <systemd/sd-daemon.h>

void service_init(struct service *s)
{
    uint64_t limit_us;
    // Half of the limit, as sd_watchdog_enabled(3) wants it.
    *s = (struct service){
        .alive_us = sd_watchdog_enabled(0, &limit_us) > 0 ? limit_us / 2 : 0,
    };
}

void service_ready(const char *status)
{
    sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void service_reloading(uint64_t now_us)
{
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, now_us);
}

void service_stopping(void)
{
    sd_notify(0, "STOPPING=1");
}

void service_alive(struct service *s, uint64_t now_us)
{
    if (!s->alive_us || now_us < s->next_us)
        return;
    s->next_us = now_us + s->alive_us;
    sd_notify(0, "WATCHDOG=1");
}
