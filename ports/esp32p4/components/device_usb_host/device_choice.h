// SPDX-License-Identifier: Apache-2.0
// Which configuration a device is shown in. Pure; any thread.
#pragma once

#include "usb/usb_device.h"

// bConfigurationValue of the one that Linux's USB core chooses by itself
// (usb_choose_configuration()), so that most clients find the device as they want it; 0: there is
// none.
uint8_t device_choice(const struct usb_device_info *info);
