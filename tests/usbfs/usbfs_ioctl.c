// SPDX-License-Identifier: Apache-2.0
#include "tests/usbfs/usbfs_state.h"

#include <errno.h>
#include <string.h>

static int connection(const struct usbfs_device *d, unsigned long request, void *arg)
{
    const struct usbdevfs_conninfo_ex ci = {.size = sizeof ci,
                                            .busnum = d->info.busnum,
                                            .devnum = d->info.devnum,
                                            .speed = d->info.speed};
    size_t size = _IOC_SIZE(request);
    memcpy(arg, &ci, size < sizeof ci ? size : sizeof ci);
    return 0;
}

static int of_device(struct usbfs_file *f, unsigned long request, void *arg)
{
    switch (request) {
    case USBDEVFS_SETCONFIGURATION:
        return usbfs_set_config(f, *(const int *)arg);
    case USBDEVFS_RESET:
        return usbfs_reset(f);
    case USBDEVFS_CONTROL:
        return usbfs_control(f, arg);
    case USBDEVFS_GET_CAPABILITIES:
        *(uint32_t *)arg = f->device->kernel->capabilities;
        return 0;
    case USBDEVFS_GET_SPEED:
        return (int)f->device->info.speed;
    case USBDEVFS_CONNECTINFO:
        *(struct usbdevfs_connectinfo *)arg = (struct usbdevfs_connectinfo){
            .devnum = f->device->info.devnum, .slow = f->device->info.speed == USB_SPEED_LOW};
        return 0;
    default:
        if (_IOC_TYPE(request) == 'U' && _IOC_NR(request) == 32)
            return connection(f->device, request, arg);
        return -ENOTTY;
    }
}

static int of_interface(struct usbfs_file *f, unsigned long request, void *arg)
{
    switch (request) {
    case USBDEVFS_SETINTERFACE:
        return usbfs_set_interface(f, arg);
    case USBDEVFS_CLEAR_HALT:
        return usbfs_clear_halt(f, *(const unsigned *)arg);
    case USBDEVFS_CLAIMINTERFACE:
        return usbfs_claim(f, *(const unsigned *)arg);
    case USBDEVFS_RELEASEINTERFACE:
        return usbfs_release(f, *(const unsigned *)arg);
    case USBDEVFS_DISCONNECT_CLAIM:
        return usbfs_disconnect_claim(f, arg);
    case USBDEVFS_GETDRIVER:
        return usbfs_driver_name(f, arg);
    case USBDEVFS_IOCTL:
        return usbfs_driver_ioctl(f, arg);
    default:
        return of_device(f, request, arg);
    }
}

int usbfs_ioctl(struct usbfs_file *f, unsigned long request, void *arg)
{
    if (request == USBDEVFS_REAPURBNDELAY)
        return usbfs_reap(f, arg);
    if (!f->device->handle)
        return -ENODEV;
    if (request == USBDEVFS_SUBMITURB)
        return usbfs_submit(f, arg);
    if (request == USBDEVFS_DISCARDURB)
        return usbfs_discard(f, arg);
    return of_interface(f, request, arg);
}
