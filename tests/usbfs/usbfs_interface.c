// SPDX-License-Identifier: Apache-2.0
#include "tests/usbfs/usbfs_state.h"

#include <errno.h>
#include <string.h>

enum { CLAIMABLE = 64, PRINTER = 7 }; // bits of an unsigned long

int usbfs_index(const struct usbfs_device *d, unsigned number)
{
    for (unsigned i = 0; i < d->interface_count; i++)
        if (d->interfaces[i].bInterfaceNumber == number)
            return (int)i;
    return -1;
}

int usbfs_claim(struct usbfs_file *f, unsigned number)
{
    struct usbfs_device *d = f->device;
    if (number >= CLAIMABLE)
        return -EINVAL;
    if (number < 32 && f->claimed & 1u << number)
        return 0;
    int i = usbfs_index(d, number);
    if (i < 0)
        return -ENOENT;
    if (d->driver[i] != USBFS_DRIVER_NONE)
        return -EBUSY;
    d->driver[i] = USBFS_DRIVER_USBFS;
    f->claimed |= 1u << number;
    return 0;
}

// In any alternate setting.
int usbfs_interface_of(const struct usbfs_device *d, unsigned endpoint)
{
    struct usb_endpoint ep;
    struct base_span config = usb_device_config(&d->info, d->config);
    if (endpoint & ~(unsigned)(USB_DIR_IN | 0x0f))
        return -EINVAL;
    if (d->config == 0)
        return -ESRCH;
    if (!usb_config_find_endpoint(config, d->info.speed, (uint8_t)endpoint, &ep))
        return -ENOENT;
    return ep.interface;
}

// What was not claimed before its use is claimed by it.
int usbfs_check_interface(struct usbfs_file *f, unsigned number)
{
    if (f->device->config == 0)
        return -EHOSTUNREACH;
    return usbfs_claim(f, number);
}

static bool is_printer(const struct usbfs_device *d, unsigned number)
{
    int i = usbfs_index(d, number);
    return i >= 0 && d->interfaces[i].bInterfaceClass == PRINTER;
}

int usbfs_check_recipient(struct usbfs_file *f, const uint8_t setup[8])
{
    struct usb_setup s = usb_setup_unpack(setup);
    unsigned index = s.wIndex & 0xff;
    if ((s.bmRequestType & 0x60) == 0x40) // vendor
        return 0;
    if (s.bmRequestType == 0xa1 && s.bRequest == 0 && is_printer(f->device, s.wIndex >> 8))
        return 0;
    if ((s.bmRequestType & 0x1f) == 1)
        return usbfs_check_interface(f, index);
    if ((s.bmRequestType & 0x1f) != 2 || (index & ~(unsigned)USB_DIR_IN) == 0)
        return 0;
    int number = usbfs_interface_of(f->device, index);
    if (number < 0)
        number = usbfs_interface_of(f->device, index ^ USB_DIR_IN);
    return number < 0 ? number : usbfs_check_interface(f, (unsigned)number);
}

int usbfs_driver_name(const struct usbfs_file *f, struct usbdevfs_getdriver *gd)
{
    int i = usbfs_index(f->device, gd->interface);
    if (i < 0 || f->device->driver[i] == USBFS_DRIVER_NONE)
        return -ENODATA;
    strcpy(gd->driver, f->device->driver[i] == USBFS_DRIVER_USBFS ? "usbfs" : "kernel");
    return 0;
}
