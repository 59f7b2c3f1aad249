// SPDX-License-Identifier: Apache-2.0
// What the service manager is told: systemd, or another one with its protocol (sd_notify(3)).
// Without one nothing happens. One thread.
#pragma once

#include <stdint.h>

struct service {
    uint64_t alive_us; // a sign of life this often; 0: nobody waits for one
    uint64_t next_us;
};

void service_init(struct service *s);

// It serves; `status` is what `systemctl status` shows.
void service_ready(const char *status);

// It reads its settings again, or begins again in the same process, until the next service_ready().
void service_reloading(uint64_t now_us);

void service_stopping(void);

// For each turn of the loop: a loop that hangs is restarted (WatchdogSec=).
void service_alive(struct service *s, uint64_t now_us);
