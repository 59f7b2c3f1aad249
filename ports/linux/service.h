// SPDX-License-Identifier: Apache-2.0
// What the service manager is told, and which sockets it has opened: systemd, or another one with
// its protocols (sd_notify(3), sd_listen_fds(3)). Without one nothing happens. One thread.
#pragma once

#include "ports/posix/posix_socket.h"

#include <stdbool.h>
#include <stddef.h>
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

// By their names (FileDescriptorName=). Copies, for whoever serves them to close: who comes after
// that waits for the next run, in this process or another one. Without a descriptor: not passed.
struct service_sockets {
    struct posix_listener usbip, http;
};

// False: *why is a plain sentence.
bool service_take_sockets(struct service_sockets *s, char *why, size_t why_size);

// What is executed next in this process gets them, too. Returns the first descriptor behind them.
unsigned service_hand_on_sockets(void);
