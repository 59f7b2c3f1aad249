// SPDX-License-Identifier: Apache-2.0
// Wall-clock time by SNTP: from the servers that DHCP names, or the one of the settings. Network
// task; checked against ESP-IDF v5.5.5's esp_netif_sntp.h.
#pragma once

#include "settings/settings.h"

#include <stdbool.h>
#include <stdint.h>

// Called in lwIP's task each time that the system's clock has been set; must not block.
struct network_clock {
    void (*set)(void *ctx, uint64_t unix_us); // may be NULL
    void *ctx;
};

struct network_sntp {
    char server[SETTINGS_SERVER_SIZE]; // what the library borrows
    bool running;
};

// Before the DHCP client starts, or DHCP is not asked for servers. `server` is copied, "" is none;
// `clock` is borrowed until network_sntp_stop(). One at a time: the library's callback does not say
// for whom it is.
void network_sntp_start(struct network_sntp *s, const char *server,
                        const struct network_clock *clock);

// There is an address now: asks at once instead of when the next try is due.
void network_sntp_ask(struct network_sntp *s);

void network_sntp_stop(struct network_sntp *s);
