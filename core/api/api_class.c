// SPDX-License-Identifier: Apache-2.0
#include "api/api_class.h"

#include "base/base_text.h"
#include "usb/usb_class.h"

enum { CLASS_PER_INTERFACE = 0, CLASS_MISCELLANEOUS = 0xef };

void api_class(struct api_json *j, uint8_t class, uint8_t subclass, uint8_t protocol)
{
    char text[9];
    struct base_text t;
    base_text_init(&t, text, sizeof text);
    base_text_hex(&t, class, 2);
    base_text_char(&t, '/');
    base_text_hex(&t, subclass, 2);
    base_text_char(&t, '/');
    base_text_hex(&t, protocol, 2);
    api_json_text(j, "class", text);
    api_json_text(j, "class_name", usb_class_name(class, subclass, protocol));
}

static void add_interfaces(struct api_json *j, const struct usb_interface *list, unsigned count)
{
    api_json_array(j, "interfaces");
    for (unsigned i = 0; i < count; i++) {
        api_json_object(j, NULL);
        api_json_number(j, "number", list[i].bInterfaceNumber);
        api_class(j, list[i].bInterfaceClass, list[i].bInterfaceSubClass,
                  list[i].bInterfaceProtocol);
        api_json_object_end(j);
    }
    api_json_array_end(j);
}

// The first interface that says what it is.
static const char *kind_of(const struct usb_device_descriptor *d, const struct usb_interface *list,
                           unsigned count)
{
    const char *kind = usb_class_kind(d->bDeviceClass, d->bDeviceSubClass, d->bDeviceProtocol);
    for (unsigned i = 0; i < count && !kind; i++)
        kind = usb_class_kind(list[i].bInterfaceClass, list[i].bInterfaceSubClass,
                              list[i].bInterfaceProtocol);
    return kind ? kind : "other";
}

void api_class_of_device(struct api_json *j, const struct usb_device_info *info, bool usable)
{
    struct usb_interface list[USB_MAX_INTERFACES];
    struct usb_device_descriptor d = {0};
    struct base_span config = usb_device_config(info, info->active_config);
    unsigned n = usable ? usb_config_interfaces(config, list, USB_MAX_INTERFACES) : 0;
    (void)usb_device_descriptor_unpack(&d, info->device_descriptor); // zeros if it is not one
    bool in_interface =
        d.bDeviceClass == CLASS_PER_INTERFACE || d.bDeviceClass == CLASS_MISCELLANEOUS;
    if (in_interface && n > 0)
        api_class(j, list[0].bInterfaceClass, list[0].bInterfaceSubClass,
                  list[0].bInterfaceProtocol);
    else
        api_class(j, d.bDeviceClass, d.bDeviceSubClass, d.bDeviceProtocol);
    api_json_text(j, "kind", kind_of(&d, list, n));
    add_interfaces(j, list, n);
}
