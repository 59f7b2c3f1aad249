// SPDX-License-Identifier: Apache-2.0
// Requests to a hub through its node in /dev/bus/usb (USB 2.0 11.24.2, USB 3.2 10.16.2), beside the
// kernel's driver for it. Any thread; waits for the hub.
#pragma once

#include "server/server_backend.h"

#include <stdbool.h>
#include <stdint.h>

// A descriptor; -1: errno says why not.
int usbfs_hub_open(const char *root, uint8_t busnum, uint8_t devnum);

// How it switches the power of its ports. UNKNOWN: it does not say.
enum backend_power usbfs_hub_power(int fd, bool super_speed);

// 1, 0; -1: it does not say.
int usbfs_hub_port_on(int fd, bool super_speed, uint8_t number);

// Switches a port. The driver would switch it on again as soon as it sees that the device has gone:
// so the port is claimed when it is switched off, for as long as `fd` is open. 0, or an errno.
int usbfs_hub_set_port(int fd, uint8_t number, bool on);
