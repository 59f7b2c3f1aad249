// SPDX-License-Identifier: Apache-2.0
// Announces the server by DNS-SD (RFC 6763) as _usbip._tcp and _http._tcp through the Avahi daemon.
// Without the daemon (or D-Bus) that is said once, and tried again. A thread of its own.
#pragma once

#include "ports/linux/log.h"

#include <stdint.h>

struct mdns_config {
    const char *name;                           // of this server to start with
    const char *id;                             // as in /api/v1/status
    const char *version;                        // of the program
    uint16_t usbip_port, http_port, https_port; // the last 0: none
    const struct log *log;
};

struct mdns;

// `log` is borrowed until mdns_stop(), the rest is copied. NULL: no memory or threads.
struct mdns *mdns_start(const struct mdns_config *c);

// What is announced from now on. Costs nothing if it is the same. One thread.
void mdns_change(struct mdns *m, const char *name, unsigned devices);

// What was announced is taken back. NULL: nothing.
void mdns_stop(struct mdns *m);
