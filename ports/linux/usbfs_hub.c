// SPDX-License-Identifier: Apache-2.0
#include "ports/linux/usbfs_hub.h"

#include "base/base_bytes.h"
#include "ports/linux/sysfs_file.h"
#include "usb/usb_descriptor.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/usbdevice_fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

enum {
    FROM_HUB = 0xa0,
    FROM_PORT = 0xa3,
    TO_PORT = 0x23,
    HUB_DESCRIPTOR = 0x29,
    SUPER_HUB_DESCRIPTOR = 0x2a,
    CHARACTERISTICS = 3, // where wHubCharacteristics is
    DESCRIPTOR_MIN = 7,
    DESCRIPTOR_MAX = 71,
    PORT_STATUS_SIZE = 4,
    PORT_POWER = 1 << 8,
    SUPER_PORT_POWER = 1 << 9,
    FEATURE_PORT_POWER = 8,
    PATIENCE_MS = 1000,
};

int usbfs_hub_open(const char *root, uint8_t busnum, uint8_t devnum)
{
    char path[SYSFS_PATH_SIZE];
    snprintf(path, sizeof path, "%s/dev/bus/usb/%03u/%03u", root, busnum, devnum);
    return open(path, O_RDWR | O_CLOEXEC);
}

static int request(int fd, uint8_t type, uint8_t request, uint16_t value, uint16_t index,
                   void *data, uint16_t size)
{
    struct usbdevfs_ctrltransfer t = {type, request, value, index, size, PATIENCE_MS, data};
    return ioctl(fd, USBDEVFS_CONTROL, &t);
}

enum backend_power usbfs_hub_power(int fd, bool super_speed)
{
    static const enum backend_power modes[] = {BACKEND_POWER_GANGED, BACKEND_POWER_SINGLE,
                                               BACKEND_POWER_FIXED, BACKEND_POWER_FIXED};
    uint8_t d[DESCRIPTOR_MAX] = {0}, type = super_speed ? SUPER_HUB_DESCRIPTOR : HUB_DESCRIPTOR;
    int n = request(fd, FROM_HUB, USB_REQ_GET_DESCRIPTOR, (uint16_t)(type << 8), 0, d, sizeof d);
    if (n < DESCRIPTOR_MIN || d[1] != type)
        return BACKEND_POWER_UNKNOWN;
    return modes[base_get_le16(d + CHARACTERISTICS) & 3];
}

int usbfs_hub_port_on(int fd, bool super_speed, uint8_t number)
{
    uint8_t status[PORT_STATUS_SIZE];
    int n = request(fd, FROM_PORT, USB_REQ_GET_STATUS, 0, number, status, sizeof status);
    unsigned bit = super_speed ? SUPER_PORT_POWER : PORT_POWER;
    return n < PORT_STATUS_SIZE ? -1 : (base_get_le16(status) & bit) != 0;
}

int usbfs_hub_set_port(int fd, uint8_t number, bool on)
{
    unsigned port = number;
    if (!on && ioctl(fd, USBDEVFS_CLAIM_PORT, &port) < 0)
        return errno;
    if (on)
        (void)ioctl(fd, USBDEVFS_RELEASE_PORT, &port); // another server's, or nobody's
    if (request(fd, TO_PORT, on ? USB_REQ_SET_FEATURE : USB_REQ_CLEAR_FEATURE, FEATURE_PORT_POWER,
                number, NULL, 0) < 0)
        return errno;
    return 0;
}
