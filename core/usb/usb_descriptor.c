// SPDX-License-Identifier: Apache-2.0
#include "usb/usb_descriptor.h"

struct usb_setup usb_setup_unpack(const uint8_t bytes[8])
{
    return (struct usb_setup){
        .bmRequestType = bytes[0],
        .bRequest = bytes[1],
        .wValue = base_get_le16(bytes + 2),
        .wIndex = base_get_le16(bytes + 4),
        .wLength = base_get_le16(bytes + 6),
    };
}

void usb_setup_pack(uint8_t bytes[8], const struct usb_setup *s)
{
    bytes[0] = s->bmRequestType;
    bytes[1] = s->bRequest;
    base_put_le16(bytes + 2, s->wValue);
    base_put_le16(bytes + 4, s->wIndex);
    base_put_le16(bytes + 6, s->wLength);
}

enum base_err usb_device_descriptor_unpack(struct usb_device_descriptor *d, struct base_span s)
{
    const uint8_t *p = s.data;
    if (s.size < USB_DT_DEVICE_SIZE || p[1] != USB_DT_DEVICE) // Linux does not look at bLength
        return BASE_ERR_INVALID;
    *d = (struct usb_device_descriptor){
        .bcdUSB = base_get_le16(p + 2),
        .bDeviceClass = p[4],
        .bDeviceSubClass = p[5],
        .bDeviceProtocol = p[6],
        .bMaxPacketSize0 = p[7],
        .idVendor = base_get_le16(p + 8),
        .idProduct = base_get_le16(p + 10),
        .bcdDevice = base_get_le16(p + 12),
        .iManufacturer = p[14],
        .iProduct = p[15],
        .iSerialNumber = p[16],
        .bNumConfigurations = p[17],
    };
    return BASE_OK;
}
