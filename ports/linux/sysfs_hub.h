// SPDX-License-Identifier: Apache-2.0
// Hubs and their ports in sysfs. A hub is named as there: "usb1" is the root hub of bus 1, "1-2"
// one that is plugged in. A port is named by the busid that a device in it has. `root` as in
// sysfs_file.h. Any thread; the kernel's lock of a hub is waited for only where that is said.
#pragma once

#include "ports/linux/sysfs_file.h"
#include "usb/usb_device.h"

#include <stdbool.h>
#include <stdint.h>

struct sysfs_hub {
    char name[USB_BUSID_SIZE];
    uint64_t folder; // inode: no two have the same
    uint8_t busnum, devnum, ports;
    enum usb_speed speed;
    bool is_root;
    bool is_foreign; // it came over USB/IP, or is where such devices come in: never ask it anything
};

// False: it is no hub, or none that its driver has begun to serve.
bool sysfs_hub_read(const char *root, const char *name, struct sysfs_hub *out);

// "1-" of "usb1", "1-2." of "1-2": what the names of its ports begin with.
void sysfs_hub_prefix(const char *name, char prefix[USB_BUSID_SIZE]);

// The hub that a port belongs to, and its number there. False: that is no name of a port.
bool sysfs_hub_of_port(const char *port, char name[USB_BUSID_SIZE], uint8_t *number);

// The port of the other speed in the same socket; "": there is none.
void sysfs_hub_twin(const char *root, const char *name, uint8_t number, char twin[USB_BUSID_SIZE]);

// A port's power by the file "disable" (Linux 6.0 and later): 1, 0, or -1 if there is none. Waits
// for the hub.
int sysfs_hub_port_on(const char *root, const char *name, uint8_t number);

// The same; 0, or an errno: ENOENT if there is no such file.
int sysfs_hub_set_port(const char *root, const char *name, uint8_t number, bool on);
