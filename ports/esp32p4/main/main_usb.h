// SPDX-License-Identifier: Apache-2.0
// The USB host ports and their two tasks.
#pragma once

#include "device_usb_host.h"
#include "ports/posix/posix_loop.h"
#include "settings/settings.h"

struct main_usb {
    struct device_usb_host *host; // NULL: no USB; all else goes on
    struct posix_loop *loop;      // set before the tasks start
};

// Installs the USB host library; on core 0, whose interrupts it then uses. `u` stays where it is.
void main_usb_open(struct main_usb *u, const struct settings *settings,
                   struct usbip_server *server);

// Starts the tasks. From here on devices come, and the loop is woken.
void main_usb_start(struct main_usb *u, struct posix_loop *loop);
