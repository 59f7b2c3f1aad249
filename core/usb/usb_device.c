// SPDX-License-Identifier: Apache-2.0
#include "usb/usb_device.h"

struct base_span usb_device_config(const struct usb_device_info *info, uint8_t value)
{
    for (unsigned i = 0; value != 0 && i < info->config_count; i++)
        if (usb_config_value(info->config[i]) == value)
            return info->config[i];
    return (struct base_span){0};
}

// Linux checks these at enumeration ("Invalid ep0 maxpacket"); a device that breaks them would fail
// at every client.
static bool packet_size0_fits(const struct usb_device_descriptor *d, enum usb_speed speed)
{
    switch (speed) {
    case USB_SPEED_LOW:
        return d->bMaxPacketSize0 == 8;
    case USB_SPEED_SUPER:
        return d->bMaxPacketSize0 == 9; // an exponent
    default:
        return d->bMaxPacketSize0 == 8 || d->bMaxPacketSize0 == 16 || d->bMaxPacketSize0 == 32 ||
               d->bMaxPacketSize0 == 64;
    }
}

enum base_err usb_device_check(const struct usb_device_info *info)
{
    struct usb_device_descriptor d;
    if (usb_device_descriptor_unpack(&d, info->device_descriptor) != BASE_OK ||
        !packet_size0_fits(&d, info->speed) || info->busnum == 0 || info->devnum == 0 ||
        info->config_count == 0 || info->config_count > USB_MAX_CONFIGS)
        return BASE_ERR_INVALID;
    for (unsigned i = 0; i < info->config_count; i++)
        if (usb_config_check(info->config[i]) != BASE_OK)
            return BASE_ERR_INVALID;
    if (info->active_config != 0 && usb_device_config(info, info->active_config).size == 0)
        return BASE_ERR_INVALID;
    return BASE_OK;
}
