// SPDX-License-Identifier: Apache-2.0
// Class codes as JSON. Any thread.
#pragma once

#include "api/api_json.h"
#include "usb/usb_device.h"

// "class":"08/06/50" (class, subclass, protocol, as the USB-IF lists them), "class_name"
void api_class(struct api_json *j, uint8_t class, uint8_t subclass, uint8_t protocol);

// "class", "class_name", "kind", "interfaces" of a device.
void api_class_of_device(struct api_json *j, const struct usb_device_info *info, bool usable);
